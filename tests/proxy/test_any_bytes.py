"""
Whatever a browser sends, and however it is cut into packets, the app reads the same requests.

The app's reader here is h11: somebody else's, and strict. If the gateway and h11 ever
disagreed about where a request ends, that would be request smuggling (RFC 9112 11.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proxy.memory import COOKIE, HEAD, End, House

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

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
    """Target and body of each whole request."""
    begun: int = 0
    ends: list[tuple[End, h11.Connection]] = field(default_factory=list)

    def work(self) -> None:
        """Take the connections that are asked for, read, answer; until nothing moves."""
        while True:
            for factory in self.house.reactor.tcpClients[len(self.ends) :]:
                assert factory is not None
                self.ends.append((self.house.app(), h11.Connection(h11.SERVER)))
            if not any([self._read(end, reader) for end, reader in self.ends]):
                if not self.house.reactor.getDelayedCalls()[1:]:
                    return
                self.house.reactor.advance(0)
                if not any(end.line.value() for end, _ in self.ends):
                    return

    def _read(self, end: End, reader: h11.Connection) -> bool:
        said = end.said()
        if said:
            reader.receive_data(said)
        target, body = b"", b""
        while said:
            event = reader.next_event()
            if isinstance(event, h11.Request):
                self.begun += 1
                self.seen.append((event.target, b""))
            elif isinstance(event, h11.Data):
                target, body = self.seen[-1]
                self.seen[-1] = (target, body + bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                reader.send(h11.Response(status_code=200, headers=[("Content-Length", "2")]))
                reader.send(h11.Data(data=b"ok"))
                reader.send(h11.EndOfMessage())
                if reader.our_state is h11.MUST_CLOSE:
                    return True
                reader.start_next_cycle()
                end.hear(OK)
            else:
                return bool(said)
        return False


def pieces_of(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The stream, cut at these places."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[a:b] for a, b in zip(places, places[1:], strict=False)]


def converse(pieces: Sequence[bytes]) -> tuple[bytes, App]:
    """Everything that the browser hears, and what the app saw."""
    house = House()
    app, browser = App(house), house.browser()
    heard = bytearray()
    for piece in pieces:
        browser.hear(piece)
        app.work()
        heard += browser.said()
    return bytes(heard), app
