"""
Which fields travel between browser and app, and how they are written.

Towards the app (`to_app`) nothing passes by which a client could speak in the gateway's name:
`names` says which fields those are.

Towards the browser (`from_app`) the app's answer is left as it is but for the connection's own
fields, addresses by the app's internal names, and what would set or clear a cookie of ours.

The promise: every line that leaves here is `Name: value` CRLF with no CR, LF or NUL inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from gateway.rules.cookies import for_browser
from gateway.rules.http1 import FieldBlock
from gateway.rules.locations import (
    Names,
    refresh_to_public,
    tags_to_internal,
    to_internal,
    to_public,
)
from gateway.rules.names import HOP_BY_HOP
from gateway.rules.response import ResponseHead

_REQUEST_ADDRESSES: dict[bytes, Callable[[bytes, Names], bytes]] = {
    b"destination": to_internal,
    b"if": tags_to_internal,
}
_ANSWER_ADDRESSES: dict[bytes, Callable[[bytes, Names], bytes]] = {
    b"location": to_public,
    b"content-location": to_public,
    b"refresh": refresh_to_public,
}
_CONNECTION_OPTIONS = frozenset((*HOP_BY_HOP, b"close"))
"""What Connection may name without touching a field that passes."""

_is_name = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++").fullmatch
_is_value = re.compile(rb"[^\r\n\x00]*+").fullmatch


def line(name: bytes, value: bytes) -> bytes:
    """
    One field line, with its CRLF.

    Raises:
        ValueError: it would be more, or less, than one line.
    """
    if _is_name(name) is None or _is_value(value) is None:
        raise ValueError("not a field line")
    return b"%b: %b\r\n" % (name, value)


def to_app(block: FieldBlock, *, names: Names) -> bytes:
    """
    The field lines that go on to the app, in order, repeated ones kept.

    Without Host, Content-Length, Transfer-Encoding, Expect and Connection, and without
    X-Forwarded-*: the proxy adds its own (`forwarding`). All Cookie fields become one, at the
    place of the first (RFC 6265 5.4: some apps join lines by commas), without ours.
    """
    reading = block.reading
    lines = reading.passing
    if reading.changing:
        lines = lines.copy()
        cookie = b"Cookie: " + block.cookies.theirs if block.cookies.theirs else b""
        for at, (name, value) in reading.changing:
            if (key := name.lower()) == b"cookie":
                lines[at], cookie = cookie, b""
            else:
                lines[at] = b"%b: %b" % (name, _REQUEST_ADDRESSES[key](value, names))
    return _written(lines, block.nominated)


@lru_cache(maxsize=4096)
def forwarding(*, client: str, scheme: str, authority: str) -> bytes:
    """
    What the gateway tells the app about the request's way.

    Args:
        client: address of the browser's end of the connection.
        scheme: `https` or `http`, as the browser speaks it.
        authority: the public one, as in Host.
    """
    return (
        line(b"X-Forwarded-For", client.encode("ascii"))
        + line(b"X-Forwarded-Proto", scheme.encode("ascii"))
        + line(b"X-Forwarded-Host", authority.encode("ascii"))
    )


def from_app(head: ResponseHead, names: Names) -> bytes:
    """
    The field lines of the app's answer for the browser, in order, each with its CRLF before it.

    Without Content-Length, Transfer-Encoding and Connection: the proxy writes the framing.
    Nothing is added.
    """
    lines = head.passing
    if head.changing:
        lines = lines.copy()
        for at, (name, value) in head.changing:
            written = _for_browser(name, value, names)
            lines[at] = b"\r\n" + written if written else b""
    block = b"".join(lines)
    if head.nominated <= _CONNECTION_OPTIONS:
        return block
    return b"".join(
        b"\r\n" + each for each in block.split(b"\r\n")[1:] if _key(each) not in head.nominated
    )


def _written(lines: list[bytes], nominated: frozenset[bytes]) -> bytes:
    """The lines that are there, without those that Connection names."""
    if not nominated <= _CONNECTION_OPTIONS:
        lines = b"\r\n".join(lines).split(b"\r\n")
        lines = [each for each in lines if _key(each) not in nominated]
    written = b"\r\n".join(filter(None, lines))
    return written + b"\r\n" if written else b""


def _key(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _for_browser(name: bytes, value: bytes, names: Names) -> bytes:
    """The line of a field that is looked into; b"" where it is left out."""
    key = name.lower()
    if key == b"set-cookie":
        changed = for_browser(
            value,
            internal_hosts=names.hosts,
            public_host=names.host,
            is_secure=names.public.is_secure,
        )
    elif key == b"clear-site-data":
        changed = _without_cookie_clearing(value)
    else:
        changed = _ANSWER_ADDRESSES[key](value, names)
    return b"" if changed is None else b"%b: %b" % (name, changed)


def _without_cookie_clearing(value: bytes) -> bytes | None:
    """
    Clear-Site-Data (W3C) that leaves our cookies alone: the app's sign-out is not ours.

    `"*"` becomes what it means besides cookies, as far as browsers know it.
    """
    directives = [each.strip(b" \t") for each in value.split(b",")]
    folded = [each.strip(b"\"'").lower() for each in directives]
    if not {b"cookies", b"*"} & set(folded):
        return value
    if b"*" in folded:
        return b'"cache", "storage"'
    kept = [each for each, key in zip(directives, folded, strict=True) if key != b"cookies"]
    return b", ".join(filter(None, kept)) or None
