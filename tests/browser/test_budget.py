"""
What a page may cost, and that everybody can reach all of it.

The sign-in page is what a whole company waits for each morning, on the slowest line that it
has: it is small, asks for little, and does not move under a finger.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.posixbase import PosixReactorBase

from gateway.login.help_pages import TOPICS
from tests.browser.conftest import OpenPage
from tests.browser.every_page import Cast, Scene, Tour, every_page
from tests.browser.steps import refusal
from tests.instruments.house import House
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

FIRST_PAGE_LIMIT_BYTES = 60_000
"""Of the first page in all, heads too, nothing compressed: 5 s at 100 kbit/s, once a release."""

REQUESTS_LIMIT = 8
"""A browser has six connections: two turns at most, the second one for the icon."""

SIGN_IN = Scene(path="/.gateway/login", visitor="stranger")
IMPORTED = re.compile(r'(?:from|import) "\./([a-z-]+\.js)"')
HELP = [Scene(path="/.gateway/help", visitor="stranger")]
HELP += [Scene(path=f"/.gateway/help/{topic}", visitor="stranger") for topic in TOPICS]

COST = """
(() => {
    const parts = performance.getEntriesByType('resource');
    const [page] = performance.getEntriesByType('navigation');
    const named = [...document.querySelectorAll('script[src], link[rel=modulepreload]')]
        .map((each) => each.src || each.href);
    const blocking = parts.filter((each) => each.renderBlockingStatus === 'blocking');
    return {
        body_bytes: [page, ...parts].reduce((sum, each) => sum + each.decodedBodySize, 0),
        late: parts.map((each) => each.name)
            .filter((each) => each.endsWith('.js') && !named.includes(each)),
        blocking: blocking.map((each) => each.name.split('/').at(-1)),
        icon: document.querySelector('link[rel=icon]').href,
    };
})()
"""
"""What the page has cost; `late` are scripts of which the browser learned from other scripts."""

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
    for (const {value, sources} of list.getEntries())
        if (value >= 0.005)  // half a hundredth of the screen: nobody sees it
            shifts.push(value + ' ' + sources.map(({node}) => node?.outerHTML?.slice(0, 80)));
}).observe({type: 'layout-shift', buffered: true});
"""
SHIFTS = """
new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(shifts)))))
"""

SPILLING = """
(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page');
    for (const each of document.body.querySelectorAll('*')) {
        if (each.closest('svg') || !each.checkVisibility({visibilityProperty: true})) continue;
        const {left, right, width} = each.getBoundingClientRect();
        if (width > 1 && (left < -1 || right > innerWidth + 1) && !each.closest('.table-frame'))
            found.push(each.outerHTML.slice(0, 90));
    }
    return found;
})()
"""

CONTROLS = """
(() => {
    const wanted = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    const shown = [...document.querySelectorAll(wanted)].filter((each) =>
        !each.disabled && each.type !== 'hidden'
        && each.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}));
    const groups = new Set();
    window.controls = shown.filter((each) => {
        if (each.type !== 'radio') return true;
        const one = each.form ? [each.form, each.name] : each.name;
        if (groups.has(String(one))) return false;
        return groups.add(String(one));
    });
    document.activeElement?.blur();
    return controls.map((each) => each.outerHTML.slice(0, 90));
})()
"""
FOCUSED = """
(() => {
    const element = document.activeElement;
    const looks = [element, element.labels?.[0]].filter(Boolean).map(getComputedStyle);
    return {
        number: controls.findIndex((each) => each === element
            || (each.type === 'radio' && each.name === element.name)),
        is_visible: looks.some((style) =>
            style.outlineStyle === 'auto' || style.boxShadow !== 'none'
            || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)),
        is_seen: element.getBoundingClientRect().top < innerHeight,
    };
})()
"""

