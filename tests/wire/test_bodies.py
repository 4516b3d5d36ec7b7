"""Bodies of any size stream through, both ways, and the gateway holds none of them."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest

from tests.instruments.raw_app import (
    RawApp,
    pattern,
    pattern_sha256,
    sink,
    source,
)
from tests.instruments.raw_client import RawClient
from tests.wire.door import Door

MIB = 1 << 20
BIG = 100 * MIB
GROWTH_LIMIT = 32 * MIB
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
