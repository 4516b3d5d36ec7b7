"""Enrolment in a real browser: from an invitation to a passkey, once."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.browser import spies
from tests.browser.conftest import PERSON, OpenPage
from tests.browser.steps import APP_SIGN_IN, NO_OFFER, enrol, refusal, sign_in
from tests.groupware.running import Groupware
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page
from tests.instruments.views import PHONE_AGENT
from tests.instruments.virtual_authenticator import Transport

HINTS = {
    "#register-passkey": ["client-device"],
    "#register-security-key": ["security-key"],
    "#register-phone": ["hybrid"],
}

OWN_DEVICE = """
PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = async () => true;
"""
"""Says for the browser that this PC itself can keep passkeys."""

NO_DEVICE = OWN_DEVICE.replace("true", "false")


@pytest.mark.parametrize(
    ("transport", "register", "button"),
    [
        ("internal", "#register-passkey", "#passkey"),
        ("hybrid", "#register-phone", "#phone"),
        ("usb", "#register-security-key", "#security-key"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_each_kind_of_device_leads_from_the_invitation_into_the_app(
    page: Page, link: str, transport: Transport, register: str, button: str
) -> None:
    """A PC, a phone and a security key each enrol, sign in and reach the app."""
    await page.run_first(NO_OFFER)
    await page.add_authenticator(transport)
    await enrol(page, link, register)
    await page.follow("#finish")

    await sign_in(page, button)

    await page.wait_for_element(APP_SIGN_IN)


@pytest_twisted.ensureDeferred
async def test_each_button_says_what_the_browser_shall_offer_first(
    page: Page, unused_link: str
) -> None:
    """The buttons of enrolment differ in the hints that the browser gets."""
    await page.run_first(spies.OPTIONS + OWN_DEVICE)
    await page.goto(unused_link)
    await page.click("#with-phone summary")

    for count, button in enumerate(HINTS, 1):
        await page.click(button)
        await spies.asked(page, count=count)

    asked = await spies.asked(page)
    assert [("create", each) for each in HINTS.values()] == [
        (each["act"], each["hints"]) for each in asked
    ]


@pytest.mark.parametrize(
    ("script", "expected"), [(OWN_DEVICE, "このPCに登録する"), (NO_DEVICE, "パスキーを登録する")]
)
@pytest_twisted.ensureDeferred
async def test_this_pc_is_named_only_where_it_can_keep_a_passkey(
    page: Page, unused_link: str, script: str, expected: str
) -> None:
    """A PC without fingerprint, face or PIN of its own is not offered as a place."""
    await page.run_first(script)
    await page.goto(unused_link)

    await page.wait_for(
        f"document.querySelector('#register-passkey').innerText.trim() === '{expected}'"
    )


@pytest_twisted.ensureDeferred
async def test_the_page_greets_its_person_and_nothing_of_the_app_is_asked_for(
    page: Page, groupware: Groupware, unused_link: str
) -> None:
    """The invited person is greeted by name, and the app hears nothing of it."""
    answer = await page.goto(unused_link)

    assert (200, "no-store") == (answer.status, answer.headers["cache-control"])
    assert "山田 次郎さん、ようこそ" == await page.text("h1")
    assert [] == groupware.record()


@pytest_twisted.ensureDeferred
async def test_a_link_works_once(open_page: OpenPage, link: str) -> None:
    """Whoever opens a used link reads what to do; nothing else is on that page."""
    first, later = await open_page(), await open_page()
    later.record.tolerate("status of 410")
    await first.add_authenticator()
    await enrol(first, link)

    answer = await later.goto(link)

    assert 410 == answer.status
    assert "invitation-spent" == await refusal(later)
    assert "使用済み" in await later.text("#message")
    assert "Traceback" not in await later.text("body")


@pytest_twisted.ensureDeferred
async def test_of_two_who_opened_the_same_link_one_enrols(open_page: OpenPage, link: str) -> None:
    """A link that was opened twice, say by the person and by a thief, is good for one."""
    quick, slow = await open_page(), await open_page()
    slow.record.tolerate("status of 410")
    await quick.add_authenticator()
    await slow.add_authenticator()
    await slow.goto(link)
    await enrol(quick, link)

    await slow.click("#register-passkey")

    assert "invitation-spent" == await refusal(slow)


@pytest_twisted.ensureDeferred
async def test_an_expired_link_says_so(page: Page, gateway: GatewayProcess) -> None:
    """A link whose time is over says so, and what to do."""
    page.record.tolerate("status of 410")
    link = await deferToThread(gateway.invite, PERSON, hours=1e-9)

    answer = await page.goto(link)

    assert (410, "invitation-spent") == (answer.status, await refusal(page))
    assert "有効期限が切れています" in await page.text("#message")


@pytest_twisted.ensureDeferred
async def test_an_enrolled_device_is_not_enrolled_again(
    page: Page, gateway: GatewayProcess, link: str
) -> None:
    """A device that is registered is recognised by its browser, and the link stays good."""
    device = await page.add_authenticator()
    await enrol(page, link)
    another = await deferToThread(gateway.invite, PERSON)
    await page.goto(another)
    await page.click("#register-passkey")
    told = await refusal(page)
    await device.unplug()

    await page.add_authenticator()
    await enrol(page, another)

    assert "already-registered" == told


@pytest_twisted.ensureDeferred
async def test_a_failing_finger_registers_nothing_and_leaves_the_link_good(
    page: Page, link: str
) -> None:
    """When the device does not recognise its person there is no passkey; then it does."""
    device = await page.add_authenticator(is_verified=False)
    await page.goto(link)
    await page.click("#register-passkey")
    told = await refusal(page)

    await device.set_user_verified(is_verified=True)
    await page.click("#register-passkey")
    await page.wait_for_element("#finish")

    assert "cancelled" == told


@pytest_twisted.ensureDeferred
async def test_a_key_that_verified_nobody_is_refused(page: Page, link: str) -> None:
    """A security key whose answer says that no PIN was asked is not registered."""
    page.record.tolerate("status of 403")
    device = await page.add_authenticator("usb")
    await device.override_bits(is_bad_verification=True)
    await page.goto(link)
    await page.click("#register-security-key")
    told = await refusal(page)

    await device.override_bits()
    await page.click("#register-security-key")
    await page.wait_for_element("#finish")

    assert "not-verified" == told


@pytest_twisted.ensureDeferred
async def test_another_browser_cannot_finish_an_enrolment(
    open_page: OpenPage, unused_link: str
) -> None:
    """A device's answer that was stolen on its way is of no use in the thief's browser."""
    person, thief = await open_page(), await open_page()
    thief.record.tolerate("status of 403")
    await person.add_authenticator()
    await person.run_first(spies.copying(stops=True))
    await person.goto(unused_link)
    await person.click("#register-passkey")
    await thief.goto(unused_link)

    told = await spies.post(thief, await spies.copied(person))

    assert {"status": 403, "error": "refused"} == told


IN_LINE = """
Object.defineProperty(navigator, 'userAgent', {get: () => '%s'});
navigator.clipboard.writeText = async (text) => { sessionStorage.setItem('copied', text); };
"""


@pytest_twisted.ensureDeferred
async def test_inside_an_app_the_link_is_copied_for_a_real_browser(
    page: Page, unused_link: str
) -> None:
    """Who opened the link inside LINE is told to take it to Safari or Chrome, and can copy it."""
    agent = f"{PHONE_AGENT} Line/15.0.0"
    await page.views.phone()
    await page.send("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="ja")
    await page.run_first(IN_LINE % agent)
    await page.goto(unused_link)

    await page.click("[data-copy='#link']")

    assert unused_link == await page.wait_for("sessionStorage.getItem('copied')")
    assert "SafariまたはChrome" in await page.text("#in-app")
    assert "コピーしました" == await page.text("[data-copy] span:not([hidden])")
