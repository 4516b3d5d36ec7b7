"""What a person sees, and how soon, when the app is down, silent or talks nonsense."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.instruments.gateway_process import GatewayProcess, Setup, free_port
from tests.instruments.raw_app import RawApp, answer, silence, wait_for
from tests.instruments.raw_client import Answer, Ending
from tests.wire.door import Door
from tests.wire.signed_in import open_door

LIMIT_S = 1.0
HASTE = {
    "app": {"max_body": "1MB"},
    "app.timeouts": {"connect": "1s", "first_byte": "1s", "idle": "1s"},
}
SOON_S = 4.0
"""The limit, a second for the gateway's coarse wheel, and room for a busy machine."""

NAVIGATION = b"Sec-Fetch-Mode: navigate\r\nAccept: text/html\r\n"


@pytest.fixture(scope="module")
def hasty(lasting_app: RawApp) -> Iterator[Door]:
    """A gateway that waits one second only."""
    with GatewayProcess(Setup(backend=lasting_app.url, extra=HASTE)) as gateway:
        yield open_door(gateway)


@pytest.fixture(scope="module")
def door_to_nobody() -> Iterator[Door]:
    """A gateway in front of a port where nobody listens."""
    setup = Setup(backend=f"http://127.0.0.1:{free_port()}", extra=HASTE)
    with GatewayProcess(setup) as gateway:
        yield open_door(gateway)


@pytest.fixture(scope="module")
def door_to_the_deaf() -> Iterator[Door]:
    """A gateway in front of a port whose queue is full, so that no connection comes about."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        address = deaf.getsockname()
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.settimeout(0)
            caller.connect_ex(address)
        setup = Setup(backend=f"http://127.0.0.1:{address[1]}", extra=HASTE)
        with GatewayProcess(setup) as gateway:
            yield open_door(gateway)
        for caller in callers:
            caller.close()


def timed_get(door: Door, fields: bytes = b"") -> tuple[Answer, float]:
    """The answer to a GET and how many seconds it took."""
    began = time.monotonic()
    return door.get(b"/", fields=fields), time.monotonic() - began


def test_no_connection(door_to_the_deaf: Door) -> None:
    """An app that does not take the connection: 504 after the limit of the configuration."""
    answered, took_s = timed_get(door_to_the_deaf)

    assert answered.status == 504
    assert LIMIT_S * 0.9 < took_s < SOON_S


def test_silence_after_hints(app: RawApp, hasty: Door) -> None:
    """Early hints are no answer: 504 follows where nothing else does."""
    app.play(b"/", [b"HTTP/1.1 103 Early Hints\r\n\r\n", silence])

    assert timed_get(hasty)[0].status == 504


def test_silence_in_mid_head(app: RawApp, hasty: Door) -> None:
    """An app that falls silent in mid head: 504."""
    app.play(b"/", [b"HTTP/1.1 200 OK\r\nContent-", silence])

    assert timed_get(hasty)[0].status == 504


def test_too_big_in_chunks(app: RawApp, hasty: Door) -> None:
    """An upload in chunks that grows over the limit gets 413, and is never whole at the app."""
    fields = b"Transfer-Encoding: chunked\r\n"
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    with hasty.connect() as client:
        client.send(hasty.head(b"/up", method=b"POST", fields=fields), *[chunk] * 17)
        answered = client.read_answer()

    exchange = app.wait_for_exchange(b"/up")
    assert (413, [b"close"]) == (answered.status, answered.values(b"connection"))
    assert exchange.connection.is_over.wait(SOON_S)
    assert not exchange.is_whole.is_set()


def test_too_big_in_mid_answer(app: RawApp, hasty: Door) -> None:
    """Where the app's answer has begun, an upload over the limit cuts it: no page inside it."""
    began = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegun"
    app.play(b"/up", [began, silence])
    fields = b"Transfer-Encoding: chunked\r\n"
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    with hasty.connect() as client:
        client.send(hasty.head(b"/up", method=b"POST", fields=fields))
        client.read_head()
        client.send(*[chunk] * 17)
        seen, ending = client.rest()

    assert b"begun" == seen
    assert ending in (Ending.CLOSED, Ending.RESET)


