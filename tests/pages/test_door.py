"""What never reaches Klein: odd requests, over a connection, byte by byte."""

from __future__ import annotations

import pytest
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs

from tests.instruments.house import House


def answer_to(request: bytes) -> bytes:
    """What our server writes to that request."""
    connection = House().server().buildProtocol(None)
    assert connection is not None
    transport = StringTransport()
    connection.makeConnection(transport)
    connection.dataReceived(request)
    written: bytes = transport.value()
    return written


@pytest.mark.parametrize(
    "host",
    [
        b"gw.example.test",
        b"evil.test",
        b"",
        b"a" * 300,
        b"xn--",
        b".",
        b"\xe6\x97\xa5.test",
        b"a..b",
        b"[::1",
        b"gw.example.test:x",
    ],
    ids=repr,
)
def test_host_decides_nothing(host: bytes) -> None:
    """Whatever Host says, our page is the same, and nothing fails over it."""
    with capturedLogs() as logged:
        answer = answer_to(b"GET /.gateway/health HTTP/1.1\r\nHost: %b\r\n\r\n" % host)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [] == [each for each in logged if "log_failure" in each]


@pytest.mark.parametrize(
    "target",
    [b"/.gateway/\x93\xfa", b"/.gateway/%93%FA", b"/.gateway/%00", b"/%2egateway/login", b"*"],
    ids=repr,
)
def test_odd_targets_are_not_there(target: bytes) -> None:
    """A target that is none of ours, in whatever spelling, is a plain 4xx without a traceback."""
    with capturedLogs() as logged:
        answer = answer_to(b"GET %b HTTP/1.1\r\nHost: gw.example.test\r\n\r\n" % target)

    assert answer.split(b" ")[1] in {b"400", b"404", b"405"}
    assert [] == [each for each in logged if "log_failure" in each]


def test_our_server_does_not_say_what_it_is() -> None:
    """No answer of ours names the software or its version."""
    answer = answer_to(b"GET /.gateway/login HTTP/1.1\r\nHost: gw.example.test\r\n\r\n")

    assert b"\r\nserver:" not in answer.lower()
    assert b"twisted" not in answer.lower()


def test_head_is_get_without_the_body() -> None:
    """HEAD tells the same header fields, length included, and sends no page."""
    get, head = (
        answer_to(b"%b /.gateway/login HTTP/1.1\r\nHost: gw.example.test\r\n\r\n" % method)
        for method in (b"GET", b"HEAD")
    )

    fields = {
        each.split(b"\r\n\r\n")[0].split(b"Content-Length: ")[1].split(b"\r\n")[0]
        for each in (get, head)
    }
    assert 1 == len(fields)
    assert head.endswith(b"\r\n\r\n")
