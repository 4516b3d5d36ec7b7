"""Bodies of any size stream through, both ways, and the gateway holds none of them."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest

from tests.instruments.raw_app import (
    RawApp,
    answer,
    pattern,
    pattern_sha256,
    read_body,
    sink,
    source,
    wait_for,
)
from tests.instruments.raw_client import RawClient
from tests.wire.door import Door

MIB = 1 << 20
BIG = 100 * MIB
GROWTH_LIMIT = 32 * MIB
IN_FLIGHT_LIMIT = 24 * MIB
"""What kernel buffers of four sockets and the gateway may hold while one side stands still."""


class Watched:
    """The highest resident memory of the gateway while something goes on."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._before = self._highest = door.rss_bytes()

    def look(self) -> None:
        """Take a reading."""
        self._highest = max(self._highest, self._door.rss_bytes())

    @property
    def growth(self) -> int:
        """Bytes above what it was at the beginning."""
        self.look()
        return self._highest - self._before


def send_body(client: RawClient, watched: Watched, *, is_chunked: bool) -> None:
    """Send `BIG` bytes of pattern and look at the memory now and then."""
    for number, block in enumerate(pattern(BIG)):
        client.send(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
        if number % 100 == 0:
            watched.look()
    client.send(b"0\r\n\r\n" if is_chunked else b"")


def take_body(client: RawClient, watched: Watched) -> tuple[str, int]:
    """The SHA-256 and the length of the next answer's body; the memory is looked at."""
    head = client.read_head()
    digest, count, looked_at = hashlib.sha256(), 0, 0
    for block in client.body_blocks_of(head):
        digest.update(block)
        count += len(block)
        if count - looked_at > 4 * MIB:
            looked_at = count
            watched.look()
    return digest.hexdigest(), count


def wait_until_still(read: object) -> int:
    """The number that `read` gives, once it has not changed for a third of a second."""
    assert callable(read)
    last, since = read(), time.monotonic()
    while time.monotonic() - since < 0.3:
        threading.Event().wait(0.02)
        if (now := read()) != last:
            last, since = now, time.monotonic()
    return int(last)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_big_upload(app: RawApp, either_door: Door, *, is_chunked: bool) -> None:
    """100 MiB go up whole, and the gateway's memory does not grow by more than 32 MiB."""
    app.play(b"/sink", [sink])
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % BIG
    watched = Watched(either_door)

    with either_door.connect() as client:
        client.send(either_door.head(b"/sink", method=b"PUT", fields=framing + b"\r\n"))
        send_body(client, watched, is_chunked=is_chunked)
        seen = client.read_answer()

    assert b"%b %d" % (pattern_sha256(BIG).encode(), BIG) == seen.body
    assert watched.growth <= GROWTH_LIMIT


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_big_download(app: RawApp, either_door: Door, *, is_chunked: bool) -> None:
    """100 MiB come down whole, and the gateway's memory does not grow by more than 32 MiB."""
    app.play(b"/source", [source(BIG, is_chunked=is_chunked)])
    watched = Watched(either_door)

    with either_door.connect() as client:
        client.send(either_door.head(b"/source"))
        seen = take_body(client, watched)

    assert (pattern_sha256(BIG), BIG) == seen
    assert watched.growth <= GROWTH_LIMIT


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_slow_reader(app: RawApp, either_door: Door, *, is_chunked: bool) -> None:
    """A browser that does not read makes the app wait; when it reads again, all is there."""
    app.play(b"/source", [source(BIG, is_chunked=is_chunked)])
    watched = Watched(either_door)

    with either_door.connect(window_bytes=64 * 1024) as client:
        client.send(either_door.head(b"/source"))
        exchange = app.wait_for_exchange(b"/source")
        pushed = wait_until_still(lambda: exchange.sent_count)
        growth = watched.growth
        seen = take_body(client, watched)

    assert 0 < pushed <= IN_FLIGHT_LIMIT
    assert growth <= GROWTH_LIMIT
    assert (pattern_sha256(BIG), BIG) == seen


def test_stalled_app(app: RawApp, either_door: Door) -> None:
    """An app that does not read makes the browser wait; when it reads again, all is there."""
    go_on = threading.Event()
    app.play(b"/stalled", [wait_for(go_on), sink])
    watched = Watched(either_door)
    block = bytes(64 * 1024)

    with either_door.connect() as client:
        length = b"Content-Length: %d\r\n" % BIG
        client.send(either_door.head(b"/stalled", method=b"PUT", fields=length))
        taken = client.send_all_it_takes(block, limit_bytes=BIG, stalled_after_s=0.5)
        growth = watched.growth
        go_on.set()
        client.send(*([block] * ((BIG - taken) // len(block))), bytes((BIG - taken) % len(block)))
        seen = client.read_answer()

    assert 0 < taken <= IN_FLIGHT_LIMIT
    assert growth <= GROWTH_LIMIT
    assert b"%b %d" % (hashlib.sha256(bytes(BIG)).hexdigest().encode(), BIG) == seen.body


def test_many_slow_readers(app: RawApp, door: Door) -> None:
    """Twenty browsers that do not read cost, together, bounded memory too."""
    app.play(b"/source", [source(BIG)])
    watched = Watched(door)
    clients = [door.connect(window_bytes=64 * 1024) for _ in range(20)]

    for client in clients:
        client.send(door.head(b"/source"))
    app.wait_for_exchange(b"/source", count=20)
    exchanges = app.exchanges_of(b"/source")
    wait_until_still(lambda: sum(each.sent_count for each in exchanges))
    growth = watched.growth
    for client in clients:
        client.reset()

    assert growth <= GROWTH_LIMIT


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_upload_begins_at_once(app: RawApp, door: Door, *, is_chunked: bool) -> None:
    """The app has the head, and each piece of the body, while the rest is still to come."""
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: 10"
    pieces = (
        [b"5\r\nhello\r\n", b"5\r\nworld\r\n0\r\n\r\n"] if is_chunked else [b"hello", b"world"]
    )
    got_half = threading.Event()

    with door.connect() as client:
        client.send(door.head(b"/up", method=b"POST", fields=framing + b"\r\n"))
        exchange = app.wait_for_exchange(b"/up")
        assert not exchange.is_whole.is_set()
        before = exchange.connection.received_count
        client.send(pieces[0])
        while exchange.connection.received_count < before + len(b"hello"):
            assert not got_half.wait(0.01)
        client.send(pieces[1])
        seen = client.read_answer()

    assert seen.status == 200
    assert b"helloworld" == exchange.body


@pytest.mark.parametrize(
    ("fields", "sent", "framing"),
    [
        (b"Content-Length: 5\r\n", b"hello", (b"content-length", b"5")),
        (b"Content-Length: 0005\r\n", b"hello", (b"content-length", b"5")),
        (b"Content-Length: 5 \r\n", b"hello", (b"content-length", b"5")),
        (b"Content-Length: 0\r\n", b"", (b"content-length", b"0")),
        (
            b"Transfer-Encoding: CHUNKED\r\n",
            b"2;ext=1\r\nhe\r\n003\r\nllo\r\n0\r\nX-Sum: canary\r\n\r\n",
            (b"transfer-encoding", b"chunked"),
        ),
        (
            b"Transfer-Encoding: chunked\r\n",
            b"0\r\n\r\n",
            (b"transfer-encoding", b"chunked"),
        ),
    ],
    ids=["length", "leading zeros", "trailing blank", "zero", "odd chunks", "no chunks"],
)
def test_reframed(
    app: RawApp, door: Door, fields: bytes, sent: bytes, framing: tuple[bytes, bytes]
) -> None:
    """A body reaches the app in one plain framing: its length, or clean chunks, never both."""
    app.play(b"/re", [read_body, answer(b"ok")])
    since = app.received_count

    with door.connect() as client:
        seen = client.ask(door.head(b"/re", method=b"POST", fields=fields) + sent)
        after = client.ask(door.head(b"/after"))

    exchange = app.exchanges[0]
    names = (b"content-length", b"transfer-encoding")
    assert (200, 200) == (seen.status, after.status)
    assert [framing] == [
        (name.lower(), value) for name, value in exchange.fields if name.lower() in names
    ]
    assert (b"hello" if b"he" in sent else b"") == exchange.body
    assert b"canary" not in exchange.connection.received
    assert b"ext=1" not in exchange.connection.received
    assert app.received_count > since


def test_upload_over_the_limit(app: RawApp, door: Door) -> None:
    """An upload that says it is larger than allowed gets 413 before its body; no app sees it."""
    with door.connect() as client:
        fields = b"Content-Length: 999999999999999\r\n"
        seen = client.ask(door.head(b"/huge", method=b"PUT", fields=fields))

    assert seen.status == 413
    assert [] == app.exchanges
