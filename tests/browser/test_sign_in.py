"""Sign-in in a real browser: who gets in, by what, and who does not."""

from __future__ import annotations

import secrets
from base64 import b64encode

import pytest
import pytest_twisted

from tests.browser import spies
from tests.browser.conftest import OpenPage
from tests.browser.steps import (
    APP_SIGN_IN,
    carry,
    enter,
    made_on_a_phone,
    plug_in,
    refusal,
    sign_in,
)
from tests.groupware.running import Groupware
from tests.instruments.chromium import Chromium
from tests.instruments.devtools import Json
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page
from tests.instruments.virtual_authenticator import Transport

KNOWN_COOKIE = "A" * 43

HINTS = {"#passkey": [], "#phone": ["hybrid"], "#security-key": ["security-key"]}
LIES = ("is_bogus_signature", "is_bad_presence")

STOPS = (
    "language",
    "passkey",
    "phone",
    "bluetooth-help",
    "security-key",
    "pick",
    "help",
    "recovery",
)
FOCUSED = """
(({id, localName}, {outlineStyle}) => `${id || localName} ${outlineStyle}`)(
    document.activeElement, getComputedStyle(document.activeElement))
"""
"""Where the focus is, and by what line a person sees it (WCAG 2.4.7)."""


@pytest_twisted.ensureDeferred
async def test_a_phone_that_enrolled_by_link_signs_in_a_pc(
    chromium: Chromium, page: Page, gateway: GatewayProcess, link: str
) -> None:
    """The product's main scene: the phone registers once, then opens the app on the PC."""
    made_on_phone = await made_on_a_phone(chromium, link)
    await page.run_first(spies.OPTIONS)
    await carry(page, made_on_phone, "hybrid")
    await page.goto(gateway.url)

    await sign_in(page, "#phone")

    await page.wait_for_element(APP_SIGN_IN)
    [asked] = await spies.asked(page)
    assert {
        "act": "get",
        "hints": ["hybrid"],
        "userVerification": "required",
        "allowed": 0,
        "mediation": "modal",
    } == asked


@pytest_twisted.ensureDeferred
async def test_each_button_says_what_the_browser_shall_offer_first(
    page: Page, gateway: GatewayProcess
) -> None:
    """The buttons differ in the hints that the browser gets; the field offers without asking."""
    device = await page.add_authenticator("internal")
    await device.set_presence(is_simulated=False)
    await page.run_first(spies.OPTIONS)
    await page.goto(gateway.url)
    await spies.asked(page)

    for count, button in enumerate(HINTS, 2):
        await page.click(button)
        await spies.asked(page, count=count)

    [offered, *asked] = await spies.asked(page)
    assert ("conditional", []) == (offered["mediation"], offered["hints"])
    assert [("modal", each) for each in HINTS.values()] == [
        (each["mediation"], each["hints"]) for each in asked
    ]


