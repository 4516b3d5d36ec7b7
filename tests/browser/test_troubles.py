"""A real browser while things go wrong: the app is down, the gateway is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.browser.conftest import PERSON, assert_quiet, in_front_of
from tests.browser.looks import complaints
from tests.browser.steps import APP_SIGN_IN, carry, enter, made_on_a_phone, refusal, sign_in
from tests.groupware.running import Groupware
from tests.instruments.chromium import Chromium
from tests.instruments.devtools import Json
from tests.instruments.gateway_process import GatewayProcess, free_port
from tests.instruments.page import Page

HEADINGS = {"ja": "アプリに接続できません", "en": "The app can’t be reached"}


@pytest.fixture(scope="module")
def app_port() -> int:
    """Where the app of these tests is, when it is up."""
    return free_port()


@pytest.fixture(scope="module")
def frail_gateway(app_port: int) -> Iterator[GatewayProcess]:
    """A gateway that a test may kill, in front of an app that is down."""
    with GatewayProcess(in_front_of(f"http://127.0.0.1:{app_port}")) as gateway:
        gateway.add_person(PERSON)
        yield gateway
        assert_quiet(gateway)


@pytest.fixture(scope="module")
def own_passkey(chromium: Chromium, frail_gateway: GatewayProcess) -> Json:
    """A passkey that is registered there."""
    making = made_on_a_phone(chromium, frail_gateway.invite(PERSON))
    credential: Json = pytest_twisted.blockon(Deferred.fromCoroutine(making))
    return credential


def tolerate_absence(page: Page) -> None:
    """While app or gateway is away, the browser complains of whatever it was fetching."""
    page.record.tolerate("status of 502")
    page.record.tolerate("net::ERR_")


@pytest_twisted.ensureDeferred
async def test_an_app_that_is_down_is_told_in_the_persons_language(
    page: Page,
    frail_gateway: GatewayProcess,
    app_port: int,
    own_passkey: Json,
    artifacts: Path,
) -> None:
    """Whoever signs in while the app is down reads so, and a reload finds the app again."""
    tolerate_absence(page)
    await enter(page, frail_gateway.url, own_passkey)
    told, wrong = {}, []
    for language in HEADINGS:
        await page.views.language(language)
        await page.reload()
        told[language] = await page.text("h1")
        wrong += await complaints(page, language)
        await page.screenshot(artifacts / f"failure-502-{language}.png")

    with Groupware("--port", str(app_port)):
        await page.reload()
        await page.wait_for_element(APP_SIGN_IN)

    assert HEADINGS == told
    assert [] == wrong


@pytest_twisted.ensureDeferred
async def test_people_stay_signed_in_when_the_gateway_is_killed(
    page: Page, frail_gateway: GatewayProcess, app_port: int, own_passkey: Json
) -> None:
    """After a kill -9 and a new start the open session is there, without another touch."""
    tolerate_absence(page)
    with Groupware("--port", str(app_port)):
        await enter(page, frail_gateway.url, own_passkey)
        before = await page.cookies()

        await deferToThread(frail_gateway.kill)
        await deferToThread(frail_gateway.start)
        answer = await page.goto(frail_gateway.url)
        await page.wait_for_element(APP_SIGN_IN)

    assert 200 == answer.status
    assert before == await page.cookies()


@pytest_twisted.ensureDeferred
async def test_a_page_that_was_open_during_a_restart_still_signs_in(
    page: Page, frail_gateway: GatewayProcess, app_port: int, own_passkey: Json
) -> None:
    """While the gateway is away the page says so; then the same button works, without reload."""
    tolerate_absence(page)
    await carry(page, own_passkey)
    await page.goto(frail_gateway.url)

    await deferToThread(frail_gateway.stop)
    await page.click("#passkey")
    told = await refusal(page)
    await deferToThread(frail_gateway.start)
    with Groupware("--port", str(app_port)):
        await sign_in(page)
        await page.wait_for_element(APP_SIGN_IN)

    assert "network" == told
