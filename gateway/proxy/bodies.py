"""
Bodies on their way: taken out of one framing, put into another, never held.

RFC 9112 6 and 7. Whatever came chunked goes on in chunks of our own making, so no extension,
trailer or odd spelling of a size reaches the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.rules.chunked import LAST_CHUNK, ChunkedDecoder, encode_chunk
from gateway.rules.http1 import BodyKind, Framing

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Says that a body that waits (RFC 9110 10.1.1) may come: only once it is wanted."""


class BodyReader(Protocol):
    """Finds the payload of one body, and its end, in the bytes of a connection."""

    rest: bytes
    """What came after the end."""

    @property
    def is_finished(self) -> bool:
        """Whether the end has been read."""
        ...

    def feed(self, data: bytes) -> list[bytes]:
        """Payload pieces in these bytes. Raises BadMessageError when the framing is broken."""
        ...


class _Counted:
    """A body of known length."""

    __slots__ = ("_left", "is_finished", "rest")

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_finished = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        left = self._left
        if len(data) < left:
            self._left = left - len(data)
            return [data] if data else []
        self.is_finished = True
        self._left = 0
        self.rest = data[left:]
        return [data[:left]] if left else []


class _UntilClose:
    """A body that ends with its connection: it never ends by itself."""

    __slots__ = ("is_finished", "rest")

    def __init__(self) -> None:
        self.is_finished = False
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        return [data] if data else []


def reader(framing: Framing) -> BodyReader:
    """A reader for one body."""
    if framing.kind is BodyKind.CHUNKED:
        return ChunkedDecoder()
    if framing.kind is BodyKind.UNTIL_CLOSE:
        return _UntilClose()
    return _Counted(framing.length if framing.kind is BodyKind.LENGTH else 0)


def framed(pieces: Sequence[bytes], *, chunked: bool, is_last: bool) -> bytes:
    """The pieces as they go on: in chunks, or as they are."""
    if not chunked:
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    chunks = [encode_chunk(piece) for piece in pieces if piece]
    if is_last:
        chunks.append(LAST_CHUNK)
    return b"".join(chunks)
