"""
What people do at the gateway, step by step.

A virtual device answers the moment it is asked, also when the sign-in page only offers
passkeys in its field. So a device that holds a passkey lies untouched until its person
touches it for the button that was pressed.
"""

from __future__ import annotations

from tests.instruments.chromium import Chromium
from tests.instruments.devtools import Json
from tests.instruments.page import Page
from tests.instruments.virtual_authenticator import Transport, VirtualAuthenticator

APP = "/cgi-bin/dneo/dneo.cgi"
"""The app's address below the gateway's."""

APP_SIGN_IN = "#inputfrm"
"""The app's own sign-in form: its first page, which lists the whole staff."""

LEFT = "document.readyState === 'complete' && !document.querySelector('[data-page=sign-in]')"


async def enrol(page: Page, link: str, button: str = "#register-passkey") -> None:
    """Open the link, press, and wait until the page says that it is done."""
    await page.goto(link)
    if button == "#register-phone":
        await page.click("#with-phone summary")
    await page.click(button)
    await page.wait_for_element("#finish")


async def made_on_a_phone(chromium: Chromium, link: str) -> Json:
    """Enrol with a phone, as nearly everybody does; gives the passkey that is on it then."""
    phone = await chromium.open_page()
    await phone.views.phone()
    handset = await phone.add_authenticator("internal", is_synced=True)
    await enrol(phone, link)
    [credential] = await handset.credentials()
    await chromium.dispose(phone)
    return credential


async def carry(
    page: Page, passkey: Json, transport: Transport = "internal"
) -> VirtualAuthenticator:
    """Have a device at hand that holds the passkey; it lies there untouched."""
    device = await page.add_authenticator(transport, is_synced=passkey["backupEligibility"])
    await device.add_credential(passkey)
    await device.set_presence(is_simulated=False)
    return device


async def touch(page: Page, device: VirtualAuthenticator, button: str = "#passkey") -> None:
    """Press a button of ours and touch the device when it asks."""
    await page.wait_for_element(button)
    await device.set_presence(is_simulated=True)
    await page.click(button)


async def sign_in(page: Page, device: VirtualAuthenticator, button: str = "#passkey") -> None:
    """Sign in on the page that is open, wait for what comes then, and let go of the device."""
    await touch(page, device, button)
    await page.wait_for(LEFT)
    await device.set_presence(is_simulated=False)


async def enter(
    page: Page, url: str, passkey: Json, transport: Transport = "internal"
) -> VirtualAuthenticator:
    """Open an address behind the gateway, sign in there, and keep the device at hand."""
    device = await carry(page, passkey, transport)
    await page.goto(url)
    await sign_in(page, device)
    return device


async def start_work(page: Page) -> None:
    """Pass the app's own sign-in, too, and wait until the app shows what was asked for."""
    await page.follow("#certify")
    await page.wait_for("document.querySelector('#view')?.dataset.loaded")


async def refusal(page: Page) -> str:
    """Wait until the page tells why not; the code of what it says."""
    return str(await page.wait_for("document.querySelector('#message')?.dataset.code"))
