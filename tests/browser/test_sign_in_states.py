"""What the sign-in page shows to whom: phones, helpers of a second tab, a step-up, an offer."""

from __future__ import annotations

import pytest_twisted

from tests.browser.looks import complaints
from tests.browser.sign_in_house import (
    SIGN_OUT,
    STEP_UP,
    STEPS,
    carry,
    open_at,
    open_house,
)
from tests.browser.steps import refusal
from tests.instruments.chromium import Chromium
from tests.instruments.house import Browser
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

__all__ = ["open_house"]

LATE_S = 400
"""Later than a user verification counts for changes of one's ways in."""

ORDER = """
[...document.querySelectorAll('.ways button')]
    .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
    .map((each) => each.id)
"""
VERIFIED = """
async (source, address) => {
    const {verified} = await import(source + 'passkey.js');
    const {ask} = await import(source + 'page.js');
    let tries = 0;
    const answer = await verified(() => { tries += 1; return ask(address, {way: 'any'}); });
    return {tries, has_challenge: Boolean(answer.challenge)};
}
"""


async def sign_in_by_phone(page: Page, house: OpenHouse, browser: Browser) -> None:
    """A phone with a passkey signs in this PC, which could have one of its own."""
    phone = await carry(page, browser, "hybrid")
    await open_at(page, house, "/.gateway/login")
    await page.click("#phone")
    await page.wait_for_element("#offer-passkey")
    await phone.unplug()


async def passkeys_of(house: OpenHouse, browser: Browser) -> int:
    """How many passkeys that person has now."""
    handle = browser.device.user_handle
    people = await house.house.store.people()
    [person] = [each for each in people if each.user_handle == handle]
    return len(await house.house.store.passkeys_of(person.id))


@pytest_twisted.ensureDeferred
async def test_on_a_phone_the_way_by_another_phone_is_no_equal(
    page: Page, open_house: OpenHouse
) -> None:
    """On a phone the QR code stands last and can be pressed; no sentence speaks of a PC."""
    await page.add_authenticator("internal")
    order = {}
    for screen in (page.views.pc, page.views.phone):
        await screen()
        await open_at(page, open_house)
        order[screen.__name__] = await page.evaluate(ORDER)
    words = await page.text("main")

    await page.click("#phone")

    assert {"pc": ["phone", "security-key"], "phone": ["security-key", "phone"]} == order
    assert "PC" not in words
    assert "cancelled" == await refusal(page)


@pytest_twisted.ensureDeferred
async def test_a_browser_without_a_list_of_its_own_shows_its_dialog(
    page: Page, open_house: OpenHouse
) -> None:
    """The field to choose a passkey from does what it says where there is no autofill, too."""
    await carry(page, open_house.house.enrolled())
    await open_at(page, open_house, "/.gateway/login")

    await page.click("#pick")

    await page.wait_for("!document.querySelector('[data-page=sign-in]')")


@pytest_twisted.ensureDeferred
async def test_who_signed_in_elsewhere_is_told_in_the_other_tab(
    chromium: Chromium, page: Page, open_house: OpenHouse
) -> None:
    """Two tabs ask for sign-in: after one of them, the other says so and waits for a press."""
    await carry(page, open_house.house.enrolled())
    await open_at(page, open_house)
    waiting = await chromium.open_tab(page.context)
    await waiting.run_first(
        "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"
    )
    await open_at(waiting, open_house)

    await page.click("#passkey")

    assert ("elsewhere", ["reload"]) == (await refusal(waiting), await waiting.evaluate(STEPS))


@pytest_twisted.ensureDeferred
async def test_after_a_phone_this_terminal_is_offered_a_passkey_of_its_own(
    page: Page, open_house: OpenHouse
) -> None:
    """Who signed in by phone registers the PC with one press, and is then let on."""
    browser = open_house.house.enrolled()
    await page.add_authenticator("internal")
    await sign_in_by_phone(page, open_house, browser)
    asked = await complaints(page, "ja"), await page.text("h1")

    await page.click("#offer-accept")
    await page.wait_for("!document.querySelector('#offer-passkey')")

    assert ([], "この端末にもパスキーを登録しますか？") == asked
    assert 2 == await passkeys_of(open_house, browser)


@pytest_twisted.ensureDeferred
async def test_the_offer_can_be_put_off_and_refused_for_good(
    page: Page, open_house: OpenHouse
) -> None:
    """Put off, it lets on at once; refused, it never comes again on this terminal."""
    browser = open_house.house.enrolled()
    await page.add_authenticator("internal")
    await sign_in_by_phone(page, open_house, browser)
    await page.click("#offer-later")
    await page.wait_for("!document.querySelector('#offer-passkey')")
    await page.evaluate(SIGN_OUT)
    await sign_in_by_phone(page, open_house, browser)
    await page.click("#offer-never")
    await page.wait_for("!document.querySelector('#offer-passkey')")

    await page.evaluate(SIGN_OUT)
    await carry(page, browser, "hybrid")
    await open_at(page, open_house, "/.gateway/login")
    await page.click("#phone")

    await page.wait_for("!document.querySelector('[data-page=sign-in]')")
    assert 1 == await passkeys_of(open_house, browser)


@pytest_twisted.ensureDeferred
async def test_a_terminal_that_cannot_have_a_passkey_is_offered_none(
    page: Page, open_house: OpenHouse
) -> None:
    """A PC without Windows Hello or the like is let on at once."""
    await carry(page, open_house.house.enrolled(), "hybrid")
    await open_at(page, open_house, "/.gateway/login")

    await page.click("#phone")

    await page.wait_for("!document.querySelector('[data-page=sign-in]')")


@pytest_twisted.ensureDeferred
async def test_a_step_up_says_who_and_asks_for_the_passkey(
    page: Page, open_house: OpenHouse
) -> None:
    """Who is asked anew sees their name, presses once, and hears if another passkey is needed."""
    browser = open_house.house.enrolled()
    browser.sign_in()
    await carry(page, browser)
    await open_house.lend_cookies(page, browser)
    await open_at(page, open_house, STEP_UP)
    who, looks = await page.text("#who"), await complaints(page, "ja")
    before = await page.cookies()

    await page.click("#passkey")

    assert ("山田 太郎さんとしてログインしています。", []) == (who, looks)
    assert "again" == await refusal(page)
    assert before["gw"]["value"] != (await page.cookies())["gw"]["value"]


@pytest_twisted.ensureDeferred
async def test_a_change_that_wants_the_person_again_goes_through_after_one_touch(
    page: Page, open_house: OpenHouse
) -> None:
    """An act that is refused for want of a fresh check is done right after one."""
    browser = open_house.house.enrolled()
    browser.sign_in()
    await carry(page, browser)
    await open_house.lend_cookies(page, browser)
    await open_at(page, open_house, STEP_UP)
    open_house.house.clock.advance(LATE_S)
    source = open_house.house.pages.assets.prefix

    done = await page.call(VERIFIED, source, "/.gateway/account/passkey/options")

    assert {"tries": 2, "has_challenge": True} == done
