"""Our pages in this process, for a real browser: what they say needs no whole gateway."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest_twisted
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.posixbase import PosixReactorBase

from tests.browser.steps import NO_OFFER
from tests.instruments.authenticator import BE, BS, Authenticator
from tests.instruments.devtools import Json
from tests.instruments.house import Browser
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page
from tests.instruments.virtual_authenticator import Transport, VirtualAuthenticator

IN_PLACE = "/sign-in-required"
"""What the proxy asks for in the app's place; from outside nobody can."""

STEP_UP = "/step-up-required/any"

SIGN_OUT = """
fetch('/.gateway/logout', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}',
})
"""

STEPS = "[...document.querySelectorAll('#next [data-step]')].map((each) => each.dataset.step)"
"""What the page offers to do next."""


@pytest_twisted.async_yield_fixture
async def open_house(reactor: PosixReactorBase) -> AsyncIterator[OpenHouse]:
    """A house that browsers can reach."""
    house = OpenHouse(reactor)
    yield house
    await house.close()


def passkey_of(browser: Browser) -> Json:
    """The passkey of a browser in memory, as a virtual device takes it."""
    return credential_of(browser.device)


def credential_of(device: Authenticator) -> Json:
    """The passkey of a device in software, as a virtual one takes it."""
    assert device.user_handle is not None
    private_key = device.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "credentialId": b64encode(device.credential_id).decode(),
        "userHandle": b64encode(device.user_handle).decode(),
        "privateKey": b64encode(private_key).decode(),
        "rpId": "localhost",
        "isResidentCredential": True,
        "backupEligibility": bool(device.flags & BE),
        "backupState": bool(device.flags & BS),
        "signCount": 100,
    }


async def carry(
    page: Page, browser: Browser, transport: Transport = "internal"
) -> VirtualAuthenticator:
    """Have a device with that browser's passkey at hand; before the first page is opened."""
    await page.run_first(NO_OFFER)
    device = await page.add_authenticator(transport)
    await device.add_credential(passkey_of(browser))
    return device


async def open_at(
    page: Page, house: OpenHouse, path: str = IN_PLACE, language: str = "ja"
) -> None:
    """Open the page and wait until its script has begun. Answers that say no are no trouble."""
    for each in ("status of 4", "status of 5", "net::ERR_"):
        page.record.tolerate(each)
    await page.views.language(language)
    await page.goto(house.url + path)
    await page.wait_for_element("#passkey")


async def keep(page: Page, name: str, value: object) -> None:
    """Tell a spy what to do."""
    await page.call("(name, value) => { sessionStorage[name] = value; }", name, json.dumps(value))