DARK_ON_PAPER = """
(() => {
    const light = (colour) => {
        const [red, green, blue, alpha = 1] = colour.match(/[0-9.]+/g).map(Number);
        return alpha === 0 ? null : (red + green + blue) / 765;
    };
    const found = [];
    for (const each of document.querySelectorAll('html, body, body *')) {
        if (each.closest('svg') || !each.checkVisibility({visibilityProperty: true})) continue;
        const style = getComputedStyle(each);
        const paper = light(style.backgroundColor), ink = light(style.color);
        if ((paper !== null && paper < 0.9) || ink > 0.5) found.push(each.outerHTML.slice(0, 90));
    }
    return found;
})()
"""


@pytest_twisted.async_yield_fixture
async def tour(reactor: PosixReactorBase, open_page: OpenPage) -> AsyncIterator[Tour]:
    """A way through all pages."""
    open_house = OpenHouse(reactor)
    yield Tour(open_house, open_page)
    await open_house.close()


async def screen(page: Page, width: int, height: int, *, scale: int) -> None:
    """Look at the page through a window of that size, in CSS pixels."""
    size = {"width": width, "height": height, "deviceScaleFactor": scale}
    await page.send("Emulation.setDeviceMetricsOverride", **size, mobile=False)


def head_bytes(page: Page) -> int:
    """Bytes of the heads of all answers so far, without their status lines."""
    heads = [response.headers for response in page.record.responses]
    return sum(len(name) + len(value) + 4 for head in heads for name, value in head.items())


@pytest_twisted.ensureDeferred
async def test_the_first_page_is_light(tour: Tour) -> None:
    """The sign-in page costs 60 kB in all at most, even where nothing is compressed."""
    page = await tour.visit(SIGN_IN)
    cost = await page.evaluate(COST)
    icon = await page.fetch(cost["icon"])

    spent = cost["body_bytes"] + len(icon["text"]) + head_bytes(page)

    assert spent <= FIRST_PAGE_LIMIT_BYTES
    assert len(page.record.responses) <= REQUESTS_LIMIT


def assets_of(cast: Cast, scene: Scene) -> set[str]:
    """Addresses of every style, script and picture that the page names."""
    text = cast.browser(scene.visitor).open(scene.path).text
    return set(re.findall(rf"{cast.house.pages.assets.prefix}[a-z-]+\.(?:css|js|svg)", text))


def test_no_page_is_heavy() -> None:
    """What goes for the first page goes for each, less what the first one has brought already."""
    cast = Cast(House())
    brought = {"stranger": set(), "staff": assets_of(cast, SIGN_IN)}
    sizes = {}
    for scene in every_page(cast):
        browser = cast.browser(scene.visitor)
        named = assets_of(cast, scene) - brought[scene.visitor]
        parts = [browser.open(scene.path), *map(browser.open, named)]
        assert all(part.status < 500 for part in parts)
        sizes[str(scene)] = sum(len(part.body) for part in parts)

    assert {} == {name: size for name, size in sizes.items() if size > FIRST_PAGE_LIMIT_BYTES}


def test_every_page_names_all_its_scripts() -> None:
    """No browser learns of a script from another script: that would be one more round trip."""
    cast = Cast(House())
    static = files("gateway") / "web" / "static"
    late = {}
    for scene in every_page(cast):
        named = {each.rpartition("/")[2] for each in assets_of(cast, scene)}
        named = {each for each in named if each.endswith(".js")}
        asked = [set(IMPORTED.findall((static / each).read_text("utf-8"))) for each in named]
        late[str(scene)] = sorted(set().union(*asked) - named)

    assert {} == {name: scripts for name, scripts in late.items() if scripts}


@pytest_twisted.ensureDeferred
async def test_the_first_page_waits_for_nothing_else(tour: Tour) -> None:
    """One style holds up the page, and the HTML names every script: one round trip behind it."""
    page = await tour.visit(SIGN_IN)
    cost = await page.evaluate(COST)

    assert ["gateway.css"] == cost["blocking"]
    assert [] == cost["late"]


