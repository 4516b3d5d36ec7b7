"""
Whatever is doubtful in a request is refused, and the app sees nothing of it.

The table is that of RFC 9112 (its "must" and its permissions to refuse), of what other
people's servers were caught by, and of our own mutations. Each entry is sent by somebody who
is signed in, followed in the same packet by a second request that must never be answered.
"""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Ending
from tests.wire.door import Door, assert_app_saw_nothing

CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"

DOUBTFUL_FIELDS = {
    "length and chunked": b"Content-Length: 5\r\n" + CHUNKED,
    "chunked and length": CHUNKED + b"Content-Length: 5\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "two equal lengths": b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of lengths": b"Content-Length: 5, 5\r\n",
    "length +5": b"Content-Length: +5\r\n",
    "length -1": b"Content-Length: -1\r\n",
    "length -0": b"Content-Length: -0\r\n",
    "length 0x5": b"Content-Length: 0x5\r\n",
    "length 0_5": b"Content-Length: 0_5\r\n",
    "length 5.0": b"Content-Length: 5.0\r\n",
    "empty length": b"Content-Length: \r\n",
    "length abc": b"Content-Length: abc\r\n",
    "length in superscript": b"Content-Length: \xb2\r\n",
    "length behind VT": b"Content-Length: \x0b5\r\n",
    "length with a blank inside": b"Content-Length: 1 0\r\n",
    "length of 5000 digits": b"Content-Length: " + b"9" * 5000 + b"\r\n",
    "xchunked": b"Transfer-Encoding: xchunked\r\n",
    "chunked twice in a list": b"Transfer-Encoding: chunked, chunked\r\n",
    "chunked twice": CHUNKED + CHUNKED,
    "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked, gzip": b"Transfer-Encoding: chunked, gzip\r\n",
    "chunked and identity": CHUNKED + b"Transfer-Encoding: identity\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "identity and length": b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
    "chunked with a parameter": b"Transfer-Encoding: chunked;x=1\r\n",
    "quoted chunked": b'Transfer-Encoding: "chunked"\r\n',
    "empty encoding": b"Transfer-Encoding: \r\n",
    "comma chunked": b"Transfer-Encoding: ,chunked\r\n",
    "blank before the colon": b"Transfer-Encoding : chunked\r\n",
    "tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
    "blank before the length's colon": b"Content-Length : 5\r\n",
    "folded field": b"X-Any: 1\r\n 2\r\n",
    "folded with a tab": b"X-Any: 1\r\n\t2\r\n",
    "folded encoding": b"Transfer-Encoding:\r\n chunked\r\n",
    "folded length": b"Content-Length:\r\n 5\r\n",
    "encoding folded into another": b"X-Any: 1\r\n Transfer-Encoding: chunked\r\n",
    "bare LF line end": b"X-Any: 1\nTransfer-Encoding: chunked\r\n",
    "bare CR line end": b"X-Any: 1\rTransfer-Encoding: chunked\r\n",
    "CR CR LF": b"X-Any: 1\r\r\nTransfer-Encoding: chunked\r\n",
    "NUL in a value": b"X-Any: a\0b\r\n",
    "control in a value": b"X-Any: a\x01b\r\n",
    "BEL in a value": b"X-Any: a\x07b\r\n",
    "DEL in a value": b"X-Any: a\x7fb\r\n",
    "NUL in a name": b"X-\0Any: 1\r\n",
    "brackets in a name": b"X-[Any]: 1\r\n",
    "blank in a name": b"X Any: 1\r\n",
    "eight bits in a name": b"X-\xe9: 1\r\n",
    "no colon": b"X-Any\r\n",
    "empty name": b": 1\r\n",
    "two hosts": b"Host: localhost\r\n",
}

DOUBTFUL_LINES = {
    "no version": b"GET /",
    "HTTP/0.9": b"GET / HTTP/0.9",
    "HTTP/1.2": b"GET / HTTP/1.2",
    "HTTP/2.0": b"GET / HTTP/2.0",
    "HTTP/9.9": b"GET / HTTP/9.9",
    "HTTP/1.10": b"GET / HTTP/1.10",
    "HTTP/01.1": b"GET / HTTP/01.1",
    "small http": b"GET / http/1.1",
    "two blanks": b"GET  / HTTP/1.1",
    "tabs": b"GET\t/\tHTTP/1.1",
    "blank before": b" GET / HTTP/1.1",
    "blank behind": b"GET / HTTP/1.1 ",
    "VT between": b"GET\x0b/ HTTP/1.1",
    "blank in the target": b"GET /a b HTTP/1.1",
    "blank in the method": b"G ET / HTTP/1.1",
    "colon in the method": b"GET: / HTTP/1.1",
    "small method": b"get / HTTP/1.1",
    "empty method": b" / HTTP/1.1",
    "CONNECT": b"CONNECT / HTTP/1.1",
    "CONNECT with authority": b"CONNECT localhost:80 HTTP/1.1",
    "TRACE": b"TRACE / HTTP/1.1",
    "text before": b"hello GET / HTTP/1.1",
    "the preface of HTTP/2": b"PRI * HTTP/2.0",
}

