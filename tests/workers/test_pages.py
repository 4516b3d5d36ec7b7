"""Our own pages for a browser that is connected to a worker."""

from __future__ import annotations

import pytest

from gateway.workers.pages import BODY_LIMIT_BYTES, FarPage
from tests.workers.line import Far, Line, hang_up, head

GET = b"GET /.gateway/account HTTP/1.1\nHost: gw.example.test"
POST = b"POST /.gateway/logout HTTP/1.1\nHost: gw.example.test\nContent-Length: %d"


@pytest.fixture
def far() -> Far:
    """A browser."""
    return Far()


def page(line: Line, far: Far, text: bytes, *, in_place: bool = False, need: str = "") -> FarPage:
    """A request that the worker found to be for a page of ours."""
    return FarPage(far, head(text), line.deputy, in_place=in_place, need=need)


def test_a_page_comes_back(line: Line, far: Far) -> None:
    """The page is the main process's own, made for the browser's own address."""
    asked = page(line, far, GET)

    asked.begin([], is_last=True)
    line.wire.flush()

    assert far.heard().startswith(b"HTTP/1.1 200 OK\r\n")
    assert far.heard().endswith(b"GET /.gateway/account for 192.0.2.7: 0 bytes")
    assert ["go on"] == far.ends
    assert asked.has_answered


def test_the_sign_in_page_stands_in_its_place(line: Line, far: Far) -> None:
    """In the place of a page of the app nothing of its own request is carried but who asks."""
    asked = page(line, far, b"POST /mail HTTP/1.1\nHost: x\nContent-Length: 9", in_place=True)

    asked.begin([b"secret"], is_last=False)
    asked.body([b"now"], is_last=True)
    line.wire.flush()

    assert far.heard().endswith(b"GET /sign-in-required for 192.0.2.7: 0 bytes")


def test_a_step_up_says_what_is_needed(line: Line, far: Far) -> None:
    """Who is to be verified anew is told which kind of passkey will do, through a worker, too."""
    asked = page(line, far, b"GET /kyuyo/ HTTP/1.1\nHost: x", in_place=True, need="device-bound")

    asked.begin([], is_last=True)
    line.wire.flush()

    wanted = b"GET /step-up-required/device-bound for 192.0.2.7: 0 bytes"
    assert far.heard().endswith(wanted)


def test_no_client_can_name_the_place(line: Line, far: Far) -> None:
    """What the client sends is a request, whatever it says: address and place are ours to say."""
    text = b"GET /.gateway/x HTTP/1.1\nHost: x\nin_place: True\naddress: 10.0.0.1\nvisit: 1"
    text += b"\nneed: any"

    page(line, far, text).begin([], is_last=True)
    line.wire.flush()

    assert far.heard().endswith(b"GET /.gateway/x for 192.0.2.7: 0 bytes")


def test_a_body_arrives(line: Line, far: Far) -> None:
    """A form reaches its page in however many pieces it comes."""
    far.is_body_read = False
    asked = page(line, far, POST % 6)

    asked.begin([b"a=", b"b"], is_last=False)
    asked.body([b"c"], is_last=False)
    assert b"" == far.heard()
    asked.body([b"de"], is_last=True)
    line.wire.flush()

    assert far.heard().endswith(b"POST /.gateway/logout for 192.0.2.7: 6 bytes")


def test_a_body_that_waits_is_asked_for(line: Line, far: Far) -> None:
    """A client that waits for leave to send its body gets it; that is no answer yet."""
    asked = page(line, far, POST % 2 + b"\nExpect: 100-continue")

    asked.begin([], is_last=False)
    line.wire.flush()
    assert b"HTTP/1.1 100 Continue\r\n\r\n" == far.heard()
    assert not asked.has_answered
    asked.body([b"{}"], is_last=True)
    line.wire.flush()

    assert far.heard().endswith(b": 2 bytes")


def test_a_body_above_the_limit_is_refused(line: Line, far: Far) -> None:
    """A flood meant for our pages ends in the worker; the main process takes 64 KiB of it."""
    far.is_body_read = False
    asked = page(line, far, POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked"))
    asked.begin([b"x"], is_last=False)
    line.wire.flush()
    for _ in range(10):
        asked.body([b"x" * 32_768], is_last=False)
    waiting = sum(map(len, line.wire.clientIO.stream))
    line.wire.flush()

    assert BODY_LIMIT_BYTES < waiting < 2 * BODY_LIMIT_BYTES
    assert b"HTTP/1.1 413 own\r\n\r\n" == far.heard()


def test_a_declared_length_above_the_limit_is_refused(line: Line, far: Far) -> None:
    """The refusal is the gateway's own answer, in the worker's own hand."""
    asked = page(line, far, POST % (BODY_LIMIT_BYTES + 1))

    asked.begin([], is_last=False)
    line.wire.flush()

    assert b"HTTP/1.1 413 own\r\n\r\n" == far.heard()
    assert ["close"] == far.ends


def test_a_large_page_comes_whole(line: Line, far: Far) -> None:
    """A page larger than one message arrives to the last byte."""
    page(line, far, GET.replace(b"account", b"large")).begin([], is_last=True)
    line.wire.flush()

    assert far.heard().endswith(b"x" * 200_000)


def test_a_browser_that_leaves_stops_the_page(line: Line, far: Far) -> None:
    """A page that nobody waits for is told so, and what it still says goes nowhere."""
    asked = page(line, far, GET.replace(b"account", b"never"))
    asked.begin([], is_last=True)
    line.wire.flush()

    asked.abandon()
    asked.abandon()
    line.wire.flush()

    assert [b"/.gateway/never"] == line.page.gone
    assert b"" == far.heard()


def test_a_page_that_is_stuck(line: Line, far: Far) -> None:
    """When the main process does not answer in time, people are told to come again."""
    asked = page(line, far, GET.replace(b"account", b"never"))
    asked.begin([], is_last=True)

    asked.overdue()

    assert b"HTTP/1.1 503 own\r\n\r\n" == far.heard()
    assert ["close"] == far.ends


def test_a_browser_that_is_too_slow(line: Line, far: Far) -> None:
    """A browser that does not finish its form is told that it was too slow."""
    far.is_body_read = False
    asked = page(line, far, POST % 10)
    asked.begin([b"a"], is_last=False)

    asked.overdue()

    assert b"HTTP/1.1 408 own\r\n\r\n" == far.heard()


def test_a_line_that_breaks_stops_the_pages(line: Line, far: Far) -> None:
    """When a worker dies, the pages that it had asked for are stopped."""
    page(line, far, GET.replace(b"account", b"never")).begin([], is_last=True)
    line.wire.flush()

    hang_up(line.deputy)
    line.wire.flush()

    assert [b"/.gateway/never"] == line.page.gone
