"""
Near-valid heads and bodies, read by us and by two strangers who know nothing of us.

One direction only: whatever we accept, h11 and llhttp accept, with the same method, target,
fields, body and end. What they accept and we refuse is ours to be strict about. The few named
exceptions stand in `http1_readers`; a seed that once told two readers apart stays as example.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.rules.chunked import ChunkedDecoder
from gateway.rules.http1 import (
    BadMessageError,
    BodyKind,
    Framing,
    RequestHead,
    parse_request,
    skip_leading_crlf,
)
from gateway.rules.response import ResponseHead, parse_response
from tests.rules.http1_near_valid import CHUNKED_BODIES, REQUEST_HEADS, RESPONSE_HEADS
from tests.rules.http1_readers import (
    Reading,
    RefusedByStrangerError,
    eight_bits_away,
    read_answer_by_h11,
    read_answer_by_llhttp,
    read_request_by_h11,
    read_request_by_llhttp,
    shown_method,
    tidy,
)

REQUEST_SEEDS = [
    b"Content-Length: 007",
    b"Content-Length: 5\r\nContent-Length: 5",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: 5, 5",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"transfer-encoding:\tCHUNKED ",
    b"transfer-encoding:\tCHUNKED\t",  # atheris: llhttp forgives no tab there
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity\r\nContent-Length: 5",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding : chunked",
    b"X: 1\r\n Transfer-Encoding: chunked",
    b"X: 1\nTransfer-Encoding: chunked",
    b"X: 1\rTransfer-Encoding: chunked",
    b"X: 1\r\r\nTransfer-Encoding: chunked",
    b"X\x00: 1\r\nTransfer-Encoding: chunked",
    b"X: \x00\r\nContent-Length: 5",
    b"Connection: close, upgrade\r\nUpgrade: websocket",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5",
    b"Connection: Content-Length\r\nContent-Length: 5",
    b"Connection: keep-alive\r\nContent-Length: 5",
]
CHUNK_SEEDS = [
    b'2;a="x y";b\r\nab\r\n0\r\nA:\r\n\r\n',
    b"4\r\n0\r\n\r\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"0\r\n\n",
    b"0\n\r\n",
    b"0\r\nX: 1\n\r\n",
    b"0\r\nContent-Length: x\r\n\r\n",  # atheris: h11 reads lengths in trailers too
    b"1\x00\r\nx\r\n0\r\n\r\n",
]
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: gw\r\n\r\n"
NEXT_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n"
DROPPED = re.compile("chunk extensions|Content-Length|Transfer-Encoding")
LONGEST = 64
"""Bytes of the bodies that are made up: the reading of a length does not depend on its size."""


def request_of(head: bytes) -> RequestHead | None:
    """A request as we read it; None if we refuse it."""
    try:
        return parse_request(head)
    except BadMessageError:
        return None


def answer_of(head: bytes, method: bytes) -> ResponseHead | None:
    """An answer as we read it; None if we refuse it."""
    try:
        return parse_response(head, method=method)
    except BadMessageError:
        return None


def body_for(framing: Framing) -> tuple[bytes, bytes]:
    """A body that ends where the framing says, as it is sent, and without its framing."""
    if framing.kind is BodyKind.CHUNKED:
        return b"3\r\nabc\r\n4\r\n0\r\n\r\r\n0\r\n\r\n", b"abc0\r\n\r"
    if framing.kind is BodyKind.LENGTH:
        return b"x" * framing.length, b"x" * framing.length
    return b"", b""


def ours(start: tuple[bytes, ...], fields: Sequence[tuple[bytes, bytes]], body: bytes) -> Reading:
    """Our reading in the strangers' words."""
    return Reading(start=start, fields=tidy(fields), body=body, is_whole=True)


@settings(max_examples=400)
@given(REQUEST_HEADS)
def test_requests(head: bytes) -> None:
    """Every request that we accept is, for two strangers, the same request with the same end."""
    compare_requests(head)


def compare_requests(head: bytes) -> None:
    """If we accept it, the strangers' readings are ours."""
    accepted = request_of(head)
    if accepted is None or accepted.block.framing.length > LONGEST:
        return
    sent, body = body_for(accepted.block.framing)
    stream = head + b"\r\n\r\n" + sent + NEXT
    target = eight_bits_away(accepted.target)

    expected = ours((accepted.method, target), accepted.block.fields, body)
    expected.rest = NEXT

    assert expected == read_request_by_h11(stream)
    expected.start = (shown_method(accepted.method), target)
    seen = read_request_by_llhttp(stream)
    if seen.is_stopped:
        expected.body, expected.rest, expected.is_stopped = b"", sent + NEXT, True
    assert expected == seen


@pytest.mark.parametrize("fields", REQUEST_SEEDS, ids=repr)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_request_seeds(fields: bytes, version: bytes) -> None:
    """What once told two readers apart, somewhere, is refused or read alike."""
    compare_requests(b"POST /a?\xa0 HTTP/%b\r\nHost: gw\r\n%b" % (version, fields))


