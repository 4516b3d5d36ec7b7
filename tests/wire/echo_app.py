"""
A WebSocket app of somebody else's making (`websockets`), and a line that adds a cookie.

The app runs in a thread with its own loop. `/echo` sends every message back; `/close?CODE`
closes with that code; `/flood?COUNT` sends so many messages of 64 KiB, swallows what comes up
to the word `all`, and says how many bytes that was; `/ping` sends pings of its own and tells
when they were answered; `/fragments` sends each message back in frames of 1000 bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

BLOCK = bytes(range(256)) * 256
GOODBYE = "さようなら"
CHATS = [Subprotocol("chat.v2"), Subprotocol("chat.v1")]
PATIENCE_S = 20.0

Result = TypeVar("Result")


class EchoApp:
    """The app, listening on a free port of 127.0.0.1; a context manager."""

    def __init__(self) -> None:
        self.opened = 0
        """How many WebSockets were opened."""
        self._farewells: list[tuple[int | None, str]] = []
        self._farewell = threading.Condition()
        self.swallowed: dict[str, int] = {}
        """Bytes that came to `/flood`, by what stands behind `?`."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._wait(self._listen())
        self._lines: list[asyncio.Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        """Where the app is."""
        return f"http://127.0.0.1:{self.port}"

    def was_closed_with(self, code: int, reason: str) -> bool:
        """Whether a browser closes with that code and reason: waits until one does."""
        with self._farewell:
            return self._farewell.wait_for(lambda: (code, reason) in self._farewells, PATIENCE_S)

    def line_to(self, port: int, *, authority: bytes, cookie: bytes) -> int:
        """The port of a line to that port which says the right Host and adds a cookie."""
        fields = b"Host: " + authority + b"\r\nCookie: " + cookie + b"\r\n"
        line = self._wait(self._open_line(port, fields))
        self._lines.append(line)
        return int(line.sockets[0].getsockname()[1])

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _listen(self) -> Any:
        return await serve(
            self._play,
            "127.0.0.1",
            0,
            max_size=None,
            ping_interval=None,
            select_subprotocol=_choose,
        )

    async def _close(self) -> None:
        for line in [*self._lines, self._server]:
            line.close()
        await self._server.wait_closed()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _play(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.opened += 1
        path, _, said = socket.request.path.partition("?")
        with contextlib.suppress(ConnectionClosed):
            if path == "/close":
                await socket.close(int(said), GOODBYE)
            elif path == "/flood":
                await self._flood(socket, said)
            elif path == "/ping":
                await (await socket.ping(b"from the app"))
                await socket.send("answered")
            else:
                await _echo(socket, is_cut=path == "/fragments")
        await socket.wait_closed()
        with self._farewell:
            self._farewells.append((socket.close_code, socket.close_reason or ""))
            self._farewell.notify_all()

    async def _flood(self, socket: ServerConnection, said: str) -> None:
        count = int(said.partition("&")[0])
        reading = asyncio.create_task(self._swallow(socket, said))
        for _ in range(count):
            await socket.send(BLOCK)
        await reading
        await socket.send(str(self.swallowed[said]))

    async def _swallow(self, socket: ServerConnection, said: str) -> None:
        self.swallowed[said] = 0
        async for message in socket:
            if message == "all":
                return
            self.swallowed[said] += len(message)

    async def _open_line(self, port: int, fields: bytes) -> asyncio.Server:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _carry(reader, writer, port, fields)

        return await asyncio.start_server(carry, "127.0.0.1", 0)


def _choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((each for each in CHATS if each in offered), None)


async def _echo(socket: ServerConnection, *, is_cut: bool) -> None:
    async for message in socket:
        if is_cut and isinstance(message, bytes):
            await socket.send(_cut(message))
        else:
            await socket.send(message)


async def _cut(message: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(message), 1000):
        yield message[at : at + 1000]


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, fields: bytes
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    kept = [line for line in lines[1:-2] if not line.lower().startswith(b"host:")]
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    far_writer.write(lines[0] + b"\r\n" + fields + b"\r\n".join(kept) + b"\r\n\r\n")
    await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while block := await source.read(1 << 16):
            sink.write(block)
            await sink.drain()
    except OSError:
        pass  # a reset on one side is an end for the other
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            sink.close()
