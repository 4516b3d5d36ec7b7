"""
What the head of the app's answer means (RFC 9112 4 and 6.3), with the same eyes as `http1`.

Most of an answer's fields pass as they came, to the byte. So its lines are not taken apart one
by one: one pattern sees that the head is well-formed, another finds the few lines that say
something about the message itself or may have to be rewritten, and what lies between them goes
on in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gateway.rules.fields import (
    FIELD_LIMIT,
    HEAD_LIMIT_BYTES,
    LINE_LIMIT_BYTES,
    NAME,
    VALUE,
    BadMessageError,
    Field,
    list_members,
    read_line,
    split_block,
)
from gateway.rules.framing import Framing, framing_of_answer
from gateway.rules.names import ANSWER_CHANGES, ANSWER_FRAMES, NOT_TO_BROWSER

# Possessive, and no capture inside a repeat: CPython 3.11 raises SystemError on those.
_head = re.compile(
    rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (%b))?((?:\r\n%b:%b)*+)" % (VALUE, NAME, VALUE)
).fullmatch
_notable_lines = re.compile(
    rb"\r\n(%b):[\t ]*+([^\r]*+)"
    % b"|".join(map(re.escape, sorted(NOT_TO_BROWSER | ANSWER_CHANGES | ANSWER_FRAMES)))
).finditer
_NOBODY_NAMED: frozenset[bytes] = frozenset()

SMALL_BYTES = 4 * FIELD_LIMIT
"""A head of so many bytes can neither have too many fields nor be too large."""


class ResponseHead(NamedTuple):
    """An answer of the app up to its body."""

    minor: int
    status: int
    reason: bytes
    raw: bytes
    """The field lines as they came, each with its CRLF before it."""
    passing: list[bytes]
    """What goes on to the browser, in order: one or more lines each, with their CRLFs before
    them; b"" in the place of a line that changes."""
    changing: list[tuple[int, Field]]
    """The fields that may be rewritten, each with its index in `passing`."""
    framing: Framing
    declared_length: int | None
    """Content-Length as the app said it: also for HEAD and 304, whose body never comes."""
    upgrade: bytes
    """b"websocket" if the app switches to it (status 101), otherwise b""."""
    nominated: frozenset[bytes]
    """Lower-case names listed in Connection: not to be passed on (RFC 9110 7.6.1)."""
    is_persistent: bool
    """
    Whether the connection may serve another person's request: only where the answer's end is
    beyond doubt. Not after HTTP/1.0, nor after both lengths, nor after a body that was declared
    but must not come (HEAD, 204, 304): some apps send it all the same.
    """

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field as it came."""
        return tuple(map(read_line, split_block(self.raw)))


def parse_response(head: bytes, *, method: bytes) -> ResponseHead:
    """
    Read the head of the app's answer to a request of that method.

    Args:
        head: everything before CRLF CRLF, without it.
        method: of the request, since the answer to HEAD has no body.

    Raises:
        BadMessageError: always 502: the app talks nonsense.
    """
    match = _head(head)
    if match is None:
        raise BadMessageError(502, "malformed head")
    version, code, reason, block = match.groups()
    if len(head) > SMALL_BYTES:
        _check_size(head, block)
    minor, status = (1 if version == b"1" else 0), int(code)
    passing, changing, found = _parted(block)
    connection = found.get(b"connection")
    nominated = list_members(connection) if connection else _NOBODY_NAMED
    try:
        framing, length, is_certain = framing_of_answer(found, minor, status, method)
    except BadMessageError as bad:
        raise BadMessageError(502, bad.why) from None
    return ResponseHead(
        minor,
        status,
        reason or b"",
        block,
        passing,
        changing,
        framing,
        length,
        _upgrade(found.get(b"upgrade", ()), nominated) if status == 101 else b"",
        nominated,
        minor == 1 and is_certain and b"close" not in nominated,
    )


def _check_size(head: bytes, block: bytes) -> None:
    if len(head) > LINE_LIMIT_BYTES and (
        len(head) > HEAD_LIMIT_BYTES or max(map(len, head.split(b"\r\n"))) > LINE_LIMIT_BYTES
    ):
        raise BadMessageError(502, "head too large")
    if block.count(b"\r\n") > FIELD_LIMIT:
        raise BadMessageError(502, "too many fields")


def _parted(
    block: bytes,
) -> tuple[list[bytes], list[tuple[int, Field]], dict[bytes, list[bytes]]]:
    """What passes, what may change, and the values of what frames the message."""
    passing: list[bytes] = []
    changing: list[tuple[int, Field]] = []
    found: dict[bytes, list[bytes]] = {}
    done = 0
    for line in _notable_lines(block.lower()):
        key = line[1]
        start, end = line.span()
        value = block[line.start(2) : end].rstrip(b" \t")
        if start > done:
            passing.append(block[done:start])
        done = end
        if key in ANSWER_CHANGES:
            name = block[start + 2 : start + 2 + len(key)]
            changing.append((len(passing), (name, value)))
            passing.append(b"")
        elif key in ANSWER_FRAMES:
            found.setdefault(key, []).append(value)
    if done < len(block):
        passing.append(block[done:])
    return passing, changing, found


def _upgrade(values: Iterable[bytes], nominated: frozenset[bytes]) -> bytes:
    if b"upgrade" not in nominated:
        return b""
    return b"websocket" if [value.lower() for value in values] == [b"websocket"] else b""
