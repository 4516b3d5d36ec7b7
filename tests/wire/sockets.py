"""Both ends of a WebSocket: an app that echoes frames, and a client that is signed in."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from tests.instruments.raw_app import ConnectionDoneError
from tests.instruments.raw_client import Answer
from tests.instruments.raw_exchange import Exchange
from tests.wire.door import Door

HANDSHAKE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)

SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)

CHAT = Subprotocol("chat")


def echo_frames(exchange: Exchange) -> None:
    """Take the handshake, then send every frame back; "close N" is answered by closing so."""
    server = ServerProtocol(
        subprotocols=[CHAT],
        extensions=[ServerPerMessageDeflateFactory()],
        select_subprotocol=lambda _, offered: CHAT if CHAT in offered else None,
        max_size=None,
    )
    server.receive_data(exchange.head)
    while True:
        for event in server.events_received():
            _respond(server, event)
        for block in server.data_to_send():
            if block:
                exchange.send(block)
            else:
                exchange.connection.close()
                raise ConnectionDoneError
        server.receive_data(exchange.connection.read_some())


def _respond(server: ServerProtocol, event: object) -> None:
    if isinstance(event, Request):
        server.send_response(server.accept(event))
    elif isinstance(event, Frame) and bytes(event.data).startswith(b"close "):
        server.send_close(int(bytes(event.data)[6:]), "さようなら")
    elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
        server.send_text(bytes(event.data), event.fin)
    elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
        server.send_binary(bytes(event.data), event.fin)
    elif isinstance(event, Frame) and event.opcode is Opcode.CONT:
        server.send_continuation(bytes(event.data), event.fin)


class RefusedHandshakeError(Exception):
    """The gateway or the app answered something else than 101."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.head)


class WebSocket:
    """
    A browser's end of a WebSocket through the gateway; a context manager.

    In one thread on purpose: two threads on one TLS connection are more than Python 3.11 bears.
    """

    def __init__(self, door: Door, path: str, *, cookie: bytes, origin: bytes) -> None:
        scheme = "ws" if door.tls is None else "wss"
        self._protocol = ClientProtocol(
            parse_uri(f"{scheme}://{door.authority.decode()}{path}"),
            origin=Origin(origin.decode()),
            subprotocols=[CHAT],
            extensions=[ClientPerMessageDeflateFactory()],
            max_size=None,
        )
        self._client = door.connect()
        self._events: list[Frame] = []
        self._shake_hands(cookie)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def subprotocol(self) -> str | None:
        """What the app chose."""
        return self._protocol.subprotocol

    def send(self, *fragments: bytes, opcode: Opcode = Opcode.BINARY) -> None:
        """Send one message, in as many frames as there are fragments."""
        for number, fragment in enumerate(fragments):
            is_last = number == len(fragments) - 1
            if number:
                self._protocol.send_continuation(fragment, is_last)
            elif opcode is Opcode.TEXT:
                self._protocol.send_text(fragment, is_last)
            else:
                self._protocol.send_binary(fragment, is_last)
        self._flush()

    def ping(self, payload: bytes) -> bytes:
        """Send a ping; what the pong that comes next carries."""
        self._protocol.send_ping(payload)
        self._flush()
        frame = self._next()
        assert frame.opcode is Opcode.PONG
        return bytes(frame.data)

    def receive(self) -> bytes:
        """The next message, its fragments put together."""
        whole = bytearray()
        while True:
            frame = self._next()
            whole += bytes(frame.data)
            if frame.fin:
                return bytes(whole)

    def close(self, code: int, reason: str) -> None:
        """Say goodbye."""
        self._protocol.send_close(code, reason)
        self._flush()

    def goodbye(self) -> tuple[int, str]:
        """The code and reason of the close frame that comes next."""
        frame = self._next()
        assert frame.opcode is Opcode.CLOSE
        close = Close.parse(bytes(frame.data))
        return close.code, close.reason

    def _shake_hands(self, cookie: bytes) -> None:
        request = self._protocol.connect()
        if cookie:
            request.headers["Cookie"] = cookie.decode()
        self._protocol.send_request(request)
        self._flush()
        head = self._client.read_head()
        if head[9:12] != b"101":
            self._client.close()
            raise RefusedHandshakeError(Answer(head=head, body=b""))
        self._protocol.receive_data(head)
        self._protocol.events_received()
        assert self._protocol.state is State.OPEN, self._protocol.handshake_exc

    def _next(self) -> Frame:
        while not self._events:
            self._protocol.receive_data(self._client.read_some())
            self._events += [
                each for each in self._protocol.events_received() if isinstance(each, Frame)
            ]
        return self._events.pop(0)

    def _flush(self) -> None:
        self._client.send(*filter(None, self._protocol.data_to_send()))


def open_socket(
    door: Door, path: str, *, cookie: bytes | None = None, origin: bytes | None = None
) -> WebSocket:
    """A WebSocket of somebody who is signed in, from the gateway's own origin, unless told."""
    return WebSocket(
        door,
        path,
        cookie=door.cookie if cookie is None else cookie,
        origin=door.origin if origin is None else origin,
    )
