"""
What an app sends too much never becomes the answer to another person's request.

Each case is an app that sends bytes behind the end of its answer. Whoever asks next must get
his own answer: from another connection.
"""

from __future__ import annotations

import json
import threading

import pytest

from tests.instruments.raw_app import RawApp, Step, answer, wait_for
from tests.instruments.raw_client import Answer
from tests.wire.door import Door

POISON = answer(b"poison")
OK = b"HTTP/1.1 200 OK\r\n"

AT_ONCE: dict[str, tuple[bytes, bytes]] = {
    "behind a length": (b"GET", OK + b"Content-Length: 2\r\n\r\nok"),
    "behind chunks": (b"GET", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "behind HEAD": (b"HEAD", OK + b"Content-Length: 0\r\n\r\n"),
    "behind HEAD, as its body": (b"HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(POISON)),
    "behind 204": (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "behind 304": (b"GET", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "behind 304 with length": (
        b"GET",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: %d\r\n\r\n" % len(POISON),
    ),
}

NEVER_AGAIN: dict[str, tuple[bytes, bytes]] = {
    "HEAD with a length": (b"HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(POISON)),
    "HEAD in chunks": (b"HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "304 with a length": (
        b"GET",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: %d\r\n\r\n" % len(POISON),
    ),
    "204 with a length": (
        b"GET",
        b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n" % len(POISON),
    ),
    "length and chunks": (
        b"GET",
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    "HTTP/1.0": (b"GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    "Connection: close": (b"GET", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"),
    "Connection: Close in a list": (
        b"GET",
        OK + b"Connection: foo, Close\r\nContent-Length: 2\r\n\r\nok",
    ),
    "close in a second field": (
        b"GET",
        OK + b"Connection: foo\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ),
}


def ask_twice(app: RawApp, door: Door, method: bytes, *play: Step) -> tuple[Answer, Answer]:
    """One person's request to the poisoned path, then at once another's."""
    app.play(b"/bad", play)
    with door.connect() as one, door.connect() as other:
        first = one.ask(door.head(b"/bad", method=method), method=method)
        second = other.ask(door.head(b"/other"))
    return first, second


def assert_own(app: RawApp, second: Answer) -> None:
    """The second person got the echo of his own request, by another connection."""
    assert second.status == 200
    assert "/other" == json.loads(second.body)["target"]
    assert app.exchanges[0].connection is not app.exchanges[1].connection


@pytest.mark.parametrize("case", AT_ONCE)
def test_in_the_same_packet(app: RawApp, door: Door, case: str) -> None:
    """Bytes that come together with the answer's end are thrown away with the connection."""
    method, head = AT_ONCE[case]

    first, second = ask_twice(app, door, method, head + POISON)

    assert b"poison" not in first.body
    assert_own(app, second)


def test_while_idle(app: RawApp, door: Door) -> None:
    """Bytes that come while the connection lies idle end that connection."""
    go_on = threading.Event()
    app.play(b"/bad", [answer(b"ok"), wait_for(go_on), POISON])

    assert b"ok" == door.get(b"/bad").body
    go_on.set()
    assert app.exchanges[0].connection.is_over.wait(10)
    second = door.get(b"/other")

    assert_own(app, second)


@pytest.mark.parametrize("case", NEVER_AGAIN)
def test_not_used_again(app: RawApp, door: Door, case: str) -> None:
    """Where the answer's true end is in doubt, its connection serves nobody else."""
    method, head = NEVER_AGAIN[case]
    never = threading.Event()

    first, second = ask_twice(app, door, method, head, wait_for(never, at_most_s=0.5), POISON)

    assert first.status in (200, 204, 304)
    assert b"poison" not in first.body
    assert_own(app, second)
