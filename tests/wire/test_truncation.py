"""An app that breaks off is never shown as a complete answer."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import Play, RawApp, close, reset
from tests.instruments.raw_client import Ending, TruncatedError
from tests.wire.door import Door

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"

BROKEN: dict[str, Play] = {
    "closes in mid length": [LENGTH, b"x" * 50, close],
    "closes before the body": [LENGTH, close],
    "resets in mid length": [LENGTH, b"x" * 50, reset],
    "closes in mid chunk": [CHUNKED, b"a\r\nhello", close],
    "closes behind a chunk": [CHUNKED, b"5\r\nhello\r\n", close],
    "closes in a chunk's size": [CHUNKED, b"5\r\nhello\r\n1", close],
    "closes in the last chunk": [CHUNKED, b"5\r\nhello\r\n0\r\n", close],
    "resets in mid chunk": [CHUNKED, b"a\r\nhello", reset],
    "bad chunk size": [CHUNKED, b"5\r\nhello\r\nzz\r\n"],
    "negative chunk size": [CHUNKED, b"5\r\nhello\r\n-5\r\n"],
    "no CRLF behind a chunk": [CHUNKED, b"5\r\nhelloXX5\r\nworld\r\n0\r\n\r\n"],
    "resets where closing ends the answer": [OPEN, b"hello", reset],
}


@pytest.mark.parametrize("play", BROKEN.values(), ids=BROKEN.keys())
def test_cut(app: RawApp, either_door: Door, play: Play) -> None:
    """When the app breaks off in mid answer, the browser's connection is cut in mid answer."""
    app.play(b"/cut", play)

    with either_door.connect() as client, pytest.raises(TruncatedError) as cut:
        client.ask(either_door.head(b"/cut"))

    assert cut.value.ending in (Ending.CLOSED, Ending.RESET)


@pytest.mark.parametrize("play", BROKEN.values(), ids=BROKEN.keys())
def test_cut_for_http10(app: RawApp, door: Door, play: Play) -> None:
    """A client of HTTP/1.0, for whom closing is an end, sees a reset and not a close."""
    app.play(b"/cut", play)

    with door.connect() as client, pytest.raises(TruncatedError) as cut:
        client.ask(door.head(b"/cut").replace(b"HTTP/1.1", b"HTTP/1.0"))

    if play[0] is LENGTH:
        assert cut.value.ending in (Ending.CLOSED, Ending.RESET)
    else:
        assert cut.value.ending is Ending.RESET


def test_cut_upload(app: RawApp, door: Door) -> None:
    """A browser that leaves in mid upload never makes the app see a complete request."""
    for fields, part in (
        (b"Content-Length: 100\r\n", b"x" * 50),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"),
    ):
        app.forget()
        with door.connect() as client:
            client.send(door.head(b"/part", method=b"POST", fields=fields), part)
            exchange = app.wait_for_exchange(b"/part")
        assert exchange.connection.is_over.wait(10)
        assert not exchange.is_whole.is_set()


@pytest.mark.parametrize(
    "rest",
    [b"zz\r\n", b"-1\r\n", b"5\r\nhelloXX", b"0x5\r\nhello", b"FFFFFFFFFFFFFFFFF\r\n"],
)
def test_broken_upload(app: RawApp, door: Door, rest: bytes) -> None:
    """An upload whose chunks break is given up: 4xx or a cut, and never whole at the app."""
    fields = b"Transfer-Encoding: chunked\r\n"

    with door.connect() as client:
        client.send(door.head(b"/bad", method=b"POST", fields=fields), b"5\r\nhello\r\n")
        exchange = app.wait_for_exchange(b"/bad")
        client.send(rest)
        seen, ending = client.rest()

    assert ending in (Ending.CLOSED, Ending.RESET)
    assert seen == b"" or seen[9:12] in (b"400", b"413")
    assert exchange.connection.is_over.wait(10)
    assert not exchange.is_whole.is_set()
