"""
The server: takes connections, frames requests, keeps the record, lets faults happen.

Its own small HTTP/1.1 server because the ones in the standard library hide the bytes that tests
have to see.  It knows nothing of the pages: a route is a callable that gets an Exchange.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable

from exchange import Exchange
from faults import Faults
from message import MalformedError, Request, parse
from record import Record
from streams import BrokenBodyError, HangupError, Inlet, Outlet, Peer

HEAD_LIMIT_BYTES = 262144
"""Generous on purpose: it is the proxy's limit that tests want to meet, not this one's."""
KEEP_ALIVE_S = 5.0
"""As Apache does by default (KeepAliveTimeout)."""
LEAVE_S = 3.0
"""How long a finished connection may take to deliver its last bytes."""

Route = Callable[[Exchange], Awaitable[None]]


class Server:
    """One listening port and its connections."""

    def __init__(
        self, route: Route, record: Record, faults: Faults, keep_alive_s: float = KEEP_ALIVE_S
    ) -> None:
        self._route = route
        self._keep_alive_s = keep_alive_s
        self.record = record
        self.faults = faults
        self.port = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def listen(self, port: int = 0) -> None:
        """Take connections on loopback; port 0 = any free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", port or self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop_listening(self) -> None:
        """Refuse new connections, as an app does that is down; ``listen()`` ends this."""
        if self._server is not None:
            self._server.close()

    async def end(self) -> None:
        """Take no more connections, and cut those that there are."""
        self.stop_listening()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(Peer(HEAD_LIMIT_BYTES), self._connected)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, Peer)
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: Peer, writer: asyncio.StreamWriter) -> None:
        number = self.record.opened()
        outlet = Outlet(writer, reader)
        try:
            while await self._one(number, outlet):
                outlet.sent_bytes = 0
        except (HangupError, ConnectionError, asyncio.IncompleteReadError, BrokenBodyError):
            pass  # the other side left or a fault struck: there is nobody left to tell
        finally:
            await self._leave(writer, outlet)
            self.record.closed(number)

    async def _leave(self, writer: asyncio.StreamWriter, outlet: Outlet) -> None:
        writer.close()
        try:
            async with asyncio.timeout(LEAVE_S):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            outlet.abort()

    async def _one(self, number: int, outlet: Outlet) -> bool:
        """Serve one request; whether the connection goes on."""
        request = await self._request(outlet)
        if request is None:
            return False
        entry = self.record.begin(number, request)
        outlet.fault = self.faults.take(request.target)
        exchange = Exchange(request, Inlet(outlet, request, entry, self.record), outlet)
        await outlet.strike()
        await self._run(exchange)
        if exchange.body.awaits_continue:
            return False
        await exchange.body.drain()
        return exchange.keeps_open

    async def _request(self, outlet: Outlet) -> Request | None:
        try:
            async with asyncio.timeout(self._keep_alive_s):
                head = await outlet.peer.readuntil(b"\r\n\r\n")
            return parse(head[:-4].lstrip(b"\r\n"))
        except (TimeoutError, asyncio.IncompleteReadError):
            return None
        except (MalformedError, asyncio.LimitOverrunError):
            await outlet.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return None

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._route(exchange)
        except (HangupError, ConnectionError, asyncio.IncompleteReadError, BrokenBodyError):
            raise
        except Exception:  # noqa: BLE001  a bug in a page must show as 500, not end the server
            traceback.print_exc(file=sys.stderr)
            exchange.keeps_open = False
            if not exchange.is_begun:
                await exchange.answer(500, body=b"the pretend groupware has a bug\n")
