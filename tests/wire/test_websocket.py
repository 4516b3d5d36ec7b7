"""WebSockets pass as tunnels: opened by the app's 101 alone, and for our own origin alone."""

from __future__ import annotations

import threading

import pytest
from websockets.frames import Opcode

from tests.instruments.raw_app import RawApp, answer, close, read_body, silence, tell, wait_for
from tests.instruments.raw_client import Ending
from tests.instruments.raw_exchange import Exchange
from tests.wire.door import Door
from tests.wire.sockets import (
    CHAT,
    HANDSHAKE,
    SWITCHED,
    RefusedHandshakeError,
    echo_frames,
    open_socket,
)

PATIENCE_S = 10.0
MIB = 1 << 20


def echo_bytes(exchange: Exchange) -> None:
    """Send back every byte as it comes."""
    while True:
        exchange.send(exchange.connection.read_some())


def test_echo(app: RawApp, either_door: Door) -> None:
    """Text, big frames, fragments, pings and the subprotocol pass unchanged."""
    app.play(b"/ws", [echo_frames])
    big = bytes(range(256)) * (5 * MIB // 256)

    with open_socket(either_door, "/ws?a=1") as socket:
        socket.send("日本語".encode(), opcode=Opcode.TEXT)
        assert "日本語" == socket.receive().decode()
        socket.send(big)
        assert big == socket.receive()
        socket.send(b"a", b"b", b"c")
        assert b"abc" == socket.receive()
        assert b"there?" == socket.ping(b"there?")
        assert CHAT == socket.subprotocol


def test_handshake_reaches_the_app(app: RawApp, door: Door) -> None:
    """The app sees the whole handshake with its Origin, and without the gateway's cookie."""
    app.play(b"/ws", [echo_frames])

    with open_socket(door, "/ws?a=1"):
        pass

    seen = app.exchanges[0]
    assert b"GET /ws?a=1 HTTP/1.1" == seen.request_line
    assert [door.origin] == seen.values(b"origin")
    assert [b"13"] == seen.values(b"sec-websocket-version")
    assert [b"chat"] == seen.values(b"sec-websocket-protocol")
    assert 1 == len(seen.values(b"sec-websocket-key"))
    assert ([b"websocket"], [b"upgrade"]) == (
        [value.lower() for value in seen.values(b"upgrade")],
        [value.lower() for value in seen.values(b"connection")],
    )
    assert [] == seen.values(b"cookie")
    assert [b"127.0.0.1"] == seen.values(b"x-forwarded-for")


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4001])
def test_close_codes(app: RawApp, door: Door, code: int) -> None:
    """The code and reason with which the app closes reach the browser."""
    app.play(b"/ws", [echo_frames])

    with open_socket(door, "/ws") as socket:
        socket.send(b"close %d" % code)
        assert (code, "さようなら") == socket.goodbye()


def test_browser_closes(app: RawApp, door: Door) -> None:
    """A browser that closes in order gets the app's goodbye, and the app's connection ends."""
    app.play(b"/ws", [echo_frames])

    with open_socket(door, "/ws") as socket:
        socket.close(4321, "bye")
        assert (4321, "bye") == socket.goodbye()

    assert app.exchanges[0].connection.is_over.wait(PATIENCE_S)


def test_without_session(app: RawApp, door: Door) -> None:
    """Without a session the handshake is answered 401, and the app sees nothing."""
    with pytest.raises(RefusedHandshakeError) as refused:
        open_socket(door, "/ws", cookie=b"")

    assert 401 == refused.value.answer.status
    assert [] == app.exchanges


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"null",
        b"http://localhost",
        b"http://localhost:1",
        b"https://localhost:%d",
        b"http://localhost:%d.evil.example",
        b"http://evil.localhost:%d",
        b"http://localhost:%d/",
        b"HTTP://user@localhost:%d",
        b"",
    ],
)
def test_foreign_origin(app: RawApp, door: Door, origin: bytes) -> None:
    """A page of another origin cannot open a WebSocket in a person's name."""
    said = origin % door.port if b"%d" in origin else origin
    fields = HANDSHAKE + b"Origin: " + said + b"\r\n"

    assert 403 == door.get(b"/ws", fields=fields).status
    assert [] == app.exchanges


