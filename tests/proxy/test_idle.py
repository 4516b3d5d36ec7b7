"""
How long a session lasts, from the first byte of a request to the page: on a clock of our own.

The gateway's own pages and the proxy are the product's; the app takes every request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from twisted.internet.testing import MemoryReactorClock

from gateway.rules.entries import Entry, Require
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator
from tests.instruments.house import IDLE_LIMIT_S, LIFETIME_LIMIT_S, Browser
from tests.instruments.house import House as PagesHouse
from tests.proxy.memory import HEAD, End, House

TOLERANCE_S = 5.0
COOKIE_NAME = "__Host-gw"

CLICK = (
    b"GET /board HTTP/1.1",
    b"Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n",
)
SCRIPT = b"Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
OWN = SCRIPT + b"Origin: https://gw.example.test\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Poll:
    """What a tab asks for by itself."""

    line: bytes
    fields: bytes = SCRIPT
    body: bytes = b""
    period_s: float = 5.0
    connections: int = 1


POLLS = {
    "by GET": Poll(b"GET /notices HTTP/1.1"),
    "by POST": Poll(b"POST /notices HTTP/1.1", body=b"x" * 40),
    "over several connections": Poll(b"GET /notices HTTP/1.1", period_s=3.0, connections=3),
    "our page that waits for a phone": Poll(
        b"POST /.gateway/account/phone/state HTTP/1.1", OWN, b'{"code":"AA"}', period_s=2.0
    ),
}


class Street:
    """The whole gateway in memory, and somebody who has just signed in."""

    def __init__(
        self, *, access: Sequence[Entry] = (), store: MemoryStore | None = None, wall: float = 0.0
    ) -> None:
        self.clock = MemoryReactorClock()
        self.pages = PagesHouse(clock=self.clock, store=store)
        self.pages.wall = wall or self.pages.wall
        self.proxy = House(pages=self.pages, access=access)
        self.browser = Browser(self.pages)

    def sign_in(self) -> float:
        """Enrol with this browser's device and sign in; when that was."""
        self.browser.enroll(self.pages.invite(self.pages.add_person()))
        assert 200 == self.browser.sign_in().status
        return self.now

    @property
    def now(self) -> float:
        """Seconds."""
        return self.clock.seconds()

    def wait(self, seconds: float) -> None:
        """Time passes, by both clocks; what is due is done."""
        self.clock.advance(seconds)
        self.pages.wall += seconds

    def ask(
        self, line: bytes, fields: bytes = b"", body: bytes = b"", *, by: End | None = None
    ) -> bytes:
        """What the gateway says; b"" where it has asked the app."""
        browser = by or self.proxy.browser()
        carried = len(self.proxy.carried)
        cookie = f"Cookie: {COOKIE_NAME}={self.browser.cookies[COOKIE_NAME]}\r\n".encode()
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        host = HEAD.partition(b"\r\n")[2]
        browser.hear(line + b"\r\n" + host + cookie + fields + length + b"\r\n" + body)
        said = browser.said()
        browser.line.hang_up()
        assert (said == b"") == (len(self.proxy.carried) > carried)
        return said

    def status(self, line: bytes, fields: bytes = b"", body: bytes = b"") -> int:
        """The gateway's own answer; 200 where it has asked the app."""
        return int(self.ask(line, fields, body)[9:12] or b"200")

    def is_signed_in(self, line: bytes, fields: bytes = b"", body: bytes = b"") -> bool:
        """Whether that is let through."""
        return self.status(line, fields, body) != 401

    def poll(self, poll: Poll, *, for_s: float) -> float:
        """Ask again and again; how long until it was refused, at most so long."""
        began = self.now
        while self.now - began < for_s and self.is_signed_in(poll.line, poll.fields, poll.body):
            self.wait(poll.period_s / poll.connections)
        return self.now - began


@pytest.mark.parametrize("kind", POLLS)
def test_a_tab_that_polls_keeps_nobody_signed_in(kind: str) -> None:
    """A person who leaves is signed out at the idle limit, although the tab goes on asking."""
    street, poll = Street(), POLLS[kind]
    street.sign_in()
    street.poll(poll, for_s=60)
    assert street.is_signed_in(*CLICK)

    lasted_s = street.poll(poll, for_s=2 * LIFETIME_LIMIT_S)

    assert abs(lasted_s - IDLE_LIMIT_S) <= poll.period_s + TOLERANCE_S


@pytest.mark.parametrize("kind", ["by GET", "by POST"])
def test_a_person_who_clicks_is_never_signed_out(kind: str) -> None:
    """A click every 25 minutes is enough, whatever polls beside it."""
    street, poll = Street(), POLLS[kind]
    began = street.sign_in()

    while street.now - began < LIFETIME_LIMIT_S / 2:
        street.poll(poll, for_s=1_500)
        assert street.is_signed_in(*CLICK)


