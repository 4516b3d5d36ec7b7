"""The instruments themselves: what the driver of the browser can do, and what it notices."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.posixbase import PosixReactorBase

from tests.browser.conftest import OpenPage
from tests.instruments.chromium import Chromium
from tests.instruments.devtools import BrowserError, Json
from tests.instruments.page import Page

PNG = b"\x89PNG\r\n"


@pytest_twisted.ensureDeferred
async def test_a_form_with_a_file_is_filled_in_and_sent(
    page: Page, bare_url: str, tmp_path: Path
) -> None:
    """Typing, choosing a file and following a button reach the server."""
    (tmp_path / "議事録.txt").write_text("本文")
    await page.goto(bare_url)

    await page.type("#subject", "件名")
    await page.choose_file("#file", tmp_path / "議事録.txt")
    await page.follow("#send")

    assert {"subject": ["件名"], "file": ["本文"]} == json.loads(await page.text("pre"))


@pytest_twisted.ensureDeferred
async def test_a_disabled_button_does_not_answer(page: Page, bare_url: str) -> None:
    """A click on a disabled button does nothing, as for a person."""
    await page.goto(bare_url)

    await page.click("#off")

    assert "空のページ" == await page.evaluate("document.title")


@pytest_twisted.ensureDeferred
async def test_keys_move_the_focus_and_press_buttons(page: Page, bare_url: str) -> None:
    """Tab and Enter work without a mouse."""
    await page.goto(bare_url)

    for _ in range(6):
        await page.press("Tab")
    focused = await page.evaluate("document.activeElement.id")
    await page.press("Tab")
    await page.press("Enter")

    assert "send" == focused
    await page.wait_for("location.pathname === '/other'")


@pytest_twisted.ensureDeferred
async def test_back_and_reload(page: Page, bare_url: str) -> None:
    """The browser's own buttons lead back and load anew."""
    await page.goto(bare_url)
    await page.follow("#next")

    await page.back()
    await page.reload()

    assert "空のページ" == await page.evaluate("document.title")


@pytest_twisted.ensureDeferred
async def test_the_answer_to_a_navigation_is_kept(page: Page, bare_url: str) -> None:
    """Status and headers of a document and of a script's fetch are at hand."""
    refused = await page.goto(f"{bare_url}/refused#here")
    fetched = await page.fetch("/refused")

    assert (401, "text/html; charset=utf-8") == (refused.status, refused.headers["content-type"])
    assert 401 == fetched["status"]
    assert "who?" == await page.text("#p")


@pytest_twisted.ensureDeferred
async def test_two_people_have_two_cookie_jars(open_page: OpenPage, bare_url: str) -> None:
    """What one page stores, another person's page does not see."""
    one, other = await open_page(), await open_page()
    await one.goto(bare_url)
    await other.goto(bare_url)

    # Chromium writes a cookie some time later, but not after it is asked for.
    await one.evaluate("document.cookie = 'seen=yes', document.cookie")

    assert {"seen"} == set(await one.cookies())
    assert {} == await other.cookies()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/strict", "Content Security Policy"),
        ("/broken", "TypeError"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_trouble_in_the_console_is_noticed(
    page: Page, bare_url: str, path: str, said: str
) -> None:
    """An uncaught exception and a forbidden script would fail any browser test."""
    await page.goto(bare_url + path)
    await page.evaluate("new Promise(done => setTimeout(done))")

    with pytest.raises(BrowserError, match=said):
        page.record.assert_untroubled()

    page.record.tolerate(said)


@pytest_twisted.ensureDeferred
async def test_views_of_phone_dark_and_english(page: Page, bare_url: str) -> None:
    """A page can be looked at as on a phone, in the dark and in English."""
    await page.views.phone()
    await page.views.dark()
    await page.views.language("en-GB")
    await page.goto(bare_url)

    seen: Json = await page.evaluate(
        "({width: innerWidth, language: navigator.language, touch: navigator.maxTouchPoints > 0,"
        " dark: matchMedia('(prefers-color-scheme: dark)').matches})"
    )

    assert {"width": 390, "language": "en-GB", "touch": True, "dark": True} == seen


@pytest_twisted.ensureDeferred
async def test_a_picture_is_kept(page: Page, bare_url: str, artifacts: Path) -> None:
    """A picture of a page lands where people can look at it."""
    picture = artifacts / "bare-page.png"
    await page.goto(bare_url)

    await page.screenshot(picture)

    assert picture.read_bytes().startswith(PNG)


@pytest_twisted.ensureDeferred
async def test_no_other_machine_can_be_reached(page: Page) -> None:
    """The browser of the tests knows no name outside this machine."""
    with pytest.raises(BrowserError, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("https://www.example.com/")


@pytest_twisted.ensureDeferred
async def test_a_closed_browser_leaves_nothing_behind(
    reactor: PosixReactorBase, chromium_program: str
) -> None:
    """After closing, neither a process nor a profile of that browser is left."""
    browser = await Chromium.launch(reactor, program=chromium_program)
    profile = str(browser.profile).encode()
    before = [each for each in command_lines() if profile in each]

    await browser.close()

    assert before
    assert [] == [each for each in command_lines() if profile in each]
    assert not browser.profile.exists()


def command_lines() -> list[bytes]:
    """The command lines of all processes of this machine."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_bytes())
        except OSError:  # it ended meanwhile
            continue
    return lines
