"""The account page in a real browser: a phone by its code, recovery codes, step-up, language."""

from __future__ import annotations

import pytest_twisted

from tests.browser.account_steps import count_is, focused, rows, settle_in, shown, told
from tests.browser.conftest import OpenPage
from tests.browser.sign_in_house import open_house
from tests.browser.steps import enrol, refusal
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

__all__ = ["open_house"]

STALE = """
const real = window.fetch.bind(window);
window.fetch = (address, options) => {
    const path = String(address);
    if (path.endsWith('/verify')) sessionStorage.setItem('proved', 'yes');
    if (path.includes('/account/passkey/rename') && !sessionStorage.getItem('proved')) {
        const answer = JSON.stringify({error: 'verification-required', message: ''});
        return Promise.resolve(new Response(answer, {status: 403}));
    }
    return real(address, options);
};
"""
"""Plays a server for which the last verification was too long ago."""

CLIPBOARD = """
navigator.clipboard.writeText = async (text) => sessionStorage.setItem('copied', text);
"""


async def show_code(page: Page) -> str:
    """Ask for a code on the screen; the address that it leads to."""
    await page.click("#add-passkey")
    await page.click("#add-phone")
    await page.wait_for_element("#phone-qr")
    return str(await page.evaluate("document.querySelector('#phone-link').textContent"))


@pytest_twisted.ensureDeferred
async def test_a_phone_is_added_by_its_code(open_page: OpenPage, open_house: OpenHouse) -> None:
    """The phone opens the code's address and registers; the PC shows which one it was."""
    pc, phone = await open_page(), await open_page()
    await settle_in(pc, open_house)
    link = await show_code(pc)
    left = await pc.text("#phone-left")
    await phone.views.phone()
    await phone.add_authenticator(is_synced=True)
    await enrol(phone, link)

    await pc.wait_for_element("#phone-finish")
    label = await pc.text("#add-bound .subject")
    await pc.click("#phone-finish")

    assert left.startswith("残り ")
    assert "Android" == label
    assert "パスキーを追加しました。" == await told(pc)
    await count_is(pc, 2)


@pytest_twisted.ensureDeferred
async def test_a_phone_that_nobody_knows_is_undone(
    open_page: OpenPage, open_house: OpenHouse
) -> None:
    """One press takes back what somebody else has registered by the code."""
    pc, phone = await open_page(), await open_page()
    await settle_in(pc, open_house)
    link = await show_code(pc)
    await phone.add_authenticator()
    await enrol(phone, link)

    await pc.click("#phone-undo")

    assert "登録を取り消しました。" == await told(pc)
    assert 1 == len(await rows(pc))


@pytest_twisted.ensureDeferred
async def test_closing_the_code_makes_it_void(open_page: OpenPage, open_house: OpenHouse) -> None:
    """A code that is not on the screen any more leads nowhere."""
    pc, phone = await open_page(), await open_page()
    phone.record.tolerate("status of 410")
    await settle_in(pc, open_house)
    link = await show_code(pc)

    await pc.press("Escape")
    await pc.wait_for("!document.querySelector('#add-dialog').open")
    await pc.wait_for(
        "performance.getEntriesByName(location.origin + '/.gateway/account/phone/cancel').length"
    )

    assert 410 == (await phone.goto(link)).status


@pytest_twisted.ensureDeferred
async def test_recovery_codes_are_made_and_kept(page: Page, open_house: OpenHouse) -> None:
    """Ten codes, to be copied, printed and saved; then they are gone from the page."""
    await page.run_first(CLIPBOARD)
    await settle_in(page, open_house)
    await page.evaluate("window.print = () => sessionStorage.setItem('printed', 'yes')")
    await page.click("#make-codes")
    await page.wait_for_element("#codes-list li:last-child")
    shown_codes = (await page.text("#codes-list")).split()

    await page.click("#codes-copy")
    await page.click("#codes-print")
    await page.press("Escape")
    saved = await page.evaluate(
        "(({download, href}) => [download, href.split(':')[0]])"
        "(document.querySelector('#codes-download'))"
    )
    await page.click("#codes-kept")

    await page.wait_for("document.querySelector('#recovery-codes').dataset.left === '10'")
    assert 10 == len(shown_codes)
    assert shown_codes == (await page.evaluate("sessionStorage.getItem('copied')")).split()
    assert "yes" == await page.evaluate("sessionStorage.getItem('printed')")
    assert ["復旧コード.txt", "blob"] == saved
    assert shown_codes[0] not in await page.evaluate("document.documentElement.outerHTML")
    assert "make-codes" == await focused(page)


@pytest_twisted.ensureDeferred
async def test_after_five_minutes_the_passkey_is_asked_for_and_nothing_is_lost(
    page: Page, open_house: OpenHouse
) -> None:
    """The typed name stays while the person confirms, and is then stored without a word more."""
    await page.run_first(STALE)
    await settle_in(page, open_house)
    await page.evaluate("sessionStorage.removeItem('proved')")
    await page.click(".rename")
    await page.type(".rename-form input", "会社のPC")

    await page.press("Enter")

    assert "名前を変更しました。" == await told(page)
    assert (await page.text("[data-credential-id] .row-title")).startswith("会社のPC")


@pytest_twisted.ensureDeferred
async def test_who_does_not_confirm_keeps_what_was_typed(
    page: Page, open_house: OpenHouse
) -> None:
    """When the finger is not recognised the field stays open with what is in it."""
    await page.run_first(STALE)
    device = await settle_in(page, open_house)
    await page.evaluate("sessionStorage.removeItem('proved')")
    await device.set_user_verified(is_verified=False)
    await page.click(".rename")
    await page.type(".rename-form input", "会社のPC")
    await page.press("Enter")
    told_first = await refusal(page)
    kept = await page.text(".rename-form input")

    await device.set_user_verified(is_verified=True)
    await page.click(".rename-form .primary")

    assert ("cancelled", "会社のPC") == (told_first, kept)
    assert "名前を変更しました。" == await told(page)


@pytest_twisted.ensureDeferred
async def test_somebody_elses_passkey_confirms_nothing(
    open_page: OpenPage, open_house: OpenHouse
) -> None:
    """At a shared PC a colleague's passkey neither acts here nor takes the session over."""
    page, colleague = await open_page(), await open_page()
    [theirs] = await (await settle_in(colleague, open_house)).credentials()
    await page.run_first(STALE)
    device = await settle_in(page, open_house)
    before = await rows(page)
    await page.evaluate("sessionStorage.removeItem('proved')")
    await device.unplug()
    other = await page.add_authenticator(is_synced=True)
    await other.add_credential(theirs)
    await page.click(".rename")

    await page.press("Enter")

    assert "other-person" == await refusal(page)
    await page.reload()
    await shown(page)
    assert before == await rows(page)


@pytest_twisted.ensureDeferred
async def test_the_language_is_chosen_for_good(page: Page, open_house: OpenHouse) -> None:
    """The page turns to the chosen language at once."""
    await settle_in(page, open_house)
    await page.evaluate("document.querySelector('#language-choice').value = 'en'")

    await page.follow("#person-language button")

    assert "en" == await page.evaluate("document.documentElement.lang")
    assert "Passkeys" == await page.text("#passkeys")
