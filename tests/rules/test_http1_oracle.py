"""
Our reading against an independent one: h11.

Whatever we accept, h11 must read as the same message with the same end. Known differences are
on the other side alone: we refuse more.
"""

from __future__ import annotations

import re

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.rules.http1 import (
    BadMessageError,
    BodyKind,
    Field,
    RequestHead,
    parse_request,
)
from gateway.rules.response import ResponseHead, parse_response

NEXT = b"GET /smuggled HTTP/1.1\r\nHost: gw\r\n\r\n"
CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"

ODD = st.sampled_from(
    [
        *[bytes([each]) for each in b' \t\r\n\x00\x01\x0b\x0c\x7f\xa0\xff:,;#"0_'],
        *[b"\r\n", b"\r\n ", b"chunked", b"close"],
    ],
)
LINES = st.sampled_from(
    [
        b"Connection: close",
        b"Connection: keep-alive, Upgrade",
        b"Upgrade: websocket",
        b"Expect: 100-continue",
        b"Cookie: a=1; gw=x",
        b"X-Empty:",
        b"X: \xe3\x81\x82  x \t",
    ],
)
FRAMINGS = st.sampled_from(
    [
        [],
        [b"Content-Length: 5"],
        [b"content-length:\t007 "],
        [b"Content-Length: 0"],
        [b"Transfer-Encoding: chunked"],
        [b"transfer-encoding:ChunkeD\t"],
        [b"Content-Length: 5, 5"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: gzip, chunked"],
        [b"X: folded", b" Transfer-Encoding: chunked"],
    ],
)
REQUEST_LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: gw",
        b"POST /a?b=%95%5C HTTP/1.1\r\nHOST:gw:80",
        b"POST / HTTP/1.0",
        b"HEAD /x;y HTTP/1.1\r\nHost: [::1]",
        b"PROPFIND //d HTTP/1.1\r\nHost: gw",
    ],
)
STATUS_LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 404",
        b"HTTP/1.1 500 \xff",
    ],
)


@st.composite
def heads(draw: st.DrawFn, first: st.SearchStrategy[bytes]) -> bytes:
    """A head of plausible lines, with up to two odd bytes put in anywhere."""
    fields = [*draw(st.lists(LINES, max_size=3)), *draw(FRAMINGS)]
    head = b"\r\n".join([draw(first), *draw(st.permutations(fields))])
    for odd in draw(st.one_of(st.just([]), st.lists(ODD, min_size=1, max_size=2))):
        at = draw(st.integers(0, len(head)))
        head = head[:at] + odd + head[at:]
    return head


def body_for(kind: BodyKind, length: int) -> bytes:
    """A body that ends where the framing says, if it is read as we read it."""
    if kind is BodyKind.CHUNKED:
        return CHUNKS
    return b"x" * length if kind is BodyKind.LENGTH else b""


def read_by_h11(reader: h11.Connection, stream: bytes) -> tuple[h11.Event, bytes, bytes]:
    """First event, payload, and what h11 takes for the next message."""
    reader.receive_data(stream)
    first = reader.next_event()
    assert isinstance(first, (h11.Request, h11.Response))
    payload = b""
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        payload += bytes(event.data)
    return first, payload, reader.trailing_data[0]


def as_h11_writes(fields: tuple[Field, ...]) -> list[Field]:
    """Our fields in h11's spelling: names, and the value of Transfer-Encoding, in lower case."""
    return [
        (name.lower(), value.lower() if name.lower() == b"transfer-encoding" else value)
        for name, value in fields
    ]


def understood_request(head: bytes) -> RequestHead | None:
    """A request as we read it, None if refused."""
    try:
        return parse_request(head)
    except BadMessageError:
        return None


def understood_answer(head: bytes, method: bytes) -> ResponseHead | None:
    """An answer as we read it, None if refused."""
    try:
        return parse_response(head, method=method)
    except BadMessageError:
        return None


def refusals(head: bytes) -> list[int]:
    """The statuses with which bytes are refused as a request and as an answer."""
    found = []
    for read in (parse_request, lambda each: parse_response(each, method=b"GET")):
        try:
            read(head)
        except BadMessageError as refused:
            found.append(refused.status)
    return found


def without_eight_bits(text: bytes) -> bytes:
    """With a letter for each byte above 0x7F: in a query we let them pass and h11 does not."""
    return re.sub(rb"[\x80-\xff]", b"x", text)


def as_h11_takes_it(head: bytes) -> bytes:
    """The head with a request line that h11 can read."""
    line, crlf, fields = head.partition(b"\r\n")
    return without_eight_bits(line) + crlf + fields


@settings(max_examples=800, deadline=None)
@given(heads(REQUEST_LINES))
@example(b"GET /a?\xa0 HTTP/1.1\r\nHost: gw")
@example(b"POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 5")
@example(b"POST / HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked")
@example(b"GET / HTTP/1.0")
def test_requests_as_h11_reads_them(head: bytes) -> None:
    """No request that passes here has, for another reader, another end or other fields."""
    ours = understood_request(head)
    if ours is None or ours.block.framing.length > 1000:
        return
    body = body_for(ours.block.framing.kind, ours.block.framing.length)

    theirs, payload, rest = read_by_h11(
        h11.Connection(h11.SERVER), as_h11_takes_it(head) + b"\r\n\r\n" + body + NEXT
    )

    assert isinstance(theirs, h11.Request)
    assert (ours.method, without_eight_bits(ours.target)) == (theirs.method, theirs.target)
    assert as_h11_writes(ours.block.fields) == list(theirs.headers)
    assert (b"abc" if body is CHUNKS else body) == payload
    assert rest == NEXT


@settings(max_examples=500, deadline=None)
@given(heads(STATUS_LINES), st.sampled_from(["GET", "HEAD"]))
def test_answers_as_h11_reads_them(head: bytes, method: str) -> None:
    """
    No answer that passes here has, for another reader, another end.

    Only ends are compared: whether a connection is used again we decide more strictly.
    """
    ours = understood_answer(head, method.encode())
    if ours is None or ours.framing.length > 1000:
        return
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "app")]))
    reader.send(h11.EndOfMessage())
    if ours.framing.kind is BodyKind.UNTIL_CLOSE:
        reader.receive_data(head + b"\r\n\r\nuntil")
        reader.receive_data(b"")
        assert isinstance(reader.next_event(), h11.Response)
        event = reader.next_event()
        assert isinstance(event, h11.Data)
        assert event.data == b"until"
        return
    body = body_for(ours.framing.kind, ours.framing.length)

    theirs, payload, rest = read_by_h11(reader, head + b"\r\n\r\n" + body + NEXT)

    assert isinstance(theirs, h11.Response)
    assert ours.status == theirs.status_code
    assert (b"abc" if body is CHUNKS else body) == payload
    assert rest == NEXT


@settings(max_examples=500)
@given(st.one_of(st.binary(max_size=200), heads(st.one_of(REQUEST_LINES, STATUS_LINES))))
def test_any_bytes(head: bytes) -> None:
    """Any bytes at all are understood or refused with a status, never another error."""
    assert set(refusals(head)) <= {400, 405, 413, 417, 431, 501, 502, 505}
