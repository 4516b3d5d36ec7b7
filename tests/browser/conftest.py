"""
One real Chromium for the run, and pages of their own for each test.

A page in which something unexpected turned up red in the console fails its test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import cast

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.posixbase import PosixReactorBase

from tests.browser.bare_site import bare_site
from tests.instruments.certificates import Authority
from tests.instruments.chromium import DEBIAN_PACKAGE, Chromium, find_chromium
from tests.instruments.page import Page

OpenPage = Callable[[], Awaitable[Page]]


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
