"""
Where a body ends (RFC 9112 6): told by exactly one Content-Length, by `chunked` alone, or not.

Requests are refused where two readers could differ. Answers are read as RFC 9112 6.3 orders:
HEAD, 1xx, 204 and 304 have no body whatever they declare; equal lengths may be repeated.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import NamedTuple

from gateway.rules.fields import BadMessageError

LENGTH_DIGITS = 15
"""Digits of a Content-Length: 999 TB, and an exact integer in any app's language."""


class BodyKind(enum.Enum):
    """How the end of a body is told."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until-close"
    """Answers only."""


class Framing(NamedTuple):
    """Where a body ends."""

    kind: BodyKind
    length: int = 0
    """Bytes of the body, where kind is LENGTH."""


NO_BODY = Framing(BodyKind.NONE)
CHUNKED_BODY = Framing(BodyKind.CHUNKED)
BODY_UNTIL_CLOSE = Framing(BodyKind.UNTIL_CLOSE)


_BODILESS = frozenset((204, 304))


def framing_of_request(found: dict[bytes, list[bytes]]) -> Framing:
    """
    Where a request's body ends, from its meaningful fields (RFC 9112 6.3).

    Raises:
        BadMessageError: 400 or 413.
    """
    lengths = found.get(b"content-length")
    if b"transfer-encoding" in found:
        if lengths:
            raise BadMessageError(400, "Content-Length and Transfer-Encoding")
        check_chunked(found[b"transfer-encoding"])
        return CHUNKED_BODY
    if lengths is None:
        return NO_BODY
    if len(lengths) > 1:
        raise BadMessageError(400, "several Content-Length")
    return Framing(BodyKind.LENGTH, read_length(lengths[0]))


def framing_of_answer(
    found: dict[bytes, list[bytes]],
    minor: int,
    status: int,
    method: bytes,
) -> tuple[Framing, int | None, bool]:
    """
    The framing of an answer, its declared length, and whether its end is certain.

    Raises:
        BadMessageError: 400, 413 or 502.
    """
    lengths = found.get(b"content-length")
    framing = agree_length(lengths) if lengths else None
    is_chunked = b"transfer-encoding" in found
    if is_chunked:
        check_chunked(found[b"transfer-encoding"])
        if minor == 0:
            raise BadMessageError(502, "Transfer-Encoding in HTTP/1.0")
    if status < 200 or status in _BODILESS or method == b"HEAD":
        length = None if framing is None else framing.length
        return NO_BODY, None if is_chunked else length, not length and not is_chunked
    if is_chunked:
        return CHUNKED_BODY, None, framing is None
    if framing is None:
        return BODY_UNTIL_CLOSE, None, False
    return framing, framing.length, True


def read_length(value: bytes) -> int:
    """One Content-Length: digits and nothing else, of a bearable number (RFC 9110 8.6)."""
    if not value.isdigit():
        raise BadMessageError(400, "Content-Length is not a number")
    if len(value) > LENGTH_DIGITS:
        raise BadMessageError(413, "Content-Length beyond all limits")
    return int(value)


def agree_length(values: list[bytes]) -> Framing:
    """The one Content-Length of an answer, said once or several times (RFC 9112 6.3)."""
    if len(values) == 1:
        return _agreed(values[0])
    return _agreed(b",".join(values))


@lru_cache(maxsize=256)
def _agreed(value: bytes) -> Framing:
    lengths = {read_length(each.strip(b" \t")) for each in value.split(b",")}
    if len(lengths) > 1:
        raise BadMessageError(502, "several Content-Length")
    return Framing(BodyKind.LENGTH, lengths.pop())


def check_chunked(values: list[bytes]) -> None:
    """Refuse every Transfer-Encoding but one `chunked` alone (RFC 9112 6.1)."""
    if [value.lower() for value in values] != [b"chunked"]:
        raise BadMessageError(400, "Transfer-Encoding other than chunked")
