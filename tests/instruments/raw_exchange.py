"""
One request, and the connection it came by, as a web app at the bottom sees them.

A request is framed just well enough to find its end, and whatever it says is believed: what a
strict app would refuse is for the test to see in `head` and `received`.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import threading
from collections.abc import Iterator

RECORD_LIMIT = 1 << 20
"""Bytes kept of each connection; what follows is counted only."""

BLOCK_BYTES = 1 << 16


class PeerGoneError(Exception):
    """The gateway ended the connection before the app had read what it waited for."""


class Ending(enum.StrEnum):
    """How the other side left."""

    CLOSED = "closed"
    RESET = "reset"


class Connection:
    """One connection that the app accepted, and everything that came in by it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = bytearray()
        self.received_count = 0
        self.ending: Ending | None = None
        self.is_over = threading.Event()
        self._unread = bytearray()

    def read_some(self) -> bytes:
        """
        Whatever comes next, at most `BLOCK_BYTES`.

        Raises:
            PeerGoneError: nothing comes any more; `ending` says how that came about.
        """
        if self._unread:
            block = bytes(self._unread)
            self._unread.clear()
            return block
        try:
            block = self.sock.recv(BLOCK_BYTES)
        except ConnectionResetError:
            self.ending = Ending.RESET
            raise PeerGoneError from None
        except OSError:  # the app itself has closed it from another thread
            raise PeerGoneError from None
        if not block:
            self.ending = self.ending or Ending.CLOSED
            raise PeerGoneError
        self.received_count += len(block)
        self.received += block[: max(RECORD_LIMIT - len(self.received), 0)]
        return block

    def read_until(self, mark: bytes) -> bytes:
        """Everything up to the mark and the mark itself."""
        found = bytearray()
        while mark not in found:
            found += self.read_some()
        end = found.index(mark) + len(mark)
        self._unread[:0] = found[end:]
        return bytes(found[:end])

    def read_blocks(self, count: int) -> Iterator[bytes]:
        """So many bytes, in the blocks they come in."""
        while count:
            block = self.read_some()
            self._unread += block[count:]
            yield block[:count]
            count -= len(block[:count])

    def send(self, block: bytes) -> None:
        """
        Send all of it, however long the gateway takes to read.

        Raises:
            PeerGoneError: the gateway has left.
        """
        try:
            self.sock.sendall(block)
        except OSError:
            self.ending = self.ending or Ending.RESET
            raise PeerGoneError from None

    def close(self) -> None:
        """Let the connection go; may be called twice."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.is_over.set()


class Exchange:
    """One request as the app saw it."""

    def __init__(self, connection: Connection, head: bytes) -> None:
        self.connection = connection
        self.head = head
        self.body = b""
        self.is_whole = threading.Event()
        """Set when the body is in to its last byte."""
        self.sent_count = 0
        """Bytes that `source` could hand to the operating system so far."""

    @property
    def request_line(self) -> bytes:
        """The first line without its end."""
        return self.head.split(b"\r\n", 1)[0]

    @property
    def method(self) -> bytes:
        """The first word of the request line."""
        return self.request_line.split(b" ")[0]

    @property
    def target(self) -> bytes:
        """The middle of the request line, to the byte."""
        return b" ".join(self.request_line.split(b" ")[1:-1])

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The header fields as they came, in their order and spelling."""
        lines = self.head.split(b"\r\n")[1:-2]
        pairs = [line.partition(b":") for line in lines]
        return [(name, value.strip(b" \t")) for name, _, value in pairs]

    def values(self, name: bytes) -> list[bytes]:
        """Every value of that field, in order; upper and lower case alike."""
        return [value for each, value in self.fields if each.lower() == name.lower()]

    def send(self, block: bytes) -> None:
        """Send bytes to the gateway."""
        self.connection.send(block)

    def read_body(self) -> bytes:
        """The whole body without its framing; `body` keeps it."""
        if not self.is_whole.is_set():
            self.body = b"".join(self.body_blocks())
        return self.body

    def body_blocks(self) -> Iterator[bytes]:
        """The body without its framing, in the blocks it comes in; nothing is kept."""
        if [value.lower() for value in self.values(b"transfer-encoding")] == [b"chunked"]:
            yield from self._chunks()
        else:
            length = (self.values(b"content-length") or [b"0"])[0]
            yield from self.connection.read_blocks(int(length))
        self.is_whole.set()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.connection.read_until(b"\r\n").split(b";")[0], 16):
            yield from self.connection.read_blocks(size)
            self.connection.read_until(b"\r\n")
        while self.connection.read_until(b"\r\n") != b"\r\n":
            pass
