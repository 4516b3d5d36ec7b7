"""Bodies of any size pass both ways, nobody holds them, and uploads are invited."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

import pytest

from tests.behaviour.faces import Difference, Face
from tests.instruments.raw_app import (
    RawApp,
    answer,
    close,
    pattern,
    pattern_sha256,
    read_body,
    sink,
    source,
    wait_for,
)
from tests.instruments.raw_client import Ending

MIB = 1 << 20
BIG = 32 * MIB
GROWTH_LIMIT = 16 * MIB
IN_FLIGHT_LIMIT = 24 * MIB
"""What kernel buffers of four sockets and the face may hold while one side stands still."""

EXPECT = b"Expect: 100-continue\r\nContent-Length: 5\r\n"


def wait_until_still(read: Callable[[], int]) -> int:
    """The number that `read` gives, once it has not changed for a fifth of a second."""
    last, since = read(), time.monotonic()
    while time.monotonic() - since < 0.2:
        threading.Event().wait(0.02)
        if (now := read()) != last:
            last, since = now, time.monotonic()
    return last


def comes_true(claim: Callable[[], bool]) -> bool:
    """Whether it is so within ten seconds."""
    never, until = threading.Event(), time.monotonic() + 10
    while not claim() and time.monotonic() < until:
        never.wait(0.01)
    return claim()


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_big_upload(app: RawApp, face: Face, *, is_chunked: bool) -> None:
    """32 MiB go up whole, and the memory hardly grows."""
    app.play(b"/sink", [sink])
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % BIG
    before = face.door.rss_bytes()

    with face.door.connect() as client:
        client.send(face.door.head(b"/sink", method=b"PUT", fields=framing + b"\r\n"))
        for block in pattern(BIG):
            client.send(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
        client.send(b"0\r\n\r\n" if is_chunked else b"")
        seen = client.read_answer()
        growth = face.door.rss_bytes() - before

    assert b"%b %d" % (pattern_sha256(BIG).encode(), BIG) == seen.body
    assert growth <= GROWTH_LIMIT


def test_slow_reader(app: RawApp, any_face: Face) -> None:
    """A browser that does not read makes the app wait; when it reads again, all is there."""
    read_slowly(app, any_face, is_chunked=False)


def test_slow_reader_of_chunks(app: RawApp, face: Face) -> None:
    """The same where nobody knows how long the answer will be."""
    read_slowly(app, face, is_chunked=True)


def read_slowly(app: RawApp, face: Face, *, is_chunked: bool) -> None:
    """Let the app push until it stands still; then take everything."""
    app.play(b"/source", [source(BIG, is_chunked=is_chunked)])
    before, digest = face.door.rss_bytes(), hashlib.sha256()

    with face.door.connect(window_bytes=64 * 1024) as client:
        client.send(face.door.head(b"/source"))
        exchange = app.wait_for_exchange(b"/source")
        pushed = wait_until_still(lambda: exchange.sent_count)
        growth = face.door.rss_bytes() - before
        for block in client.body_blocks_of(client.read_head()):
            digest.update(block)

    assert pattern_sha256(BIG) == digest.hexdigest()
    assert 0 < pushed <= IN_FLIGHT_LIMIT
    assert growth <= GROWTH_LIMIT


def test_stalled_app(app: RawApp, any_face: Face) -> None:
    """An app that does not read makes the browser wait; when it reads again, all is there."""
    go_on = threading.Event()
    app.play(b"/stalled", [wait_for(go_on), sink])
    door, block = any_face.door, bytes(64 * 1024)
    before = door.rss_bytes()

    with door.connect() as client:
        length = b"Content-Length: %d\r\n" % BIG
        client.send(door.head(b"/stalled", method=b"PUT", fields=length))
        taken = client.send_all_it_takes(block, limit_bytes=BIG, stalled_after_s=0.3)
        growth = door.rss_bytes() - before
        go_on.set()
        client.send(*([block] * ((BIG - taken) // len(block))), bytes((BIG - taken) % len(block)))
        seen = client.read_answer()

    assert b"%b %d" % (hashlib.sha256(bytes(BIG)).hexdigest().encode(), BIG) == seen.body
    assert growth <= GROWTH_LIMIT
    if any_face.differs(Difference.BODY_FIRST):
        assert taken == BIG
    else:
        assert 0 < taken <= IN_FLIGHT_LIMIT


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_upload_begins_at_once(app: RawApp, face: Face, *, is_chunked: bool) -> None:
    """The app has the head, and each piece of the body, while the rest is still to come."""
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: 10"
    first, second = b"hello", b"world"
    if is_chunked:
        first, second = b"5\r\nhello\r\n", b"5\r\nworld\r\n0\r\n\r\n"

    with face.door.connect() as client:
        client.send(face.door.head(b"/up", method=b"POST", fields=framing + b"\r\n"))
        if face.differs(Difference.BODY_FIRST):
            client.send(first)
            assert b"" == client.hear(within_s=0.1)
            assert [] == app.exchanges
        else:
            exchange = app.wait_for_exchange(b"/up")
            wanted = exchange.connection.received_count + len(b"hello")
            client.send(first)
            assert comes_true(lambda: exchange.connection.received_count >= wanted)
            assert not exchange.is_whole.is_set()
        client.send(second)
        seen = client.read_answer()

    assert (200, b"helloworld") == (seen.status, app.exchanges[0].body)


def test_browser_leaves_in_mid_upload(app: RawApp, face: Face) -> None:
    """A browser that leaves in mid upload never makes the app see a complete request."""
    with face.door.connect() as client:
        length = b"Content-Length: 100\r\n"
        client.send(face.door.head(b"/part", method=b"POST", fields=length), b"x" * 50)
        if not face.differs(Difference.BODY_FIRST):
            app.wait_for_exchange(b"/part")

    assert face.door.get(b"/probe").status == 200
    begun = app.exchanges_of(b"/part")
    assert len(begun) == (0 if face.differs(Difference.BODY_FIRST) else 1)
    assert all(each.connection.is_over.wait(10) for each in begun)
    assert not any(each.is_whole.is_set() for each in begun)


@pytest.mark.parametrize("rest", [b"zz\r\n", b"-1\r\n", b"5\r\nhelloXX"])
def test_broken_chunks(app: RawApp, face: Face, rest: bytes) -> None:
    """An upload whose chunks break is given up: 400 or a cut, and never whole at the app."""
    fields = b"Transfer-Encoding: chunked\r\n"
    with face.door.connect() as client:
        client.send(face.door.head(b"/bad", method=b"POST", fields=fields), b"5\r\nhello\r\n")
        client.send(rest)
        seen, ending = client.rest()

    assert ending in (Ending.CLOSED, Ending.RESET)
    assert seen[9:12] in (b"", b"400")
    assert all(not each.is_whole.is_set() for each in app.exchanges)


def test_invited(app: RawApp, any_face: Face) -> None:
    """Somebody who is signed in is told to go on, once, and then gets the answer."""
    app.play(b"/up", [b"HTTP/1.1 100 Continue\r\n\r\n", read_body, answer(b"ok")])

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/up", method=b"PUT", fields=EXPECT))
        first = client.read_head()
        client.send(b"hello")
        final = client.read_answer()

    assert first.startswith(b"HTTP/1.1 100 ")
    assert (200, ()) == (final.status, final.interim)
    assert b"hello" == app.exchanges[0].body


def test_stranger_is_not_invited(app: RawApp, face: Face) -> None:
    """Somebody who is not signed in gets the refusal alone, before the body."""
    with face.door.connect() as client:
        head = face.door.head(b"/uninvited", method=b"PUT", fields=EXPECT, is_signed_in=False)
        client.send(head)
        first = client.read_head()
        if face.differs(Difference.INVITES_ALL):
            assert first.startswith(b"HTTP/1.1 100 ")
            client.send(b"hello")
            first = client.read_head()

    assert b"%d" % face.stranger_status == first[9:12]
    assert [] == app.exchanges_of(b"/uninvited")


def test_nobody_is_invited_to_an_app_that_is_down(face_of_nobody: Face) -> None:
    """Where the app is not there, the failure comes instead of the invitation."""
    with face_of_nobody.door.connect() as client:
        client.send(face_of_nobody.door.head(b"/up", method=b"PUT", fields=EXPECT))
        first = client.read_head()
        if face_of_nobody.differs(Difference.INVITES_ALL):
            assert first.startswith(b"HTTP/1.1 100 ")
            client.send(b"hello")
            first = client.read_head()

    assert b"502" == first[9:12]


def test_over_the_limit(app: RawApp, face: Face) -> None:
    """An upload that says it is larger than allowed gets 413 before its body; no app sees it."""
    length = b"Content-Length: 300000000\r\n"
    with face.door.connect() as client:
        client.send(face.door.head(b"/huge", method=b"PUT", fields=length))
        if face.differs(Difference.BODY_FIRST):
            assert b"" == client.hear(within_s=0.2)
        else:
            assert client.read_answer().status == 413

    assert [] == app.exchanges_of(b"/huge")


def test_early_answer(app: RawApp, face: Face) -> None:
    """An answer before the upload has ended arrives; what follows is never a request."""
    app.play(b"/early", [answer(b"no", status=b"403 No")])
    fields = b"Content-Length: 1000000\r\n"

    with face.door.connect() as client:
        client.send(face.door.head(b"/early", method=b"POST", fields=fields) + bytes(100))
        if face.differs(Difference.BODY_FIRST):
            assert b"" == client.hear(within_s=0.1)
        else:
            early = client.read_answer()
            assert (403, b"no", [b"close"]) == (
                early.status,
                early.body,
                early.values(b"connection"),
            )
        client.send(face.door.head(b"/smuggled"))
        assert b"" == client.hear(within_s=0.1)

    assert [] == app.exchanges_of(b"/smuggled")


def test_early_answer_reaches_a_browser_that_sends_on(app: RawApp, any_face: Face) -> None:
    """A browser that sends its whole upload before it reads still gets the early answer."""
    app.play(b"/early", [answer(b"no", status=b"403 No"), close])
    body = bytes(4_000_000)
    fields = b"Content-Length: %d\r\n" % len(body)

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/early", method=b"POST", fields=fields), body)
        early = client.read_answer()

    if any_face.differs(Difference.LOSES_WHAT_A_RESET_FOLLOWS) and early.status == 502:
        return
    assert (403, b"no") == (early.status, early.body)