DOUBTFUL_HOSTS = {
    "none": b"",
    "empty": b"Host: \r\n",
    "blank inside": b"Host: localhost a\r\n",
    "user": b"Host: user@localhost\r\n",
    "path": b"Host: localhost/a\r\n",
    "query": b"Host: localhost?a\r\n",
    "list": b"Host: localhost, localhost\r\n",
    "another": b"Host: other.example\r\n",
    "inner": b"Host: 127.0.0.1\r\n",
    "another port": b"Host: localhost:1\r\n",
    "port abc": b"Host: localhost:abc\r\n",
    "backslash": b"Host: localhost\\a\r\n",
}

BAD_CHUNKS = {
    "0x5": b"0x5\r\nhello\r\n0\r\n\r\n",
    "+5": b"+5\r\nhello\r\n0\r\n\r\n",
    "-5": b"-5\r\nhello\r\n0\r\n\r\n",
    "blank before": b" 5\r\nhello\r\n0\r\n\r\n",
    "blank behind": b"5 \r\nhello\r\n0\r\n\r\n",
    "0_5": b"0_5\r\nhello\r\n0\r\n\r\n",
    "empty size": b"\r\nhello\r\n0\r\n\r\n",
    "zz": b"zz\r\nhello\r\n0\r\n\r\n",
    "17 digits": b"FFFFFFFFFFFFFFFFF\r\nhello",
    "endless size": b"0" * 70_000,
    "LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "NUL in an extension": b"5;a\0\r\nhello\r\n0\r\n\r\n",
    "endless extension": b"5;" + b"a" * 70_000,
    "bare LF behind the size": b"5\nhello\r\n0\r\n\r\n",
    "no CRLF behind the chunk": b"5\r\nhello0\r\n\r\n",
    "bare LF behind the chunk": b"5\r\nhello\n0\r\n\r\n",
    "longer than its size": b"5\r\nhello!\r\n0\r\n\r\n",
    "trailer without colon": b"5\r\nhello\r\n0\r\nbad\r\n\r\n",
    "trailer with a folded line": b"5\r\nhello\r\n0\r\nX: 1\r\n 2\r\n\r\n",
    "trailer with NUL": b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    "endless trailers": b"5\r\nhello\r\n0\r\n" + b"X: 1\r\n" * 20_000,
}


def refused(app: RawApp, door: Door, request: bytes) -> None:
    """Assert that the request gets one 4xx or 5xx answer and a closed connection."""
    since = app.received_count

    with door.connect() as client:
        client.send(request + door.head(b"/smuggled"))
        answer = client.read_answer()
        rest = client.rest()

    assert answer.status in (400, 405, 413, 417, 421, 431, 501, 505)
    assert (b"", Ending.CLOSED) == rest
    assert_app_saw_nothing(app, door, since=since)


@pytest.mark.parametrize("fields", DOUBTFUL_FIELDS.values(), ids=DOUBTFUL_FIELDS.keys())
def test_doubtful_fields(app: RawApp, either_door: Door, fields: bytes) -> None:
    """A request whose fields leave a doubt is refused and closed, and the app sees nothing."""
    refused(app, either_door, either_door.head(b"/x", method=b"POST", fields=fields) + CHUNKS)


@pytest.mark.parametrize("line", DOUBTFUL_LINES.values(), ids=DOUBTFUL_LINES.keys())
def test_doubtful_line(app: RawApp, either_door: Door, line: bytes) -> None:
    """A request line that is not plainly HTTP/1.1 is refused and closed."""
    fields = either_door.head(b"/x").partition(b"\r\n")[2]

    refused(app, either_door, line + b"\r\n" + fields)


@pytest.mark.parametrize("host", DOUBTFUL_HOSTS.values(), ids=DOUBTFUL_HOSTS.keys())
def test_doubtful_host(app: RawApp, door: Door, host: bytes) -> None:
    """A request without Host, or with another than the public name, does not reach the app."""
    since = app.received_count
    request = door.head(b"/x").replace(b"Host: " + door.authority + b"\r\n", host)

    answer = door.ask(request)

    assert answer.status in (400, 421)
    assert_app_saw_nothing(app, door, since=since)


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_bad_chunks(app: RawApp, either_door: Door, chunks: bytes) -> None:
    """A body in broken chunks is refused and closed, and is never a whole request at the app."""
    app.play(b"/x", [])

    with either_door.connect() as client:
        client.send(either_door.head(b"/x", method=b"POST", fields=CHUNKED) + chunks)
        client.send(either_door.head(b"/smuggled"))
        seen, ending = client.rest()

    assert seen[9:12] in (b"400", b"413", b"431", b"")
    assert 1 >= seen.count(b"HTTP/1.1 ")
    assert ending in (Ending.CLOSED, Ending.RESET)
    assert either_door.get(b"/probe").status == 200
    assert not [each for each in app.exchanges_of(b"/x") if each.is_whole.is_set()]
    assert [] == app.exchanges_of(b"/smuggled")


