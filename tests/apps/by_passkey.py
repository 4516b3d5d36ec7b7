"""How a person comes in: an invitation, a passkey, and the app at the address that was asked."""

from __future__ import annotations

from twisted.internet.threads import deferToThread

from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page


async def enrol(page: Page, gateway: GatewayProcess, name: str) -> None:
    """Register a passkey of this browser's own device."""
    await page.add_authenticator("internal")
    await deferToThread(gateway.add_person, name)
    await page.goto(await deferToThread(gateway.invite, name))
    await page.click("#register-passkey")
    await page.wait_for_element("#finish")


async def enter(page: Page, url: str) -> int:
    """
    Ask for an address, sign in where the page says so, and be at that address.

    Returns:
        The status of the page that asked for the passkey.
    """
    refused = await page.goto(url)
    await page.follow("#passkey")
    return refused.status
