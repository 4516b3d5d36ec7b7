"""
A browser's side of a connection that sends the very bytes a test gives it.

It says how a connection ended (in order, cut, or not at all), and reads answers with a strict
eye of its own: an answer that is not whole by its framing is `TruncatedError`, never a short
answer. Nothing is retried, decoded or guessed.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PATIENCE_S = 20.0
"""How long a read waits before the ending is `TIMED_OUT`: longer than the gateway's limits."""

BLOCK_BYTES = 1 << 16


class Ending(enum.StrEnum):
    """How the gateway's side of a connection ended."""

    CLOSED = "closed"
    RESET = "reset"
    TIMED_OUT = "timed out"


class TruncatedError(Exception):
    """The connection ended before the answer was whole."""

    def __init__(self, ending: Ending, seen: bytes) -> None:
        self.ending = ending
        self.seen = seen
        super().__init__(f"{ending} after {len(seen)} bytes: {seen[:200]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer with its body taken out of the framing."""

    head: bytes
    body: bytes
    interim: tuple[bytes, ...] = ()
    """The heads of the 1xx answers that came before it."""

    @property
    def status(self) -> int:
        """The three digits."""
        return int(self.head[9:12])

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The header fields as they came, in their order and spelling."""
        pairs = [line.partition(b":") for line in self.head.split(b"\r\n")[1:-2]]
        return [(name, value.strip(b" \t")) for name, _, value in pairs]

    def values(self, name: bytes) -> list[bytes]:
        """Every value of that field, in order; upper and lower case alike."""
        return [value for each, value in self.fields if each.lower() == name.lower()]


class RawClient:
    """
    One connection to the gateway.

    Args:
        port: on 127.0.0.1.
        tls: None for plain TCP.
        name: what SNI says.
        window_bytes: the receive buffer asked for, for readers that are to be slow.
    """

    def __init__(
        self,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        name: str = "localhost",
        patience_s: float = PATIENCE_S,
        window_bytes: int | None = None,
    ) -> None:
        sock = socket.socket()
        sock.settimeout(patience_s)
        if window_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        sock.connect(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:  # an end without close_notify is a cut, not an end
            sock = tls.wrap_socket(sock, server_hostname=name, suppress_ragged_eofs=False)
        self.sock = sock
        self._unread = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, *pieces: bytes) -> None:
        """Send the pieces one by one, each in a packet of its own."""
        for piece in pieces:
            self.sock.sendall(piece)

    def send_all_it_takes(self, block: bytes, *, limit_bytes: int, stalled_after_s: float) -> int:
        """
        Send the block again and again until the gateway takes no more, or up to the limit.

        Returns:
            The bytes that were taken.
        """
        taken = 0
        patience_s = self.sock.gettimeout()
        self.sock.settimeout(stalled_after_s)
        with contextlib.suppress(TimeoutError):
            while taken < limit_bytes:
                taken += self.sock.send(block)
        self.sock.settimeout(patience_s)
        return taken

    def ask(self, request: bytes, *, method: bytes = b"GET") -> Answer:
        """Send a request and read its answer; `method` is needed for HEAD alone."""
        self.send(request)
        return self.read_answer(method=method)

    def read_answer(self, *, method: bytes = b"GET") -> Answer:
        """
        The next final answer, whole.

        Raises:
            TruncatedError: the connection ended before that.
        """
        interim: list[bytes] = []
        head = self.read_head()
        while head[9:10] == b"1" and head[9:12] != b"101":
            interim.append(head)
            head = self.read_head()
        empty = Answer(head=head, body=b"", interim=tuple(interim))
        body = b"".join(self.body_blocks(empty, method=method))
        return Answer(head=head, body=body, interim=tuple(interim))

    def read_head(self) -> bytes:
        """The next head, 1xx included, up to and with its empty line."""
        return self._read_until(b"\r\n\r\n")

    def body_blocks(self, answer: Answer, *, method: bytes = b"GET") -> Iterator[bytes]:
        """The body that follows the head of that answer, in the blocks it comes in."""
        if method == b"HEAD" or answer.status in (101, 204, 304):
            return
        encodings = answer.values(b"transfer-encoding")
        lengths = answer.values(b"content-length")
        assert len(encodings) + len(lengths) <= 1, f"doubtful framing: {answer.head!r}"
        if encodings:
            assert encodings == [b"chunked"]
            yield from self._chunks()
        elif lengths:
            yield from self._blocks(int(lengths[0]))
        else:
            yield from self._blocks_to_the_end()

    def body_blocks_of(self, head: bytes) -> Iterator[bytes]:
        """The body that follows that head of an answer to GET, in the blocks it comes in."""
        yield from self.body_blocks(Answer(head=head, body=b""))

    def rest(self) -> tuple[bytes, Ending]:
        """Everything that still comes, and how the connection ended."""
        seen = bytearray()
        try:
            while True:
                seen += self.read_some()
        except TruncatedError as end:
            return bytes(seen), end.ending

    def read_exactly(self, count: int) -> bytes:
        """So many bytes, without any framing."""
        return b"".join(self._blocks(count))

    def hear(self, *, within_s: float) -> bytes:
        """Whatever comes within that time, b"" for silence or the end."""
        if self._unread:
            return self.read_some()
        patience_s = self.sock.gettimeout()
        self.sock.settimeout(within_s)
        try:
            return self.sock.recv(BLOCK_BYTES)
        except TimeoutError:
            return b""
        finally:
            self.sock.settimeout(patience_s)

    def half_close(self) -> None:
        """Say that nothing more will be sent (FIN), and go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Leave in order; may be called twice."""
        self.sock.close()

    def reset(self) -> None:
        """Leave the hard way (RST)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def read_some(self) -> bytes:
        """
        Whatever comes next.

        Raises:
            TruncatedError: nothing comes any more.
        """
        if self._unread:
            block = bytes(self._unread)
            self._unread.clear()
            return block
        try:
            block = self.sock.recv(BLOCK_BYTES)
        except TimeoutError:
            raise TruncatedError(Ending.TIMED_OUT, b"") from None
        except OSError:  # a reset, over TLS also an end without close_notify
            raise TruncatedError(Ending.RESET, b"") from None
        if not block:
            raise TruncatedError(Ending.CLOSED, b"")
        return block

    def _read_until(self, mark: bytes) -> bytes:
        found = bytearray()
        while mark not in found:
            try:
                found += self.read_some()
            except TruncatedError as end:
                raise TruncatedError(end.ending, bytes(found)) from None
        end_of_mark = found.index(mark) + len(mark)
        self._unread[:0] = found[end_of_mark:]
        return bytes(found[:end_of_mark])

    def _blocks(self, count: int) -> Iterator[bytes]:
        while count:
            block = self.read_some()
            self._unread += block[count:]
            yield block[:count]
            count -= len(block[:count])

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._read_until(b"\r\n"), 16):
            yield from self._blocks(size)
            assert self.read_exactly(2) == b"\r\n"
        assert self._read_until(b"\r\n") == b"\r\n", "trailers are not passed on"

    def _blocks_to_the_end(self) -> Iterator[bytes]:
        while True:
            try:
                block = self.read_some()
            except TruncatedError as end:
                if end.ending is Ending.CLOSED:
                    return
                raise
            yield block
