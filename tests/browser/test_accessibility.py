"""
Everybody can use our pages: axe-core finds nothing wrong with any of them.

Its rules are those of WCAG 2.2 AA and the best practices of its makers. What is folded away
(details, dialogs) is opened and looked at, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.posixbase import PosixReactorBase

from gateway.pages.failure import failure_page
from gateway.pages.sheet import invitation_sheet
from tests.browser.conftest import OpenPage
from tests.browser.every_page import Cast, Scene, Tour, every_page, kinds
from tests.browser.steps import NO_OFFER, refusal
from tests.instruments.axe import find_axe, violations
from tests.instruments.house import LANGUAGES, House
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

FAILURE = Scene(path="/failure", visitor="stranger")
SHEET = Scene(path="/sheet", visitor="stranger")
IN_ENGLISH = [
    Scene(path="/.gateway/login", visitor="stranger"),
    Scene(path="/.gateway/account", visitor="staff"),
    Scene(path="/.gateway/help/devices", visitor="stranger"),
]

BY_HAND = {"failure", "signed-out"}
"""Pages that no address of ours leads to: each has its test below."""

UNFOLD = """
(() => {
    const folded = [...document.querySelectorAll('details:not([open])')];
    for (const each of folded) each.open = true;
    return folded.length;
})()
"""
OPEN_DIALOG = """
(number) => {
    const all = [...document.querySelectorAll('dialog')];
    for (const each of all) each.close();
    all[number]?.showModal();
    return number < all.length;
}
"""
FAULTS = """
<main><h1>見出し</h1><h3>飛ばした見出し</h3><p style="color: #999">薄い文字</p>
<button></button><input><a href="/">次</a></main>
"""
EXPECTED = {"button-name", "color-contrast", "heading-order", "label"}


@pytest.fixture(scope="session")
def axe() -> Path:
    """Where axe-core is; without it these tests are skipped."""
    script = find_axe()
    if script is None:
        pytest.skip("no axe-core here: npm ci")
    return script


@pytest_twisted.async_yield_fixture
async def open_house(reactor: PosixReactorBase) -> AsyncIterator[OpenHouse]:
    """Our pages, to be reached by the browser."""
    open_house = OpenHouse(reactor)
    yield open_house
    await open_house.close()


@pytest.fixture
def tour(open_house: OpenHouse, open_page: OpenPage) -> Tour:
    """A way through all pages."""
    return Tour(open_house, open_page)


async def faults(page: Page, axe: Path) -> list[str]:
    """What is wrong with a page: as it comes, in the dark, unfolded, and with each dialog open."""
    await page.views.feature("prefers-reduced-motion", "reduce")  # colours change at once
    await page.views.dark(is_on=False)
    found = await violations(page, axe)
    await page.views.dark()
    found += [f"dark: {each}" for each in await violations(page, axe, only="color-contrast")]
    if await page.evaluate(UNFOLD):
        found += [f"unfolded: {each}" for each in await violations(page, axe)]
    number = 0
    while await page.call(OPEN_DIALOG, number):
        found += [f"dialog {number}: {each}" for each in await violations(page, axe)]
        number += 1
    return found


def show_others(tour: Tour) -> None:
    """What has no address of ours: the app's failure in both languages, a sheet to be printed."""
    house = tour.open_house.house
    _, failure = failure_page(house.pages, 503, None, is_page=True)
    sheet = invitation_sheet(
        LANGUAGES,
        gateway_name=house.pages.gateway_name,
        person=house.add_person("ito", "伊藤 四郎"),
        link=tour.open_house.url + tour.cast.invitation,
        expires=datetime.fromtimestamp(house.wall, tz=UTC),
    )
    tour.open_house.others.update({FAILURE.path: failure, SHEET.path: sheet})


@pytest_twisted.ensureDeferred
async def test_every_page_is_accessible(tour: Tour, axe: Path) -> None:
    """On a phone, in the light and in the dark, no page of ours breaks a rule."""
    found = []
    show_others(tour)
    for scene in [*every_page(tour.cast), FAILURE, SHEET]:
        page = await tour.visit(scene)
        await page.views.phone()
        found += [f"{scene}: {each}" for each in await faults(page, axe)]

    assert [] == found


@pytest_twisted.ensureDeferred
async def test_pages_in_english_are_accessible(tour: Tour, axe: Path) -> None:
    """On a PC, in English, the pages with the most on them break no rule."""
    found = []
    links = (tour.cast.invitation, tour.cast.next_step)
    for scene in [*IN_ENGLISH, *(Scene(path=each, visitor="stranger") for each in links)]:
        await (await tour.visit(scene)).views.language("en")
        page = await tour.visit(scene)
        found += [f"{scene}: {each}" for each in await violations(page, axe)]

    assert [] == found


@pytest_twisted.ensureDeferred
async def test_failed_attempts_are_accessible(tour: Tour, axe: Path) -> None:
    """What sign-in and recovery say when it did not work can be read by everybody."""
    sign_in = Scene(path="/.gateway/login", visitor="stranger")
    page = await tour.visit(sign_in)
    await page.run_first(NO_OFFER)
    await page.add_authenticator(is_verified=False)
    await tour.visit(sign_in)
    await page.click("#passkey")
    await refusal(page)
    found = await violations(page, axe)
    await tour.visit(Scene(path="/.gateway/recovery", visitor="stranger"))
    await page.type("#username", "nobody")
    await page.type("#recovery-code", "AAAA-BBBB-CCCC-DDDD")
    await page.press("Enter")
    await refusal(page)
    found += await violations(page, axe)

    assert [] == found


@pytest_twisted.ensureDeferred
async def test_the_way_out_is_accessible(tour: Tour, axe: Path) -> None:
    """The page after signing out breaks no rule."""
    page = await tour.visit(Scene(path="/.gateway/login", visitor="staff"))
    await page.follow("#logout")

    assert {"signed-out"} == {await page.evaluate("document.querySelector('main').dataset.page")}
    assert [] == await faults(page, axe)


def test_no_page_is_forgotten() -> None:
    """Every sort of page that there is a template for is among those that are looked at."""
    cast = Cast(House())
    seen = {
        kind
        for scene in every_page(cast)
        for kind in kinds(cast.browser(scene.visitor).open(scene.path).text)
    }
    templates = files("gateway") / "web" / "templates"
    written = {kind for each in templates.iterdir() for kind in kinds(each.read_text("utf-8"))}

    assert written == seen | BY_HAND


@pytest_twisted.ensureDeferred
async def test_the_judge_sees_faults(page: Page, bare_url: str, axe: Path) -> None:
    """A nameless button, pale text, a field without label, a heading left out: all are seen."""
    await page.goto(bare_url)
    await page.call("(body) => { document.body.innerHTML = body; }", FAULTS)

    rules = {each.partition(" ")[0] for each in await violations(page, axe)}

    assert EXPECTED <= rules
