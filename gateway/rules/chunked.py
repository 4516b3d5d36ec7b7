"""
Bodies in chunks (RFC 9112 7.1): taken apart strictly, and written anew.

Theory. Only the payload travels on; sizes, extensions and trailers are read, checked and
dropped, and the proxy frames the payload in chunks of its own. So no doubtful spelling of a
size ever meets a second reader. Line ends are CRLF and nothing else; a size is 1 to 15
hexadecimal digits, perhaps with `;` and an extension right behind.

The promise: memory stays bounded. Payload is handed out as it comes, never gathered, and of
the lines in between no more is kept than their limits allow.
"""

from __future__ import annotations

import enum
import re

from gateway.rules.fields import NAME, VALUE, BadMessageError

SIZE_LINE_LIMIT_BYTES = 1024
"""A size with its extension."""

TRAILER_LIMIT_BYTES = 8 * 1024
"""All trailer lines of a body together."""

LAST_CHUNK = b"0\r\n\r\n"
"""Ends a body, without trailers."""

_size_line = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;" + VALUE + rb")?").fullmatch
_trailer_line = re.compile(NAME + rb":" + VALUE).fullmatch


def encode_chunk(piece: bytes) -> bytes:
    """One chunk; b"" for an empty piece, which would otherwise end the body."""
    return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""


class _Expected(enum.Enum):
    """What the next byte belongs to."""

    SIZE = enum.auto()
    PAYLOAD = enum.auto()
    PAYLOAD_END = enum.auto()
    TRAILER = enum.auto()
    NOTHING = enum.auto()


class ChunkedDecoder:
    """Takes one chunked body apart, in whatever pieces it arrives."""

    def __init__(self) -> None:
        self.rest = b""
        """What came behind the body's end: the next message's, not ours."""
        self._expected = _Expected.SIZE
        self._line = b""
        self._missing = 0
        self._trailer_bytes = 0

    @property
    def is_finished(self) -> bool:
        """Whether the body's end has been read; nothing may be fed after it."""
        return self._expected is _Expected.NOTHING

    def feed(self, received: bytes) -> list[bytes]:
        """
        The payload in what was received.

        Raises:
            BadMessageError: 400; the decoder is of no more use.
        """
        assert not self.is_finished, "bytes behind the end are the next message's"
        payload: list[bytes] = []
        start = 0
        while start < len(received) and not self.is_finished:
            if self._expected is _Expected.PAYLOAD:
                start = self._take_payload(received, start, payload)
            else:
                start = self._take_line(received, start)
        self.rest = received[start:]
        return payload

    def _take_payload(self, received: bytes, start: int, payload: list[bytes]) -> int:
        piece = received[start : start + self._missing]
        payload.append(piece)
        self._missing -= len(piece)
        if not self._missing:
            self._expected = _Expected.PAYLOAD_END
        return start + len(piece)

    def _take_line(self, received: bytes, start: int) -> int:
        """Complete a line, or keep its beginning, within its limit."""
        kept = len(self._line)
        limit = self._line_limit()
        self._line += received[start : start + limit + 2 - kept]
        end = self._line.find(b"\r\n")
        if end < 0:
            self._check_beginning(limit)
            return len(received)
        line, self._line = self._line[:end], b""
        self._read_line(line)
        return start + end + 2 - kept

    def _line_limit(self) -> int:
        """Bytes that the line in hand may have, without its CRLF."""
        if self._expected is _Expected.SIZE:
            return SIZE_LINE_LIMIT_BYTES
        if self._expected is _Expected.PAYLOAD_END:
            return 0
        return TRAILER_LIMIT_BYTES - self._trailer_bytes

    def _check_beginning(self, limit: int) -> None:
        """Refuse a line that can no longer become good, at once and not after a time-out."""
        if len(self._line.removesuffix(b"\r")) > limit:
            raise BadMessageError(400, "line of a chunked body too long")
        if b"\n" in self._line or b"\r" in self._line[:-1]:
            raise BadMessageError(400, "bare CR or LF in a chunked body")

    def _read_line(self, line: bytes) -> None:
        if self._expected is _Expected.SIZE:
            self._read_size(line)
        elif self._expected is _Expected.PAYLOAD_END:
            self._expected = _Expected.SIZE
        else:
            self._read_trailer(line)

    def _read_size(self, line: bytes) -> None:
        match = _size_line(line)
        if match is None:
            raise BadMessageError(400, "malformed chunk size")
        self._missing = int(match[1], 16)
        self._expected = _Expected.PAYLOAD if self._missing else _Expected.TRAILER

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self._expected = _Expected.NOTHING
        elif _trailer_line(line) is None:
            raise BadMessageError(400, "malformed trailer")
        self._trailer_bytes += len(line) + 2
