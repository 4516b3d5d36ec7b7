"""
Reading one HTTP/1.1 request head without losing a byte of it (RFC 9112 §3, §5).

The pretend groupware has to tell tests exactly what reached it, so nothing is normalised: the
request line and each header line stay the bytes that came.  It is lenient, like old CGI servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType
from urllib.parse import unquote_to_bytes

Pairs = NewType("Pairs", list[tuple[bytes, bytes]])


class MalformedError(Exception):
    """The head is not even roughly HTTP, so that it can only be answered by 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request head: raw lines for the record, and the few readings the app needs."""

    line: bytes
    header_lines: tuple[bytes, ...]
    method: bytes
    target: bytes
    version: bytes

    @property
    def path(self) -> bytes:
        """The target before the first question mark, still percent-encoded."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The target behind the first question mark, still percent-encoded."""
        return self.target.partition(b"?")[2]

    def values(self, name: bytes) -> list[bytes]:
        """Every value of one header in order; the name is matched without regard to case."""
        pairs = (line.partition(b":") for line in self.header_lines)
        return [value.strip() for key, _, value in pairs if key.strip().lower() == name.lower()]

    def value(self, name: bytes) -> bytes:
        """The first value of one header, or nothing."""
        return next(iter(self.values(name)), b"")

    def lists(self, name: bytes, item: bytes) -> bool:
        """Whether a comma-separated header names an item."""
        items = b",".join(self.values(name)).lower().split(b",")
        return item.lower() in [entry.strip() for entry in items]

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks (RFC 9112 §7.1)."""
        return self.lists(b"Transfer-Encoding", b"chunked")

    @property
    def keeps_open(self) -> bool:
        """Whether the connection may carry another request (RFC 9112 §9.3)."""
        return self.version == b"HTTP/1.1" and not self.lists(b"Connection", b"close")

    @property
    def asks_by_script(self) -> bool:
        """Whether a script of the page asks, which must never be answered by a page."""
        return self.value(b"X-Requested-With").lower() == b"xmlhttprequest"

    def cookies(self) -> dict[str, str]:
        """The cookies by name, the first of a repeated name, values verbatim."""
        found: dict[str, str] = {}
        for crumb in b"; ".join(self.values(b"Cookie")).split(b";"):
            name, _, value = crumb.strip().partition(b"=")
            found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        return found

    def query_text(self) -> dict[str, str]:
        """The query's parameters as text, the last of a repeated name."""
        return text_pairs(form_pairs(self.query))


def parse(head: bytes) -> Request:
    """Read a head that ends before the empty line."""
    line, *header_lines = head.split(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        raise MalformedError(line)
    return Request(
        line=line,
        header_lines=tuple(header_lines),
        method=words[0],
        target=words[1],
        version=words[2],
    )


def form_pairs(encoded: bytes) -> Pairs:
    """Decode ``a=1&b=2`` to bytes, whatever charset the bytes are in."""
    parts = [part.partition(b"=") for part in encoded.split(b"&") if part]
    return Pairs([(_plain(name), _plain(value)) for name, _, value in parts])


def text_pairs(pairs: Pairs) -> dict[str, str]:
    """The pairs as text for the app's own use; bytes that are not UTF-8 show as U+FFFD."""
    return {
        name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in pairs
    }


def _plain(encoded: bytes) -> bytes:
    return unquote_to_bytes(encoded.replace(b"+", b" "))
