"""The account page in a real browser: passkeys and sessions, looked after by their person."""

from __future__ import annotations

import pytest_twisted

from tests.browser import spies
from tests.browser.account_steps import (
    add_security_key,
    count_is,
    focused,
    join,
    rows,
    settle_in,
    swap,
    told,
)
from tests.browser.conftest import OpenPage
from tests.browser.sign_in_house import open_house
from tests.browser.steps import refusal
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

__all__ = ["open_house"]

LOOKS = 100
"""How often a device is asked whether it has forgotten, before it counts as not having."""


@pytest_twisted.ensureDeferred
async def test_a_passkey_gets_another_name_in_place(page: Page, open_house: OpenHouse) -> None:
    """The field opens in the row; Enter keeps the name, Escape drops it, the focus comes back."""
    await settle_in(page, open_house)
    await page.click(".rename")
    await page.type(".rename-form input", "考え直した")
    await page.press("Escape")
    after_escape = await focused(page)

    await page.click(".rename")
    await page.type(".rename-form input", "仕事用のスマートフォン")
    await page.press("Enter")

    assert "名前を変更しました。" == await told(page)
    assert "rename" in after_escape
    assert (await page.text("[data-credential-id] .row-title")).startswith("仕事用の")
    assert "rename" in await focused(page)


@pytest_twisted.ensureDeferred
async def test_the_only_passkey_is_not_removed(page: Page, open_house: OpenHouse) -> None:
    """Who presses remove on the last passkey reads why not, and is led to adding another."""
    await settle_in(page, open_house)

    await page.click(".remove")
    why = await page.text("#last-dialog")
    await page.click("#last-add")
    await page.wait_for_element("#add-this-device")

    assert "最後のログイン方法" in why
    assert "復旧コードは、ログイン方法には数えません" in why


@pytest_twisted.ensureDeferred
async def test_a_security_key_is_added_and_removed(page: Page, open_house: OpenHouse) -> None:
    """A key is added by its button, and removed only after a question that says what happens."""
    await page.run_first(spies.OPTIONS)
    device = await settle_in(page, open_house)
    [first] = await rows(page)
    await page.evaluate("sessionStorage.removeItem('asked')")
    await swap(device, page, "usb")
    await add_security_key(page)
    _, second = await rows(page)
    asked = await spies.asked(page)

    await page.click(f"[data-credential-id='{second}'] .remove")
    question = await page.text("#remove-dialog")
    await page.click("#remove-cancel")
    kept = await rows(page)
    await page.click(f"[data-credential-id='{second}'] .remove")
    await page.click("#confirm-remove")
    await count_is(page, 1)

    assert [("create", ["security-key"])] == [(each["act"], each["hints"]) for each in asked]
    assert [first, second] == kept
    assert "セキュリティキー" in question
    assert "パスキーを削除しました。" == await told(page)
    assert "passkeys" == await focused(page)


@pytest_twisted.ensureDeferred
async def test_a_device_that_is_there_is_not_added_again(
    page: Page, open_house: OpenHouse
) -> None:
    """The browser knows the passkey that is on this device, and the dialog says so."""
    await settle_in(page, open_house)
    await page.click("#add-passkey")

    await page.click("#add-this-device")

    assert "already-registered" == await refusal(page)
    assert await page.evaluate("document.querySelector('#message').closest('dialog').open")


@pytest_twisted.ensureDeferred
async def test_this_device_is_added_in_english_and_forgets_a_removed_passkey(
    page: Page, open_house: OpenHouse
) -> None:
    """Another device gets a passkey; when that is removed here, the device drops it, too."""
    await page.views.language("en")
    device = await settle_in(page, open_house)
    other = await swap(device, page, "internal")
    await page.click("#add-passkey")
    await page.click("#add-this-device")
    added = await told(page)
    kind = await page.text("[data-credential-id]:last-child .facts")
    before = len(await other.credentials())

    await page.click("[data-credential-id]:last-child .remove")
    await page.click("#confirm-remove")
    await count_is(page, 1)
    held = await other.credentials()
    for _ in range(LOOKS):
        held = held and await other.credentials()

    assert "The passkey is added." == added
    assert "Device-bound" in kind
    assert (1, []) == (before, held)


@pytest_twisted.ensureDeferred
async def test_another_session_is_ended(open_page: OpenPage, open_house: OpenHouse) -> None:
    """The other browser is signed out at once; here the list is short again."""
    pc, phone = await open_page(), await open_page()
    device = await settle_in(pc, open_house)
    [passkey] = await device.credentials()
    await join(phone, open_house, passkey)
    await pc.reload()
    await count_is(pc, 2, "session")

    await pc.click("[data-session-id]:last-child .end")
    await count_is(pc, 1, "session")
    answer = await phone.goto(open_house.url + "/.gateway/account")

    assert 401 == answer.status
    assert "ログアウトしました。" == await told(pc)
    assert "sessions" == await focused(pc)


@pytest_twisted.ensureDeferred
async def test_all_other_sessions_are_ended_in_english(
    open_page: OpenPage, open_house: OpenHouse
) -> None:
    """One button signs out everywhere else, and then it is gone."""
    pc, phone = await open_page(), await open_page()
    await pc.views.language("en")
    device = await settle_in(pc, open_house)
    [passkey] = await device.credentials()
    await join(phone, open_house, passkey)
    await pc.reload()

    await pc.click("#end-others")
    await count_is(pc, 1, "session")

    assert "Everywhere else is signed out." == await told(pc)
    assert not await pc.evaluate("Boolean(document.querySelector('#end-others'))")
