"""
The help pages as people see them: in both languages, on PC and phone, light and dark.

The pictures in `tests/artifacts/` are for eyes; what can be measured is measured here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.posixbase import PosixReactorBase

from gateway.login.help_pages import TOPICS
from tests.browser.looks import complaints
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

PAGES = ["", *TOPICS]
LIMIT_S = 5
"""Seconds after which whatever moves by itself must rest (WCAG 2.2, 2.2.2)."""

MOVING = """
document.getAnimations().map((each) => each.effect.getComputedTiming().endTime / 1000)
"""


@pytest_twisted.async_yield_fixture
async def help_url(reactor: PosixReactorBase) -> AsyncIterator[str]:
    """The address of the index."""
    open_house = OpenHouse(reactor)
    yield f"{open_house.url}/.gateway/help"
    await open_house.close()


@pytest.mark.parametrize(
    ("language", "is_phone", "is_dark"),
    [("ja", True, False), ("en", False, True)],
    ids=["ja-phone-light", "en-pc-dark"],
)
@pytest_twisted.ensureDeferred
async def test_help_looks_well(
    page: Page, help_url: str, artifacts: Path, language: str, is_phone: bool, is_dark: bool
) -> None:
    """Nothing is cut off, too pale or too small, and no sentence is in the other language."""
    await page.views.language(language)
    await page.views.dark(is_on=is_dark)
    await (page.views.phone() if is_phone else page.views.pc())
    look = f"{language}-{'phone' if is_phone else 'pc'}-{'dark' if is_dark else 'light'}"
    found = []
    for topic in PAGES:
        await page.goto(f"{help_url}/{topic}".removesuffix("/"))
        await page.screenshot(artifacts / f"help-{topic or 'index'}-{look}.png")
        found += [f"{topic}: {each}" for each in await complaints(page, language)]

    assert [] == found


@pytest_twisted.ensureDeferred
async def test_the_blinking_key_comes_to_rest(page: Page, help_url: str) -> None:
    """The picture of the security key blinks, but not for ever: it does not distract a reader."""
    await page.goto(f"{help_url}/security-key")

    moving = await page.evaluate(MOVING)

    assert moving
    assert max(moving) <= LIMIT_S


@pytest_twisted.ensureDeferred
async def test_nothing_blinks_for_whom_it_would_hurt(page: Page, help_url: str) -> None:
    """Whoever asked the system for less motion gets a picture that stands still."""
    await page.views.feature("prefers-reduced-motion", "reduce")
    await page.goto(f"{help_url}/security-key")

    assert [] == await page.evaluate(MOVING)
