"""What the app sees of a request, by whichever face it came."""

from __future__ import annotations

import pytest

from tests.behaviour.faces import Difference, Face
from tests.instruments.raw_app import RawApp, answer, read_body

TARGETS = [
    b"/",
    b"/a%2Fb",
    b"/a;jsessionid=1?x=2",
    b"//a//b",
    b"/a/../b",
    b"/a/%2e%2e/b",
    b"/%93%FA",
    b"/%7Euser/",
    b"/a?",
    b"/a;?",
    b"/a%zz",
    b"/a'b()!|\"\\^`{}$&*+,=:@[]<>",
    b"/cgi-bin/dneo.cgi?cmd=%93%FA%96%7B&hyo=%95%5C&m=%8E%E8%91%B1",
    b"/" + b"x" * 8000,
]

REFUSED = {
    "fragment": b"/a#b",
    "eight-bit path": b"/\x93\xfa",
    "DEL": b"/a\x7f",
    "control character": b"/a\x01",
    "absolute form": b"http://localhost/a",
    "authority form": b"localhost:80",
    "no slash": b"a",
}

HOP_BY_HOP = (
    b"Connection: keep-alive, x-mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n"
    b"Proxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: X-Sum\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nProxy-Authorization: Basic YTpi\r\nX-Outer: 1\r\n"
)


def test_repeated_fields(app: RawApp, face: Face) -> None:
    """Fields that stand twice arrive twice, in order, with their odd values."""
    sent = [(b"X-Dup", b"1"), (b"x-dUP", b"2"), (b"X-Empty", b""), (b"X-Latin", b"caf\xe9 \x93")]

    face.door.get(b"/", fields=b"".join(b"%b: %b\r\n" % pair for pair in sent))

    seen = [pair for pair in app.exchanges[0].fields if pair[0].lower().startswith(b"x-")][:4]
    if face.differs(Difference.SPELLING_OF_REQUESTS):
        assert [(b"X-Dup", b"1"), (b"X-Dup", b"2"), *sent[2:]] == seen
    else:
        assert sent == seen


def test_cookies_become_one_field(app: RawApp, face: Face) -> None:
    """Two Cookie fields reach the app as one, in order, without the cookie that let them in."""
    face.door.get(b"/", fields=b"Cookie: a=1; b=2|..\r\nCookie: c=%5C; empty=\r\n")

    assert [b"a=1; b=2|..; c=%5C; empty="] == app.exchanges[0].values(b"cookie")


def test_no_cookie_field_without_cookies_of_the_app(app: RawApp, face: Face) -> None:
    """Somebody with no other cookie than the one that let him in sends the app none."""
    face.door.get(b"/")

    assert [] == app.exchanges[0].values(b"cookie")


def test_host_is_the_public_name(app: RawApp, face: Face) -> None:
    """The app sees the public name in Host, once, and where the request came from."""
    face.door.get(b"/", fields=b"X-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.2\r\n")

    seen = app.exchanges[0]
    assert [face.door.authority] == seen.values(b"host")
    assert [face.door.authority] == seen.values(b"x-forwarded-host")
    assert [b"127.0.0.1"] == seen.values(b"x-forwarded-for")
    assert b"192.0.2" not in seen.head


def test_hop_by_hop_fields_end_here(app: RawApp, face: Face) -> None:
    """Fields for the next machine only, and what Connection names, go no further."""
    face.door.get(b"/", fields=HOP_BY_HOP)

    seen = {name.lower() for name, _ in app.exchanges[0].fields}
    forwarded = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
    assert {b"host", b"x-outer"} | forwarded == seen


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:30].decode("latin-1"))
def test_target_to_the_byte(app: RawApp, face: Face, target: bytes) -> None:
    """Path and query reach the app byte for byte, however they are spelled."""
    assert face.door.get(target).status == 200
    assert [target] == [each.target for each in app.exchanges]


@pytest.mark.parametrize("target", REFUSED.values(), ids=REFUSED.keys())
def test_doubtful_target(app: RawApp, face: Face, target: bytes) -> None:
    """A target that two readers could take differently gets 400 and a close; no app sees it."""
    with face.door.connect() as client:
        refused = client.ask(face.door.head(target))
        rest = client.rest()

    assert (400, (b"", "closed")) == (refused.status, rest)
    assert [] == app.exchanges


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE", b"get"])
def test_other_methods(app: RawApp, face: Face, method: bytes) -> None:
    """CONNECT, TRACE and what is no method never reach the app."""
    refused = face.door.ask(face.door.head(b"/", method=method))

    assert refused.status in (405, 501)
    assert [] == app.exchanges


