"""How the app's answers are read."""

from __future__ import annotations

import pytest

from gateway.rules.http1 import (
    BODY_UNTIL_CLOSE,
    CHUNKED_BODY,
    NO_BODY,
    BadMessageError,
    BodyKind,
    Framing,
)
from gateway.rules.response import ResponseHead, parse_response


def answer(
    *lines: bytes, status: bytes = b"HTTP/1.1 200 OK", method: bytes = b"GET"
) -> ResponseHead:
    """The head of an answer, read."""
    return parse_response(b"\r\n".join([status, *lines]), method=method)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"HTTP/1.1 200 OK", (1, 200, b"OK")),
        (b"HTTP/1.0 404 Not Found", (0, 404, b"Not Found")),
        (b"HTTP/1.1 200 ", (1, 200, b"")),
        (b"HTTP/1.1 200", (1, 200, b"")),
        (b"HTTP/1.1 599 \x93\xfa\tx", (1, 599, b"\x93\xfa\tx")),
        (b"HTTP/1.1 100 Continue", (1, 100, b"Continue")),
        (b"HTTP/1.1 999 Request denied", (1, 999, b"Request denied")),
    ],
)
def test_status_line(line: bytes, expected: tuple[int, int, bytes]) -> None:
    """Status lines of HTTP/1.0 and 1.1 are read, the reason with or without text."""
    head = answer(status=line)

    assert expected == (head.minor, head.status, head.reason)


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 99 X",
        b"HTTP/1.1 099 X",
        b"HTTP/1.1 1000 X",
        b"HTTP/1.1 2x0 X",
        b"HTTP/1.1 200OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 O\nK",
        b"HTTP/1.1 200 O\x7fK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.2 200 OK",
        b"http/1.1 200 OK",
        b"ICY 200 OK",
        b"<html>",
        b"",
    ],
)
def test_status_line_refused(line: bytes) -> None:
    """An app that does not speak HTTP/1 is answered for with 502."""
    with pytest.raises(BadMessageError) as caught:
        answer(status=line)

    assert caught.value.status == 502


@pytest.mark.parametrize(
    "lines",
    [
        (b"X : y",),
        (b"X: a\r\n b",),
        (b" X: y",),
        (b"X: a\x00b",),
        (b"X: a\x07b",),
        (b"X: a\rb",),
        (b"X: a\nSet-Cookie: b=c",),
        (b"garbage",),
        (b": x",),
        (b"X: y",) * 201,
        (b"X: " + b"y" * 33_000,),
        (b"X: " + b"y" * 30_000,) * 3,
        (b"Content-Length: 5", b"Content-Length: 6"),
        (b"Content-Length: 5, 6",),
        (b"Content-Length: 5,",),
        (b"Content-Length: -5",),
        (b"Content-Length: 1000000000000000",),
        (b"Content-Length:",),
        (b"Transfer-Encoding: gzip, chunked",),
        (b"Transfer-Encoding: identity",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked, chunked",),
    ],
)
def test_fields_refused(lines: tuple[bytes, ...]) -> None:
    """Malformed fields and doubtful lengths of the app are answered for with 502."""
    with pytest.raises(BadMessageError) as caught:
        answer(*lines)

    assert caught.value.status == 502


def test_chunked_in_http_1_0_refused() -> None:
    """Chunks in an HTTP/1.0 answer are faulty framing: 502."""
    with pytest.raises(BadMessageError) as caught:
        answer(b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK")

    assert caught.value.status == 502


@pytest.mark.parametrize(
    ("lines", "framing", "declared", "is_persistent"),
    [
        ((b"Content-Length: 5",), Framing(BodyKind.LENGTH, 5), 5, True),
        ((b"Content-Length: 0",), Framing(BodyKind.LENGTH, 0), 0, True),
        ((b"Content-Length: 5", b"content-length: 05"), Framing(BodyKind.LENGTH, 5), 5, True),
        ((b"Content-Length: 5, 5",), Framing(BodyKind.LENGTH, 5), 5, True),
        ((b"Transfer-Encoding: Chunked",), CHUNKED_BODY, None, True),
        ((b"Transfer-Encoding: chunked", b"Content-Length: 5"), CHUNKED_BODY, None, False),
        ((), BODY_UNTIL_CLOSE, None, False),
        ((b"Content-Length: 5", b"Connection: Close"), Framing(BodyKind.LENGTH, 5), 5, False),
        ((b"Content-Length: 5", b"Connection: x, close"), Framing(BodyKind.LENGTH, 5), 5, False),
    ],
)
def test_framing(
    lines: tuple[bytes, ...],
    framing: Framing,
    declared: int | None,
    is_persistent: bool,
) -> None:
    """The end of an answer is told by chunks, a length, or the close; reuse only if certain."""
    head = answer(*lines)

    assert (framing, declared, is_persistent) == (
        head.framing,
        head.declared_length,
        head.is_persistent,
    )


@pytest.mark.parametrize(
    ("method", "status"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK"),
        (b"GET", b"HTTP/1.1 304 Not Modified"),
        (b"GET", b"HTTP/1.1 204 No Content"),
        (b"GET", b"HTTP/1.1 103 Early Hints"),
    ],
)
def test_no_body(method: bytes, status: bytes) -> None:
    """HEAD, 1xx, 204 and 304 have no body, yet their Content-Length stays known."""
    bare = answer(method=method, status=status)
    empty = answer(b"Content-Length: 0", method=method, status=status)
    declared = answer(b"Content-Length: 7", method=method, status=status)
    chunked = answer(b"Transfer-Encoding: chunked", method=method, status=status)

    assert {NO_BODY} == {each.framing for each in (bare, empty, declared, chunked)}
    assert [None, 0, 7, None] == [
        each.declared_length for each in (bare, empty, declared, chunked)
    ]


def test_declared_but_absent_body_is_not_trusted() -> None:
    """After a HEAD or 304 that declares a body the connection serves nobody else."""
    assert not answer(b"Content-Length: 7", method=b"HEAD").is_persistent
    assert answer(b"Content-Length: 0", method=b"HEAD").is_persistent
    assert answer(status=b"HTTP/1.1 304 Not Modified").is_persistent


def test_http_1_0_is_not_reused() -> None:
    """A connection of an HTTP/1.0 app serves one request, even if it offers keep-alive."""
    head = answer(b"Content-Length: 5", b"Connection: keep-alive", status=b"HTTP/1.0 200 OK")

    assert (False, frozenset({b"keep-alive"})) == (head.is_persistent, head.nominated)


def test_switch_to_websocket() -> None:
    """Only a 101 that names websocket alone opens a tunnel."""
    lines = (b"Connection: upgrade", b"Upgrade: WebSocket")
    switching = b"HTTP/1.1 101 Switching Protocols"

    assert answer(*lines, status=switching).upgrade == b"websocket"
    assert answer(b"Upgrade: websocket", status=switching).upgrade == b""
    assert answer(lines[0], b"Upgrade: h2c", status=switching).upgrade == b""
    assert answer(*lines, status=b"HTTP/1.1 426 Upgrade Required").upgrade == b""


def test_fields_kept() -> None:
    """The app's fields are kept in order, with the names that Connection lists beside them."""
    head = answer(b"Set-Cookie: a=1", b"set-cookie: b=2", b"Connection: X-Hop", b"X-Hop: 1")

    expected = (
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"Connection", b"X-Hop"),
        (b"X-Hop", b"1"),
    )
    assert expected == head.fields
    assert {b"x-hop"} == head.nominated
