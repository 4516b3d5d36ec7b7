"""A client that ends its half of the connection: gone, or waiting for its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from gateway.proxy.deadlines import HALF_CLOSED_S
from gateway.proxy.front import Front
from tests.proxy.memory import COOKIE, GET, HEAD, End, House

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
UPLOAD = HEAD.replace(b"GET", b"PUT") + COOKIE + b"Content-Length: 5\r\n\r\nhe"


def ends_its_half(browser: End) -> None:
    """A FIN comes."""
    cast(Front, browser.protocol).readConnectionLost()


def test_an_answer_that_comes_soon_is_delivered() -> None:
    """Who ends the half behind the request and waits gets the answer, and then our FIN."""
    house = House()
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    ends_its_half(browser)
    app.hear(ANSWER)

    assert browser.said().endswith(b"\r\n\r\nhello")
    assert browser.line.is_half_closed


def test_nothing_is_begun_for_who_may_have_gone() -> None:
    """What waits in the pipe behind the request does not reach the app any more."""
    house = House()
    browser = house.browser()
    browser.hear(GET + GET)
    app = house.app()
    ends_its_half(browser)
    app.hear(ANSWER)
    house.wait(1)

    assert 1 == browser.said().count(b"hello")
    assert 1 == len(house.carried)
    assert browser.line.is_half_closed


def test_the_app_need_not_work_for_nobody() -> None:
    """A browser that has gone is given up after three seconds; the app's connection too."""
    house = House()
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    ends_its_half(browser)
    house.wait(HALF_CLOSED_S + 1)

    assert browser.line.is_aborted
    assert app.line.is_aborted
    assert b"" == browser.said()


def test_a_long_answer_goes_on() -> None:
    """An answer that began in time is delivered however long it takes."""
    house = House()
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    ends_its_half(browser)
    app.hear(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    house.wait(4 * HALF_CLOSED_S)
    app.hear(b"again")

    assert browser.said().endswith(b"helloagain")


@pytest.mark.parametrize(
    "begun", [b"", HEAD, UPLOAD], ids=["nothing", "half a head", "half a body"]
)
def test_what_will_never_be_whole_is_not_waited_for(begun: bytes) -> None:
    """Behind a half request nothing can follow: the connection ends, and the app sees the cut."""
    house = House()
    browser = house.browser()
    browser.hear(begun)
    apps = [house.app()] if begun is UPLOAD else []
    ends_its_half(browser)

    assert browser.line.is_half_closed or browser.line.is_over
    assert b"" == browser.said()
    assert [True] * len(apps) == [each.line.is_aborted for each in apps]


def test_tls_has_no_halves() -> None:
    """With TLS a goodbye is a goodbye (RFC 5246 7.2.1): the app is spared at once."""
    house = House()
    house.plane = replace(house.plane, is_tls=True)
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    ends_its_half(browser)

    assert app.line.is_aborted
    assert browser.line.is_over
