"""How long each state of a connection may last, to the second, on a clock of our own."""

from __future__ import annotations

import pytest

from tests.proxy.memory import COOKIE, FIRST_BYTE_S, GET, HEAD, IDLE_S, House

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UPLOAD = HEAD.replace(b"GET", b"POST") + COOKIE + b"Content-Length: 100\r\n\r\n"
HANDSHAKE = HEAD + COOKIE + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"

HEADER_S, KEEP_ALIVE_S, CLOSE_S, LINGER_S, TUNNEL_S, POOL_S = 10, 75, 5, 30, 600, 4


@pytest.fixture
def house() -> House:
    """A gateway in memory."""
    return House()


def test_silent_from_the_start(house: House) -> None:
    """A connection that says nothing is closed after 10 seconds."""
    browser = house.browser()

    house.wait(HEADER_S - 1)
    assert not browser.line.is_half_closed
    house.wait(2)

    assert browser.line.is_half_closed
    assert b"" == browser.said()


def test_half_a_head(house: House) -> None:
    """Half a head is answered 408 after 10 seconds, and closed."""
    browser = house.browser()
    browser.hear(HEAD)

    house.wait(HEADER_S + 1)

    assert browser.said().startswith(b"HTTP/1.1 408 ")
    assert browser.line.is_half_closed


@pytest.mark.parametrize("drop", [b"X", b"\r\n", b"\r", b"\n"], ids=repr)
def test_drip(house: House, drop: bytes) -> None:
    """A head that comes drop by drop is cut off as one that does not come, whatever the drops."""
    browser = house.browser()

    for _ in range(HEADER_S + 2):
        browser.hear(drop)
        house.wait(1)

    assert browser.line.is_half_closed


def test_drip_behind_an_answer(house: House) -> None:
    """The second head of a connection has 10 seconds too, counted from its first byte."""
    browser = house.browser()
    browser.hear(GET)
    house.app().hear(OK)
    house.wait(KEEP_ALIVE_S - 5)

    for _ in range(HEADER_S + 2):
        browser.hear(b"G")
        house.wait(1)

    assert b" 408 " in browser.said()
    assert browser.line.is_half_closed


def test_keep_alive(house: House) -> None:
    """An idle connection is kept for 75 seconds and then closed without a word."""
    browser = house.browser()
    browser.hear(GET)
    house.app().hear(OK)
    browser.said()

    house.wait(KEEP_ALIVE_S - 1)
    assert not browser.line.is_half_closed
    house.wait(2)

    assert browser.line.is_half_closed
    assert b"" == browser.said()


