"""What people do on their account page, step by step."""

from __future__ import annotations

import itertools

from tests.browser.steps import NO_OFFER, enrol, sign_in
from tests.instruments.devtools import Json
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page
from tests.instruments.virtual_authenticator import Transport, VirtualAuthenticator

ACCOUNT = "/.gateway/account"
FULL_NAME = "佐藤 花子"

_numbers = itertools.count(1)


def invite(house: OpenHouse) -> str:
    """An enrolment link of somebody new."""
    person = house.house.add_person(f"person-{next(_numbers)}", FULL_NAME)
    return house.url + house.house.invite(person)


async def settle_in(
    page: Page, house: OpenHouse, transport: Transport = "internal"
) -> VirtualAuthenticator:
    """Somebody new enrols with a device, signs in, and opens the account page."""
    await page.run_first(NO_OFFER)
    device = await page.add_authenticator(transport, is_synced=transport == "internal")
    await enrol(page, invite(house))
    await enter_account(page, house)
    return device


async def enter_account(page: Page, house: OpenHouse) -> None:
    """Open the account page and sign in there with the device at hand."""
    await page.goto(house.url + ACCOUNT)
    await page.wait_for_element("[data-page=sign-in] #passkey")
    await sign_in(page)
    await shown(page)


async def join(page: Page, house: OpenHouse, passkey: Json) -> VirtualAuthenticator:
    """The same person, with the same passkey, in another browser."""
    await page.run_first(NO_OFFER)
    device = await page.add_authenticator(is_synced=passkey["backupEligibility"])
    await device.add_credential(passkey)
    await enter_account(page, house)
    return device


async def swap(
    device: VirtualAuthenticator, page: Page, transport: Transport
) -> VirtualAuthenticator:
    """Put another, empty device in the place of this one."""
    await device.unplug()
    return await page.add_authenticator(transport)


async def shown(page: Page) -> None:
    """Wait until the account page is there and its script runs."""
    await page.wait_for_element("[data-page=account] #add-passkey")
    await page.wait_for("document.querySelector('time').textContent.includes(':')")


async def told(page: Page) -> str:
    """Wait until the page tells that something was done; what it says."""
    return str(await page.wait_for("document.querySelector('#toast')?.textContent"))


async def rows(page: Page, kind: str = "credential") -> list[str]:
    """The public names of the rows that are shown."""
    found: list[str] = await page.call(
        "kind => [...document.querySelectorAll(`[data-${kind}-id]`)]"
        ".map(each => each.getAttribute(`data-${kind}-id`))",
        kind,
    )
    return found


async def count_is(page: Page, count: int, kind: str = "credential") -> None:
    """Wait until so many rows are shown."""
    await page.wait_for(f"document.querySelectorAll('[data-{kind}-id]').length === {count}")


async def focused(page: Page) -> str:
    """The id or the class of what has the focus."""
    return str(
        await page.evaluate("document.activeElement.id || document.activeElement.className")
    )


async def add_security_key(page: Page) -> None:
    """Choose the security key in the dialog, and wait until it is registered."""
    await page.click("#add-passkey")
    await page.click("#add-security-key")
    await told(page)
