"""
A web app that does exactly what a test tells it, and remembers the very bytes it was sent.

One thread accepts, one more serves each connection. What the app does with a request is a
*play*: a row of steps. Bytes are sent as they are; anything else is called with the
exchange, and may read the body, wait, send more, or end the connection. A play begins when
the head is in, before the body, so that early answers and silence can be played too. After
a play that left the connection open the app reads the rest of the body and then the next
request. Plays are found by the target before its `?`; a request without a play is echoed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from tests.instruments.raw_exchange import BLOCK_BYTES, Connection, Exchange, PeerGoneError

PATIENCE_S = 20.0
"""How long a test waits for what must happen: only a failing test ever waits so long."""


class ConnectionDoneError(Exception):
    """The play has ended the connection."""


Step = bytes | Callable[[Exchange], None]
Play = Sequence[Step]


def answer(body: bytes, *, status: bytes = b"200 OK", fields: bytes = b"") -> bytes:
    """A well-framed answer; `fields` are whole lines, each with its CRLF."""
    length = str(len(body)).encode()
    return b"HTTP/1.1 %b\r\n%bContent-Length: %b\r\n\r\n%b" % (status, fields, length, body)


def read_body(exchange: Exchange) -> None:
    """Take in the whole body."""
    exchange.read_body()


def echo(exchange: Exchange) -> None:
    """Take in the whole body and answer with what was seen, as JSON."""
    body = exchange.read_body()
    seen = {
        "method": exchange.method.decode("latin-1"),
        "target": exchange.target.decode("latin-1"),
        "fields": [[each.decode("latin-1") for each in pair] for pair in exchange.fields],
        "body_bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    said = json.dumps(seen).encode()
    exchange.send(answer(said, fields=b"Content-Type: application/json\r\n"))


def sink(exchange: Exchange) -> None:
    """Take in a body of any size, keep only its SHA-256 and length, answer with them."""
    digest, count = hashlib.sha256(), 0
    for block in exchange.body_blocks():
        digest.update(block)
        count += len(block)
    exchange.send(answer(b"%b %d" % (digest.hexdigest().encode(), count)))


def source(count: int, *, is_chunked: bool = False) -> Step:
    """Send so many bytes of `pattern` as fast as the gateway takes them."""

    def send(exchange: Exchange) -> None:
        framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % count
        exchange.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for block in pattern(count):
            exchange.send(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
            exchange.sent_count += len(block)
        exchange.send(b"0\r\n\r\n" if is_chunked else b"")

    return send


def pattern(count: int) -> Iterator[bytes]:
    """So many bytes in which every block of 64 KiB differs from its neighbours."""
    for number in range(0, count, BLOCK_BYTES):
        block = number.to_bytes(8, "big") * (BLOCK_BYTES // 8)
        yield block[: count - number]


def pattern_sha256(count: int) -> str:
    """What `pattern` of that length adds up to."""
    digest = hashlib.sha256()
    for block in pattern(count):
        digest.update(block)
    return digest.hexdigest()


def wait_for(event: threading.Event, *, at_most_s: float = PATIENCE_S) -> Step:
    """Do nothing until the test says so."""

    def wait(_: Exchange) -> None:
        event.wait(at_most_s)

    return wait


def tell(event: threading.Event) -> Step:
    """Let the test know that the play has come so far."""

    def set_event(_: Exchange) -> None:
        event.set()

    return set_event


def silence(exchange: Exchange) -> None:
    """Say nothing until the gateway gives up."""
    while True:
        exchange.connection.read_some()


def close(exchange: Exchange) -> None:
    """End the connection the orderly way (FIN)."""
    exchange.connection.close()
    raise ConnectionDoneError


def reset(exchange: Exchange) -> None:
    """End the connection the hard way (RST)."""
    linger = b"\1\0\0\0\0\0\0\0"
    exchange.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.connection.sock.close()
    raise ConnectionDoneError


class RawApp:
    """The app itself, listening on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.exchanges: list[Exchange] = []
        self._plays: dict[bytes, list[Play]] = {}
        self._news = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._port = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._port.getsockname()[1]
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the app is."""
        return f"http://127.0.0.1:{self.port}"

    def play(self, path: bytes, *plays: Play) -> None:
        """What to do with requests for that path, one play each; the last one repeats."""
        self._plays[path] = list(plays)

    def exchanges_of(self, path: bytes) -> list[Exchange]:
        """The requests for that path, so far."""
        return [each for each in self.exchanges if each.target.split(b"?")[0] == path]

    def wait_for_exchange(self, path: bytes, *, count: int = 1) -> Exchange:
        """The count-th request for that path, as soon as its head is in."""
        with self._news:
            seen = self._news.wait_for(
                lambda: len(self.exchanges_of(path)) >= count, timeout=PATIENCE_S
            )
        assert seen, f"request {count} for {path!r} never came to the app"
        return self.exchanges_of(path)[count - 1]

    @property
    def received_count(self) -> int:
        """Bytes that came in so far, by all connections."""
        return sum(each.received_count for each in self.connections)

    def forget(self) -> None:
        """Begin anew: no plays, no requests; connections stay open, as a pool keeps them."""
        with self._news:
            self._plays.clear()
            self.exchanges.clear()
            self.connections = [each for each in self.connections if not each.is_over.is_set()]

    def hang_up(self) -> None:
        """End every connection from the app's side, in use or idle."""
        for connection in self.connections:
            connection.close()

    def stop(self) -> None:
        """Stop listening, end all connections, wait for the threads."""
        with contextlib.suppress(OSError):
            self._port.shutdown(socket.SHUT_RDWR)
        self._port.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._port.accept()
            except OSError:
                return
            connection = Connection(sock)
            self.connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        try:
            while True:
                self._perform(Exchange(connection, connection.read_until(b"\r\n\r\n")))
        except (PeerGoneError, ConnectionDoneError):
            pass  # this is how every connection ends
        finally:
            connection.close()

    def _perform(self, exchange: Exchange) -> None:
        with self._news:
            plays = self._plays.get(exchange.target.split(b"?")[0], [[echo]])
            play = plays.pop(0) if len(plays) > 1 else plays[0]
            self.exchanges.append(exchange)
            self._news.notify_all()
        for step in play:
            if isinstance(step, bytes):
                exchange.send(step)
            else:
                step(exchange)
        exchange.read_body()
