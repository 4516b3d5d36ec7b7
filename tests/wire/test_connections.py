"""Connections: used again where that is safe, given up where it is not, and never leaked."""

from __future__ import annotations

import json
import threading

import pytest

from tests.instruments.raw_app import (
    Play,
    RawApp,
    answer,
    close,
    read_body,
    silence,
    source,
    tell,
    wait_for,
)
from tests.instruments.raw_client import Answer, Ending
from tests.wire.door import Door

PATIENCE_S = 10.0


def target_of(echoed: Answer) -> str:
    """Which request the app answered, as its echo says."""
    return str(json.loads(echoed.body)["target"])


def test_app_connection_is_used_again(app: RawApp, door: Door) -> None:
    """Requests one after another, of one browser or several, use one connection to the app."""
    with door.connect() as first, door.connect() as second:
        for client in (first, second, first, second):
            client.ask(door.head(b"/"))

    assert 4 == len(app.exchanges)
    assert 1 == len({id(each.connection) for each in app.exchanges})


def test_at_once_means_apart(app: RawApp, door: Door) -> None:
    """Two requests at the same time never share a connection to the app."""
    go_on = threading.Event()
    app.play(b"/held", [wait_for(go_on), answer(b"held")])

    with door.connect() as first, door.connect() as second:
        first.send(door.head(b"/held"))
        app.wait_for_exchange(b"/held")
        quick = second.ask(door.head(b"/quick"))
        go_on.set()
        held = first.read_answer()

    assert (200, b"held") == (quick.status, held.body)
    assert 2 == len({id(each.connection) for each in app.exchanges})


def test_pipeline(app: RawApp, either_door: Door) -> None:
    """Requests that are sent all at once are answered in their order."""
    targets = [b"/%d" % number for number in range(50)]

    with either_door.connect() as client:
        client.send(b"".join(either_door.head(target) for target in targets))
        answered = [target_of(client.read_answer()) for _ in targets]

    assert [target.decode() for target in targets] == answered


def test_pipeline_waits_for_a_slow_one(app: RawApp, door: Door) -> None:
    """A quick answer never overtakes a slow one before it."""
    go_on = threading.Event()
    app.play(b"/slow", [wait_for(go_on), answer(b"slow")])

    with door.connect() as client:
        client.send(door.head(b"/slow") + door.head(b"/.gateway/health") + door.head(b"/quick"))
        app.wait_for_exchange(b"/slow")
        early = client.hear(within_s=0.1)
        go_on.set()
        bodies = [client.read_answer().body for _ in range(3)]

    assert b"" == early
    assert b"slow" == bodies[0]
    assert {"status": "pass"} == json.loads(bodies[1])
    assert "/quick" == json.loads(bodies[2])["target"]


def test_refusal_comes_behind(app: RawApp, door: Door) -> None:
    """A bad second request is refused behind the first one's answer, never inside it."""
    app.play(b"/first", [source(300_000)])

    with door.connect() as client:
        client.send(door.head(b"/first") + b"GARBAGE\r\n\r\n" + door.head(b"/third"))
        first, second = client.read_answer(), client.read_answer()
        rest = client.rest()

    assert (200, 300_000, 400) == (first.status, len(first.body), second.status)
    assert (b"", Ending.CLOSED) == rest
    assert [b"/first"] == [each.target for each in app.exchanges]