def test_fields_on_http10(app: RawApp, door: Door) -> None:
    """Chunks in HTTP/1.0 are refused: older readers see another end there."""
    head = door.head(b"/x", method=b"POST", fields=CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0")

    refused(app, door, head + CHUNKS)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"X-Any: " + b"x" * 33_000 + b"\r\n", 431),
        (b"Cookie: " + b"x" * 3000 + b"\r\n", 200),
        ((b"X-Any: " + b"x" * 3000 + b"\r\n") * 8, 200),
        ((b"X-Any: " + b"x" * 8000 + b"\r\n") * 9, 431),
        (b"X: 1\r\n" * 195, 200),
        (b"X: 1\r\n" * 201, 431),
        (b"X: 1\r\n" * 1000, 431),
    ],
    ids=["line of 33 KB", "3 KB", "8 of 3 KB", "72 KB", "195 fields", "201", "1000"],
)
def test_size_of_heads(app: RawApp, either_door: Door, fields: bytes, status: int) -> None:
    """Big heads pass up to 64 KB, 32 KB a line and 200 fields; above them it is 431."""
    with either_door.connect() as client:
        answer = client.ask(either_door.head(b"/x", fields=fields))
        rest = client.rest() if status == 431 else (b"", Ending.CLOSED)

    assert status == answer.status
    assert (b"", Ending.CLOSED) == rest
    assert (1 if status == 200 else 0) == len(app.exchanges)


def test_endless_head(app: RawApp, either_door: Door) -> None:
    """A head that never ends is answered 431 and closed, long before it is all in."""
    with either_door.connect() as client:
        client.send(either_door.head(b"/x")[:-2] + b"X-Any: " + b"x" * 100_000)
        seen, ending = client.rest()

    assert b"HTTP/1.1 431 " == seen[:13]
    assert ending in (Ending.CLOSED, Ending.RESET)
    assert [] == app.exchanges


def test_pieces(app: RawApp, either_door: Door) -> None:
    """A request that comes byte by byte is the same request."""
    request = either_door.post(b"/slow?a", b"hello")

    with either_door.connect() as client:
        client.send(*(request[at : at + 1] for at in range(len(request))))
        answer = client.read_answer()

    assert answer.status == 200
    assert (b"/slow?a", b"hello") == (app.exchanges[0].target, app.exchanges[0].body)


@pytest.mark.parametrize(
    "request_line",
    [b"PROPFIND", b"REPORT", b"MKCALENDAR", b"LOCK", b"M-SEARCH", b"OPTIONS", b"DELETE", b"PATCH"],
)
def test_methods_pass(app: RawApp, door: Door, request_line: bytes) -> None:
    """Every method that an app may want passes, those of WebDAV included."""
    assert door.ask(door.head(b"/x", method=request_line)).status == 200
    assert request_line == app.exchanges[0].method


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE"])
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "signed in"])
def test_methods_refused(app: RawApp, door: Door, method: bytes, *, is_signed_in: bool) -> None:
    """CONNECT and TRACE get 405, signed in or not."""
    answer = door.ask(door.head(b"/x", method=method, is_signed_in=is_signed_in))

    assert answer.status == 405
    assert [] == app.exchanges


def test_one_empty_line_before(app: RawApp, door: Door) -> None:
    """One empty line before a request is forgiven, as old browsers need it."""
    assert door.ask(b"\r\n" + door.head(b"/x")).status == 200
    assert b"/x" == app.exchanges[0].target


def test_get_with_a_body(app: RawApp, door: Door) -> None:
    """A GET with a body passes with its body."""
    answer = door.ask(door.head(b"/x", fields=b"Content-Length: 5\r\n") + b"hello")

    assert answer.status == 200
    assert b"hello" == app.exchanges[0].body


@pytest.mark.parametrize(
    ("field", "count"),
    [(b"X-Any: %06d" + b"x" * 30_000, 2), (b"X-%06d: %06d", 180), (b"X: %06d" + b"x" * 3_500, 1)],
    ids=["long lines", "many fields", "4 KB"],
)
def test_heads_are_not_hoarded(app: RawApp, door: Door, field: bytes, count: int) -> None:
    """A stranger who sends thousands of ever different heads cannot fill the memory."""
    before = door.rss_bytes()

    with door.connect() as client:
        for number in range(2500):
            line = field.replace(b"%06d", b"%06d" % number) + b"\r\n"
            head = door.head(b"/", fields=line * count, is_signed_in=False)
            assert client.ask(head).status == 401

    assert door.rss_bytes() - before < 32 << 20
    assert [] == app.exchanges
