"""SOGo, a real groupware, behind the gateway: its calendar in Japanese, reached by a passkey."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_twisted

from tests.apps.by_passkey import enrol, enter
from tests.apps.sogo.packages import install, missing
from tests.apps.sogo.people import TOKYO
from tests.apps.sogo.running import Sogo
from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.instruments.page import Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sogo() -> Iterator[Sogo]:
    """The groupware, with a week of appointments."""
    try:
        install(missing())
    except PermissionError as error:
        pytest.skip(str(error))
    with Sogo(today=datetime.now(TOKYO).date()) as app:
        yield app


@pytest.fixture(scope="module")
def front(sogo: Sogo, authority: Authority) -> Iterator[GatewayProcess]:
    """A gateway in front of it, on https."""
    setup = Setup(backend=sogo.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as running:
        yield running


@pytest_twisted.ensureDeferred
async def test_an_appointment_is_made_in_the_calendar(
    page: Page, front: GatewayProcess, sogo: Sogo, artifacts: Path
) -> None:
    """Passkey, SOGo's own log-in, a week in Japanese, and a new appointment in it."""
    await page.send("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    await enrol(page, front, "hanako")
    status = await enter(page, front.url + "/")
    print(await page.evaluate("location.href"))
    await page.wait_for_element("input[ng-model='app.creds.username']")
    await page.type("input[ng-model='app.creds.username']", "hanako")
    await page.type("input[ng-model='app.creds.password']", sogo.password)
    await page.screenshot(artifacts / "sogo-0.png")
    await page.click("button[type=submit]")
    from twisted.internet.task import deferLater
    from twisted.internet import reactor
    await deferLater(reactor, 6)
    print(await page.evaluate("location.href"))
    await page.screenshot(artifacts / "sogo-1.png")
    (artifacts / "sogo.html").write_text(await page.evaluate("document.documentElement.outerHTML"))
    print(page.record.trouble)
    print([(r.status, r.kind, r.url) for r in page.record.responses])
    page.record.trouble.clear()
