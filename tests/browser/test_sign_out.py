"""Sign-out in a real browser: afterwards neither button nor old cookie brings anything back."""

from __future__ import annotations

import pytest_twisted

from tests.browser.steps import APP, APP_SIGN_IN, enter, start_work
from tests.groupware.running import Groupware
from tests.instruments.devtools import Json
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page

SECRET_OF_THE_APP = "インフルエンザ予防接種"

FOREIGN_FORM = """
(address) => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = address;
    document.body.append(form);
    form.submit();
}
"""


async def sign_out(page: Page, gateway: GatewayProcess) -> None:
    """Go to the account and press the button there."""
    await page.goto(gateway.url + "/.gateway/account")
    await page.follow("#logout")


@pytest_twisted.ensureDeferred
async def test_signing_out_is_confirmed_and_leads_to_a_new_sign_in(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """The page says that it is done; its button asks for the passkey again."""
    await enter(page, gateway.url, passkey)

    await sign_out(page, gateway)

    assert "ログアウトしました" == await page.text("h1")
    assert "gw" not in await page.cookies()
    await page.follow("#sign-in-again")
    await page.wait_for_element("[data-page=sign-in] #passkey")


@pytest_twisted.ensureDeferred
async def test_the_old_cookie_opens_nothing_any_more(
    page: Page, gateway: GatewayProcess, groupware: Groupware, passkey: Json
) -> None:
    """The session is dead on the server, whatever a browser or a thief has kept."""
    await enter(page, gateway.url, passkey)
    kept = (await page.cookies())["gw"]["value"]
    await sign_out(page, gateway)
    groupware.clear()

    await page.send("Network.setCookie", name="gw", value=kept, url=gateway.url)
    answer = await page.goto(gateway.url + APP)

    assert 401 == answer.status
    assert [] == groupware.record()


@pytest_twisted.ensureDeferred
async def test_the_back_button_shows_nothing_of_the_app(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """Whoever sits down at this browser next cannot leaf back into what was read there."""
    await enter(page, f"{gateway.url}{APP}?cmd=bbsindex#cmd=bbslist", passkey)
    await start_work(page)
    seen = await page.text("#view")
    await sign_out(page, gateway)

    await page.back()
    account = await page.text("body")
    await page.back()
    app = await page.text("body")

    assert SECRET_OF_THE_APP in seen
    assert "佐藤 花子" not in account
    assert SECRET_OF_THE_APP not in app
    assert "ログイン" == await page.text("h1")


@pytest_twisted.ensureDeferred
async def test_a_foreign_page_cannot_sign_anybody_out(
    page: Page, gateway: GatewayProcess, bare_url: str, passkey: Json
) -> None:
    """A form of another site that posts to our sign-out is refused, and the session lives."""
    page.record.tolerate("status of 403")
    await enter(page, gateway.url, passkey)
    await page.goto(bare_url)

    await page.call(FOREIGN_FORM, gateway.url + "/.gateway/logout")
    await page.wait_for_element("[data-code=foreign-origin]")

    await page.goto(gateway.url)
    await page.wait_for_element(APP_SIGN_IN)
