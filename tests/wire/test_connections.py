"""Connections: used again where that is safe, given up where it is not, and never leaked."""

from __future__ import annotations

import threading

import pytest

from tests.instruments.raw_app import (
    RawApp,
    answer,
    close,
    read_body,
    wait_for,
)
from tests.wire.door import Door

PATIENCE_S = 10.0


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


def test_goodbye_is_not_taken(app: RawApp, tls_door: Door) -> None:
    """Browsers that never close after our goodbye do not keep their descriptors."""
    before = tls_door.descriptors()
    head = tls_door.head(b"/", fields=b"Connection: close\r\n")

    clients = [tls_door.connect() for _ in range(20)]
    statuses = [client.ask(head).status for client in clients]
    is_settled = tls_door.settles(before + 5)
    for client in clients:
        client.close()

    assert [200] * 20 == statuses
    assert is_settled
