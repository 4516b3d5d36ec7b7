"""
The field lines of an HTTP/1.1 head: their grammar, their limits, and the values that frame.

One look at the whole block decides whether it is well formed (RFC 9112 5, RFC 9110 5.5): names
are tokens with the colon right behind, values have no controls, line ends are CRLF, nothing is
folded. Requests (`http1`), answers of the app (`http1`) and trailers (`chunked`) all meet the
same eyes. Nothing here knows what a field is good for beyond framing.
"""

from __future__ import annotations

import re

from gateway.errors import GatewayError

HEAD_LIMIT_BYTES = 64 * 1024
"""A whole head; apps set cookies of 4 KB each, so twisted.web's 16 KB do not do."""

LINE_LIMIT_BYTES = 32 * 1024
"""One line of a head, the request line included."""

FIELD_LIMIT = 200
"""Field lines in a head."""

LENGTH_DIGITS = 15
"""Digits of a Content-Length: 999 TB, and an exact integer in any app's language."""

Field = tuple[bytes, bytes]
"""Name as written, value without the blanks around it."""

NAME = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""Pattern of a token (RFC 9110 5.6.2)."""

VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
"""Pattern of a value: any byte but controls and DEL."""

MEANINGFUL = frozenset(
    b"host content-length transfer-encoding connection upgrade expect cookie".split(),
)
"""Lower-case names of the fields that say something about the message itself, or to us."""

# Possessive, and no capture inside the repeat: CPython 3.11 raises SystemError on those.
_are_fields = re.compile(rb"(?:\r\n" + NAME + rb":" + VALUE + rb")*+").fullmatch
_split_fields = re.compile(rb"\r\n([^:]++):[\t ]*+([^\r]*[^\r\t ]|)").findall
_is_host = re.compile(rb"(?:[0-9a-z._-]++|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?").fullmatch


class BadMessageError(GatewayError):
    """A message that is refused. `why` is constant text, fit for the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        self.why = why
        super().__init__(f"{status}: {why}")


def cut_head(head: bytes) -> tuple[bytes, bytes]:
    """
    The start line, and the block of field lines, each with its CRLF before it.

    Raises:
        BadMessageError: 431 (RFC 6585 5), for a head or a line of it beyond the limits.
    """
    if len(head) > HEAD_LIMIT_BYTES:
        raise BadMessageError(431, "head too large")
    if len(head) > LINE_LIMIT_BYTES and max(map(len, head.split(b"\r\n"))) > LINE_LIMIT_BYTES:
        raise BadMessageError(431, "line too long")
    end = head.find(b"\r\n")
    return (head, b"") if end < 0 else (head[:end], head[end:])


def split_block(block: bytes) -> tuple[Field, ...]:
    """The fields, in order, of lines that each have their CRLF before them."""
    if _are_fields(block) is None:
        raise BadMessageError(400, "malformed field line")
    fields = tuple(_split_fields(block))
    if len(fields) > FIELD_LIMIT:
        raise BadMessageError(431, "too many fields")
    return fields


def find_meaningful(fields: tuple[Field, ...]) -> dict[bytes, list[bytes]]:
    """The values of the `MEANINGFUL` fields that are there, by lower-case name."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        key = name.lower()
        if key in MEANINGFUL:
            found.setdefault(key, []).append(value)
    return found


def read_host(values: list[bytes]) -> bytes:
    """The one Host, checked and in lower case; a final dot or a port stays (RFC 9110 7.2)."""
    if not values:
        return b""
    host = values[0].lower()
    if len(values) > 1 or _is_host(host) is None:
        raise BadMessageError(400, "doubtful Host")
    return host


def read_length(value: bytes) -> int:
    """One Content-Length: digits and nothing else, of a bearable number (RFC 9110 8.6)."""
    if not value.isdigit():
        raise BadMessageError(400, "Content-Length is not a number")
    if len(value) > LENGTH_DIGITS:
        raise BadMessageError(413, "Content-Length beyond all limits")
    return int(value)


def agree_length(values: list[bytes]) -> int | None:
    """The one Content-Length of an answer, said once or several times (RFC 9112 6.3)."""
    lengths = {read_length(each.strip(b" \t")) for value in values for each in value.split(b",")}
    if len(lengths) > 1:
        raise BadMessageError(502, "several Content-Length")
    return lengths.pop() if lengths else None


def check_chunked(values: list[bytes]) -> None:
    """Refuse every Transfer-Encoding but one `chunked` alone (RFC 9112 6.1)."""
    if [value.lower() for value in values] != [b"chunked"]:
        raise BadMessageError(400, "Transfer-Encoding other than chunked")


def list_members(values: list[bytes]) -> frozenset[bytes]:
    """The lower-case members of a list, over all its lines (RFC 9110 5.6.1)."""
    members = [each.strip(b" \t") for value in values for each in value.lower().split(b",")]
    return frozenset(filter(None, members))
