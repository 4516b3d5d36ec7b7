"""After the first passkey, in a real browser: codes on paper, a second way in, a lost device."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import pytest_twisted

from tests.browser.conftest import DISPLAY_NAME, PERSON, OpenPage
from tests.browser.looks import complaints
from tests.browser.sign_in_house import open_house
from tests.browser.steps import APP_SIGN_IN, NO_OFFER, enrol, refusal, sign_in
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

__all__ = ["open_house"]

CODES = "[...document.querySelectorAll('#codes code')].map((each) => each.textContent)"
DONE = "document.querySelectorAll('.todo > .is-done').length"
LINK_OF_CODE = """
new Promise((tell) => {
    const real = window.fetch;
    window.fetch = async (...asked) => {
        const answer = await real(...asked);
        if (String(asked[0]).endsWith('/other-device')) tell(await answer.clone().json());
        return answer;
    };
    document.querySelector('#show-code').click();
})
"""


@pytest.fixture
def guest_link(open_house: OpenHouse) -> str:
    """An enrolment link, of a house without an app behind it."""
    house = open_house.house
    return open_house.url + house.invite(house.add_person(PERSON, DISPLAY_NAME))


async def begun(page: Page, link: str) -> None:
    """Enrol this browser's own device; the page of what comes next is open then."""
    await page.run_first(NO_OFFER)
    device = await page.add_authenticator()
    await enrol(page, link)
    await page.wait_for("document.readyState === 'complete'")
    await device.unplug()


async def codes_on(page: Page) -> list[str]:
    """Ask the page for recovery codes, and read them."""
    await page.click("#make-recovery-codes")
    await page.wait_for(f"{CODES}.length")
    codes: list[str] = await page.evaluate(CODES)
    return codes


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest_twisted.ensureDeferred
async def test_a_lost_device_is_replaced_by_a_code_on_paper(
    open_page: OpenPage, link: str, language: str
) -> None:
    """A phone's person keeps codes; on a fresh browser name and code lead back into the app."""
    phone, fresh = await open_page(), await open_page()
    await phone.views.phone()
    for each in (phone, fresh):
        await each.views.language(language)
    await begun(phone, link)
    code = (await codes_on(phone))[0]
    await fresh.run_first(NO_OFFER)
    await fresh.add_authenticator()

    await fresh.goto(link.partition("/enroll/")[0] + "/recovery")
    await fresh.type("#username", "ｈａｎａｋｏ")
    await fresh.type("#recovery-code", code.lower().replace("-", "ー"))
    await fresh.follow("#recovery-submit")
    await fresh.click("#register-passkey")
    await fresh.wait_for_element("#finish")
    await fresh.follow("#finish")
    await sign_in(fresh)

    await fresh.wait_for_element(APP_SIGN_IN)


@pytest_twisted.ensureDeferred
async def test_a_second_way_in_is_registered_at_once(page: Page, guest_link: str) -> None:
    """After this PC a security key is registered on the same page, and the list says so."""
    await begun(page, guest_link)
    before = await page.evaluate(DONE)
    await page.add_authenticator("usb")

    await page.click("#register-security-key")
    await page.wait_for(f"{DONE} > {before}")

    assert "予備も登録済みです" in await page.text("#spare-step > p")


@pytest_twisted.ensureDeferred
async def test_a_phone_registers_by_the_code_on_the_screen(
    open_page: OpenPage, guest_link: str
) -> None:
    """A phone that scans the code registers itself, and the PC's page sees it by itself."""
    pc, phone = await open_page(), await open_page()
    await begun(pc, guest_link)
    asked = await pc.evaluate(LINK_OF_CODE)
    before = await pc.evaluate(DONE)
    other = str(asked["link"])
    await phone.views.phone()
    await phone.add_authenticator(is_synced=True)

    await enrol(phone, other)
    await pc.wait_for(f"{DONE} > {before}")

    assert "このまま閉じてかまいません" in await phone.text("main")


