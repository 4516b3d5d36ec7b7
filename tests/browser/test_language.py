"""The language of our pages in a real browser: asked for by the browser, changed by hand."""

from __future__ import annotations

import pytest_twisted

from tests.browser.steps import APP
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page

HEADINGS = {"ja": "ログイン", "en": "Sign in"}
WANTED = {"ja": "ja", "en-GB": "en", "fr-FR,en": "en", "fr-FR": "ja"}
"""What a browser asks for, and what it gets."""


async def spoken(page: Page) -> tuple[str, str]:
    """The language that the page says it is in, and its heading."""
    return await page.evaluate("document.documentElement.lang"), await page.text("h1")


@pytest_twisted.ensureDeferred
async def test_the_page_speaks_the_browsers_language(page: Page, gateway: GatewayProcess) -> None:
    """Japanese or English, whichever the browser wants more; else the configured one."""
    heard = {}
    for wanted in WANTED:
        await page.views.language(wanted)
        await page.goto(gateway.url)
        heard[wanted] = await spoken(page)

    expected = {wanted: (given, HEADINGS[given]) for wanted, given in WANTED.items()}
    assert expected == heard


@pytest_twisted.ensureDeferred
async def test_the_language_changes_in_place(page: Page, gateway: GatewayProcess) -> None:
    """The switch turns the page round and back, and keeps the address with its fragment."""
    address = f"{gateway.url}{APP}?cmd=schindex#cmd=schshow&id=107"
    await page.goto(address)

    await page.follow("#language")
    english = await spoken(page), await page.evaluate("location.href")
    await page.follow("#language")
    japanese = await spoken(page), await page.evaluate("location.href")

    assert (("en", "Sign in"), address) == english
    assert (("ja", "ログイン"), address) == japanese


@pytest_twisted.ensureDeferred
async def test_the_chosen_language_stays(
    page: Page, gateway: GatewayProcess, unused_link: str
) -> None:
    """Who chose English reads English on all our pages, for as long as browsers remember."""
    await page.goto(gateway.url)
    await page.follow("#language")

    await page.goto(unused_link)

    assert "en" == await page.evaluate("document.documentElement.lang")
    assert not (await page.cookies())["gw-lang"]["session"]
