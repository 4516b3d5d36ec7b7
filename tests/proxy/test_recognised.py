"""The short way for requests like one before: the same outcome as the long way, to the byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.access import Decision, Ruling
from gateway.rules.http1 import RequestHead
from tests.proxy.memory import COOKIE, HEAD, House

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
LINES = (
    HEAD.partition(b"\r\n")[2] + COOKIE + b"Accept: */*\r\nReferer: https://gw.example.test/\r\n"
)


class Conversation:
    """A browser whose requests are answered, and what the app saw of them."""

    def __init__(self) -> None:
        self.house = House()
        self.browser = self.house.browser()
        self.browser.hear(b"GET /first HTTP/1.1\r\n" + LINES + b"\r\n")
        self.app = self.house.app()
        self.first = self.app.said()
        self.app.hear(ANSWER)
        self.browser.said()

    def ask(self, data: bytes) -> tuple[bytes, bytes]:
        """What the app sees, and what the browser hears once the app has answered."""
        self.browser.hear(data)
        seen = self.app.said()
        if seen:
            self.app.hear(ANSWER)
        return seen, self.browser.said()


def unrecognised(conversation: Conversation) -> Conversation:
    """The same where nothing goes the short way."""
    protocol = conversation.browser.protocol
    protocol.plane = replace(  # type: ignore[attr-defined]  # a Front's
        conversation.house.plane, recognise=lambda front, data: None
    )
    return conversation


REQUESTS = [
    b"GET /second HTTP/1.1\r\n" + LINES + b"\r\n",
    b"HEAD /second HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET /a?b=\x82\xa0 HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET /.gateway/login HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET //.gateway/login HTTP/1.1\r\n" + LINES + b"\r\n",
    b"POST /second HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET /second HTTP/1.0\r\n" + LINES + b"\r\n",
    b"GET /second  HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET http://gw.example.test/ HTTP/1.1\r\n" + LINES + b"\r\n",
    b"TRACE / HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET /a HTTP/1.1\r\n" + LINES + b"\r\nGET /b HTTP/1.1\r\n" + LINES + b"\r\n",
    b"\r\nGET /second HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GET /second HTTP/1.1\r\n" + LINES + b"Connection: close\r\n\r\n",
    b"GET /second HTTP/1.1\r\n" + LINES + b"Content-Length: 0\r\n\r\n",
    b"GET /second HTTP/1.1\r\n" + LINES + b"Expect: 100-continue\r\n\r\n",
    b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n" + LINES + b"\r\n",
    b"GARBAGE\r\n" + LINES + b"\r\n",
    LINES + b"\r\n",
    b"\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", REQUESTS, ids=range(len(REQUESTS)))
def test_both_ways_come_to_the_same(request_bytes: bytes) -> None:
    """Whatever follows a request that is known, it is treated as if nothing were known."""
    short, long = Conversation(), unrecognised(Conversation())

    assert [long.ask(request_bytes), long.ask(REQUESTS[0])] == [
        short.ask(request_bytes),
        short.ask(REQUESTS[0]),
    ]


@given(
    st.binary(max_size=30).map(lambda tail: b"GET /" + tail)
    | st.text("/.%agtewyGET? HP1\r\n", max_size=40).map(str.encode)
)
def test_any_request_line_comes_to_the_same(line: bytes) -> None:
    """No first line whatever gets farther on the short way."""
    short, long = Conversation(), unrecognised(Conversation())
    data = line + b" HTTP/1.1\r\n" + LINES + b"\r\n"

    assert long.ask(data) == short.ask(data)


def test_the_short_way_is_taken() -> None:
    """A second request with the same lines is not read line by line again."""
    conversation = Conversation()
    conversation.browser.protocol.plane = replace(  # type: ignore[attr-defined]  # a Front's
        conversation.house.plane, parse_block=lambda block: pytest.fail("it is known")
    )

    assert conversation.first.replace(b"first", b"second") == conversation.ask(REQUESTS[0])[0]


def test_an_ended_session_is_nobodys() -> None:
    """What is known of a request does not outlive the session by which it passed."""
    conversation = Conversation()
    conversation.house.sign_out()
    seen, heard = conversation.ask(REQUESTS[0])

    assert b"" == seen
    assert not heard.startswith(b"HTTP/1.1 200 ")


def test_the_rule_is_asked_each_time() -> None:
    """A rule that changes its mind is heard."""
    conversation = Conversation()

    def closed(head: RequestHead, *, session: object, peer: str) -> Ruling:
        return Ruling(decision=Decision.FORBIDDEN, reason="closed")

    house = conversation.house
    house.reception = replace(house.reception, decide=closed)
    conversation.browser.protocol.plane = replace(  # type: ignore[attr-defined]  # a Front's
        house.plane, receive=house.reception, recognise=house.reception.recognise
    )
    seen, heard = conversation.ask(REQUESTS[0])

    assert (b"", b"403") == (seen, heard[9:12])
