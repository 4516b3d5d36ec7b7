"""
Five slow downloads and five uploads at once: all is whole, and the gateway holds nothing of it.

The promise is about 300 MB and 200 MB each. That takes half a minute, so it is run whole by
`make test-slow`; each run of the tests does the same with a fifth of the bytes, which is still
eight times of what the gateway may hold.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.instruments.raw_app import RawApp, pattern, pattern_sha256, sink, source, wait_for
from tests.instruments.raw_client import RawClient
from tests.wire.conftest import assert_quiet
from tests.wire.door import Door
from tests.wire.signed_in import open_door

MB = 1_000_000
GROWTH_LIMIT_BYTES = 64 << 20
"""For all ten together; what nginx allows itself, roughly (`shared/facts/http.md`: 51-57 MB)."""

EACH = 5
SMALL_WINDOW_BYTES = 64 * 1024
LOOK_AGAIN_S = 0.02
STILL_S = 0.5
"""Without a byte for so long, everybody waits for somebody."""

WHOLE = pytest.mark.slow
SIZES = [
    pytest.param(60 * MB, 40 * MB, id="a fifth"),
    pytest.param(300 * MB, 200 * MB, id="whole", marks=WHOLE),
]


@pytest.fixture(scope="module")
def fresh_doors(lasting_app: RawApp, authority: Authority) -> Iterator[dict[str, Door]]:
    """Gateways that nobody has used yet: what they hold is seen at once."""
    leaf = authority.issue(PUBLIC_NAME)
    plain, secure = Setup(backend=lasting_app.url), Setup(backend=lasting_app.url, leaf=leaf)
    with GatewayProcess(plain) as first, GatewayProcess(secure) as second:
        yield {"tcp": open_door(first), "tls": open_door(second, authority.certificate)}
        for gateway in (first, second):
            assert_quiet(gateway)


class Ten:
    """Ten browsers: half of them download and half upload, when they are told to."""

    def __init__(self, door: Door, down_bytes: int, up_bytes: int) -> None:
        self._door = door
        self._up_bytes = up_bytes
        self.may_read = threading.Event()
        self.moved = 0
        """Bytes that browsers have taken or handed over, all together."""
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2 * EACH)
        self.downloads = [self._pool.submit(self._download) for _ in range(EACH)]
        self.uploads = [self._pool.submit(self._upload) for _ in range(EACH)]
        self._expected = (pattern_sha256(down_bytes), down_bytes)

    @property
    def are_done(self) -> bool:
        """Whether all have finished, well or not."""
        return all(each.done() for each in self.downloads) and all(
            each.done() for each in self.uploads
        )

    def assert_whole(self) -> None:
        """Every byte arrived, in its place."""
        uploaded = b"%b %d" % (pattern_sha256(self._up_bytes).encode(), self._up_bytes)
        assert [self._expected] * EACH == [each.result() for each in self.downloads]
        assert [uploaded] * EACH == [each.result() for each in self.uploads]
        self._pool.shutdown()

    def _connect(self) -> RawClient:
        return self._door.connect(window_bytes=SMALL_WINDOW_BYTES, patience_s=120.0)

    def _download(self) -> tuple[str, int]:
        digest, count = hashlib.sha256(), 0
        with self._connect() as client:
            client.send(self._door.head(b"/source"))
            self.may_read.wait()
            head = client.read_head()
            for block in client.body_blocks_of(head):
                digest.update(block)
                count += len(block)
                self._note(len(block))
        return digest.hexdigest(), count

    def _upload(self) -> bytes:
        framing = b"Content-Length: %d\r\n" % self._up_bytes
        with self._connect() as client:
            client.send(self._door.head(b"/sink", method=b"PUT", fields=framing))
            for block in pattern(self._up_bytes):
                client.send(block)
                self._note(len(block))
            return client.read_answer().body

    def _note(self, count: int) -> None:
        with self._lock:
            self.moved += count


def highest_until_still(door: Door, app: RawApp, ten: Ten) -> int:
    """The gateway's highest memory until nothing has moved anywhere for a while."""
    highest, seen, still_s = door.rss_bytes(), -1, 0.0
    while still_s < STILL_S:
        threading.Event().wait(LOOK_AGAIN_S)
        highest = max(highest, door.rss_bytes())
        now = ten.moved + app.received_count + sum(each.sent_count for each in app.exchanges)
        still_s = still_s + LOOK_AGAIN_S if now == seen else 0.0
        seen = now
    return highest


def highest_until_done(door: Door, ten: Ten) -> int:
    """The gateway's highest memory until all have finished."""
    highest = door.rss_bytes()
    while not ten.are_done:
        threading.Event().wait(LOOK_AGAIN_S)
        highest = max(highest, door.rss_bytes())
    return highest


@pytest.mark.parametrize("kind", ["tcp", "tls"])
@pytest.mark.parametrize(("down_bytes", "up_bytes"), SIZES)
def test_ten_at_once(
    app: RawApp, fresh_doors: dict[str, Door], kind: str, down_bytes: int, up_bytes: int
) -> None:
    """Ten big bodies, of which nobody takes anything for a while, cost 64 MiB at most in all."""
    door, app_reads = fresh_doors[kind], threading.Event()
    app.play(b"/source", [source(down_bytes)])
    app.play(b"/sink", [wait_for(app_reads), sink])
    assert door.get(b"/first").status == 200
    before = door.rss_bytes()

    ten = Ten(door, down_bytes, up_bytes)
    while_stalled = highest_until_still(door, app, ten) - before
    app_reads.set()
    ten.may_read.set()
    while_moving = highest_until_done(door, ten) - before

    ten.assert_whole()
    assert max(while_stalled, while_moving) <= GROWTH_LIMIT_BYTES, (while_stalled, while_moving)
