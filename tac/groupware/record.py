"""
What reached the pretend groupware, kept for tests: raw lines, body hashes, connections.

The promise: nothing here is cleaned up.  A test reads the very bytes that a proxy sent, as
latin-1 text, and can wait for them instead of sleeping.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from message import Request

BEGINNING_BYTES = 65536
"""So much of each body is kept as it came; of the rest only the hash."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request as received; the body grows while it comes in."""

    connection: int
    line: bytes
    header_lines: tuple[bytes, ...]
    body_bytes: int = 0
    beginning: bytearray = field(default_factory=bytearray)
    state: str = "reading"
    """"reading", then "whole", or "broken" when the sender left in mid-body."""
    trailers: list[bytes] = field(default_factory=list)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, piece: bytes) -> None:
        """Note a piece of the body."""
        self.body_bytes += len(piece)
        self.digest.update(piece)
        self.beginning += piece[: max(0, BEGINNING_BYTES - len(self.beginning))]

    def as_json(self) -> dict[str, object]:
        """The entry for the control port."""
        return {
            "connection": self.connection,
            "line": self.line.decode("latin-1"),
            "headers": [line.decode("latin-1") for line in self.header_lines],
            "trailers": [line.decode("latin-1") for line in self.trailers],
            "body": {
                "bytes": self.body_bytes,
                "sha256": self.digest.hexdigest(),
                "beginning": self.beginning.decode("latin-1"),
                "state": self.state,
            },
        }


class Record:
    """The requests since the last clearing, and every connection since the start."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.connections_total = 0
        self.open_connections: set[int] = set()
        self._changed = asyncio.Event()

    def opened(self) -> int:
        """Note a new connection and give it its number, counted from 1."""
        self.connections_total += 1
        self.open_connections.add(self.connections_total)
        self.tell()
        return self.connections_total

    def closed(self, connection: int) -> None:
        """Note the end of a connection."""
        self.open_connections.discard(connection)
        self.tell()

    def begin(self, connection: int, request: Request) -> Entry:
        """Note a request whose head is in; its body may still be on the way."""
        entry = Entry(connection=connection, line=request.line, header_lines=request.header_lines)
        self.entries.append(entry)
        self.tell()
        return entry

    def tell(self) -> None:
        """Wake whoever waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def clear(self) -> None:
        """Forget the requests; connections keep their numbers."""
        self.entries.clear()

    async def until(self, claim: Callable[[], bool], limit_s: float) -> bool:
        """Wait until a claim about the record holds; False when it did not in time."""
        try:
            async with asyncio.timeout(limit_s):
                while not claim():
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