@pytest_twisted.ensureDeferred
async def test_reloading_loses_nothing(page: Page, guest_link: str) -> None:
    """After the first passkey a reload, and another language, show the same list again."""
    await begun(page, guest_link)
    await codes_on(page)
    await page.click("#codes-kept")
    await page.wait_for(f"{DONE} === 2 && document.readyState === 'complete'")

    await page.click("#language")
    await page.wait_for("document.documentElement.lang === 'en'")

    assert 2 == await page.evaluate(DONE)
    assert "10 left" in await page.text("#codes-step > p")


@pytest_twisted.ensureDeferred
async def test_codes_are_printed_alone_and_saved_as_text(page: Page, guest_link: str) -> None:
    """On paper there are the codes, whose they are and how to use them, and nothing else."""
    await begun(page, guest_link)
    codes = await codes_on(page)
    await page.send("Emulation.setEmulatedMedia", media="print")

    sheet = await page.text("#print-sheet")
    is_alone = await page.evaluate("!document.querySelector('main').checkVisibility()")
    saved = await page.evaluate("document.querySelector('#codes-download').href")

    assert is_alone
    assert all(each in sheet for each in codes)
    assert "hanako" in sheet
    assert "/.gateway/recovery" in sheet
    assert saved.startswith("blob:")


@pytest_twisted.ensureDeferred
async def test_a_wrong_code_keeps_the_name(page: Page, gateway: GatewayProcess) -> None:
    """A code that is not good is told, and the name need not be typed again."""
    page.record.tolerate("status of 403")
    await page.goto(f"{gateway.url}/.gateway/recovery")
    await page.type("#username", "hanako")
    await page.type("#recovery-code", "7K3M-Q2XP-9T4H-WD6Z")
    await page.follow("#recovery-submit")

    assert "recovery-code" == await refusal(page)
    assert "hanako" == await page.text("#username")
    assert "" == await page.evaluate("document.querySelector('#recovery-code').value")


VIEWS = {"phone-ja": (320, "ja"), "pc-en-dark": (1280, "en")}
"""The narrowest phone that counts (WCAG 2.2, 1.4.10), and a PC in the dark."""


@pytest.mark.parametrize("view", VIEWS)
@pytest_twisted.ensureDeferred
async def test_the_pages_of_enrolment_are_good_to_look_at(
    page: Page, guest_link: str, open_house: OpenHouse, tmp_path: Path, view: str
) -> None:
    """Each page of enrolment and recovery is whole, readable and in one language."""
    width, language = VIEWS[view]
    if width < 1280:
        await page.views.phone()
        narrow = {"height": 640, "deviceScaleFactor": 2, "mobile": True}
        await page.send("Emulation.setDeviceMetricsOverride", width=width, **narrow)
    await page.views.dark(is_on="dark" in view)
    await page.views.language(language)
    page.record.tolerate("status of 410")
    seen = {}

    async def look(name: str) -> None:
        await page.screenshot(tmp_path / f"{name}-{view}.png")
        seen[name] = await complaints(page, language)

    await page.goto(f"{open_house.url}/.gateway/recovery")
    await look("recovery")
    await page.goto(guest_link)
    await look("enroll")
    await begun(page, guest_link)
    await look("enroll-next")
    await codes_on(page)
    await look("recovery-codes")
    await page.click("#show-code")
    await page.wait_for_element("#other-device .qr")
    await look("other-device")
    await page.goto(guest_link)
    await look("invitation-used")

    assert {name: [] for name in seen} == seen


@pytest_twisted.ensureDeferred
async def test_the_sheet_of_codes_fits_on_one_page(
    page: Page, guest_link: str, tmp_path: Path
) -> None:
    """Printed, the codes are one sheet of A4."""
    await begun(page, guest_link)
    await codes_on(page)

    printed = await page.send("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27)
    content = base64.b64decode(printed["data"])
    (tmp_path / "codes.pdf").write_bytes(content)

    assert 1 == content.count(b"/Type /Page\n")