@pytest.mark.parametrize("is_phone", [True, False], ids=["phone", "pc"])
@pytest_twisted.ensureDeferred
async def test_nothing_moves_under_a_finger(tour: Tour, is_phone: bool) -> None:
    """Not while the page loads, and not when an attempt fails and the page says so."""
    page = await tour.visit(SIGN_IN)
    await (page.views.phone() if is_phone else page.views.pc())
    await page.run_first(WATCH_SHIFTS)
    device = await page.add_authenticator(is_verified=False)
    await device.set_presence(is_simulated=False)
    await tour.visit(SIGN_IN)
    await page.click("#passkey")
    await page.wait_for("document.querySelector('#passkey').ariaBusy === 'true'")
    waiting = await page.evaluate(SHIFTS)
    await device.set_presence(is_simulated=True)
    await page.click("#passkey")
    await refusal(page)

    assert [] == waiting
    assert [] == await page.evaluate(SHIFTS)


async def spilling(page: Page) -> list[str]:
    """What does not fit: at 320 px (WCAG 2.2, 1.4.10), zoomed (1.4.4), and with large text."""
    found = []
    for name, width, scale in (("320 px", 320, 2), ("zoomed", 640, 2)):
        await screen(page, width, 480, scale=scale)
        found += [f"{name}: {each}" for each in await page.evaluate(SPILLING)]
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    found += [f"large text: {each}" for each in await page.evaluate(SPILLING)]
    return found


async def unreached(page: Page) -> list[str]:
    """Which controls the Tab key does not reach, or reaches unseen, at 1280 px."""
    await screen(page, 1280, 800, scale=1)
    controls: list[str] = await page.evaluate(CONTROLS)
    reached: dict[int, Any] = {}
    for _ in range(len(controls) + 2):
        await page.press("Tab")
        focus = await page.evaluate(FOCUSED)
        reached.setdefault(focus["number"], focus)
    missed = [control for number, control in enumerate(controls) if number not in reached]
    hidden = [
        controls[number]
        for number, focus in reached.items()
        if number >= 0 and not (focus["is_visible"] and focus["is_seen"])
    ]
    return [f"not reached: {each}" for each in missed] + [f"unseen: {each}" for each in hidden]


@pytest_twisted.ensureDeferred
async def test_every_page_fits_and_is_reached_by_keyboard(tour: Tour) -> None:
    """No page scrolls sideways, however small or large; Tab reaches all, in plain sight."""
    found = []
    for scene in every_page(tour.cast):
        page = await tour.visit(scene)
        assert "ja" == await page.evaluate("document.documentElement.lang")
        found += [f"{scene}: {each}" for each in await unreached(page)]
        found += [f"{scene}: {each}" for each in await spilling(page)]

    assert [] == found


FAULTS = """
<p style="width: 800px">広すぎる段落</p><a href="/" style="outline: none">見えないリンク</a>
<button tabindex="-1">届かないボタン</button><button>届くボタン</button>
"""


@pytest_twisted.ensureDeferred
async def test_what_spills_or_hides_is_seen(page: Page, bare_url: str) -> None:
    """A wide paragraph, a control that Tab leaves out and one without focus are complained of."""
    await page.goto(bare_url)
    await page.call("(body) => { document.body.innerHTML = body; }", FAULTS)

    told = [each[:30] for each in await unreached(page)]
    wide = {each.partition(":")[0] for each in await spilling(page)}

    assert ["not reached: <button tabindex=", 'unseen: <a href="/" style="out'] == told
    assert {"320 px", "zoomed", "large text"} == wide


@pytest_twisted.ensureDeferred
async def test_help_is_printed_on_white_paper(tour: Tour) -> None:
    """Whoever likes dark pages still prints help black on white."""
    found = []
    for scene in HELP:
        page = await tour.visit(scene)
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        await page.send("Emulation.setEmulatedMedia", media="print", features=[dark])
        found += [f"{scene}: {each}" for each in await page.evaluate(DARK_ON_PAPER)]

    assert [] == found
