"""A real browser while things go wrong: the gateway is killed, the app is down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.browser.conftest import PERSON, assert_quiet, in_front_of
from tests.browser.looks import complaints
from tests.browser.steps import (
    APP_SIGN_IN,
    LEFT,
    carry,
    enter,
    made_on_a_phone,
    refusal,
    sign_in,
)
from tests.groupware.running import Groupware
from tests.instruments.chromium import Chromium
from tests.instruments.gateway_process import GatewayProcess, free_port
from tests.instruments.page import Page


@pytest.fixture
def frail_gateway(lasting_groupware: Groupware) -> Iterator[GatewayProcess]:
    """A gateway that a test may kill."""
    with GatewayProcess(in_front_of(lasting_groupware.url)) as gateway:
        gateway.add_person(PERSON)
        yield gateway
        assert_quiet(gateway)


@pytest_twisted.ensureDeferred
async def test_people_stay_signed_in_when_the_gateway_is_killed(
    chromium: Chromium, page: Page, frail_gateway: GatewayProcess
) -> None:
    """After a kill -9 and a new start the open session is there, without another touch."""
    link = await deferToThread(frail_gateway.invite, PERSON)
    await enter(page, frail_gateway.url, await made_on_a_phone(chromium, link))
    before = await page.cookies()

    await deferToThread(frail_gateway.kill)
    await deferToThread(frail_gateway.start)
    answer = await page.goto(frail_gateway.url)

    assert 200 == answer.status
    await page.wait_for_element(APP_SIGN_IN)
    assert before == await page.cookies()


@pytest_twisted.ensureDeferred
async def test_a_sign_in_across_a_restart_needs_one_more_touch(
    chromium: Chromium, page: Page, frail_gateway: GatewayProcess
) -> None:
    """A page that was open during a restart signs in as it is; nobody has to reload."""
    link = await deferToThread(frail_gateway.invite, PERSON)
    await carry(page, await made_on_a_phone(chromium, link))
    await page.goto(frail_gateway.url)

    await deferToThread(frail_gateway.stop)
    page.record.tolerate("ERR_CONNECTION_REFUSED")
    await page.click("#passkey")
    told = await refusal(page)
    await deferToThread(frail_gateway.start)
    await sign_in(page)

    assert "network" == told
    await page.wait_for_element(APP_SIGN_IN)


@pytest.mark.parametrize(
    ("language", "heading"), [("ja", "アプリに接続できません"), ("en", "The app can't be reached")]
)
@pytest_twisted.ensureDeferred
async def test_an_app_that_is_down_is_told_in_the_persons_language(
    chromium: Chromium, page: Page, artifacts: Path, language: str, heading: str
) -> None:
    """Whoever signs in while the app is down reads so, and a reload finds the app again."""
    page.record.tolerate("status of 502")
    await page.views.language(language)
    port = free_port()
    with GatewayProcess(in_front_of(f"http://127.0.0.1:{port}")) as gateway:
        gateway.add_person(PERSON)
        passkey = await made_on_a_phone(chromium, gateway.invite(PERSON))
        await enter(page, gateway.url, passkey)
        await page.wait_for(LEFT)
        await page.screenshot(artifacts / f"failure-502-{language}.png")
        told, wrong = await page.text("h1"), await complaints(page, language)

        with Groupware("--port", str(port)):
            await page.reload()
            await page.wait_for_element(APP_SIGN_IN)

    assert heading == told
    assert [] == wrong
