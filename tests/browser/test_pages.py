"""
Every page of ours as people see it: two languages, PC and phone, light and dark.

The pictures in `tests/artifacts/` are for eyes; what can be measured is measured here. Four
views are enough for every language to meet every screen and every colour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from tests.browser.conftest import DISPLAY_NAME
from tests.browser.looks import complaints
from tests.browser.steps import APP, enter, made_on_a_phone, refusal
from tests.instruments.chromium import Chromium
from tests.instruments.devtools import Json
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page

CAREFUL_PERSON = "midori"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A person's language, screen and taste."""

    language: str
    is_phone: bool
    is_dark: bool

    def __str__(self) -> str:
        screen = "phone" if self.is_phone else "pc"
        return f"{self.language}-{screen}-{'dark' if self.is_dark else 'light'}"


LOOKS = [
    Look(language="ja", is_phone=False, is_dark=False),
    Look(language="ja", is_phone=True, is_dark=True),
    Look(language="en", is_phone=True, is_dark=False),
    Look(language="en", is_phone=False, is_dark=True),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """One person's browser, of which pictures are taken."""

    page: Page
    look: Look
    directory: Path
    complaints: list[str] = field(default_factory=list)

    async def keep(self, name: str) -> None:
        """Take a picture of what is shown, and note what is wrong with it."""
        await self.page.screenshot(self.directory / f"{name}-{self.look}.png")
        found = await complaints(self.page, self.look.language)
        self.complaints.extend(f"{name}: {each}" for each in found)


@pytest_twisted.async_fixture(params=LOOKS, ids=str)
async def gallery(page: Page, request: pytest.FixtureRequest, artifacts: Path) -> Gallery:
    """The browser of a person with such a look."""
    look: Look = request.param
    await page.views.language(look.language)
    await page.views.dark(is_on=look.is_dark)
    if look.is_phone:
        await page.views.phone()
    return Gallery(page=page, look=look, directory=artifacts)


@pytest.fixture(scope="module")
def only_passkey(chromium: Chromium, gateway: GatewayProcess) -> Json:
    """The one passkey of a person who has no spare."""
    gateway.add_person(CAREFUL_PERSON, display_name=DISPLAY_NAME)
    making = made_on_a_phone(chromium, gateway.invite(CAREFUL_PERSON))
    credential: Json = pytest_twisted.blockon(Deferred.fromCoroutine(making))
    return credential


@pytest_twisted.ensureDeferred
async def test_the_sign_in_page(gallery: Gallery, gateway: GatewayProcess) -> None:
    """Sign-in, while a dialog is open, and when a finger was not recognised."""
    page = gallery.page
    device = await page.add_authenticator(is_verified=False)
    await device.set_presence(is_simulated=False)
    await page.goto(gateway.url + APP)
    await page.wait_for_element("#pick")
    await gallery.keep("sign-in")

    await page.click("#phone")
    await page.wait_for("document.querySelector('#phone').ariaBusy === 'true'")
    await gallery.keep("sign-in-waiting")
    await device.set_presence(is_simulated=True)
    await page.click("#passkey")
    await refusal(page)
    await gallery.keep("sign-in-cancelled")

    assert [] == gallery.complaints


@pytest_twisted.ensureDeferred
async def test_the_enrolment_pages(gallery: Gallery, link: str) -> None:
    """Enrolment, the way to a phone, a finger that was not recognised, the end of it."""
    page = gallery.page
    device = await page.add_authenticator(is_verified=False)
    await page.goto(link)
    await gallery.keep("enrolment")

    if not gallery.look.is_phone:
        await page.click("#with-phone summary")
        await gallery.keep("enrolment-phone")
    await page.click("#register-passkey")
    await refusal(page)
    await gallery.keep("enrolment-cancelled")
    await device.set_user_verified(is_verified=True)
    await page.click("#register-passkey")
    await page.wait_for_element("#finish")
    await gallery.keep("enrolment-done")

    assert [] == gallery.complaints


@pytest_twisted.ensureDeferred
async def test_the_pages_that_are_none(gallery: Gallery, gateway: GatewayProcess) -> None:
    """A link that is no good, and a mistyped address of ours."""
    page = gallery.page
    page.record.tolerate("status of 410")
    page.record.tolerate("status of 404")
    await page.goto(gateway.url + "/.gateway/enroll/mistyped")
    await gallery.keep("enrolment-spent")

    await page.goto(gateway.url + "/.gateway/nothing")
    await gallery.keep("not-found")

    assert [] == gallery.complaints


@pytest_twisted.ensureDeferred
async def test_the_pages_of_who_is_signed_in(
    gallery: Gallery, gateway: GatewayProcess, only_passkey: Json
) -> None:
    """Who one is, the account with its passkey, and the end of a session."""
    page = gallery.page
    await enter(page, gateway.url + "/.gateway/account", only_passkey)
    await gallery.keep("account")

    await page.goto(gateway.url + "/.gateway/login")
    await gallery.keep("signed-in")
    await page.follow("#logout")
    await gallery.keep("signed-out")

    assert [] == gallery.complaints
