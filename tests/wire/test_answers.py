"""The app's answers reach the browser as the app meant them, well framed."""

from __future__ import annotations

import threading

import pytest

from tests.instruments.raw_app import RawApp, answer, close, read_body, wait_for
from tests.instruments.raw_client import Ending
from tests.wire.door import Door


def test_repeated_fields_keep_order_and_spelling(app: RawApp, door: Door) -> None:
    """Fields of an answer arrive in order, repeated ones too, with their spelling and values."""
    sent = [
        (b"set-cookie", b"a=1; Path=/"),
        (b"X-Dup", b"1"),
        (b"Set-Cookie", b"b=" + b"x" * 4100 + b"; HttpOnly; Secure"),
        (b"x-dUP", b"2"),
        (b"X-Empty", b""),
        (b"X-Latin", b"caf\xe9 \x93\xfa"),
        (b"Content-Type", b"text/html; charset=Shift_JIS"),
        (b"Strict-Transport-Security", b"max-age=1"),
        (b"ETag", b'"1"'),
    ]
    app.play(b"/f", [answer(b"x", fields=b"".join(b"%b: %b\r\n" % pair for pair in sent))])

    seen = door.get(b"/f")

    names = {name.lower() for name, _ in sent}
    assert sent == [pair for pair in seen.fields if pair[0].lower() in names]


def test_nothing_is_invented(app: RawApp, door: Door) -> None:
    """An answer without Content-Type, Server, Date or Cache-Control gets none on its way."""
    app.play(b"/bare", [answer(b"x")])

    seen = door.get(b"/bare")

    assert [b"content-length"] == [name.lower() for name, _ in seen.fields]


def test_hop_by_hop_fields_end_here(app: RawApp, door: Door) -> None:
    """What the app says about its own connection, or names in Connection, is not passed on."""
    fields = (
        b"Connection: keep-alive, X-Inner\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTrailer: X-Sum\r\n"
        b"Proxy-Authenticate: Basic\r\nTE: trailers\r\nX-Outer: 1\r\n"
    )
    app.play(b"/hop", [answer(b"x", fields=fields)])

    seen = {name.lower() for name, _ in door.get(b"/hop").fields} - {b"connection"}

    assert {b"content-length", b"x-outer"} == seen


@pytest.mark.parametrize("name", [b"gw", b"__Host-gw", b"__Host-gw-browser", b"gw-lang"])
def test_the_app_cannot_set_our_cookies(app: RawApp, door: Door, name: bytes) -> None:
    """The app's attempt to set or clear a cookie of the gateway does not reach the browser."""
    fields = (
        b"Set-Cookie: a=1; Secure\r\nSet-Cookie: " + name + b"=\r\nset-cookie: b=2; Secure\r\n"
    )
    app.play(b"/steal", [answer(b"x", fields=fields)])

    assert [b"a=1; Secure", b"b=2; Secure"] == door.get(b"/steal").values(b"set-cookie")


def test_location_of_the_inner_name(app: RawApp, door: Door) -> None:
    """A redirect to the app's inner address leads to the public one; others stay as they are."""
    inner = app.url.encode() + b"/next?a=1#b"
    app.play(b"/in", [answer(b"", status=b"302 Found", fields=b"Location: " + inner + b"\r\n")])
    outer = b"https://other.example/next"
    app.play(b"/out", [answer(b"", status=b"302 Found", fields=b"Location: " + outer + b"\r\n")])

    assert [door.origin + b"/next?a=1#b"] == door.get(b"/in").values(b"location")
    assert [outer] == door.get(b"/out").values(b"location")


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
def test_head_keeps_its_length(app: RawApp, door: Door, method: bytes, status: bytes) -> None:
    """The answer to HEAD keeps its Content-Length, has no body, and the connection goes on."""
    body = b"" if method == b"HEAD" else b"x" * 12
    app.play(b"/h", [b"HTTP/1.1 " + status + b"\r\nContent-Length: 12\r\n\r\n" + body])

    with door.connect() as client:
        seen = client.ask(door.head(b"/h", method=method), method=method)
        after = client.ask(door.head(b"/after"))

    assert ([b"12"], body) == (seen.values(b"content-length"), seen.body)
    assert after.status == 200


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", []),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", []),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n", [b"12"]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [b"0"]),
    ],
    ids=["204", "304", "304 with a length", "empty 200"],
)
def test_bodiless_answers(app: RawApp, door: Door, head: bytes, length: list[bytes]) -> None:
    """204, 304 and empty answers end with their head, and the connection goes on."""
    app.play(b"/b", [head])

    with door.connect() as client:
        seen = client.ask(door.head(b"/b"))
        after = client.ask(door.head(b"/after"))

    assert (head[9:12], b"") == (seen.head[9:12], seen.body)
    assert length == seen.values(b"content-length")
    assert after.status == 200


def test_early_hints(app: RawApp, door: Door) -> None:
    """103 passes with its Link before the final answer; 100 and 102 of the app do not."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    app.play(b"/hints", [interim, hints, answer(b"done")])

    seen = door.get(b"/hints")

    assert (200, b"done") == (seen.status, seen.body)
    assert [b"103"] == [head[9:12] for head in seen.interim]
    assert b"</a.css>; rel=preload" in seen.interim[0]


def test_chunked_answer(app: RawApp, door: Door) -> None:
    """A chunked answer arrives whole, without the app's chunk extensions and trailers."""
    app.play(
        b"/chunked",
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n",
            b"5;a=b\r\nhello\r\n0006\r\n wor",
            b"ld\r\n0\r\nX-Sum: 1\r\n\r\n",
        ],
    )

    with door.connect() as client:
        seen = client.ask(door.head(b"/chunked"))
        after = client.ask(door.head(b"/after"))

    assert b"hello world" == seen.body
    assert [b"chunked"] == seen.values(b"transfer-encoding")
    assert after.status == 200


