"""
A WebSocket that echoes (RFC 6455), without extensions: text, binary, ping, close codes.

Query parameters for tests: ``close=4001`` closes with that code at once, ``ping=1`` pings first
and tells in a text message what the pong brought.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass

from exchange import Exchange, Header, head_bytes
from message import Request
from streams import Outlet

KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 §1.3."""
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MESSAGE_LIMIT_BYTES = 64 << 20
NORMAL, PROTOCOL_ERROR, NOT_TEXT, TOO_BIG = 1000, 1002, 1007, 1009


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came, its mask taken off."""

    is_last: bool
    opcode: int
    payload: bytes


class ClosingError(Exception):
    """The conversation ends with this code."""

    def __init__(self, code: int, reason: bytes = b"") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


async def echo(exchange: Exchange) -> None:
    """Take the handshake and echo until somebody closes."""
    request = exchange.request
    refusal = _refusal(request)
    if refusal is not None:
        await exchange.answer(refusal[0], [("Sec-WebSocket-Version", "13")], refusal[1])
        return
    exchange.keeps_open = False
    exchange.is_begun = True
    await exchange.outlet.send(head_bytes("HTTP/1.1", 101, _handshake(request)))
    await Conversation(exchange.outlet).run(request.query_text())


def _refusal(request: Request) -> tuple[int, bytes] | None:
    """Why this is no handshake (RFC 6455 §4.2.1), or comes from another site (§10.2)."""
    if not request.lists(b"Upgrade", b"websocket") or not request.lists(b"Connection", b"upgrade"):
        return 426, b"this address speaks WebSocket only\n"
    if not request.value(b"Sec-WebSocket-Key"):
        return 400, b"no key\n"
    origin = request.value(b"Origin").partition(b"://")[2]
    if origin and origin != request.value(b"Host"):
        return 403, b"Origin and Host differ\n"
    return None


def _handshake(request: Request) -> list[Header]:
    digest = hashlib.sha1(request.value(b"Sec-WebSocket-Key") + KEY_SUFFIX).digest()  # noqa: S324  RFC 6455 wants SHA-1
    headers: list[Header] = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", base64.b64encode(digest)),
    ]
    offered = request.value(b"Sec-WebSocket-Protocol").partition(b",")[0].strip()
    return [*headers, ("Sec-WebSocket-Protocol", offered)] if offered else headers


class Conversation:
    """The frames of one WebSocket after its handshake."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    async def run(self, asked: dict[str, str]) -> None:
        """Echo each message until the end."""
        try:
            await self._open_as_asked(asked)
            while True:
                opcode, message = await self._message()
                await self._send(opcode, message)
        except ClosingError as closing:
            await self._send(CLOSE, _close_payload(closing))

    async def _open_as_asked(self, asked: dict[str, str]) -> None:
        if "close" in asked:
            raise ClosingError(int(asked["close"]), b"as asked")
        if "ping" in asked:
            await self._send(PING, b"are you there")

    async def _message(self) -> tuple[int, bytes]:
        """The next whole message, its fragments joined (RFC 6455 §5.4)."""
        opcode, parts, size = 0, bytearray(), 0
        while True:
            frame = await self._frame()
            if frame.opcode >= CLOSE:
                await self._control(frame)
                continue
            if (frame.opcode == CONTINUATION) != bool(opcode):
                raise ClosingError(PROTOCOL_ERROR)
            opcode = opcode or frame.opcode
            parts += frame.payload
            size = len(parts)
            if size > MESSAGE_LIMIT_BYTES:
                raise ClosingError(TOO_BIG)
            if frame.is_last:
                return opcode, _checked(opcode, bytes(parts))

    async def _control(self, frame: Frame) -> None:
        """Answer ping, report pong, echo a close (RFC 6455 §5.5)."""
        if not frame.is_last or len(frame.payload) > 125:
            raise ClosingError(PROTOCOL_ERROR)
        if frame.opcode == PING:
            await self._send(PONG, frame.payload)
        elif frame.opcode == PONG:
            await self._send(TEXT, b"pong: " + frame.payload)
        elif frame.opcode == CLOSE:
            raise _echo_of(frame.payload)
        else:
            raise ClosingError(PROTOCOL_ERROR)

    async def _frame(self) -> Frame:
        """Read one frame (RFC 6455 §5.2)."""
        peer = self._outlet.peer
        first, second = await peer.readexactly(2)
        if first & 0x70 or not second & 0x80:
            raise ClosingError(PROTOCOL_ERROR)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", await peer.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await peer.readexactly(8))
        if length > MESSAGE_LIMIT_BYTES:
            raise ClosingError(TOO_BIG)
        mask = await peer.readexactly(4)
        return Frame(
            bool(first & 0x80), first & 0x0F, unmask(mask, await peer.readexactly(length))
        )

    async def _send(self, opcode: int, payload: bytes) -> None:
        await self._outlet.send(frame_head(opcode, len(payload)) + payload)


def unmask(mask: bytes, masked: bytes) -> bytes:
    """Take a mask off, all bytes at once as one big number, which is fast enough."""
    size = len(masked)
    stream = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(masked, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def frame_head(opcode: int, size: int) -> bytes:
    """The head of an unmasked, unfragmented frame."""
    if size < 126:
        return bytes((0x80 | opcode, size))
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + struct.pack(">H", size)
    return bytes((0x80 | opcode, 127)) + struct.pack(">Q", size)


def _checked(opcode: int, message: bytes) -> bytes:
    """Text must be UTF-8 (RFC 6455 §8.1)."""
    if opcode == TEXT:
        try:
            message.decode()
        except UnicodeDecodeError:
            raise ClosingError(NOT_TEXT) from None
    elif opcode != BINARY:
        raise ClosingError(PROTOCOL_ERROR)
    return message


def _echo_of(payload: bytes) -> ClosingError:
    if len(payload) < 2:
        return ClosingError(NORMAL)
    (code,) = struct.unpack(">H", payload[:2])
    return ClosingError(code, payload[2:])


def _close_payload(closing: ClosingError) -> bytes:
    return struct.pack(">H", closing.code) + closing.reason
