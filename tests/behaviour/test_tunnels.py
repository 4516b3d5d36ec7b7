"""WebSockets: opened by the app's 101 alone, and bytes from then on."""

from __future__ import annotations

import threading

import pytest
from websockets.frames import Opcode

from tests.behaviour.faces import Difference, Face
from tests.instruments.raw_app import RawApp, answer, close, wait_for
from tests.instruments.raw_client import Ending
from tests.instruments.raw_exchange import Exchange
from tests.wire.sockets import HANDSHAKE, SWITCHED, echo_frames, open_socket

PATIENCE_S = 10.0
MIB = 1 << 20


def echo_bytes(exchange: Exchange) -> None:
    """Send back every byte as it comes."""
    while True:
        exchange.send(exchange.connection.read_some())


def knows_tunnels(app: RawApp, face: Face) -> bool:
    """False, after having shown what the face does instead, where there are none."""
    if not face.differs(Difference.NO_TUNNELS):
        return True
    app.play(b"/ws", [answer(b"upgrade, please", status=b"426 Upgrade Required")])
    refused = face.door.get(b"/ws", fields=HANDSHAKE)
    assert (426, b"upgrade, please") == (refused.status, refused.body)
    assert [] == app.exchanges[0].values(b"upgrade") + app.exchanges[0].values(b"connection")
    return False


def test_echo(app: RawApp, any_face: Face) -> None:
    """Text, big frames, fragments, pings and the subprotocol pass unchanged."""
    if not knows_tunnels(app, any_face):
        return
    app.play(b"/ws", [echo_frames])
    big = bytes(range(256)) * (2 * MIB // 256)

    with open_socket(any_face.door, "/ws?a=1") as socket:
        socket.send("日本語".encode(), opcode=Opcode.TEXT)
        assert "日本語" == socket.receive().decode()
        socket.send(big)
        assert big == socket.receive()
        assert b"there?" == socket.ping(b"there?")
        socket.close(4321, "bye")
        assert (4321, "bye") == socket.goodbye()

    assert app.exchanges[0].connection.is_over.wait(PATIENCE_S)


def test_early_frames(app: RawApp, any_face: Face) -> None:
    """What the browser sends right behind its handshake, and the app with its 101, arrives."""
    if not knows_tunnels(app, any_face):
        return
    app.play(b"/ws", [SWITCHED + b"welcome", echo_bytes])

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/ws", fields=HANDSHAKE) + b"early")
        head = client.read_head()
        got = client.read_exactly(len(b"welcomeearly"))

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"welcomeearly" == got


@pytest.mark.parametrize("status", [b"426 Upgrade Required", b"400 Bad Request", b"200 OK"])
def test_no_101_no_tunnel(app: RawApp, face: Face, status: bytes) -> None:
    """Any answer but 101 leaves HTTP: what follows is the next request, seen and judged."""
    app.play(b"/ws", [answer(b"no", status=status)])
    stranger = face.door.head(b"/a", is_signed_in=False)

    with face.door.connect() as client:
        client.send(face.door.head(b"/ws", fields=HANDSHAKE) + stranger)
        first, second = client.read_answer(), client.read_answer()

    assert (status[:3], b"no") == (first.head[9:12], first.body)
    assert face.stranger_status == second.status
    assert [b"/ws"] == [each.target for each in app.exchanges]


def test_unasked(app: RawApp, face: Face) -> None:
    """A 101 that nobody asked for, or to another protocol, is answered 502."""
    app.play(b"/ws", [SWITCHED], [SWITCHED.replace(b"websocket", b"h2c")])

    assert 502 == face.door.get(b"/ws").status
    assert 502 == face.door.get(b"/ws", fields=HANDSHAKE).status


def test_foreign_origin(app: RawApp, face: Face) -> None:
    """A page of another origin cannot open a WebSocket in a person's name."""
    app.play(b"/ws", [answer(b"plain")])
    fields = HANDSHAKE + b"Origin: https://evil.example\r\n"

    seen = face.door.get(b"/ws", fields=fields)

    if face.differs(Difference.NO_TUNNELS):
        assert ([], b"plain") == (app.exchanges[0].values(b"upgrade"), seen.body)
    else:
        assert (403, []) == (seen.status, app.exchanges)


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_browser_leaves(app: RawApp, any_face: Face, leave: str) -> None:
    """When the browser is gone, the app's end of the tunnel ends soon."""
    if not knows_tunnels(app, any_face):
        return
    app.play(b"/ws", [SWITCHED, echo_bytes])

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/ws", fields=HANDSHAKE))
        client.read_head()
        client.reset() if leave == "reset" else client.close()

    assert app.exchanges[0].connection.is_over.wait(PATIENCE_S)


def test_app_leaves(app: RawApp, any_face: Face) -> None:
    """When the app ends the tunnel, the browser gets what was on its way, and the end."""
    if not knows_tunnels(app, any_face):
        return
    app.play(b"/ws", [SWITCHED, b"x" * MIB, close])

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/ws", fields=HANDSHAKE))
        client.read_head()
        got, ending = client.rest()

    assert MIB == len(got)
    assert ending in (Ending.CLOSED, Ending.RESET)


@pytest.mark.parametrize("way", ["up", "down"])
def test_flood(app: RawApp, any_face: Face, way: str) -> None:
    """A flood in a tunnel whose other end does not read makes the sender wait."""
    if not knows_tunnels(app, any_face):
        return
    stop, before = threading.Event(), any_face.door.rss_bytes()
    flood = [b"x" * MIB] * 64
    app.play(b"/ws", [SWITCHED, wait_for(stop)] if way == "up" else [SWITCHED, *flood])

    with any_face.door.connect(window_bytes=64 * 1024) as client:
        client.send(any_face.door.head(b"/ws", fields=HANDSHAKE))
        client.read_head()
        if way == "up":
            taken = client.send_all_it_takes(flood[0], limit_bytes=64 * MIB, stalled_after_s=0.3)
            assert taken < 24 * MIB
        else:
            assert not app.exchanges[0].connection.is_over.wait(0.3)
        growth = any_face.door.rss_bytes() - before
        client.reset()
        stop.set()

    assert growth < 16 * MIB
    assert app.exchanges[0].connection.is_over.wait(PATIENCE_S)
