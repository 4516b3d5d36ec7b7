"""The http listener beside https."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.rules.access import lead_to_https
from tests.proxy.memory import House


def answer_to(request: bytes) -> bytes:
    """What the http listener says to these bytes."""
    house = House()
    house.plane = replace(house.plane, receive=replace(house.reception, decide=lead_to_https))
    browser = house.browser()
    browser.hear(request)
    assert not house.carried
    return browser.said()


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/a/%2e%2e/b;c?d=%93%FA&e",
        b"//evil.example/x",
        b"/\\evil.example",
        b"/%0d%0aX:1",
        b"/.gateway/login",
    ],
)
def test_the_same_address_by_https(target: bytes) -> None:
    """Path and query are kept to the byte, and the host is ours whatever Host says."""
    answer = answer_to(b"GET %b HTTP/1.1\r\nHost: evil.example\r\n\r\n" % target)

    assert answer.startswith(b"HTTP/1.1 308 ")
    assert b"\r\nLocation: https://gw.example.test%b\r\n" % target in answer


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"POST / HTTP/1.1", b"403"),
        (b"PUT / HTTP/1.1", b"403"),
        (b"OPTIONS * HTTP/1.1", b"400"),
        (b"GET http://evil/ HTTP/1.1", b"400"),
        (b"TRACE / HTTP/1.1", b"405"),
    ],
)
def test_nothing_else_is_redirected(line: bytes, status: bytes) -> None:
    """A body that went in clear, or an address that is not a path, is refused."""
    answer = answer_to(b"%b\r\nHost: gw.example.test\r\nContent-Length: 0\r\n\r\n" % line)

    assert b"Location" not in answer
    assert status == answer.split(b" ", 2)[1]


def test_head_is_told_without_a_body() -> None:
    """HEAD gets the address alone."""
    answer = answer_to(b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.endswith(b"\r\n\r\n")
    assert b"Location: https://gw.example.test/x\r\n" in answer