def test_events_arrive_as_they_come(app: RawApp, door: Door) -> None:
    """An event stream's head and each event arrive at once, not when the stream ends."""
    first, second = threading.Event(), threading.Event()
    app.play(
        b"/events",
        [
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n",
            wait_for(first),
            b"9\r\ndata: 1\n\n\r\n",
            wait_for(second),
            b"0\r\n\r\n",
        ],
    )

    with door.connect() as client:
        client.send(door.head(b"/events"))
        head = client.read_head()
        first.set()
        event = client.read_exactly(len(b"9\r\ndata: 1\n\n\r\n"))
        second.set()
        end = client.read_exactly(len(b"0\r\n\r\n"))

    assert head.startswith(b"HTTP/1.1 200 ")
    assert (b"9\r\ndata: 1\n\n\r\n", b"0\r\n\r\n") == (event, end)


def test_answer_that_ends_with_its_connection(app: RawApp, door: Door) -> None:
    """An answer without a length arrives whole, and the browser's connection goes on."""
    app.play(b"/open", [b"HTTP/1.1 200 OK\r\n\r\n", b"hello", b" world", close])

    with door.connect() as client:
        seen = client.ask(door.head(b"/open"))
        after = client.ask(door.head(b"/after"))

    assert b"hello world" == seen.body
    assert after.status == 200


@pytest.mark.parametrize("length", [b"", b"Content-Length: 5\r\n"], ids=["until close", "length"])
def test_http10_app(app: RawApp, door: Door, length: bytes) -> None:
    """An app of HTTP/1.0 works, and the browser's connection goes on."""
    app.play(b"/old", [b"HTTP/1.0 200 OK\r\n" + length + b"\r\nhello", close])

    with door.connect() as client:
        seen = client.ask(door.head(b"/old"))
        after = client.ask(door.head(b"/after"))

    assert b"HTTP/1.1 200 OK" == seen.head[:15]
    assert b"hello" == seen.body
    assert after.status == 200


@pytest.mark.parametrize(
    "framing",
    [
        [b"Content-Length: 5\r\n\r\nhello"],
        [b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        [b"\r\nhello", close],
    ],
    ids=["length", "chunked", "until close"],
)
def test_http10_browser(app: RawApp, door: Door, framing: list[bytes]) -> None:
    """A client of HTTP/1.0 never gets chunks, and its connection is closed behind the answer."""
    app.play(b"/", [b"HTTP/1.1 200 OK\r\n", *framing])

    with door.connect() as client:
        seen = client.ask(door.head(b"/").replace(b"HTTP/1.1", b"HTTP/1.0"))
        rest = client.rest()

    assert ([], b"hello") == (seen.values(b"transfer-encoding"), seen.body)
    assert (b"", Ending.CLOSED) == rest
    assert b"GET / HTTP/1.1" == app.exchanges[0].request_line


def test_http10_keep_alive(app: RawApp, door: Door) -> None:
    """A client of HTTP/1.0 that asks for keep-alive may go on where the length is known."""
    old = door.head(b"/", fields=b"Connection: Keep-Alive\r\n")
    old = old.replace(b"HTTP/1.1", b"HTTP/1.0")
    app.play(b"/", [answer(b"hello")])

    with door.connect() as client:
        seen = client.ask(old)
        if seen.values(b"connection") == [b"keep-alive"]:
            assert b"hello" == client.ask(old).body
        else:
            assert (b"", Ending.CLOSED) == client.rest()


def test_big_heads_pass(app: RawApp, door: Door) -> None:
    """A head of 30 KB in a single field passes both ways: groupware cookies are that big."""
    big = b"x" * 30_000
    app.play(b"/big", [read_body, answer(b"", fields=b"X-Big: " + big + b"\r\n")])

    seen = door.get(b"/big", fields=b"X-Big: " + big + b"\r\n")

    assert [big] == app.exchanges[0].values(b"x-big")
    assert [big] == seen.values(b"x-big")


@pytest.mark.parametrize("token", [b"close", b"Close", b"keep-alive, close", b"foo , CLOSE"])
def test_connection_close_is_kept(app: RawApp, door: Door, token: bytes) -> None:
    """A browser that says close, anywhere in the list, finds the connection closed after."""
    with door.connect() as client:
        seen = client.ask(door.head(b"/", fields=b"Connection: " + token + b"\r\n"))
        rest = client.rest()

    assert (200, [b"close"]) == (seen.status, seen.values(b"connection"))
    assert (b"", Ending.CLOSED) == rest
    assert [] == app.exchanges[0].values(b"connection")


def test_app_that_closes_each_time(app: RawApp, door: Door) -> None:
    """An app that closes after each answer does not cost the browser its connection."""
    app.play(b"/", [answer(b"x", fields=b"Connection: close\r\n"), close])

    with door.connect() as client:
        answers = [client.ask(door.head(b"/")) for _ in range(3)]

    assert [(200, [])] * 3 == [(each.status, each.values(b"connection")) for each in answers]