@pytest.mark.parametrize(
    "fields",
    [
        b"Host: other\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"X-Any: a\x01b\r\n",
        b"X-Any: a\x00b\r\n",
        b"X-Any : 1\r\n",
    ],
)
def test_doubtful_field(app: RawApp, face: Face, fields: bytes) -> None:
    """A request whose meaning is in doubt gets 400 and a close; no app sees it."""
    with face.door.connect() as client:
        refused = client.ask(face.door.head(b"/", fields=fields))
        rest = client.rest()

    assert (400, (b"", "closed")) == (refused.status, rest)
    assert [] == app.exchanges


def test_folded_field(app: RawApp, face: Face) -> None:
    """A folded field is refused, or is one field at the app: never a line of its own."""
    seen = face.door.get(b"/", fields=b"X-Any: 1\r\n X-Sneaked: 2\r\n")

    if face.differs(Difference.UNFOLDS):
        assert [b"1 X-Sneaked: 2"] == app.exchanges[0].values(b"x-any")
        assert [] == app.exchanges[0].values(b"x-sneaked")
    else:
        assert (400, []) == (seen.status, app.exchanges)


def test_no_host(app: RawApp, face: Face) -> None:
    """A request of HTTP/1.1 without Host is refused."""
    host = b"Host: " + face.door.authority + b"\r\n"

    assert face.door.ask(face.door.head(b"/").replace(host, b"")).status == 400
    assert [] == app.exchanges


def test_unknown_expectation(app: RawApp, face: Face) -> None:
    """Any expectation but 100-continue is answered 417."""
    assert face.door.get(b"/", fields=b"Expect: the-unexpected\r\n").status == 417
    assert [] == app.exchanges


def test_big_head(app: RawApp, face: Face) -> None:
    """A field of 30 KB passes both ways: groupware cookies are that big."""
    big = b"X-Big: " + b"x" * 30_000 + b"\r\n"
    app.play(b"/big", [read_body, answer(b"", fields=big)])

    assert 30_000 == len(face.door.get(b"/big").values(b"x-big")[0])

    if face.differs(Difference.SHORT_HEADS):
        with face.door.connect() as client:
            client.send(face.door.head(b"/big", fields=big))
            assert client.rest()[0] in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n")
    else:
        face.door.get(b"/big", fields=big)
        assert 30_000 == len(app.exchanges[1].values(b"x-big")[0])


@pytest.mark.parametrize(
    ("fields", "sent", "framing"),
    [
        (b"Content-Length: 0005\r\n", b"hello", (b"content-length", b"5")),
        (b"Content-Length: 0\r\n", b"", (b"content-length", b"0")),
        (
            b"Transfer-Encoding: CHUNKED\r\n",
            b"2;ext=1\r\nhe\r\n003\r\nllo\r\n0\r\nX-Sum: canary\r\n\r\n",
            (b"transfer-encoding", b"chunked"),
        ),
        (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", (b"transfer-encoding", b"chunked")),
    ],
    ids=["length", "zero", "odd chunks", "no chunks"],
)
def test_reframed(
    app: RawApp, face: Face, fields: bytes, sent: bytes, framing: tuple[bytes, bytes]
) -> None:
    """A body reaches the app in one plain framing, and the next request follows."""
    app.play(b"/re", [read_body, answer(b"ok")])

    with face.door.connect() as client:
        seen = client.ask(face.door.head(b"/re", method=b"POST", fields=fields) + sent)
        after = client.ask(face.door.head(b"/after"))

    exchange = app.exchanges[0]
    names = (b"content-length", b"transfer-encoding")
    assert (200, 200) == (seen.status, after.status)
    assert [framing] == [
        (name.lower(), value) for name, value in exchange.fields if name.lower() in names
    ]
    assert (b"hello" if b"he" in sent else b"") == exchange.body
    assert b"canary" not in exchange.connection.received
    assert b"ext=1" not in exchange.connection.received


def test_stranger(app: RawApp, face: Face) -> None:
    """Somebody who is not signed in is refused, and the app sees nothing."""
    seen = face.door.ask(face.door.head(b"/", is_signed_in=False))

    assert face.stranger_status == seen.status
    assert [] == app.exchanges
