"""Both ends of a WebSocket: an app that echoes frames, and a client that is signed in."""

from __future__ import annotations

from collections.abc import Mapping

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.instruments.raw_app import ConnectionDoneError
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


def open_socket(
    door: Door, path: str, *, cookie: bytes | None = None, origin: bytes | None = None
) -> ClientConnection:
    """A WebSocket through the gateway, from its own origin unless told."""
    said = door.cookie if cookie is None else cookie
    fields: Mapping[str, str] = {"Cookie": said.decode()} if said else {}
    scheme = "ws" if door.tls is None else "wss"
    return connect(
        f"{scheme}://{door.authority.decode()}{path}",
        sock=door.connect_plainly(),
        ssl=door.tls,
        origin=Origin((door.origin if origin is None else origin).decode()),
        subprotocols=[CHAT],
        additional_headers=fields,
        proxy=None,
        max_size=None,
    )