@pytest.mark.parametrize(("early_s", "expected"), [(TOLERANCE_S, True), (0.0, False)])
def test_the_idle_limit_is_kept(early_s: float, expected: bool) -> None:
    """Five seconds before it one is signed in, at the limit one is not."""
    street = Street()
    street.sign_in()
    street.wait(100)
    street.is_signed_in(*CLICK)
    street.wait(3)  # so soon after a use another one may not be written down
    street.is_signed_in(*CLICK)

    street.wait(IDLE_LIMIT_S - early_s)

    assert expected == street.is_signed_in(*CLICK)


@pytest.mark.parametrize("is_verified_anew", [False, True], ids=["working", "with step-ups"])
@pytest.mark.parametrize(("early_s", "expected"), [(1.0, True), (0.0, False)])
def test_the_absolute_limit_is_kept(
    early_s: float, expected: bool, is_verified_anew: bool
) -> None:
    """Twelve hours after the sign-in everybody signs in again; no step-up moves that."""
    street = Street()
    began = street.sign_in()
    while street.now - began < LIFETIME_LIMIT_S - IDLE_LIMIT_S:
        street.wait(IDLE_LIMIT_S / 2)
        if is_verified_anew:
            assert 200 == street.browser.sign_in().status
        assert street.is_signed_in(*CLICK)

    street.wait(IDLE_LIMIT_S / 2)
    street.is_signed_in(*CLICK)
    street.wait(began + LIFETIME_LIMIT_S - early_s - street.now)

    assert expected == street.is_signed_in(*CLICK)


@pytest.mark.parametrize(("idle_s", "expected"), [(IDLE_LIMIT_S - 5, True), (IDLE_LIMIT_S, False)])
def test_a_restart_prolongs_nothing(idle_s: float, expected: bool) -> None:
    """After a restart people are signed in yet, and idle since their last click before it."""
    store = MemoryStore()
    before = Street(store=store)
    before.sign_in()
    before.wait(600)
    before.is_signed_in(*CLICK)
    before.pages.await_(before.pages.sessions.flush())
    before.wait(60)

    after = Street(store=store, wall=before.pages.wall)
    after.browser.cookies = before.browser.cookies
    after.pages.await_(after.pages.sessions.load())
    after.wait(idle_s - 60)

    assert expected == after.is_signed_in(*CLICK)


def test_a_session_that_is_over_is_ended_without_being_asked_for() -> None:
    """What it has open is cut soon after the limit, although nothing is requested any more."""
    street = Street()
    street.sign_in()
    stream = street.proxy.browser()
    cookie = f"Cookie: {COOKIE_NAME}={street.browser.cookies[COOKIE_NAME]}\r\n\r\n".encode()
    stream.hear(HEAD + cookie)
    street.proxy.app().hear(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")

    street.wait(IDLE_LIMIT_S)
    street.pages.await_(street.pages.sessions.sweep())
    street.wait(1)

    assert stream.line.is_aborted


# Step-up by age: `fresh`

FRESH = Entry(require=Require.PASSKEY, paths=("/kyuyo/",), fresh_s=60.0)
BOUND = Entry(require=Require.DEVICE_BOUND, paths=("/kagi/",))
PAYROLL = (b"GET /kyuyo/meisai HTTP/1.1", CLICK[1])
FETCHED = (b"GET /kyuyo/meisai HTTP/1.1", SCRIPT)


def test_a_verification_grows_old() -> None:
    """A minute after the sign-in the place asks for the passkey again, a page or a 401."""
    street = Street(access=(FRESH,))
    street.sign_in()
    street.wait(60)
    assert street.is_signed_in(*PAYROLL)

    street.wait(0.1)

    page, told = street.ask(*PAYROLL), street.ask(*FETCHED)
    assert page.startswith(b"HTTP/1.1 401 ")
    assert b'data-page="step-up"' in page
    assert told.startswith(b"HTTP/1.1 401 ")
    assert b'"error": "verification_required"' in told
    assert street.is_signed_in(*CLICK), "the rest of the app is open"


def test_a_fresh_verification_opens_it_again() -> None:
    """After the ceremony the same address is the app's again, for another minute."""
    street = Street(access=(FRESH,))
    street.sign_in()
    street.wait(600)
    assert not street.is_signed_in(*PAYROLL)

    assert 200 == street.browser.sign_in().status

    assert street.is_signed_in(*PAYROLL)
    street.wait(61)
    assert not street.is_signed_in(*PAYROLL)


def test_a_synced_passkey_does_not_do_where_a_bound_one_is_asked_for() -> None:
    """Verified anew by the same phone one is no farther; by a USB key one is in."""
    street = Street(access=(BOUND,))
    phone = Authenticator(street.pages.public.origin, flags=UP | UV | BE | BS)
    usb = Authenticator(street.pages.public.origin, transports=("usb",))
    person = street.pages.add_person()
    for device in (phone, usb):
        street.browser.device = device
        street.browser.enroll(street.pages.invite(person))
    key = (b"GET /kagi/ HTTP/1.1", CLICK[1])

    seen = []
    for device in (phone, phone, usb):
        street.browser.device = device
        assert 200 == street.browser.sign_in().status
        seen.append(street.is_signed_in(*key))

    assert [False, False, True] == seen
