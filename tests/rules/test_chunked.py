"""How bodies in chunks are taken apart."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.chunked import (
    LAST_CHUNK,
    SIZE_LINE_LIMIT_BYTES,
    TRAILER_LIMIT_BYTES,
    ChunkedDecoder,
    encode_chunk,
)
from gateway.rules.http1 import BadMessageError

BODY = b'5\r\nhello\r\n1;ext="x y"\r\n \r\n00A\r\n0123456789\r\n0\r\nX-Trailer: y\r\nZ:\r\n\r\n'
PAYLOAD = b"hello 0123456789"


def decoded(*pieces: bytes) -> tuple[bytes, bool, bytes]:
    """Payload, whether the end was read, and the rest, when the body comes in these pieces."""
    decoder = ChunkedDecoder()
    payload = b"".join(b"".join(decoder.feed(piece)) for piece in pieces)
    return payload, decoder.is_finished, decoder.rest


def test_payload() -> None:
    """Sizes, extensions and trailers are dropped; the payload remains."""
    assert (PAYLOAD, True, b"") == decoded(BODY)


@pytest.mark.parametrize("cut", range(1, len(BODY)))
def test_cut_anywhere(cut: int) -> None:
    """However the network cuts a body in two, its payload is the same."""
    assert (PAYLOAD, True, b"") == decoded(BODY[:cut], BODY[cut:])


def test_byte_by_byte() -> None:
    """A body that arrives byte by byte has the same payload."""
    assert (PAYLOAD, True, b"") == decoded(*[bytes([each]) for each in BODY])


def test_rest() -> None:
    """What comes behind the end is left for the next message."""
    assert (PAYLOAD, True, b"GET / HTTP/1.1\r\n") == decoded(BODY + b"GET / HTTP/1.1\r\n")
    assert (b"", True, b"\r\n") == decoded(LAST_CHUNK[:3], LAST_CHUNK[3:] + b"\r\n")


def test_pieces_at_once() -> None:
    """Payload is handed out as it comes, not gathered until a chunk is whole."""
    decoder = ChunkedDecoder()

    assert decoder.feed(b"fffffffffffffff\r\nfirst") == [b"first"]
    assert decoder.feed(b"second") == [b"second"]
    assert not decoder.is_finished


def test_nothing_after_the_end() -> None:
    """A decoder that has seen the end takes no more bytes: they would be another message's."""
    decoder = ChunkedDecoder()
    decoder.feed(LAST_CHUNK)

    with pytest.raises(AssertionError):
        decoder.feed(b"0")


@pytest.mark.parametrize(
    "body",
    [
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5 ;x\r\nhello\r\n",
        b"\t5\r\nhello\r\n",
        b"0_5\r\nhello\r\n",
        b"5g\r\nhello\r\n",
        b"\r\nhello\r\n",
        b";x\r\nhello\r\n",
        b"5,5\r\nhello\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nhello",
        b"0000000000000005\r\nhello\r\n",
        b"1000000000000000\r\nhello",
        b"\xef\xbc\x95\r\nhello\r\n",
        b"5;a\x00b\r\nhello\r\n",
        b"5;a\x7fb\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\n",
        b"5\rhello",
        b"5\r\r\nhello\r\n",
        b"5\r\nhelloX",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0",
        b"5\r\nhello\r0",
        b"5\r\nhello\n",
        b"5\r\nhello0",
        b"5\r\nhelloworld\r\n0\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nX : y\r\n\r\n",
        b"0\r\n: y\r\n\r\n",
        b"0\r\nX: y\r\n z\r\n\r\n",
        b"0\r\nX: a\x00b\r\n\r\n",
        b"0\r\nX: y\nZ: w\r\n\r\n",
        b"0\r\n\n",
        b"0\r\n\rX",
        b"0\r\nGET / HTTP/1.1\r\n",
        b"0;" + b"x" * SIZE_LINE_LIMIT_BYTES,
        b"0" * (SIZE_LINE_LIMIT_BYTES + 1),
        b"0\r\nX: " + b"y" * TRAILER_LIMIT_BYTES,
        b"0\r\n" + b"X: y\r\n" * 2000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_refused(body: bytes) -> None:
    """A chunk written in any doubtful way is refused, however the network cuts it."""
    for pieces in ([body], [bytes([each]) for each in body]):
        with pytest.raises(BadMessageError) as caught:
            decoded(*pieces)

        assert caught.value.status == 400


def test_limits() -> None:
    """Lines as long as their limits are read."""
    extension = b"1;" + b"x" * (SIZE_LINE_LIMIT_BYTES - 2) + b"\r\nz\r\n0\r\n\r\n"
    trailer = b"0\r\nX:" + b"y" * (TRAILER_LIMIT_BYTES - 6) + b"\r\n\r\n"

    assert (b"z", True, b"") == decoded(extension)
    assert (b"", True, b"") == decoded(trailer)


def test_memory_stays_bounded() -> None:
    """An endless line between chunks is cut short, not kept."""
    decoder = ChunkedDecoder()
    decoder.feed(b"0" * SIZE_LINE_LIMIT_BYTES)

    with pytest.raises(BadMessageError):
        decoder.feed(b"0" * 2)


@given(st.lists(st.binary(max_size=300)), st.integers(1, 40))
def test_written_and_read(pieces: list[bytes], step: int) -> None:
    """Whatever we write in chunks reads back the same, in pieces of any size."""
    body = b"".join(encode_chunk(piece) for piece in pieces) + LAST_CHUNK

    parts = [body[at : at + step] for at in range(0, len(body), step)]

    assert (b"".join(pieces), True, b"") == decoded(*parts)


def test_empty_piece() -> None:
    """An empty piece is not written: it would end the body."""
    assert encode_chunk(b"") == b""
    assert encode_chunk(b"x" * 31) == b"1f\r\n" + b"x" * 31 + b"\r\n"


@given(st.binary(max_size=60))
def test_nonsense(body: bytes) -> None:
    """Any bytes at all give payload or a refusal, never another error."""
    try:
        payload, is_finished, rest = decoded(body)
    except BadMessageError:
        return

    assert len(payload) + len(rest) <= len(body)
    assert is_finished or not rest


TOKENS = st.sampled_from(
    [b"0", b"5", b"a", b"\r\n", b"\r", b"\n", b";x", b" ", b"hello", b"X: y", b"GET /", b"\x00"],
)


@given(st.lists(TOKENS, max_size=14).map(b"".join))
def test_same_as_h11(body: bytes) -> None:
    """A body that we read whole, an independent reader reads whole, to the same payload."""
    try:
        payload, is_finished, rest = decoded(body)
    except BadMessageError:
        return

    if is_finished:
        assert (payload, rest) == read_by_h11(body)


def read_by_h11(body: bytes) -> tuple[bytes, bytes]:
    """Payload and rest as h11 reads them."""
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(
        b"POST / HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    )
    payload = b""
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        assert isinstance(event, (h11.Request, h11.Data))
        payload += bytes(event.data) if isinstance(event, h11.Data) else b""
    return payload, reader.trailing_data[0]