def test_two_origins(app: RawApp, door: Door) -> None:
    """Two Origin fields, one of them foreign, are foreign, in either order."""
    own, foreign = b"Origin: " + door.origin + b"\r\n", b"Origin: https://evil.example\r\n"

    for fields in (own + foreign, foreign + own):
        assert door.get(b"/ws", fields=HANDSHAKE + fields).status in (400, 403)
    assert [] == app.exchanges


def test_early_frames(app: RawApp, either_door: Door) -> None:
    """What the browser sends right behind its handshake, and the app with its 101, arrives."""
    app.play(b"/ws", [SWITCHED + b"welcome", echo_bytes])

    with either_door.connect() as client:
        client.send(either_door.head(b"/ws", fields=HANDSHAKE) + b"early")
        head = client.read_head()
        got = client.read_exactly(len(b"welcomeearly"))

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"welcomeearly" == got


def test_pipelined_http_is_no_request_in_a_tunnel(app: RawApp, door: Door) -> None:
    """In a tunnel bytes that look like a request are bytes."""
    app.play(b"/ws", [SWITCHED, echo_bytes])
    request = door.head(b"/smuggled")

    with door.connect() as client:
        client.send(door.head(b"/ws", fields=HANDSHAKE) + request)
        client.read_head()
        got = client.read_exactly(len(request))

    assert request == got
    assert [b"/ws"] == [each.target for each in app.exchanges]


@pytest.mark.parametrize("status", [b"426 Upgrade Required", b"400 Bad Request", b"200 OK"])
def test_no_101_no_tunnel(app: RawApp, door: Door, status: bytes) -> None:
    """Any answer but 101 leaves HTTP: what follows is the next request, seen and judged."""
    app.play(b"/ws", [answer(b"no", status=status)])

    with door.connect() as client:
        client.send(door.head(b"/ws", fields=HANDSHAKE) + door.head(b"/a", is_signed_in=False))
        first, second = client.read_answer(), client.read_answer()

    assert (status[:3], b"no", 401) == (first.head[9:12], first.body, second.status)
    assert [b"/ws"] == [each.target for each in app.exchanges]


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        (b"POST", HANDSHAKE + b"Content-Length: 5\r\n"),
        (b"GET", HANDSHAKE + b"Content-Length: 5\r\n"),
        (b"PUT", HANDSHAKE + b"Content-Length: 5\r\n"),
        (b"POST", HANDSHAKE.replace(b"websocket", b"h2c") + b"Content-Length: 5\r\n"),
    ],
    ids=["POST", "GET with a body", "PUT", "h2c"],
)
def test_upgrade_with_a_body(app: RawApp, door: Door, method: bytes, fields: bytes) -> None:
    """An upgrade with a body is none: the app gets a plain request, well framed, or nothing."""
    app.play(b"/ws", [read_body, answer(b"ok")])

    with door.connect() as client:
        client.send(door.head(b"/ws", method=method, fields=fields) + b"hello")
        first = client.read_answer()

    if first.status == 200:
        seen = app.exchanges[0]
        assert [] == seen.values(b"upgrade")
        assert ([b"5"], b"hello") == (seen.values(b"content-length"), seen.body)
        assert 1 == len(app.exchanges)
    else:
        assert first.status == 400
        assert [] == app.exchanges


@pytest.mark.parametrize(
    "fields",
    [
        HANDSHAKE.replace(b"websocket", b"websocket, h2c"),
        HANDSHAKE.replace(b"websocket", b"h2c"),
        HANDSHAKE.replace(b"websocket", b"TLS/1.0"),
        HANDSHAKE.replace(b"Connection: Upgrade\r\n", b""),
        HANDSHAKE.replace(b"Connection: Upgrade", b"Connection: keep-alive"),
    ],
    ids=["a list", "h2c", "TLS", "no Connection", "another Connection"],
)
def test_other_upgrades(app: RawApp, door: Door, fields: bytes) -> None:
    """No other upgrade is asked of the app, and a 101 to it is the app's mistake."""
    app.play(b"/up", [answer(b"plain")], [SWITCHED, silence])

    assert b"plain" == door.get(b"/up", fields=fields).body
    assert [] == app.exchanges[0].values(b"upgrade")
    assert 502 == door.get(b"/up", fields=fields).status


