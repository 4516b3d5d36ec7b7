"""
What an HTTP/1.1 message head means, or that it means nothing certain (RFC 9112, RFC 9110).

Theory. Request smuggling lives from two readers of the same bytes who disagree about where a
message ends. So there is one reading here and no repair: whatever another reader might take
otherwise is refused (`BadMessageError`), the connection is closed, and the app never sees it.
What is accepted is then written anew by the proxy, from these values, never passed on raw.

1. A head is the bytes before the first CRLF CRLF. Bare CR or LF, NUL, controls, folded lines,
   blanks before a colon: refused, line by line (`fields`).
2. The target is origin-form (RFC 9112 3.2.1) and is kept to the byte.
3. The body's end is told by exactly one Content-Length, or by `Transfer-Encoding: chunked`
   alone in HTTP/1.1, or there is no body (RFC 9112 6.3, its permission to refuse always used).
4. Answers of the app are read with the same eyes: see `response`.

The promise: any bytes give a head or a BadMessageError, and nothing else. Bodies in chunks are
the business of `chunked`; which fields travel on, that of `headers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from gateway.rules.cookies import Cookies, take_apart
from gateway.rules.fields import (
    FIELD_LIMIT,
    HEAD_LIMIT_BYTES,
    LINE_LIMIT_BYTES,
    NAME,
    BadMessageError,
    Field,
    Reading,
    cut_head,
    list_members,
    read_host,
    read_line,
    split_block,
)
from gateway.rules.framing import (
    BODY_UNTIL_CLOSE,
    CHUNKED_BODY,
    NO_BODY,
    BodyKind,
    Framing,
    framing_of_request,
)
from gateway.rules.names import OF_REQUESTS

__all__ = [
    "BODY_UNTIL_CLOSE",
    "CHUNKED_BODY",
    "FIELD_LIMIT",
    "HEAD_LIMIT_BYTES",
    "LINE_LIMIT_BYTES",
    "NO_BODY",
    "BadMessageError",
    "BodyKind",
    "Field",
    "FieldBlock",
    "Framing",
    "RequestHead",
    "parse_block",
    "parse_request",
    "read_plain_line",
    "skip_leading_crlf",
]


class FieldBlock(NamedTuple):
    """What follows a request line, understood: a pure function of those bytes alone."""

    raw: bytes
    """As it came, each line with its CRLF before it."""
    reading: Reading
    host: bytes
    """The Host field in lower case, port as written; b"" where there is none."""
    framing: Framing
    cookies: Cookies
    expects_continue: bool
    upgrade: bytes
    """b"websocket" if a WebSocket and nothing else is asked for, otherwise b""."""
    nominated: frozenset[bytes]
    """Lower-case names listed in Connection: not to be passed on (RFC 9110 7.6.1)."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field as it came: for whoever looks closely, not for the fast way."""
        return tuple(map(read_line, split_block(self.raw)))

    @property
    def origins(self) -> list[bytes]:
        """The values of Origin."""
        return self.reading.found.get(b"origin", _NOTHING)

    @property
    def is_for_service_worker(self) -> bool:
        """Whether a browser fetches a service worker's script (Service Workers, 6.2)."""
        return b"service-worker" in self.reading.found


class RequestHead(NamedTuple):
    """A request up to its body."""

    method: bytes
    target: bytes
    """Origin-form, to the byte."""
    minor: int
    """0 or 1: the y of HTTP/1.y."""
    block: FieldBlock

    @property
    def is_persistent(self) -> bool:
        """Whether the browser wants to go on with this connection (RFC 9112 9.3)."""
        nominated = self.block.nominated
        return b"close" not in nominated and (self.minor == 1 or b"keep-alive" in nominated)

    @property
    def expects_continue(self) -> bool:
        """Whether the body waits for a 100 (RFC 9110 10.1.1: never in HTTP/1.0)."""
        return self.minor == 1 and self.block.expects_continue

    @property
    def is_websocket(self) -> bool:
        """Whether this is a WebSocket's opening handshake (RFC 6455 4.2.1): GET, no body."""
        block = self.block
        wanted = block.upgrade == b"websocket" and self.method == b"GET" and self.minor == 1
        return wanted and block.framing.kind is BodyKind.NONE


