"""What a browser sees of the app's answer, by whichever face it asked."""

from __future__ import annotations

import threading

import pytest

from tests.behaviour.faces import Difference, Face
from tests.instruments.raw_app import RawApp, answer, close, wait_for
from tests.instruments.raw_client import Ending

OK = b"HTTP/1.1 200 OK\r\n"


def test_repeated_fields(app: RawApp, face: Face) -> None:
    """Fields of an answer arrive in order, repeated ones too."""
    sent = [
        (b"set-cookie", b"a=1; Path=/"),
        (b"X-Dup", b"1"),
        (b"Set-Cookie", b"b=" + b"x" * 4100 + b"; HttpOnly; Secure"),
        (b"x-dUP", b"2"),
        (b"X-Empty", b""),
        (b"X-Latin", b"caf\xe9 \x93\xfa"),
        (b"Content-Type", b"text/html; charset=Shift_JIS"),
        (b"ETag", b'"1"'),
    ]
    app.play(b"/f", [answer(b"x", fields=b"".join(b"%b: %b\r\n" % pair for pair in sent))])

    seen = [pair for pair in face.door.get(b"/f").fields if pair[0].lower() != b"content-length"]

    if face.differs(Difference.SPELLING_OF_ANSWERS):
        assert _by_name(sent) == _by_name(seen)
        assert {b"Set-Cookie", b"X-Dup"} < {name for name, _ in seen}
    else:
        assert sent == seen


def _by_name(fields: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        found.setdefault(name.lower(), []).append(value)
    return found


def test_nothing_is_invented(app: RawApp, face: Face) -> None:
    """An answer without Content-Type, Server or Date gets none on its way."""
    app.play(b"/bare", [answer(b"x")])

    assert [b"content-length"] == [name.lower() for name, _ in face.door.get(b"/bare").fields]


def test_reason(app: RawApp, face: Face) -> None:
    """Status and reason are the app's."""
    app.play(b"/odd", [answer(b"x", status=b"299 Quite Fine")])

    assert face.door.get(b"/odd").head.startswith(b"HTTP/1.1 299 Quite Fine\r\n")


def test_hop_by_hop_fields_end_here(app: RawApp, face: Face) -> None:
    """What the app says of its own connection, or names in Connection, is not passed on."""
    fields = (
        b"Connection: keep-alive, X-Inner\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Upgrade: h2c\r\nTrailer: X-Sum\r\nProxy-Authenticate: Basic\r\nX-Outer: 1\r\n"
    )
    app.play(b"/hop", [answer(b"x", fields=fields)])

    seen = {name.lower() for name, _ in face.door.get(b"/hop").fields}
    assert {b"content-length", b"x-outer"} == seen


def test_the_cookie_that_lets_in_is_not_the_apps(app: RawApp, face: Face) -> None:
    """The app can neither set nor clear the cookie that opens the door."""
    own = face.door.cookie.partition(b"=")[0]
    fields = b"Set-Cookie: a=1; Secure\r\nSet-Cookie: " + own + b"=\r\nset-cookie: b=2; Secure\r\n"
    app.play(b"/steal", [answer(b"x", fields=fields)])

    assert [b"a=1; Secure", b"b=2; Secure"] == face.door.get(b"/steal").values(b"set-cookie")


def test_location_of_the_inner_name(app: RawApp, face: Face) -> None:
    """A redirect to the app's inner address leads to the public one."""
    inner = app.url.encode() + b"/next?a=1#b"
    app.play(b"/in", [answer(b"", status=b"302 Found", fields=b"Location: " + inner + b"\r\n")])

    assert [face.door.origin + b"/next?a=1#b"] == face.door.get(b"/in").values(b"location")


@pytest.mark.parametrize("length", [b"Content-Length: 12\r\n", b""], ids=["length", "none"])
def test_head(app: RawApp, face: Face, length: bytes) -> None:
    """The answer to HEAD keeps its length, has no body, and the connection goes on."""
    app.play(b"/h", [OK + length + b"\r\n"])

    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/h", method=b"HEAD"), method=b"HEAD")
        after = client.ask(face.door.head(b"/after"))

    assert ([b"12"] if length else []) == seen.values(b"content-length")
    assert [] == seen.values(b"transfer-encoding")
    assert after.status == 200


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", []),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", []),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n", [b"12"]),
        (OK + b"Content-Length: 0\r\n\r\n", [b"0"]),
    ],
    ids=["204", "304", "304 with a length", "empty 200"],
)
def test_bodiless(app: RawApp, face: Face, head: bytes, length: list[bytes]) -> None:
    """204, 304 and empty answers end with their head, and the connection goes on."""
    app.play(b"/b", [head])

    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/b"))
        after = client.ask(face.door.head(b"/after"))

    assert (head[9:12], b"") == (seen.head[9:12], seen.body)
    assert length == seen.values(b"content-length")
    assert [] == seen.values(b"transfer-encoding")
    assert after.status == 200


