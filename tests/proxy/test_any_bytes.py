"""
Whatever a browser sends, and however it is cut into packets, the app reads the same requests.

The app's reader here is h11: somebody else's, and strict. If the gateway and h11 ever
disagreed about where a request ends, that would be request smuggling (RFC 9112 11.2).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proxy.memory import COOKIE, HEAD, End, House

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO_BODY = b"HTTP/1.1 200 OK\r\n\r\n"

POST = HEAD.replace(b"GET /", b"POST /up") + COOKIE
REQUESTS = [
    HEAD + COOKIE + b"\r\n",
    POST + b"Content-Length: 11\r\n\r\nhello world",
    POST + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: 1\r\n\r\n",
    POST + b"Content-Length: 0\r\n\r\n",
    HEAD + b"\r\n",
    HEAD.replace(b"/ ", b"/.gateway/nothing ") + b"\r\n",
    HEAD.replace(b"GET", b"HEAD") + COOKIE + b"Connection: keep-alive\r\n\r\n",
]

FRAGMENTS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"0\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"GET /smuggled HTTP/1.1\r\nHost: gw.example.test\r\n" + COOKIE + b"\r\n",
    b"\xff",
    b"HTTP/1.0",
    b"HTTP/1.1",
]


@dataclass(slots=True)
class App:
    """An app that reads with h11 and says ok to each whole request."""

    house: House
    seen: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Target and body, as far as it came, of each request."""
    whole: int = 0
    ends: list[tuple[End, h11.Connection]] = field(default_factory=list)

    def work(self) -> None:
        """Take the connections that are asked for, read and answer, until nothing moves."""
        is_moving = True
        while is_moving:
            self.house.reactor.advance(0)
            while len(self.ends) < len(self.house.reactor.tcpClients):
                self.ends.append((self.house.app(), h11.Connection(h11.SERVER)))
            is_moving = 0 < sum(self._read(end, reader) for end, reader in self.ends)

    def _read(self, end: End, reader: h11.Connection) -> bool:
        said = end.said()
        if not said:
            return False
        reader.receive_data(said)
        while self._take(end, reader, reader.next_event()):
            pass
        return True

    def _take(self, end: End, reader: h11.Connection, event: object) -> bool:
        if isinstance(event, h11.Request):
            self.seen.append((event.target, b""))
        elif isinstance(event, h11.Data):
            target, body = self.seen[-1]
            self.seen[-1] = (target, body + bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            self.whole += 1
            for answer in (
                h11.Response(status_code=200, headers=[("Content-Length", "0")]),
                h11.EndOfMessage(),
            ):
                reader.send(answer)
            reader.start_next_cycle()
            end.hear(NO_BODY if self.house.carried[-1].method == b"HEAD" else OK)
        else:
            return False
        return True


def pieces_of(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The stream, cut at these places."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in itertools.pairwise(places)]


def converse(pieces: Sequence[bytes]) -> tuple[bytes, App]:
    """Everything that the browser hears, but for the date, and what the app saw."""
    house = House()
    app, browser = App(house), house.browser()
    heard = bytearray()
    for piece in pieces:
        browser.hear(piece)
        app.work()
        heard += browser.said()
    return re.sub(rb"\r\nDate: [^\r]*", b"", bytes(heard)), app


CUTS = st.lists(st.integers(0, 4000), max_size=12)
STREAMS = st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6)


@given(STREAMS, CUTS)
def test_any_cut(requests: list[bytes], cuts: list[int]) -> None:
    """However a stream of requests is cut into packets, it is the same conversation."""
    stream = b"".join(requests)

    heard_at_once, app_at_once = converse([stream])
    heard, app = converse(pieces_of(stream, cuts))

    assert heard_at_once == heard
    assert app_at_once.seen == app.seen
    assert len(requests) == heard.count(b"HTTP/1.1 ")


@given(
    STREAMS,
    st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 4), st.sampled_from(FRAGMENTS)),
        min_size=1,
        max_size=4,
    ),
    CUTS,
)
@settings(max_examples=300)
def test_any_damage(
    requests: list[bytes], damage: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    """However a stream is damaged, the app reads the requests that the gateway let through."""
    stream = b"".join(requests)
    for place, removed, put in damage:
        at = place % (len(stream) + 1)
        stream = stream[:at] + put + stream[at + removed :]

    heard, app = converse(pieces_of(stream, cuts))

    assert [head.target for head in app.house.carried] == [target for target, _ in app.seen]
    assert app.whole <= len(app.house.carried) <= app.whole + 1
    assert b"HTTP/1.1 5" not in heard.replace(b"HTTP/1.1 501", b"").replace(b"HTTP/1.1 505", b"")


@given(st.binary(max_size=400), CUTS)
def test_noise(noise: bytes, cuts: list[int]) -> None:
    """Noise is answered 4xx, or waited out; it raises nothing and reaches nobody."""
    heard, app = converse(pieces_of(noise, cuts))

    assert heard == b"" or heard[9:10] == b"4"
    assert app.house.carried == []
