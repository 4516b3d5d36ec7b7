"""
One real Chromium for the run, and pages of their own for each test.

A page in which something unexpected turned up red in the console fails its test.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import cast

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.posixbase import PosixReactorBase

from tests.browser.bare_site import bare_site
from tests.browser.steps import made_on_a_phone
from tests.groupware.running import Groupware
from tests.instruments.certificates import Authority, Leaf
from tests.instruments.chromium import DEBIAN_PACKAGE, Chromium, find_chromium
from tests.instruments.devtools import Json
from tests.instruments.gateway_process import GatewayProcess, Setup
from tests.instruments.page import Page

OpenPage = Callable[[], Awaitable[Page]]

PERSON = "hanako"
DISPLAY_NAME = "佐藤 花子"
WAITING_PERSON = "jiro"
TODAY = "2026-11-25"
INNER_NAME = "groupware.internal"


def in_front_of(app_url: str, *, leaf: Leaf | None = None) -> Setup:
    """A gateway whose app calls itself by an inner name, as such apps do."""
    return Setup(backend=app_url, leaf=leaf, extra={"app": {"internal_names": [INNER_NAME]}})


def assert_quiet(gateway: GatewayProcess) -> None:
    """No traceback, no cookie and no enrolment token is in the log after all that was done."""
    log = gateway.log_text()
    spoken = re.search("Traceback|Unhandled|gw=|/enroll/[A-Za-z0-9_-]{16}", log)
    assert spoken is None, log[-4000:]


@pytest.fixture(scope="session")
def reactor(twisted_greenlet: object) -> PosixReactorBase:
    """The running reactor."""
    from twisted.internet import reactor

    return cast(PosixReactorBase, reactor)


@pytest.fixture(scope="session")
def chromium_program() -> str:
    """The path of Chromium; without it the browser tests are skipped."""
    program = find_chromium()
    if program is None:
        pytest.skip(f"no Chromium here: apt-get install {DEBIAN_PACKAGE}")
    return program


@pytest.fixture(scope="session")
def chromium(
    reactor: PosixReactorBase, chromium_program: str, authority: Authority
) -> Iterator[Chromium]:
    """The browser of this run; it trusts the run's own authority."""
    launching = Chromium.launch(
        reactor, program=chromium_program, trusted_key=authority.key_hash()
    )
    browser = pytest_twisted.blockon(Deferred.fromCoroutine(launching))
    yield browser
    pytest_twisted.blockon(Deferred.fromCoroutine(browser.close()))


@pytest_twisted.async_yield_fixture
async def open_page(chromium: Chromium) -> AsyncIterator[OpenPage]:
    """Opens browsers of different people: each call gives a page with its own cookies."""
    pages: list[Page] = []

    async def open_one() -> Page:
        pages.append(await chromium.open_page())
        return pages[-1]

    yield open_one
    for page in pages:
        await chromium.dispose(page)
    for page in pages:
        page.record.assert_untroubled()


@pytest_twisted.async_fixture
async def page(open_page: OpenPage) -> Page:
    """One person's browser."""
    return await open_page()


@pytest_twisted.async_yield_fixture
async def bare_url(reactor: PosixReactorBase) -> AsyncIterator[str]:
    """The address of a bare page."""
    port = reactor.listenTCP(0, bare_site(), interface="127.0.0.1")
    yield f"http://localhost:{port.getHost().port}"
    await maybeDeferred(port.stopListening)


@pytest.fixture(scope="session")
def lasting_groupware() -> Iterator[Groupware]:
    """The app of the whole run: a pretend groupware."""
    with Groupware("--today", TODAY) as app:
        yield app


@pytest.fixture
def groupware(lasting_groupware: Groupware) -> Groupware:
    """The app, having forgotten what other tests asked of it."""
    lasting_groupware.clear()
    return lasting_groupware


@pytest.fixture(scope="session")
def gateway(lasting_groupware: Groupware) -> Iterator[GatewayProcess]:
    """The gateway of the run, at http://localhost, with two people."""
    with GatewayProcess(in_front_of(lasting_groupware.url)) as gateway:
        gateway.add_person(PERSON, display_name=DISPLAY_NAME)
        gateway.add_person(WAITING_PERSON, display_name="山田 次郎")
        yield gateway
        assert_quiet(gateway)


@pytest.fixture
def link(gateway: GatewayProcess) -> str:
    """A fresh enrolment link of `PERSON`."""
    return gateway.invite(PERSON)


@pytest.fixture(scope="session")
def unused_link(gateway: GatewayProcess) -> str:
    """An enrolment link of `WAITING_PERSON`, for tests that do not use it up."""
    return gateway.invite(WAITING_PERSON)


@pytest.fixture(scope="session")
def passkey(chromium: Chromium, gateway: GatewayProcess) -> Json:
    """The passkey that the person's phone made at the gateway, as devices keep it."""
    making = made_on_a_phone(chromium, gateway.invite(PERSON))
    credential: Json = pytest_twisted.blockon(Deferred.fromCoroutine(making))
    return credential
