"""Connections: used again in order, and given up on both sides together."""

from __future__ import annotations

import json
import threading

import pytest

from tests.behaviour.faces import Difference, Face
from tests.instruments.raw_app import Play, RawApp, answer, close, silence, source, tell, wait_for
from tests.instruments.raw_client import Ending

PATIENCE_S = 10.0


def test_app_connection_is_used_again(app: RawApp, face: Face) -> None:
    """Requests one after another, of one browser or several, use one connection to the app."""
    with face.door.connect() as first, face.door.connect() as second:
        for client in (first, second, first, second):
            client.ask(face.door.head(b"/"))

    assert 4 == len(app.exchanges)
    assert 1 == len({id(each.connection) for each in app.exchanges})


def test_pipeline(app: RawApp, any_face: Face) -> None:
    """Requests that are sent all at once are answered in their order."""
    targets = [f"/{number}" for number in range(30)]

    with any_face.door.connect() as client:
        client.send(b"".join(any_face.door.head(target.encode()) for target in targets))
        answered = [json.loads(client.read_answer().body)["target"] for _ in targets]

    assert targets == answered


def test_pipeline_waits_for_a_slow_one(app: RawApp, face: Face) -> None:
    """A quick answer never overtakes a slow one before it."""
    go_on = threading.Event()
    app.play(b"/slow", [wait_for(go_on), answer(b"slow")])

    with face.door.connect() as client:
        client.send(face.door.head(b"/slow") + face.door.head(b"/quick"))
        app.wait_for_exchange(b"/slow")
        early = client.hear(within_s=0.1)
        go_on.set()
        bodies = [client.read_answer().body for _ in range(2)]

    assert (b"", b"slow", "/quick") == (early, bodies[0], json.loads(bodies[1])["target"])


def test_refusal_comes_behind(app: RawApp, face: Face) -> None:
    """A bad second request is refused behind the first one's answer, never inside it."""
    app.play(b"/first", [source(300_000)])

    with face.door.connect() as client:
        client.send(face.door.head(b"/first") + b"GARBAGE\r\n\r\n" + face.door.head(b"/third"))
        first, second = client.read_answer(), client.read_head()
        rest = client.rest()[1]

    assert (200, 300_000, b"400") == (first.status, len(first.body), second[9:12])
    assert Ending.CLOSED == rest
    assert [b"/first"] == [each.target for each in app.exchanges]


@pytest.mark.parametrize("token", [b"close", b"Close", b"keep-alive, close", b"foo , CLOSE"])
def test_connection_close_is_kept(app: RawApp, face: Face, token: bytes) -> None:
    """A browser that says close, anywhere in the list, finds the connection closed after."""
    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/", fields=b"Connection: " + token + b"\r\n"))
        rest = client.rest()

    assert (200, [b"close"]) == (seen.status, seen.values(b"connection"))
    assert (b"", Ending.CLOSED) == rest


def test_app_that_closes_each_time(app: RawApp, face: Face) -> None:
    """An app that closes after each answer does not cost the browser its connection."""
    app.play(b"/", [answer(b"x", fields=b"Connection: close\r\n"), close])

    with face.door.connect() as client:
        answers = [client.ask(face.door.head(b"/")) for _ in range(3)]

    assert [(200, [])] * 3 == [(each.status, each.values(b"connection")) for each in answers]


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize(
    "play",
    [[silence], [source(1 << 30)], [b"HTTP/1.1 200 OK\r\n\r\nhello", silence]],
    ids=["silent app", "in mid download", "open answer"],
)
def test_browser_leaves(app: RawApp, any_face: Face, leave: str, play: Play) -> None:
    """When the browser leaves, the app's connection is ended soon: it need not work on."""
    app.play(b"/left", play)

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/left"))
        exchange = app.wait_for_exchange(b"/left")
        client.reset() if leave == "reset" else client.close()

    assert exchange.connection.is_over.wait(PATIENCE_S)


def test_half_closed(app: RawApp, face: Face) -> None:
    """A client in the clear that ends its half (FIN) behind its request gets its answer."""
    seen, go_on = threading.Event(), threading.Event()
    app.play(b"/fin", [tell(seen), wait_for(go_on), answer(b"late")])

    with face.door.connect() as client:
        client.send(face.door.head(b"/fin"))
        assert seen.wait(PATIENCE_S)
        client.half_close()
        go_on.set()
        heard = client.rest()[0]

    assert heard.endswith(b"late") is not face.differs(Difference.FORGETS_WHO_HALF_CLOSES)


def test_browser_leaves_a_pipe(app: RawApp, face: Face) -> None:
    """Also with requests of 40 KB waiting behind: a browser that leaves is noticed."""
    app.play(b"/left", [silence])
    behind = face.door.head(b"/behind", fields=b"X: " + b"x" * 10_000 + b"\r\n") * 4

    with face.door.connect() as client:
        client.send(face.door.head(b"/left") + behind)
        exchange = app.wait_for_exchange(b"/left")
        client.reset()

    if face.differs(Difference.BLIND_IN_A_PIPE):
        assert not exchange.connection.is_over.wait(0.3)  # the time limit ends it
    assert exchange.connection.is_over.wait(PATIENCE_S)


def test_descriptors_return(app: RawApp, any_face: Face) -> None:
    """After thirty connections that were broken off in all manners, no descriptor is left."""
    door = any_face.door
    app.play(b"/hang", [silence])
    app.play(b"/source", [source(1 << 30)])
    door.get(b"/warm")
    before = door.descriptors()
    half_upload = door.head(b"/up", method=b"POST", fields=b"Content-Length: 99\r\n") + b"x"
    starts = [door.head(b"/hang"), door.head(b"/source"), half_upload, b"GET / HT", b""]

    clients = []
    for number in range(30):
        clients.append(client := door.connect())
        client.send(starts[number % len(starts)])
    for path in (b"/hang", b"/source"):
        app.wait_for_exchange(path, count=6)
    for number, client in enumerate(clients):
        client.reset() if number % 2 else client.close()

    for exchange in app.exchanges_of(b"/hang") + app.exchanges_of(b"/source"):
        assert exchange.connection.is_over.wait(PATIENCE_S)
    assert any_face.door.settles(before + 5)