def test_other_methods_and_versions(app: RawApp, door: Door) -> None:
    """Only a GET of HTTP/1.1 opens a tunnel."""
    app.play(b"/up", [SWITCHED, silence])

    for request in (
        door.head(b"/up", method=b"OPTIONS", fields=HANDSHAKE),
        door.head(b"/up", fields=HANDSHAKE).replace(b"HTTP/1.1", b"HTTP/1.0"),
    ):
        assert 502 == door.ask(request).status
    assert [[], []] == [each.values(b"upgrade") for each in app.exchanges]


def test_switch_to_something_else(app: RawApp, door: Door) -> None:
    """A 101 to another protocol than was asked for is answered 502."""
    app.play(b"/ws", [SWITCHED.replace(b"websocket", b"h2c"), silence])

    assert 502 == door.get(b"/ws", fields=HANDSHAKE).status


def test_failure_of_a_handshake(app: RawApp, door: Door) -> None:
    """An app that ends the connection instead of an answer to the handshake: 502."""
    app.play(b"/ws", [close])

    assert 502 == door.get(b"/ws", fields=HANDSHAKE).status


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_browser_leaves(app: RawApp, either_door: Door, leave: str) -> None:
    """When the browser is gone, the app's end of the tunnel ends soon."""
    app.play(b"/ws", [SWITCHED, echo_bytes])

    with either_door.connect() as client:
        client.send(either_door.head(b"/ws", fields=HANDSHAKE))
        client.read_head()
        client.reset() if leave == "reset" else client.close()

    assert app.exchanges[0].connection.is_over.wait(PATIENCE_S)


def test_app_leaves(app: RawApp, either_door: Door) -> None:
    """When the app ends the tunnel, the browser gets what was on its way, and the end."""
    app.play(b"/ws", [SWITCHED, b"x" * MIB, close])

    with either_door.connect() as client:
        client.send(either_door.head(b"/ws", fields=HANDSHAKE))
        client.read_head()
        got, ending = client.rest()

    assert MIB == len(got)
    assert ending in (Ending.CLOSED, Ending.RESET)


@pytest.mark.parametrize("way", ["up", "down"])
def test_flood(app: RawApp, either_door: Door, way: str) -> None:
    """A flood in a tunnel whose other end does not read makes the sender wait."""
    stop, before = threading.Event(), either_door.rss_bytes()
    flood = [b"x" * MIB] * 100
    app.play(b"/ws", [SWITCHED, wait_for(stop)] if way == "up" else [SWITCHED, *flood])

    with either_door.connect(window_bytes=64 * 1024) as client:
        client.send(either_door.head(b"/ws", fields=HANDSHAKE))
        client.read_head()
        if way == "up":
            taken = client.send_all_it_takes(flood[0], limit_bytes=100 * MIB, stalled_after_s=0.5)
            assert taken < 24 * MIB
        else:
            assert not app.exchanges[0].connection.is_over.wait(0.5)
        growth = either_door.rss_bytes() - before
        client.reset()
        stop.set()

    assert growth < 16 * MIB
    assert app.exchanges[0].connection.is_over.wait(PATIENCE_S)


def test_sign_out_cuts(app: RawApp, door: Door) -> None:
    """Signing out ends the session's tunnels and event streams within seconds, no others'."""
    begun = threading.Event()
    app.play(b"/ws", [SWITCHED, echo_bytes])
    app.play(b"/events", [b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n", tell(begun), silence])
    mine = door.sign_in()
    request = door.head(b"/ws", fields=HANDSHAKE)
    leaving = request.replace(door.cookie, mine)

    with door.connect() as stays, door.connect() as goes, door.connect() as streams:
        stays.send(request)
        goes.send(leaving)
        streams.send(door.head(b"/events").replace(door.cookie, mine))
        stays.read_head()
        goes.read_head()
        assert begun.wait(PATIENCE_S)
        origin = b"Origin: " + door.origin + b"\r\nContent-Type: application/json\r\n"
        logout = door.post(b"/.gateway/logout", b"{}", fields=origin).replace(door.cookie, mine)
        assert 200 == door.ask(logout).status
        endings = [client.rest()[1] for client in (goes, streams)]
        stays.send(b"still here")
        still = stays.read_exactly(len(b"still here"))

    assert Ending.TIMED_OUT not in endings
    assert b"still here" == still
