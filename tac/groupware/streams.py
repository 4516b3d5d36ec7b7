"""
The two ends of one browser connection: bytes in (bodies, framed) and bytes out (with faults).

Framing follows RFC 9112 §6 and §7; the reading end is lenient, because old servers are.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

from faults import Fault
from message import Request
from record import Entry, Record

PIECE_BYTES = 65536
RESET_PAUSE_S = 0.05
"""Lets the bytes before a reset arrive, so that the reset alone is what the peer meets."""


class HangupError(Exception):
    """The connection is over now, whatever was under way."""


class BrokenBodyError(Exception):
    """The request's body is not framed as its head said."""


class Peer(asyncio.StreamReader):
    """The reading end, which also knows at once when the other side has left."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)
        self.left = asyncio.Event()

    def feed_eof(self) -> None:
        """Note the end of what the other side sends."""
        super().feed_eof()
        self.left.set()

    def set_exception(self, exc: Exception) -> None:
        """Note a connection that broke."""
        super().set_exception(exc)
        self.left.set()

    async def pause(self, seconds: float) -> None:
        """Wait, but not for somebody who has left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.left.wait()
                raise HangupError


class Outlet:
    """The writing end: counts what goes out, and spoils it when a fault says so."""

    def __init__(self, writer: asyncio.StreamWriter, peer: Peer) -> None:
        self._writer = writer
        self.peer = peer
        self.fault: Fault | None = None
        self.sent_bytes = 0

    async def send(self, piece: bytes) -> None:
        """Send some bytes, waiting while the other side is slow to take them."""
        if self.fault is not None:
            piece = await self._spoil(self.fault, piece)
        await self._write(piece)

    async def strike(self) -> None:
        """Let an early fault happen now."""
        if self.fault is not None and self.fault.early:
            await self.send(b"")

    def abort(self) -> None:
        """Drop the connection at once, as a reset when one was armed."""
        self._writer.transport.abort()

    async def _write(self, piece: bytes) -> None:
        self._writer.write(piece)
        self.sent_bytes += len(piece)
        await self._writer.drain()

    async def _spoil(self, fault: Fault, piece: bytes) -> bytes:
        """Pass on what the fault lets through, or end the connection in its way."""
        if fault.kind == "slow":
            self.fault = None
            await self.peer.pause(fault.seconds)
            return piece
        if fault.kind in ("raw", "nonsense"):
            await self._write(fault.raw)
            return await self._end(fault.then)
        room = fault.after_bytes - self.sent_bytes
        if 0 < len(piece) <= room:
            return piece
        await self._write(piece[:room])
        return await self._end(fault.kind)

    async def _end(self, how: str) -> bytes:
        if how == "silence":
            await self.peer.left.wait()
        if how == "linger":
            await self._linger()
        if how == "reset":
            await asyncio.sleep(RESET_PAUSE_S)
            self._arm_reset()
        raise HangupError

    async def _linger(self) -> None:
        """End our side only, and read on, so that no reset overtakes the answer."""
        self._writer.write_eof()
        while await self.peer.read(PIECE_BYTES):
            continue

    def _arm_reset(self) -> None:
        """Zero linger makes the coming close a TCP reset (SO_LINGER, socket(7))."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


class Inlet:
    """The body of one request, read once, noted in the record piece by piece."""

    def __init__(self, outlet: Outlet, request: Request, entry: Entry, record: Record) -> None:
        self._outlet = outlet
        self._peer = outlet.peer
        self._request = request
        self._entry = entry
        self._record = record
        self._is_begun = False

    @property
    def awaits_continue(self) -> bool:
        """Whether the sender holds the body back until it is told to go on (RFC 9110 §10.1.1)."""
        return not self._is_begun and self._request.lists(b"Expect", b"100-continue")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes; nothing when it was read before."""
        if self._is_begun:
            return
        if self.awaits_continue:
            await self._outlet.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._is_begun = True
        self._entry.state = "broken"
        async for piece in self._framed():
            self._entry.add(piece)
            self._record.tell()
            yield piece
        self._entry.state = "whole"
        self._record.tell()

    async def whole(self, limit_bytes: int) -> bytes:
        """The body in one piece, cut off at a limit (the rest is read and hashed all the same)."""
        kept = bytearray()
        async for piece in self.pieces():
            kept += piece[: max(0, limit_bytes - len(kept))]
        return bytes(kept)

    async def drain(self) -> None:
        """Read what nobody asked for, so that the connection can go on."""
        async for _ in self.pieces():
            continue

    def _framed(self) -> AsyncIterator[bytes]:
        if self._request.is_chunked:
            return self._chunks()
        length = self._request.value(b"Content-Length") or b"0"
        if not length.isdigit():
            raise BrokenBodyError(length)
        return self._counted(int(length))

    async def _counted(self, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            piece = await self._peer.read(min(length, PIECE_BYTES))
            if not piece:
                raise BrokenBodyError
            length -= len(piece)
            yield piece

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := await self._chunk_size():
            async for piece in self._counted(size):
                yield piece
            await self._line()
        while line := await self._line():
            self._entry.trailers.append(line)

    async def _chunk_size(self) -> int:
        digits = (await self._line()).partition(b";")[0].strip()
        try:
            return int(digits, 16)
        except ValueError:
            raise BrokenBodyError(digits) from None

    async def _line(self) -> bytes:
        try:
            return (await self._peer.readuntil(b"\r\n"))[:-2]
        except asyncio.LimitOverrunError:
            raise BrokenBodyError from None