def test_early_hints(app: RawApp, any_face: Face) -> None:
    """103 passes with its Link before the final answer; 100 and 102 of the app do not."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    app.play(b"/hints", [interim, hints, answer(b"done")])

    seen = any_face.door.get(b"/hints")

    assert (200, b"done") == (seen.status, seen.body)
    assert [b"103"] == [head[9:12] for head in seen.interim]
    assert b"</a.css>; rel=preload" in seen.interim[0]


def test_early_hints_for_http10(app: RawApp, face: Face) -> None:
    """A client of HTTP/1.0 knows no 1xx and gets none."""
    app.play(b"/hints", [b"HTTP/1.1 103 Early Hints\r\n\r\n", answer(b"done")])

    seen = face.door.ask(face.door.head(b"/hints").replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert (200, b"done", ()) == (seen.status, seen.body, seen.interim)


def test_chunked(app: RawApp, face: Face) -> None:
    """A chunked answer arrives whole, without the app's extensions and trailers."""
    chunks = [b"5;a=b\r\nhello\r\n0006\r\n wor", b"ld\r\n0\r\nX-Sum: 1\r\n\r\n"]
    app.play(b"/chunked", [OK + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n", *chunks])

    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/chunked"))
        after = client.ask(face.door.head(b"/after"))

    assert (b"hello world", [b"chunked"]) == (seen.body, seen.values(b"transfer-encoding"))
    assert after.status == 200


def test_events_arrive_as_they_come(app: RawApp, any_face: Face) -> None:
    """An event stream's head and each event arrive at once, not when the stream ends."""
    first, second = threading.Event(), threading.Event()
    head = OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    event, end = b"9\r\ndata: 1\n\n\r\n", b"0\r\n\r\n"
    app.play(b"/events", [head, wait_for(first), event, wait_for(second), end])

    with any_face.door.connect() as client:
        client.send(any_face.door.head(b"/events"))
        assert client.read_head().startswith(OK)
        first.set()
        assert event == client.read_exactly(len(event))
        second.set()
        assert end == client.read_exactly(len(end))


def test_long_poll(app: RawApp, face: Face) -> None:
    """While one request waits for its answer, others are answered, and then so is it."""
    news = threading.Event()
    app.play(b"/poll", [wait_for(news), answer(b"news")])

    with face.door.connect() as waiting:
        waiting.send(face.door.head(b"/poll"))
        app.wait_for_exchange(b"/poll")
        assert face.door.get(b"/quick").status == 200
        news.set()
        assert b"news" == waiting.read_answer().body


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_answer_that_ends_with_its_connection(app: RawApp, face: Face, version: bytes) -> None:
    """An answer without a length arrives whole, and the browser's connection goes on."""
    app.play(b"/open", [version + b" 200 OK\r\n\r\n", b"hello", b" world", close])

    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/open"))
        after = client.ask(face.door.head(b"/after"))

    assert (b"hello world", 200) == (seen.body, after.status)


@pytest.mark.parametrize(
    "framing",
    [
        [b"Content-Length: 5\r\n\r\nhello"],
        [b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        [b"\r\nhello", close],
    ],
    ids=["length", "chunked", "until close"],
)
def test_http10_browser(app: RawApp, face: Face, framing: list[bytes]) -> None:
    """A client of HTTP/1.0 never gets chunks, and its connection is closed behind the answer."""
    app.play(b"/", [OK, *framing])

    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/").replace(b"HTTP/1.1", b"HTTP/1.0"))
        rest = client.rest()

    version = b"HTTP/1.0 " if face.differs(Difference.OLD_STATUS_LINE) else b"HTTP/1.1 "
    assert seen.head.startswith(version)
    assert ([], b"hello") == (seen.values(b"transfer-encoding"), seen.body)
    assert (b"", Ending.CLOSED) == rest