def test_slow_but_alive(app: RawApp, hasty: Door) -> None:
    """An answer that takes longer than the limit in all, but never stands still, arrives."""
    never = threading.Event()
    drip = [step for _ in range(6) for step in (b"x", wait_for(never, at_most_s=0.4))]
    app.play(b"/", [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", *drip])

    answered, took_s = timed_get(hasty)

    assert b"xxxxxx" == answered.body
    assert took_s > 2 * LIMIT_S


@pytest.mark.parametrize(
    ("language", "tag"),
    [(b"ja", b'lang="ja"'), (b"en-GB,en;q=0.9", b'lang="en"'), (b"fr", b'lang="ja"')],
    ids=["ja", "en", "neither"],
)
def test_page(door_to_nobody: Door, language: bytes, tag: bytes) -> None:
    """A person gets a page in Japanese or English, as the browser asks, that is never stored."""
    fields = NAVIGATION + b"Accept-Language: " + language + b"\r\n"

    answered, _ = timed_get(door_to_nobody, fields)

    assert answered.status == 502
    assert answered.values(b"content-type")[0].startswith(b"text/html")
    assert tag in answered.body
    assert [b"no-store"] == answered.values(b"cache-control")


@pytest.mark.parametrize(
    "fields",
    [
        b"Sec-Fetch-Mode: cors\r\nAccept: */*\r\n",
        b"X-Requested-With: XMLHttpRequest\r\nAccept: text/html\r\n",
        b"Accept: application/json\r\n",
        b"",
    ],
    ids=["fetch", "XMLHttpRequest", "wants JSON", "says nothing"],
)
def test_script(door_to_nobody: Door, fields: bytes) -> None:
    """A script gets JSON and never a page in disguise."""
    answered, _ = timed_get(door_to_nobody, fields)

    assert answered.status == 502
    assert answered.values(b"content-type")[0].startswith(b"application/json")
    assert "error" in json.loads(answered.body)


def test_page_for_head(door_to_nobody: Door) -> None:
    """The failure of a HEAD has no body, so that the next answer stays in step."""
    head = door_to_nobody.head(b"/", method=b"HEAD", fields=NAVIGATION)
    last = door_to_nobody.head(b"/", fields=b"Connection: close\r\n")

    with door_to_nobody.connect() as client:
        client.send(head + last)
        first = client.read_answer(method=b"HEAD")
        rest, ending = client.rest()

    assert (502, Ending.CLOSED) == (first.status, ending)
    assert rest == b"" or rest.startswith(b"HTTP/1.1 502 ")


def test_failure_in_mid_upload(door_to_nobody: Door) -> None:
    """Where the app is down, an upload is answered 502 before all of it was sent."""
    with door_to_nobody.connect() as client:
        fields = b"Content-Length: 1000000\r\n"
        answered = client.ask(door_to_nobody.head(b"/", method=b"POST", fields=fields) + b"x")

    assert (502, [b"close"]) == (answered.status, answered.values(b"connection"))


def test_page_says_nothing_of_the_inside(door_to_nobody: Door) -> None:
    """A failure page tells neither the app's address nor the query nor a traceback."""
    answered = door_to_nobody.get(b"/?canary", fields=NAVIGATION)

    for secret in (b"127.0.0.1", b"canary", b"Traceback", b"twisted", b"Twisted"):
        assert secret not in answered.head + answered.body


def test_others_are_unaffected(app: RawApp, hasty: Door) -> None:
    """While one request hangs on a silent app, another is answered as fast as ever."""
    app.play(b"/hang", [silence])
    app.play(b"/quick", [answer(b"ok")])

    with hasty.connect() as stuck:
        stuck.send(hasty.head(b"/hang"))
        app.wait_for_exchange(b"/hang")
        assert b"ok" == hasty.get(b"/quick").body
        assert stuck.read_answer().status == 504