def test_long_pipe_costs_no_memory(app: RawApp, door: Door) -> None:
    """Requests that pile up behind a slow one make the browser wait; then all are answered."""
    go_on = threading.Event()
    app.play(b"/slow", [wait_for(go_on), answer(b"slow")])
    app.play(b"/next", [answer(b"next")])
    request = door.head(b"/next", fields=b"X: " + b"x" * 30_000 + b"\r\n")
    before = door.rss_bytes()

    with door.connect() as client:
        client.send(door.head(b"/slow"))
        app.wait_for_exchange(b"/slow")
        taken = client.send_all_it_takes(request, limit_bytes=100 << 20, stalled_after_s=0.5)
        growth = door.rss_bytes() - before
        go_on.set()
        bodies = [client.read_answer().body for _ in range(1 + taken // len(request))]

    assert taken < 24 << 20
    assert growth < 16 << 20
    assert [b"slow", *[b"next"] * (taken // len(request))] == bodies


def test_early_answer(app: RawApp, door: Door) -> None:
    """An app that answers before the upload is in: the answer passes, and nothing follows it."""
    app.play(b"/early", [answer(b"no", status=b"413 Too Large", fields=b""), silence])

    with door.connect() as client:
        fields = b"Content-Length: 1000000\r\n"
        client.send(door.head(b"/early", method=b"POST", fields=fields), b"x" * 100)
        early = client.read_answer()
        client.send(door.head(b"/smuggled"))
        more = client.hear(within_s=0.3)

    assert (413, b"no", [b"close"]) == (early.status, early.body, early.values(b"connection"))
    assert b"" == more
    assert door.get(b"/probe").status == 200
    assert [b"/early", b"/probe"] == [each.target for each in app.exchanges]
    assert app.exchanges[0].connection is not app.exchanges[1].connection


def test_early_answer_reaches_a_browser_that_sends_on(app: RawApp, door: Door) -> None:
    """A browser that sends its whole upload before it reads still gets the early answer."""
    app.play(b"/early", [answer(b"no", status=b"403 No"), close])

    with door.connect() as client:
        body = bytes(4_000_000)
        fields = b"Content-Length: %d\r\n" % len(body)
        client.send(door.head(b"/early", method=b"POST", fields=fields), body)
        early = client.read_answer()
        rest = client.rest()

    assert (403, b"no") == (early.status, early.body)
    assert (b"", Ending.CLOSED) == rest


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize(
    "play",
    [[silence], [source(1 << 30)], [b"HTTP/1.1 200 OK\r\n\r\nhello", silence]],
    ids=["silent app", "in mid download", "open answer"],
)
def test_browser_leaves(app: RawApp, either_door: Door, leave: str, play: Play) -> None:
    """When the browser leaves, the app's connection is ended soon: it need not work on."""
    app.play(b"/left", play)

    with either_door.connect() as client:
        client.send(either_door.head(b"/left"))
        exchange = app.wait_for_exchange(b"/left")
        client.reset() if leave == "reset" else client.close()

    assert exchange.connection.is_over.wait(PATIENCE_S)


def test_browser_leaves_a_stalled_upload(app: RawApp, door: Door) -> None:
    """Also where the app does not read: when the browser is gone, so is the app's connection."""
    go_on = threading.Event()
    app.play(b"/stalled", [wait_for(go_on), read_body])

    with door.connect() as client:
        fields = b"Content-Length: %d\r\n" % (1 << 30)
        client.send(door.head(b"/stalled", method=b"PUT", fields=fields))
        client.send_all_it_takes(bytes(1 << 16), limit_bytes=100 << 20, stalled_after_s=0.3)
        exchange = app.wait_for_exchange(b"/stalled")
        client.reset()
    go_on.set()

    assert exchange.connection.is_over.wait(PATIENCE_S)
    assert not exchange.is_whole.is_set()


def test_stale_connection_get(app: RawApp, door: Door) -> None:
    """A GET that meets a connection which the app is just closing is asked once more."""
    app.play(b"/stale", [close], [answer(b"fresh")])
    door.get(b"/warm")

    answered = door.get(b"/stale")

    assert (200, b"fresh") == (answered.status, answered.body)
    assert 2 == len(app.exchanges_of(b"/stale"))


def test_stale_connection_only_once(app: RawApp, door: Door) -> None:
    """It is asked once more and no oftener."""
    app.play(b"/stale", [close])
    door.get(b"/warm")

    assert door.get(b"/stale").status == 502
    assert 2 == len(app.exchanges_of(b"/stale"))


def test_fresh_connection_is_not_stale(app: RawApp, door: Door) -> None:
    """A GET that fails on a connection of its own is not repeated: the app may have acted."""
    app.play(b"/first", [answer(b"x", fields=b"Connection: close\r\n"), close])
    app.play(b"/fails", [close])
    for connection in list(app.connections):
        connection.close()
        assert connection.is_over.wait(PATIENCE_S)
    door.get(b"/first")

    assert door.get(b"/fails").status == 502
    assert 1 == len(app.exchanges_of(b"/fails"))


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 103 Early Hints\r\n\r\n"], ids=["H", "103"])
def test_begun_answer_is_not_repeated(app: RawApp, door: Door, begun: bytes) -> None:
    """A GET to which the app has begun to answer is not repeated."""
    app.play(b"/begun", [begun, close])
    door.get(b"/warm")

    assert door.get(b"/begun").status == 502
    assert 1 == len(app.exchanges_of(b"/begun"))


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PROPFIND"])
def test_stale_connection_others(app: RawApp, door: Door, method: bytes) -> None:
    """Nothing but GET and HEAD is ever sent twice."""
    app.play(b"/stale", [read_body, close], [answer(b"fresh")])
    door.get(b"/warm")

    request = door.head(b"/stale", method=method, fields=b"Content-Length: 5\r\n") + b"hello"
    answered = door.ask(request)

    assert answered.status == 502
    assert 1 == len(app.exchanges_of(b"/stale"))


def test_descriptors_return(app: RawApp, either_door: Door) -> None:
    """After fifty connections that were broken off in all manners, no descriptor is left."""
    door = either_door
    app.play(b"/hang", [silence])
    app.play(b"/source", [source(1 << 30)])
    door.get(b"/warm")
    before = door.descriptors()
    half_upload = door.head(b"/up", method=b"POST", fields=b"Content-Length: 99\r\n") + b"x"
    starts = [door.head(b"/hang"), door.head(b"/source"), half_upload, b"GET / HT", b""]

    clients = []
    for number in range(50):
        clients.append(client := door.connect())
        client.send(starts[number % len(starts)])
    for path in (b"/hang", b"/source", b"/up"):
        app.wait_for_exchange(path, count=10)
    for number, client in enumerate(clients):
        client.reset() if number % 2 else client.close()

    for exchange in app.exchanges:
        if exchange.target != b"/warm":
            assert exchange.connection.is_over.wait(PATIENCE_S)
    assert settles(door, before + 5)


def test_goodbye_is_not_taken(app: RawApp, tls_door: Door) -> None:
    """Browsers that never close after our goodbye do not keep their descriptors."""
    before = tls_door.descriptors()
    head = tls_door.head(b"/", fields=b"Connection: close\r\n")

    clients = [tls_door.connect() for _ in range(20)]
    statuses = [client.ask(head).status for client in clients]
    is_settled = settles(tls_door, before + 5)
    for client in clients:
        client.close()

    assert [200] * 20 == statuses
    assert is_settled


def settles(door: Door, wanted: int) -> bool:
    """Whether the gateway's open descriptors come down to that number in time."""
    never, waited_s = threading.Event(), 0.0
    while door.descriptors() > wanted and waited_s < PATIENCE_S:
        never.wait(0.1)
        waited_s += 0.1
    return door.descriptors() <= wanted


def test_half_closed(app: RawApp, door: Door) -> None:
    """A client that stops sending (FIN) behind its request loses no more than its answer."""
    app.play(b"/fin", [tell(seen := threading.Event()), silence])

    with door.connect() as client:
        client.send(door.head(b"/fin"))
        assert seen.wait(PATIENCE_S)
        client.half_close()
        ending = client.rest()[1]

    assert ending in (Ending.CLOSED, Ending.RESET)