@pytest_twisted.ensureDeferred
async def test_a_passkey_picked_in_the_field_signs_in(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """The browser's own list of passkeys (autofill) is enough, without any button."""
    await plug_in(page, passkey)

    await page.goto(gateway.url)

    await page.wait_for_element(APP_SIGN_IN)


@pytest_twisted.ensureDeferred
async def test_a_button_pressed_during_the_check_begins_nothing_new(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """A passkey was picked and is being checked: pressing a button then opens no second dialog."""
    await page.run_first(spies.SLOW_CHECK)
    await plug_in(page, passkey)
    await page.goto(gateway.url)
    await page.wait_for("!!window.letGo")

    await page.click("#passkey")
    await page.evaluate("letGo()")

    await page.wait_for_element(APP_SIGN_IN)
    assert "1" == await page.evaluate("sessionStorage.getItem('begun')")


@pytest_twisted.ensureDeferred
async def test_nothing_of_the_app_shows_before_sign_in(
    page: Page, gateway: GatewayProcess, groupware: Groupware
) -> None:
    """Known and unknown addresses look alike to the byte, and the app is not even asked."""
    await page.send("Emulation.setScriptExecutionDisabled", value=True)
    known = await page.goto(gateway.url + "/cgi-bin/dneo/dneo.cgi?cmd=maillist")
    shown = await page.evaluate("document.documentElement.outerHTML")
    unknown = await page.goto(gateway.url + "/cgi-bin/nothing.cgi")

    assert (401, 401) == (known.status, unknown.status)
    assert shown == await page.evaluate("document.documentElement.outerHTML")
    assert [] == groupware.record()


@pytest_twisted.ensureDeferred
async def test_a_device_that_verified_nobody_is_refused(
    page: Page, gateway: GatewayProcess, groupware: Groupware, passkey: Json
) -> None:
    """A device that signs although finger, face and PIN failed opens nothing."""
    page.record.tolerate("status of 403")
    await page.run_first(spies.NO_VERIFICATION)
    device = await carry(page, passkey)
    await device.set_user_verified(is_verified=False)
    await page.goto(gateway.url)

    await page.click("#passkey")

    assert "not-verified" == await refusal(page)
    assert "gw" not in await page.cookies()
    assert [] == groupware.record()


@pytest.mark.parametrize("transport", ["hybrid", "usb"])
@pytest_twisted.ensureDeferred
async def test_an_answer_without_verification_is_refused(
    page: Page,
    gateway: GatewayProcess,
    groupware: Groupware,
    passkey: Json,
    transport: Transport,
) -> None:
    """A phone or a key whose answer says that nobody was verified opens nothing."""
    page.record.tolerate("status of 403")
    device = await carry(page, passkey, transport)
    await device.override_bits(is_bad_verification=True)
    await page.goto(gateway.url)

    await page.click("#passkey")

    assert "not-verified" == await refusal(page)
    assert [] == groupware.record()


@pytest_twisted.ensureDeferred
async def test_a_device_that_lies_is_refused(
    page: Page, gateway: GatewayProcess, groupware: Groupware, passkey: Json
) -> None:
    """A wrong signature, and one that nobody touched for, open nothing."""
    page.record.tolerate("status of 403")
    device = await carry(page, passkey)
    await page.goto(gateway.url)
    told = {}

    for lie in LIES:
        await device.override_bits(**{lie: True})
        await page.click("#passkey")
        told[lie] = await refusal(page)

    assert dict.fromkeys(LIES, "refused") == told
    assert [] == groupware.record()


@pytest_twisted.ensureDeferred
async def test_a_passkey_that_is_not_registered_is_told_apart(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """A passkey that was deleted here gets a sentence of its own, so that people know."""
    page.record.tolerate("status of 403")
    stranger = {**passkey, "credentialId": b64encode(secrets.token_bytes(32)).decode()}
    await carry(page, stranger)
    await page.goto(gateway.url)

    await page.click("#passkey")

    assert "unknown-passkey" == await refusal(page)


@pytest_twisted.ensureDeferred
async def test_after_a_cancelled_try_another_device_gets_in(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """A finger that fails is told in a sentence, and the next try works without a reload."""
    device = await carry(page, passkey)
    await device.set_user_verified(is_verified=False)
    await page.goto(gateway.url)
    await page.click("#passkey")
    told = await refusal(page)
    await device.unplug()

    await carry(page, passkey, "usb")
    await sign_in(page, "#security-key")

    await page.wait_for_element(APP_SIGN_IN)
    assert "cancelled" == told


@pytest_twisted.ensureDeferred
async def test_another_browser_cannot_finish_a_sign_in(
    open_page: OpenPage, gateway: GatewayProcess, passkey: Json
) -> None:
    """A stolen answer opens nothing in the thief's browser, and then nowhere."""
    person, thief = await open_page(), await open_page()
    for each in (person, thief):
        each.record.tolerate("status of 403")
    await person.run_first(spies.copying(stops=True))
    await carry(person, passkey)
    await person.goto(gateway.url)
    await thief.goto(gateway.url + "/.gateway/login")
    await person.click("#passkey")
    answer = await spies.copied(person)

    stolen = await spies.post(thief, answer)

    assert {"status": 403, "error": "refused"} == stolen
    assert "gw" not in await thief.cookies()


@pytest_twisted.ensureDeferred
async def test_an_answer_is_good_for_one_sign_in(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """The same answer again, even from the same browser, is refused."""
    page.record.tolerate("status of 403")
    await page.run_first(spies.copying())
    await enter(page, gateway.url, passkey)
    before = await page.cookies()

    again = await spies.post(page, await spies.copied(page))

    assert {"status": 403, "error": "expired"} == again
    assert before == await page.cookies()


@pytest_twisted.ensureDeferred
async def test_the_session_cookie_is_new_and_out_of_the_scripts_reach(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """Whatever cookie was planted before, sign-in draws its own; scripts cannot read it."""
    await page.send("Network.setCookie", name="gw", value=KNOWN_COOKIE, url=gateway.url)
    await enter(page, gateway.url, passkey)

    cookie = (await page.cookies())["gw"]

    assert KNOWN_COOKIE != cookie["value"]
    assert (True, "Lax", "/", True) == tuple(
        cookie[name] for name in ("httpOnly", "sameSite", "path", "session")
    )
    assert "gw" not in await page.evaluate("document.cookie")


@pytest_twisted.ensureDeferred
async def test_the_app_gets_none_of_our_cookies(
    page: Page, gateway: GatewayProcess, groupware: Groupware, passkey: Json
) -> None:
    """The app sees requests without the cookies by which the gateway knows people."""
    await enter(page, gateway.url, passkey)

    received = groupware.record(requests=1)

    assert [] == [line for each in received for line in each.values("Cookie") if "gw" in line]


@pytest_twisted.ensureDeferred
async def test_the_page_can_be_used_with_the_keyboard_alone(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """Tab goes through the page from top to bottom, each stop can be seen, Enter signs in."""
    device = await plug_in(page, passkey)
    await device.set_presence(is_simulated=False)
    await page.run_first(spies.OPTIONS)
    await page.goto(gateway.url)
    await spies.asked(page)
    stops = []
    for _ in STOPS:
        await page.press("Tab")
        stops.append(await page.evaluate(FOCUSED))

    await page.evaluate("document.querySelector('#passkey').focus()")
    await device.set_presence(is_simulated=True)
    await page.press("Enter")

    assert [f"{each} solid" for each in STOPS] == stops
    await page.wait_for_element(APP_SIGN_IN)


@pytest_twisted.ensureDeferred
async def test_bluetooth_help_shows_where_bluetooth_is_missing(
    page: Page, gateway: GatewayProcess
) -> None:
    """A PC that says it cannot reach phones gets help; the phone's button is always there."""
    await page.run_first(spies.CAPABILITIES)
    is_shown = {}

    for can in ("true", "false", "null"):
        await page.goto(f"{gateway.url}/?can={can}")
        await page.wait_for("window.wasAsked")
        await page.wait_for_element("#phone")
        is_shown[can] = await page.evaluate(
            "document.querySelector('#bluetooth').checkVisibility({visibilityProperty: true})"
        )

    assert {"true": False, "false": True, "null": False} == is_shown


@pytest_twisted.ensureDeferred
async def test_who_is_signed_in_is_told_so_at_the_sign_in_address(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """The sign-in address shows a signed-in person who they are, and leads on to the app."""
    await enter(page, gateway.url + "/.gateway/login", passkey)
    await page.goto(gateway.url + "/.gateway/login")

    assert "佐藤 花子さん" in await page.text("main")
    await page.follow("#continue")
    await page.wait_for_element(APP_SIGN_IN)
