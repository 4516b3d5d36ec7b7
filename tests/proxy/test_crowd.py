"""What happens when more come than there is room for."""

from __future__ import annotations

import pytest

from gateway.proxy.crowd import Crowd
from gateway.rules.admission import Limits
from tests.proxy.memory import COOKIE, GET, HEAD, House

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STRANGE = HEAD + b"\r\n"


def house_for(
    *, connections: int = 100, per_address: int = 100, strangers: int = 100, rate: float = 100
) -> House:
    """A gateway with limits."""
    return House(
        Limits(
            connections=connections,
            per_address=per_address,
            strangers_per_address=strangers,
            strangers_rate=rate,
        )
    )


def test_no_room() -> None:
    """A connection beyond the limit is closed at once, and there is room when another goes."""
    house = house_for(connections=2, per_address=2)
    first, second, third = house.browser(), house.browser(), house.browser()

    assert [False, False, True] == [each.line.is_aborted for each in (first, second, third)]
    first.line.hang_up()

    assert not house.browser().line.is_aborted


def test_strangers_leave_room_for_who_is_signed_in() -> None:
    """Connections on which somebody signed in are not counted among the strangers."""
    house = house_for(strangers=1)
    person = house.browser()
    person.hear(GET)
    house.app().hear(OK)
    stranger = house.browser()

    assert not stranger.line.is_aborted
    assert house.browser().line.is_aborted


def test_too_many_requests() -> None:
    """Who is not signed in and asks too often is told 429 and when to come again."""
    house = house_for(rate=0.05)
    browser = house.browser()
    browser.hear(STRANGE)
    first = browser.said()
    browser.hear(STRANGE)
    second = browser.said()

    assert first.startswith(b"HTTP/1.1 401 ")
    assert second.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: 5\r\n" in second


def test_signed_in_never_waits() -> None:
    """Who is signed in may ask as often as the work wants."""
    house = house_for(rate=0.05)
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    app.hear(OK)
    for _ in range(4):
        browser.hear(GET)
        app.hear(OK)

    assert 5 == browser.said().count(b"HTTP/1.1 200 OK")


def test_crowded() -> None:
    """When nearly all connections are in use, strangers are told 503 and the others go on."""
    house = house_for(connections=2)
    person, stranger = house.browser(), house.browser()
    person.hear(GET)
    house.app().hear(OK)
    stranger.hear(STRANGE)

    assert person.said().startswith(b"HTTP/1.1 200 OK")
    told = stranger.said()
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 5\r\n" in told


def test_idle_ones_make_room() -> None:
    """When nearly all are in use, connections that wait for nothing are closed early."""
    house = house_for(connections=10)
    lines = [house.browser().line for _ in range(9)]

    house.wait(4)

    assert all(each.is_half_closed for each in lines)


def test_nobody_is_counted_twice() -> None:
    """After all have gone nothing is left of the count."""
    limits = Limits(connections=9, per_address=9, strangers_per_address=9, strangers_rate=1.0)
    crowd = Crowd(limits, now=lambda: 0.0)
    for _ in range(9):
        assert crowd.enter("192.0.2.7")
    crowd.known("192.0.2.7")
    assert not crowd.enter("192.0.2.8")
    crowd.leave("192.0.2.7", was_known=True)
    for _ in range(8):
        crowd.leave("192.0.2.7", was_known=False)

    assert not crowd.is_crowded
    assert all(crowd.enter("192.0.2.8") for _ in range(9))


def test_without_an_address() -> None:
    """Who comes over a UNIX socket has no address, and is not taken for one and the same."""
    limits = Limits(connections=9, per_address=1, strangers_per_address=1, strangers_rate=0.05)
    crowd = Crowd(limits, now=lambda: 0.0)

    assert [True] * 9 == [crowd.enter("") for _ in range(9)]
    assert not crowd.enter("")
    assert [0.0, 0.0] == [crowd.wait_s("") for _ in range(2)]


def test_buckets_are_forgotten() -> None:
    """An address that was quiet for long begins with a full bucket again."""
    limits = Limits(connections=9, per_address=9, strangers_per_address=9, strangers_rate=0.05)
    times = iter([0.0, 0.0, 0.0, 30.0, 60.0])
    crowd = Crowd(limits, now=lambda: next(times))

    waits = [crowd.wait_s("192.0.2.7") for _ in range(2)]
    later = [crowd.wait_s(address) for address in ("192.0.2.8", "192.0.2.7")]

    assert (0.0, True) == (waits[0], waits[1] > 0)
    assert [0.0, 0.0] == later


@pytest.mark.parametrize("dropped", [1, 50])
def test_drip_of_a_body(dropped: int) -> None:
    """A body that comes drop by drop is cut off after a minute, whoever is signed in."""
    house = house_for()
    browser = house.browser()
    browser.hear(HEAD.replace(b"GET", b"POST") + COOKIE + b"Content-Length: 100000\r\n\r\n")
    house.app()
    for _ in range(65):
        browser.hear(b"x" * dropped)
        house.wait(1)

    assert browser.said().startswith(b"HTTP/1.1 408 ")


def test_slow_but_steady_body() -> None:
    """A body at two kilobytes a second may take as long as it needs."""
    house = house_for()
    browser = house.browser()
    browser.hear(HEAD.replace(b"GET", b"POST") + COOKIE + b"Content-Length: 1000000\r\n\r\n")
    house.app()
    for _ in range(200):
        browser.hear(b"x" * 2048)
        house.wait(1)

    assert b"" == browser.said()