@settings(max_examples=250)
@given(RESPONSE_HEADS, st.sampled_from([b"GET", b"HEAD"]))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5", b"GET")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", b"GET")
@example(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5", b"GET")
@example(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked", b"GET")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"HEAD")
@example(b"HTTP/1.1 404", b"GET")
def test_answers(head: bytes, method: bytes) -> None:
    """Every answer of the app that we accept is the same for two strangers, with the same end."""
    accepted = answer_of(head, method)
    if accepted is None or accepted.framing.length > LONGEST or accepted.status == 101:
        return
    is_open = accepted.framing.kind is BodyKind.UNTIL_CLOSE
    sent, body = body_for(accepted.framing)
    stream = head + b"\r\n\r\n" + sent + NEXT_ANSWER

    expected = ours((b"%d" % accepted.status,), accepted.fields, NEXT_ANSWER if is_open else body)
    expected.is_whole = not is_open
    expected.rest = b"" if is_open else NEXT_ANSWER

    if len(set(lengths_of(accepted))) < 2:
        assert expected == read_answer_by_h11(stream, method)
    if method == b"GET" and not says_its_end_twice(accepted):
        assert expected == read_answer_by_llhttp(stream)


def says_its_end_twice(answer: ResponseHead) -> bool:
    """Named exception 4: legal in answers by RFC 9112 6.3, refused by llhttp."""
    names = [name.lower() for name, _ in answer.fields]
    has_lengths = b"content-length" in names
    return len(lengths_of(answer)) > 1 or (has_lengths and b"transfer-encoding" in names)


def lengths_of(answer: ResponseHead) -> list[bytes]:
    """Its length, as often as it is said."""
    said = [value for name, value in answer.fields if name.lower() == b"content-length"]
    return [each.strip(b" \t") for value in said for each in value.split(b",")]


@settings(max_examples=250)
@given(CHUNKED_BODIES, st.lists(st.integers(0, 60), max_size=5))
def test_chunks(sent: bytes, cuts: list[int]) -> None:
    """A body in chunks that we read whole is, for two strangers, the same body and end."""
    compare_chunks(sent, cuts)


@pytest.mark.parametrize("sent", CHUNK_SEEDS, ids=repr)
@pytest.mark.parametrize("cuts", [[], [1], [2, 3], range(60)], ids=len)
def test_chunk_seeds(sent: bytes, cuts: Sequence[int]) -> None:
    """What once told two readers apart, somewhere, is refused or read alike."""
    compare_chunks(sent, cuts)


def compare_chunks(sent: bytes, cuts: Sequence[int]) -> None:
    """If we read it whole, the strangers' readings are ours."""
    stream = sent + NEXT
    mine = read_by_us(stream, cuts)
    if not mine.is_whole:
        return

    for read in (read_request_by_h11, read_request_by_llhttp):
        with suppress_dropped():
            theirs = read(CHUNKED + stream)
            assert (mine.body, True, mine.rest) == (theirs.body, theirs.is_whole, theirs.rest)


@contextlib.contextmanager
def suppress_dropped() -> Iterator[None]:
    """Let strangers refuse what never travels on (named exception 5), and nothing else."""
    try:
        yield
    except RefusedByStrangerError as refusal:
        if not DROPPED.search(str(refusal)):
            raise


def read_by_us(stream: bytes, cuts: Sequence[int]) -> Reading:
    """The payload, and what is left, when the stream comes in these pieces; unread if refused."""
    seen, decoder, at = Reading(), ChunkedDecoder(), 0
    for end in sorted({*(cut for cut in cuts if cut < len(stream)), len(stream)} - {0}):
        try:
            seen.body += b"".join(decoder.feed(stream[at:end]))
        except BadMessageError:
            return Reading()
        at = end
        if decoder.is_finished:
            return Reading(body=seen.body, is_whole=True, rest=decoder.rest + stream[at:])
    return seen


@settings(max_examples=200)
@given(CHUNKED_BODIES, st.lists(st.integers(0, 60), max_size=8))
def test_cuts_change_nothing(sent: bytes, cuts: list[int]) -> None:
    """However the network cuts a body in chunks, it is the same body, or refused."""
    assert read_by_us(sent + NEXT, []) == read_by_us(sent + NEXT, cuts)


@settings(max_examples=250)
@given(st.one_of(st.binary(max_size=300), REQUEST_HEADS, RESPONSE_HEADS))
def test_any_bytes(head: bytes) -> None:
    """Whatever the bytes, each of our readers gives a message or a refusal, never an accident."""
    request_of(head)
    request_of(skip_leading_crlf(head))
    for method in (b"GET", b"HEAD", b"POST"):
        answer_of(head, method)
    read_by_us(head, [])


@settings(max_examples=60)
@given(st.lists(REQUEST_HEADS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_nothing_is_remembered_wrongly(heads: list[bytes], order: random.Random) -> None:
    """In whatever order requests come, and however often, each is read the same."""
    first = {head: said_of(head) for head in heads}
    again = heads * 2
    order.shuffle(again)

    for head in again:
        assert first[head] == said_of(head)


def said_of(head: bytes) -> object:
    """All that we read in a request, in plain values."""
    try:
        seen = parse_request(head)
    except BadMessageError as refusal:
        return refusal.status
    block = seen.block
    framing = (block.framing.kind, block.framing.length)
    fields = (tuple(block.fields), block.host, block.upgrade, block.nominated)
    flags = (seen.is_persistent, seen.expects_continue, seen.is_websocket)
    return (seen.method, seen.target, seen.minor, framing, fields, flags)
