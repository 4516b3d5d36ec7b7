"""
The field lines of an HTTP/1.1 head: their grammar, their limits, and the values that frame.

One reading for all (RFC 9112 5, RFC 9110 5.5): names are tokens with the colon right behind,
values have no controls, line ends are CRLF, nothing is folded. Requests (`http1`), answers of
the app (`http1`) and trailers (`chunked`) all meet the same eyes.

Browsers and apps repeat most of their lines from message to message, whoever the person is and
whatever is asked for. A `Vocabulary` remembers what such lines mean, exact to the byte: a pure
function of them. Only lines whose names say that they carry no secret are remembered, and the
memory is bounded; a stranger who fills it slows others by some microseconds.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import GatewayError

HEAD_LIMIT_BYTES = 64 * 1024
"""A whole head; apps set cookies of 4 KB each, so twisted.web's 16 KB do not do."""

LINE_LIMIT_BYTES = 32 * 1024
"""One line of a head, the request line included."""

FIELD_LIMIT = 200
"""Field lines in a head."""

KNOWN_LINES = 4096
KNOWN_LINE_BYTES = 256
KNOWN_NAMES = 1024
KNOWN_NAME_BYTES = 64
"""What a vocabulary remembers: at most some 2 MB."""

Field = tuple[bytes, bytes]
"""Name as written, value without the blanks around it."""

NAME = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""Pattern of a token (RFC 9110 5.6.2)."""

VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
"""Pattern of a value: any byte but controls and DEL."""

VALUE_BYTES = bytes(set(range(256)) - set(range(0x20)) - {0x7F} | {0x09})
"""The same bytes."""

# Possessive, and no capture inside a repeat: CPython 3.11 raises SystemError on those.
_is_name = re.compile(NAME).fullmatch
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


def split_block(block: bytes) -> list[bytes]:
    """
    The field lines of a block, without CRLF.

    Raises:
        BadMessageError: 400 or 431.
    """
    before, *lines = block.split(b"\r\n")
    if before:
        raise BadMessageError(400, "malformed field line")
    if len(lines) > FIELD_LIMIT:
        raise BadMessageError(431, "too many fields")
    return lines


def read_line(line: bytes) -> Field:
    """
    One field line, without its CRLF.

    Raises:
        BadMessageError: 400.
    """
    name, colon, value = line.partition(b":")
    if not colon or value.translate(None, VALUE_BYTES) or _is_name(name) is None:
        raise BadMessageError(400, "malformed field line")
    return name, value.strip(b" \t")


class Passage(enum.Enum):
    """What becomes of a field on its way to the other side."""

    STAYS = "stays as it is"
    GOES = "is left out"
    CHANGES = "may be rewritten, in its place"


_STAYS, _CHANGES = Passage.STAYS, Passage.CHANGES


class Meaning(NamedTuple):
    """What a name means in one direction."""

    key: bytes
    """The name in lower case."""
    passage: Passage
    is_meaningful: bool
    """Whether its values say something about the message itself, or to us."""
    is_lasting: bool
    """Whether it is said the same way time and again, and carries no secret."""


class Reading(NamedTuple):
    """The field lines of one head, understood."""

    passing: list[bytes]
    """What goes on to the other side, in order; b"" in the place of a line that changes."""
    changing: list[tuple[int, Field]]
    """The fields that may be rewritten, each with its index in `passing`."""
    found: dict[bytes, list[bytes]]
    """The values of the meaningful fields, by lower-case name."""


class Vocabulary:
    """Reads field lines in one direction."""

    def __init__(self, meaning_of: Callable[[bytes], Meaning]) -> None:
        """Take what a well-formed name means: a pure function."""
        self._meaning_of = meaning_of
        self._names: dict[bytes, Meaning] = {}
        self._passing: set[bytes] = set()
        self._noted: dict[bytes, Field] = {}

    def __len__(self) -> int:
        """How many lines are remembered."""
        return len(self._passing) + len(self._noted)

    def read(self, block: bytes) -> Reading:
        """
        Read field lines, each with its CRLF before it.

        Raises:
            BadMessageError: 400 or 431.
        """
        known, noted = self._passing, self._noted
        reading = Reading([], [], {})
        passing, _, found = reading
        for line in split_block(block):
            if line in known:
                passing.append(line)
            elif line in noted:
                key, value = noted[line]
                found.setdefault(key, []).append(value)
            else:
                self._look_at(line, reading)
        return reading

    def _look_at(self, line: bytes, reading: Reading) -> None:
        """Read a line that is not known."""
        name, colon, value = line.partition(b":")
        if not colon or value.translate(None, VALUE_BYTES):
            raise BadMessageError(400, "malformed field line")
        meaning = self._names.get(name) or self._learn(name)
        key, passage, is_meaningful, is_lasting = meaning
        value = value.strip(b" \t")
        if is_meaningful:
            reading.found.setdefault(key, []).append(value)
        if passage is _STAYS:
            written = b"%b: %b" % (name, value)
            reading.passing.append(written)
            if is_lasting and not is_meaningful and written == line and self._has_room(line):
                self._passing.add(line)
        elif passage is _CHANGES:
            reading.changing.append((len(reading.passing), (name, value)))
            reading.passing.append(b"")
        elif is_lasting and is_meaningful and self._has_room(line):
            self._noted[line] = key, value

    def _has_room(self, line: bytes) -> bool:
        """Whether to remember a line; when the memory is full, it begins anew."""
        if len(line) > KNOWN_LINE_BYTES:
            return False
        if len(self) >= KNOWN_LINES:
            self._passing.clear()
            self._noted.clear()
        return True

    def _learn(self, name: bytes) -> Meaning:
        if _is_name(name) is None:
            raise BadMessageError(400, "malformed field line")
        meaning = self._meaning_of(name)
        if len(name) <= KNOWN_NAME_BYTES:
            if len(self._names) >= KNOWN_NAMES:
                self._names.clear()
            self._names[name] = meaning
        return meaning


def read_host(values: list[bytes]) -> bytes:
    """The one Host, checked and in lower case; a final dot or a port stays (RFC 9110 7.2)."""
    if not values:
        return b""
    if len(values) > 1:
        raise BadMessageError(400, "several Host")
    return _read_host(values[0])


@lru_cache(maxsize=64)
def _read_host(value: bytes) -> bytes:
    host = value.lower()
    if _is_host(host) is None:
        raise BadMessageError(400, "doubtful Host")
    return host


def list_members(values: list[bytes]) -> frozenset[bytes]:
    """The lower-case members of a list, over all its lines (RFC 9110 5.6.1)."""
    if len(values) == 1:
        return _members(values[0])
    return frozenset().union(*map(_members, values))


@lru_cache(maxsize=256)
def _members(value: bytes) -> frozenset[bytes]:
    members = [each.strip(b" \t") for each in value.lower().split(b",")]
    return frozenset(filter(None, members))
