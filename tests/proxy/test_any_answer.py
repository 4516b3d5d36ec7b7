"""However the app's answer is cut into packets or damaged, the browser never gets it wrong."""

from __future__ import annotations

from collections.abc import Sequence

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proxy.memory import GET, House
from tests.proxy.test_any_bytes import FRAGMENTS, pieces_of

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = b"hello world"
ANSWERS = [
    OK + b"Content-Length: 11\r\n\r\n" + HELLO,
    OK + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: 1\r\n\r\n",
    OK + b"\r\n" + HELLO,
    b"HTTP/1.0 200 OK\r\n\r\n" + HELLO,
    b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK + b"Content-Length: 11\r\n\r\n" + HELLO,
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Connection: close\r\n\r\n" + HELLO,
]
CUTS = st.lists(st.integers(0, 400), max_size=12)


def deliver(pieces: Sequence[bytes]) -> tuple[bytes, bool]:
    """What the browser hears of an answer after which the app closes; whether it was cut."""
    house = House()
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    for piece in pieces:
        app.hear(piece)
    app.line.hang_up()
    return browser.said(), browser.line.is_aborted


def read(heard: bytes) -> tuple[int, bytes]:
    """Status and body by h11's reading. Raises h11.RemoteProtocolError if it is not whole."""
    reader = h11.Connection(h11.CLIENT)
    for sent in (
        h11.Request(method="GET", target="/", headers=[("Host", "x")]),
        h11.EndOfMessage(),
    ):
        reader.send(sent)
    reader.receive_data(heard)
    reader.receive_data(b"")
    status, body = 0, b""
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
    return status, body


@given(st.sampled_from(ANSWERS), CUTS)
def test_any_cut(answer: bytes, cuts: list[int]) -> None:
    """However an answer is cut into packets, the browser reads the same one."""
    heard, is_cut = deliver(pieces_of(answer, cuts))

    assert (200, HELLO) == read(heard)
    assert not is_cut


@given(st.sampled_from(ANSWERS[:2]), st.integers(0, 400))
def test_any_shortening(answer: bytes, length: int) -> None:
    """An answer of which the end is missing is a 502, or cut in the midst: never whole."""
    heard, is_cut = deliver([answer[: length % len(answer)]])

    if is_cut:
        with pytest.raises(h11.RemoteProtocolError):
            read(heard)
    else:
        assert 502 == read(heard)[0]


@given(
    st.sampled_from(ANSWERS),
    st.integers(0, 400),
    st.integers(0, 4),
    st.sampled_from(FRAGMENTS),
    CUTS,
)
def test_any_damage(answer: bytes, place: int, removed: int, put: bytes, cuts: list[int]) -> None:
    """A damaged answer is passed on in good framing, or is a 502, or is cut."""
    at = place % (len(answer) + 1)
    damaged = answer[:at] + put + answer[at + removed :]

    heard, is_cut = deliver(pieces_of(damaged, cuts))

    if not is_cut:
        assert 200 <= read(heard)[0] <= 599
