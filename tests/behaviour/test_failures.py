"""What a browser sees when the app is down, silent, or breaks off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.behaviour.conftest import NAMES, Faces
from tests.behaviour.faces import LIMIT_S, Difference, Face
from tests.instruments.raw_app import Play, RawApp, close, reset, silence
from tests.instruments.raw_client import Ending, RawClient, TruncatedError
from tests.instruments.raw_exchange import Exchange

SOON_S = LIMIT_S + 3.0
"""The limit, a second for the coarse wheel, and room for a busy machine."""

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 100\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
OPEN = OK + b"\r\n"

BROKEN: dict[str, Play] = {
    "closes in mid length": [LENGTH, b"x" * 50, close],
    "closes before the body": [LENGTH, close],
    "resets in mid length": [LENGTH, b"x" * 50, reset],
    "closes in mid chunk": [CHUNKED, b"a\r\nhello", close],
    "closes behind a chunk": [CHUNKED, b"5\r\nhello\r\n", close],
    "closes in the last chunk": [CHUNKED, b"5\r\nhello\r\n0\r\n", close],
    "bad chunk size": [CHUNKED, b"5\r\nhello\r\nzz\r\n"],
    "resets where closing ends the answer": [OPEN, b"hello", reset],
}

PATHS = (b"/silent", b"/half", b"/upload")

GARBAGE: dict[str, Play] = {
    "closed at once": [close],
    "reset at once": [reset],
    "half a head": [OK + b"Content-Le", close],
    "not HTTP": [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close],
    "a folded field": [OK + b"X: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"],
    "bare LF in a value": [OK + b"X: a\nY: 1\r\nContent-Length: 0\r\n\r\n"],
    "two lengths": [OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"],
    "unknown encoding": [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n"],
    "an unasked 101": [b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"],
    "an endless field": [OK + b"X: " + b"x" * 200_000],
}


@pytest.mark.parametrize("play", BROKEN.values(), ids=BROKEN.keys())
def test_cut(app: RawApp, any_face: Face, play: Play) -> None:
    """When the app breaks off in mid answer, the browser's connection is cut in mid answer."""
    app.play(b"/cut", play)

    with any_face.door.connect() as client, pytest.raises(TruncatedError) as cut:
        client.ask(any_face.door.head(b"/cut"))

    assert cut.value.ending in (Ending.CLOSED, Ending.RESET)


@pytest.mark.parametrize("name", ["closes in mid chunk", "resets where closing ends the answer"])
def test_cut_for_http10(app: RawApp, face: Face, name: str) -> None:
    """A client of HTTP/1.0, for whom closing is an end, sees a reset and not a close."""
    app.play(b"/cut", BROKEN[name])

    with face.door.connect() as client, pytest.raises(TruncatedError) as cut:
        client.ask(face.door.head(b"/cut").replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert cut.value.ending is Ending.RESET


@pytest.mark.parametrize("play", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage(app: RawApp, face: Face, play: Play) -> None:
    """An app that talks nonsense: 502, nothing of the nonsense, and its connection is dropped."""
    app.play(b"/", play)

    answered = face.door.get(b"/")

    assert answered.status == 502
    assert b"xxx" not in answered.head
    assert app.exchanges[0].connection.is_over.wait(SOON_S)


def test_refused(face_of_nobody: Face) -> None:
    """An app that refuses the connection: 502, at once, and the browser may go on."""
    began = time.monotonic()
    with face_of_nobody.door.connect() as client:
        answered = [client.ask(face_of_nobody.door.head(b"/")).status for _ in range(2)]

    assert [502, 502] == answered
    assert time.monotonic() - began < LIMIT_S


def test_refused_head(face_of_nobody: Face) -> None:
    """The failure of a HEAD has no body, so that the next answer stays in step."""
    door = face_of_nobody.door
    last = door.head(b"/", fields=b"Connection: close\r\n")

    with door.connect() as client:
        client.send(door.head(b"/", method=b"HEAD") + last)
        first = client.read_answer(method=b"HEAD")
        second, rest = client.read_answer(), client.rest()

    assert (502, 502, (b"", Ending.CLOSED)) == (first.status, second.status, rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What came of it where somebody fell silent."""

    took_s: float
    unanswered: list[int]
    """The statuses where the app said nothing at all, one of each face."""
    half: list[Ending]
    """How it ended where the app fell silent in mid answer."""
    half_sent: list[int]
    """The statuses where the browser fell silent in mid upload."""
    exchanges: list[Exchange]
    """All of these, as the app saw them."""


@pytest.fixture(scope="module")
def waited(behaving_app: RawApp, faces: Faces) -> Iterator[Waited]:
    """Every face in every kind of silence at once, so that the tests wait but once."""
    app = behaving_app
    app.forget()
    app.play(b"/silent", [silence])
    app.play(b"/half", [OK + b"Content-Length: 9\r\n\r\nhalf", silence])
    with ExitStack() as stack:
        silent, half, half_sent = [], [], []
        for face in (faces.find(name, "tcp") for name in NAMES):
            silent.append(_begin(stack, face, face.door.head(b"/silent")))
            half.append(_begin(stack, face, face.door.head(b"/half")))
            if not face.differs(Difference.BODY_FIRST):  # there twisted.web waits, not the app
                fields = b"Content-Length: 9\r\n"
                head = face.door.head(b"/upload", method=b"POST", fields=fields)
                half_sent.append(_begin(stack, face, head + b"half"))
        began = time.monotonic()
        unanswered = [client.read_answer().status for client in silent]
        yield Waited(
            took_s=time.monotonic() - began,
            unanswered=unanswered,
            half=[_truncated(client) for client in half],
            half_sent=[client.read_answer().status for client in half_sent],
            exchanges=[each for path in PATHS for each in app.exchanges_of(path)],
        )


def _begin(stack: ExitStack, face: Face, request: bytes) -> RawClient:
    client = stack.enter_context(face.door.connect())
    client.send(request)
    return client


def _truncated(client: RawClient) -> Ending:
    with pytest.raises(TruncatedError) as cut:
        client.read_answer()
    return cut.value.ending


def test_silence(waited: Waited) -> None:
    """An app that says nothing: 504 after the limit."""
    assert [504] * len(NAMES) == waited.unanswered
    assert LIMIT_S * 0.9 < waited.took_s < SOON_S


def test_silence_in_mid_body(waited: Waited) -> None:
    """An app that falls silent in mid answer: the browser's connection is cut."""
    assert Ending.TIMED_OUT not in waited.half


def test_silent_browser(waited: Waited) -> None:
    """A browser that stops in mid upload is told 408, not that the app is down."""
    assert [408, 408] == waited.half_sent


def test_silence_costs_nothing(waited: Waited) -> None:
    """Whoever was silent, the app's connection is given up."""
    assert 2 * len(NAMES) + len(waited.half_sent) == len(waited.exchanges)
    assert all(each.connection.is_over.wait(SOON_S) for each in waited.exchanges)
    assert not any(
        each.is_whole.is_set() for each in waited.exchanges if each.target == b"/upload"
    )
