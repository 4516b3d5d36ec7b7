"""
What people do at the gateway, step by step.

A virtual device answers the moment it is asked, also when the sign-in page only offers
passkeys in its field. So the browsers here have no such offer, and people press buttons;
what concerns the field has tests of its own.
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

NO_OFFER = """
if (window.PublicKeyCredential)
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
"""
"""Makes of this browser one that does not offer passkeys in a field (autofill)."""

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
    """Have a device at hand that holds the passkey; before the first page is opened."""
    await page.run_first(NO_OFFER)
    return await plug_in(page, passkey, transport)


async def plug_in(
    page: Page, passkey: Json, transport: Transport = "internal"
) -> VirtualAuthenticator:
    """Give the browser a device that holds the passkey."""
    device = await page.add_authenticator(transport, is_synced=passkey["backupEligibility"])
    await device.add_credential(passkey)
    return device


async def sign_in(page: Page, button: str = "#passkey") -> None:
    """Press the button on the sign-in page that is open, and wait for what comes then."""
    await page.click(button)
    await page.wait_for(LEFT)


async def enter(page: Page, url: str, passkey: Json) -> None:
    """Open an address behind the gateway with a device at hand, and sign in there."""
    await carry(page, passkey)
    await page.goto(url)
    await sign_in(page)


async def start_work(page: Page) -> None:
    """Pass the app's own sign-in, too, and wait until the app shows what was asked for."""
    await page.follow("#certify")
    await page.wait_for("document.querySelector('#view')?.dataset.loaded")


async def refusal(page: Page) -> str:
    """Wait until the page tells why not; the code of what it says."""
    return str(await page.wait_for("document.querySelector('#message')?.dataset.code"))
