"""The instruments of the wire tests, straight at each other: what they say can be believed."""

from __future__ import annotations

import hashlib
import socket
import threading

import pytest

from tests.instruments.raw_app import (
    Play,
    RawApp,
    answer,
    close,
    echo,
    pattern_sha256,
    reset,
    silence,
    sink,
    source,
    wait_for,
)
from tests.instruments.raw_client import Ending, RawClient, TruncatedError

GET = b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"
MIB = 1 << 20


def test_app_keeps_the_very_bytes(app: RawApp) -> None:
    """The app remembers each request to the byte, and on which connection it came."""
    odd = b"pOsT  /a%2F?x=\\ HTTP/1.1\r\nHost:x\r\nX-Dup: 1\r\nx-dup:\t2 \r\n"
    odd += b"Content-Length: 5\r\n\r\n"
    app.play(b" /a%2F", [echo], [echo])

    with RawClient(app.port) as client:
        client.ask(odd + b"hello")
        client.ask(GET)

    first, second = app.exchanges
    assert odd + b"hello" + GET == bytes(first.connection.received)
    assert first.connection is second.connection
    assert (b"pOsT", b" /a%2F?x=\\", b"hello") == (first.method, first.target, first.body)
    assert [b"1", b"2"] == first.values(b"X-Dup")


def test_app_reads_chunks(app: RawApp) -> None:
    """The app takes a chunked body out of its framing, and the next request begins behind it."""
    chunked = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

    with RawClient(app.port) as client:
        client.send(chunked, b"5;x\r\nhe", b"llo\r\n0\r\nX: 1\r\n", b"\r\n" + GET)
        statuses = [client.read_answer().status for _ in range(2)]

    assert [200, 200] == statuses
    assert [b"hello", b""] == [each.body for each in app.exchanges]


@pytest.mark.parametrize(
    ("play", "ending"),
    [
        ([close], Ending.CLOSED),
        ([reset], Ending.RESET),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", close], Ending.CLOSED),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", close],
            "closed",
        ),
        ([b"HTTP/1.1 200 OK\r\n\r\nhello", reset], Ending.RESET),
        ([silence], Ending.TIMED_OUT),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", silence], Ending.TIMED_OUT),
    ],
)
def test_client_tells_endings(app: RawApp, play: Play, ending: Ending) -> None:
    """The client tells an answer that is not whole, and close from reset from silence."""
    app.play(b"/a", play)

    with RawClient(app.port, patience_s=0.3) as client, pytest.raises(TruncatedError) as cut:
        client.ask(GET)

    assert ending == cut.value.ending


@pytest.mark.parametrize("is_chunked", [False, True])
def test_source_and_sink_agree(app: RawApp, *, is_chunked: bool) -> None:
    """What the source sends and what the sink gets add up to the same SHA-256."""
    app.play(b"/a", [source(3 * MIB + 1, is_chunked=is_chunked)])
    app.play(b"/sink", [sink])

    with RawClient(app.port) as client:
        body = client.ask(GET).body
        head = b"PUT /sink HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        sunk = client.ask(head + body).body

    assert pattern_sha256(3 * MIB + 1) == hashlib.sha256(body).hexdigest()
    assert b"%b %d" % (pattern_sha256(3 * MIB + 1).encode(), 3 * MIB + 1) == sunk


def test_app_tells_how_it_was_left(app: RawApp) -> None:
    """The app tells a browser that left in order from one that tore the connection down."""
    app.play(b"/a", [silence])

    for leave in ("close", "reset"):
        with RawClient(app.port) as client:
            client.send(GET)
            exchange = app.wait_for_exchange(b"/a")
            getattr(client, leave)()
        assert exchange.connection.is_over.wait(5)
        assert leave in str(exchange.connection.ending)
        app.forget()


def test_plays_in_turn(app: RawApp) -> None:
    """Several plays for a path are for one request each; the last one repeats."""
    app.play(b"/a", [answer(b"1")], [answer(b"2")])

    with RawClient(app.port) as client:
        assert [b"1", b"2", b"2"] == [client.ask(GET).body for _ in range(3)]


def test_early_answer_is_possible(app: RawApp) -> None:
    """The app can answer while the body is still to come, and wait for the test's word."""
    go_on = threading.Event()
    app.play(b"/up", [answer(b"early"), wait_for(go_on)])

    with RawClient(app.port) as client:
        early = client.ask(b"PUT /up HTTP/1.1\r\nContent-Length: 5\r\n\r\n")
        assert not app.exchanges[0].is_whole.is_set()
        client.send(b"hello")
        go_on.set()
        assert app.exchanges[0].is_whole.wait(5)

    assert b"early" == early.body


def test_stop_ends_everything() -> None:
    """When the app stops, nobody listens any more and every connection is at its end."""
    with RawApp() as app:
        app.play(b"/a", [silence])
        client = RawClient(app.port)
        client.send(GET)
        app.wait_for_exchange(b"/a")

    with client:
        assert (b"", Ending.TIMED_OUT) != client.rest()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", app.port), timeout=5)