def test_drip_between_requests(house: House) -> None:
    """Empty lines between requests do not keep a connection open for ever."""
    browser = house.browser()
    browser.hear(GET)
    house.app().hear(OK)

    for _ in range(2 * KEEP_ALIVE_S // HEADER_S):
        browser.hear(b"\r\n")
        house.wait(HEADER_S - 1)

    assert browser.line.is_half_closed


def test_goodbye_is_not_taken(house: House) -> None:
    """A browser that does not close after us is cut 5 seconds later, and forgotten."""
    browser = house.browser()
    browser.hear(b"GARBAGE\r\n\r\n")
    assert browser.line.is_half_closed

    house.wait(CLOSE_S + 1)

    assert browser.line.is_aborted
    assert 0 == len(house.deadlines)


def test_drip_after_goodbye(house: House) -> None:
    """What still comes after our goodbye is thrown away and stretches nothing."""
    browser = house.browser()
    browser.hear(b"GARBAGE\r\n\r\n")

    for _ in range(CLOSE_S + 1):
        browser.hear(GET)
        house.wait(1)

    assert browser.line.is_aborted
    assert [] == house.reactor.tcpClients


def test_lingering(house: House) -> None:
    """After an early answer the rest of an upload is read for 30 seconds, and no longer."""
    browser = house.browser()
    browser.hear(UPLOAD.replace(COOKIE, b""))
    assert b"HTTP/1.1 401 " in browser.said()

    for _ in range(LINGER_S - 1):
        browser.hear(b"x")
        house.wait(1)
    assert not browser.line.is_over
    house.wait(2)

    assert browser.line.is_aborted


def test_lingering_has_an_end(house: House) -> None:
    """After an early answer no more than 64 MiB are thrown away."""
    browser = house.browser()
    browser.hear(HEAD.replace(b"GET", b"POST") + b"Content-Length: %d\r\n\r\n" % (1 << 40))

    block = bytes(1 << 20)
    for _ in range(65):
        browser.hear(block)

    assert browser.line.is_half_closed


def test_silent_app(house: House) -> None:
    """An app that says nothing: 504 after 300 seconds, and its connection is given up."""
    browser = house.browser()
    browser.hear(GET)
    app = house.app()

    house.wait(FIRST_BYTE_S - 1)
    assert b"" == browser.said()
    house.wait(2)

    assert browser.said().startswith(b"HTTP/1.1 504 ")
    assert app.line.is_aborted


def test_app_that_drips_its_head(house: House) -> None:
    """An app whose head comes drop by drop has the same 300 seconds."""
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    app.hear(b"HTTP/1.1 200 OK\r\nX: ")

    for _ in range(int(FIRST_BYTE_S) // 10 + 1):
        app.hear(b"x")
        house.wait(10)

    assert browser.said().startswith(b"HTTP/1.1 504 ")


def test_silent_upload(house: House) -> None:
    """A browser that stops in mid upload: 408 after 60 seconds, and the app's side is cut."""
    browser = house.browser()
    browser.hear(UPLOAD)
    app = house.app()
    browser.hear(b"x" * 50)

    house.wait(IDLE_S + 1)

    assert browser.said().startswith(b"HTTP/1.1 408 ")
    assert app.line.is_aborted


def test_own_page_drip(house: House) -> None:
    """A body for a page of ours has 30 seconds in all, however it drips."""
    browser = house.browser()
    line = b"POST /.gateway/x HTTP/1.1\r\nHost: gw.example.test\r\nContent-Length: 100\r\n\r\n"
    browser.hear(line)

    for _ in range(31):
        browser.hear(b"x")
        house.wait(1)

    assert browser.said().startswith(b"HTTP/1.1 408 ")


def test_tunnel(house: House) -> None:
    """A tunnel in which nothing moves is closed after 600 seconds, both ends."""
    browser = house.browser()
    browser.hear(HANDSHAKE)
    app = house.app()
    app.hear(SWITCHED)
    house.wait(TUNNEL_S - 1)
    app.hear(b"still here")
    house.wait(TUNNEL_S - 1)
    assert not browser.line.is_over

    house.wait(2)

    assert browser.line.is_aborted
    assert app.line.is_over


def test_sign_out(house: House) -> None:
    """At sign-out what is open for that session is cut within a second."""
    tunnel, stream, idle = house.browser(), house.browser(), house.browser()
    tunnel.hear(HANDSHAKE)
    tunnelled = house.app()
    tunnelled.hear(SWITCHED)
    stream.hear(GET)
    streaming = house.app()
    streaming.hear(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
    idle.hear(b"")

    house.sign_out()
    house.wait(1)

    assert [True, True, False] == [end.line.is_aborted for end in (tunnel, stream, idle)]
    assert [True, True] == [end.line.is_over for end in (tunnelled, streaming)]


def test_pool(house: House) -> None:
    """An idle connection to the app is not used after 4 seconds."""
    browser = house.browser()
    browser.hear(GET)
    app = house.app()
    app.hear(OK)
    house.wait(POOL_S - 1)
    browser.hear(GET)
    app.hear(OK)
    assert 1 == len(house.reactor.tcpClients)

    house.wait(POOL_S)
    browser.hear(GET)

    assert 2 == len(house.reactor.tcpClients)
    assert app.line.is_over


def test_nothing_is_left(house: House) -> None:
    """When the browsers have gone, no connection is looked at any more."""
    browsers = [house.browser() for _ in range(3)]
    browsers[0].hear(HEAD)
    browsers[1].hear(GET)

    for browser in browsers:
        browser.line.hang_up()

    assert 0 == len(house.deadlines)


def test_browser_gone_while_connecting(house: House) -> None:
    """A connection to the app that comes about after the browser has gone carries nothing."""
    browser = house.browser()
    browser.hear(GET)
    browser.line.hang_up()

    app = house.app()

    assert b"" == app.said()
