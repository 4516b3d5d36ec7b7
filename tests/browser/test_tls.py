"""The whole way once more over https, as a company runs it, at https://gw.example.test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.browser.conftest import PERSON, assert_quiet, in_front_of
from tests.browser.steps import APP, APP_SIGN_IN, carry, made_on_a_phone, sign_in, start_work
from tests.groupware.running import Groupware
from tests.instruments.certificates import Authority
from tests.instruments.chromium import Chromium
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess
from tests.instruments.page import Page


@pytest.fixture(scope="module")
def tls_gateway(lasting_groupware: Groupware, authority: Authority) -> Iterator[GatewayProcess]:
    """A gateway with a certificate that the browser trusts."""
    setup = in_front_of(lasting_groupware.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as gateway:
        gateway.add_person(PERSON)
        yield gateway
        assert_quiet(gateway)


@pytest_twisted.ensureDeferred
async def test_the_whole_way_over_https(
    chromium: Chromium, page: Page, tls_gateway: GatewayProcess, groupware: Groupware
) -> None:
    """Enrolment on a phone, sign-in on a PC, the app, and sign-out, with cookies for https."""
    link = await deferToThread(tls_gateway.invite, PERSON)
    await carry(page, await made_on_a_phone(chromium, link), "hybrid")
    await page.goto(f"{tls_gateway.url}{APP}?cmd=schindex#cmd=schshow&id=107")

    await sign_in(page, "#phone")
    await page.wait_for_element(APP_SIGN_IN)
    cookies = await page.cookies()
    await start_work(page)

    assert await page.evaluate("isSecureContext")
    assert "週次定例" in await page.text("#view")
    assert {"__Host-gw", "__Host-gw-browser"} == set(cookies)
    for cookie in cookies.values():
        assert (True, True, "/", PUBLIC_NAME) == tuple(
            cookie[name] for name in ("secure", "httpOnly", "path", "domain")
        )
    forwarded = groupware.record()[0]
    assert [] == [line for line in forwarded.values("Cookie") if "__Host-gw" in line]
    assert ["https"] == forwarded.values("X-Forwarded-Proto")