# A method of letters, digits, - and _ covers WebDAV, CalDAV, DeltaV and RPC over HTTP.
_TARGET = rb"/[!\"$->@-~]*+(?:\?[!\"$-~\x80-\xff]*+)?+"
"""
Origin-form without a fragment. The query may hold bytes above 0x7F: not RFC 3986, but what old
clients of Shift_JIS apps send; they can end neither a line nor a target. A path may not.
"""
_request_line = re.compile(rb"([A-Z][A-Z0-9_-]*+) (" + _TARGET + rb") HTTP/1\.([01])").fullmatch
_any_request_line = re.compile(rb"(" + NAME + rb") ([!-~]++) HTTP/([0-9])\.[0-9]").fullmatch
_plain_line = re.compile(rb"(GET|HEAD) (" + _TARGET + rb") HTTP/1\.1").fullmatch
_REFUSED_METHODS = frozenset((b"CONNECT", b"TRACE"))
_NOTHING: list[bytes] = []
_NO_COOKIES = Cookies([], {}, b"")
_NOBODY_NAMED: frozenset[bytes] = frozenset()


def skip_leading_crlf(received: bytes) -> bytes:
    """
    Forgive the one empty line that old clients send behind a body (RFC 9112 2.2).

    For the bytes that stand where a request begins, before a head is looked for. A second
    empty line is not forgiven: `parse_request` then refuses an empty request line.
    """
    return received[2:] if received.startswith(b"\r\n") else received


def parse_block(block: bytes) -> FieldBlock:
    """
    Understand the field lines of a request.

    Args:
        block: all that follows the request line, each line with its CRLF *before* it; b"" where
            there are no field lines.

    Raises:
        BadMessageError: 400, 413, 417 or 431.
    """
    reading = OF_REQUESTS.read(block)
    found = reading.found
    connection = found.get(b"connection")
    nominated = list_members(connection) if connection else _NOBODY_NAMED
    return FieldBlock(
        block,
        reading,
        read_host(found.get(b"host", _NOTHING)),
        framing_of_request(found),
        take_apart(found[b"cookie"]) if b"cookie" in found else _NO_COOKIES,
        b"expect" in found and _expects_continue(found[b"expect"]),
        _upgrade(found[b"upgrade"], nominated) if b"upgrade" in found else b"",
        nominated,
    )


def read_plain_line(line: bytes) -> tuple[bytes, bytes] | None:
    """Method and target of a GET or HEAD in HTTP/1.1, which most requests are; else None."""
    match = _plain_line(line) if len(line) <= LINE_LIMIT_BYTES else None
    return (match[1], match[2]) if match is not None else None


def parse_request(
    head: bytes, parse_block: Callable[[bytes], FieldBlock] = parse_block
) -> RequestHead:
    """
    Read a request's head.

    Args:
        head: everything before CRLF CRLF, without it, and without the one empty line that
            `skip_leading_crlf` takes off.
        parse_block: the function of that name, perhaps with a memory around it.

    Raises:
        BadMessageError: with the status of the answer that closes the connection.
    """
    line, block = cut_head(head)
    match = _request_line(line)
    if match is None or match[1] in _REFUSED_METHODS:
        raise _refused_line(line)
    method, target, version = match.groups()
    minor = 1 if version == b"1" else 0
    understood = parse_block(block)
    _check_version(minor, understood)
    return RequestHead(method, target, minor, understood)


def _refused_line(line: bytes) -> BadMessageError:
    """Say which of the many things is wrong with a request line."""
    match = _any_request_line(line)
    if match is None:
        return BadMessageError(400, "malformed request line")
    method, _, major = match.groups()
    if major != b"1":
        return BadMessageError(505, "not HTTP/1")
    if method in _REFUSED_METHODS:
        return BadMessageError(405, "method never forwarded")
    if not re.fullmatch(rb"[A-Z][A-Z0-9_-]*+", method):
        return BadMessageError(501, "unknown method")
    return BadMessageError(400, "target is not origin-form, or not HTTP/1.0 or 1.1")


def _check_version(minor: int, block: FieldBlock) -> None:
    if minor == 1:
        if not block.host:
            raise BadMessageError(400, "no Host")  # RFC 9112 3.2
    elif block.framing.kind is BodyKind.CHUNKED:
        raise BadMessageError(400, "Transfer-Encoding in HTTP/1.0")  # RFC 9112 6.1


def _expects_continue(values: list[bytes]) -> bool:
    if any(value.lower() != b"100-continue" for value in values):
        raise BadMessageError(417, "unknown expectation")
    return True


def _upgrade(values: list[bytes], nominated: frozenset[bytes]) -> bytes:
    if b"upgrade" not in nominated:
        return b""
    return b"websocket" if [value.lower() for value in values] == [b"websocket"] else b""
