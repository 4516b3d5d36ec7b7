"""The pretend groupware in a real Chromium, with no gateway: what its scripts do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_twisted

from tests.groupware.running import Groupware
from tests.groupware.staff import MAIN
from tests.instruments.page import Page

LOADED = "document.getElementById('view')?.dataset.loaded === {query!r}"
SAID = "[...document.querySelectorAll('#lines .mine p')].map(line => line.textContent)"
FRAME = "document.getElementById('report-frame').contentDocument"


async def look_at(page: Page, app: Groupware, part: str, query: str) -> None:
    """Open a deep link and wait until the view behind its hash is there."""
    await page.goto(f"{app.url}{MAIN}?cmd={part}#{query}")
    await page.wait_for(LOADED.format(query=query))


@pytest.fixture(scope="module")
def variant() -> Iterator[Groupware]:
    """The groupware with login ID and server-set cookies."""
    with Groupware("--set-cookie", "--sign-in", "fields") as app:
        yield app


@pytest_twisted.async_yield_fixture
async def colleague(page: Page, groupware: Groupware) -> AsyncIterator[Page]:
    """A browser whose person has signed in to the app with one click."""
    await page.goto(f"{groupware.url}{MAIN}")
    await page.follow("#certify")
    yield page


@pytest_twisted.ensureDeferred
async def test_a_deep_link_survives_the_apps_own_sign_in(page: Page, groupware: Groupware) -> None:
    """The hash is still there after the app's sign-in, and its view is shown."""
    await page.goto(f"{groupware.url}{MAIN}?cmd=schindex#cmd=schshow&id=107")
    await page.follow("#certify")
    await page.wait_for(LOADED.format(query="cmd=schshow&id=107"))

    assert "週次定例（総務・営業）" in await page.text("#view")
    assert "dnzSid" in await page.cookies()


@pytest_twisted.ensureDeferred
async def test_cookies_of_the_server_serve_as_well(page: Page, variant: Groupware) -> None:
    """The variant in which the server sets the cookies signs in, too."""
    await page.goto(f"{variant.url}{MAIN}")
    await page.follow("#certify")
    await page.wait_for(LOADED.format(query="cmd=portal"))

    assert "dnzToken" in await page.cookies()


@pytest_twisted.ensureDeferred
async def test_a_notice_leads_into_the_middle_of_the_app(
    colleague: Page, groupware: Groupware
) -> None:
    """A click on a line of the portal's news opens that mail."""
    await look_at(colleague, groupware, "portalindex", "cmd=portal")
    await colleague.follow(".news a[href*=mailshow]")
    await colleague.wait_for(LOADED.format(query="cmd=mailshow&id=30"))

    assert "あおば商事" in await colleague.text("#view")


@pytest_twisted.ensureDeferred
async def test_a_bulletin_is_written_and_read(colleague: Page, groupware: Groupware) -> None:
    """The native form posts urlencoded, and the text comes back."""
    await look_at(colleague, groupware, "bbsindex", "cmd=bbsnew")
    await colleague.type("[name=title]", "表示の能力")
    await colleague.type("[name=text]", "一行目 & <二行目>")
    await colleague.follow("#post-submit")
    await colleague.wait_for("!!document.getElementById('post-text')")

    assert "一行目 & <二行目>" == await colleague.text("#post-text")


@pytest_twisted.ensureDeferred
async def test_a_bulletin_with_a_file_goes_multipart(
    colleague: Page, groupware: Groupware, tmp_path: Path
) -> None:
    """Choosing a file changes the form's kind."""
    (tmp_path / "図面.txt").write_text("drawing", encoding="utf-8")
    await look_at(colleague, groupware, "bbsindex", "cmd=bbsnew")
    await colleague.type("[name=title]", "図面")
    await colleague.type("[name=text]", "添付します")
    await colleague.choose_file("[name=file]", tmp_path / "図面.txt")
    await colleague.follow("#post-submit")
    await colleague.wait_for("!!document.getElementById('post-text')")

    assert "図面.txt" in await colleague.text(".clips")


@pytest_twisted.ensureDeferred
async def test_the_frame_posts_within_itself(colleague: Page, groupware: Groupware) -> None:
    """The report's form in the frame leaves the page around it alone."""
    await look_at(colleague, groupware, "appindex", "cmd=applist")
    await colleague.wait_for(f"!!{FRAME}.getElementById('report-form')")
    await colleague.evaluate(
        f"{FRAME}.querySelector('[name=work]').value = '図面の整理',"
        f" {FRAME}.getElementById('report-form').requestSubmit()"
    )
    await colleague.wait_for(f"!!{FRAME}.getElementById('frame-message')")

    reports = await colleague.evaluate(f"{FRAME}.getElementById('reports').textContent")
    assert "図面の整理" in reports


@pytest_twisted.ensureDeferred
async def test_the_chat_speaks_by_long_poll_and_socket(
    colleague: Page, groupware: Groupware
) -> None:
    """A line said comes back by the poll; the socket says that it is connected."""
    await look_at(colleague, groupware, "chatindex", "cmd=chat")
    await colleague.type("#say [name=text]", "手配しました")
    await colleague.click("#say button")
    await colleague.wait_for(f"{SAID}.includes('手配しました')")
    await colleague.wait_for("document.getElementById('live').dataset.state === 'on'")

    assert "接続中" in await colleague.text("#live")


@pytest_twisted.ensureDeferred
async def test_trouble_with_the_server_is_told(colleague: Page, groupware: Groupware) -> None:
    """When the app stops answering, the page says so and offers to load again."""
    await look_at(colleague, groupware, "bbsindex", "cmd=bbslist")
    nothing = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    groupware.fault("raw", path=MAIN, times=0, raw=nothing)
    await colleague.evaluate("location.hash = 'cmd=bbsnew'")
    await colleague.wait_for("!document.getElementById('trouble').hidden")

    assert "サーバーが応答しません（200）" in await colleague.text("#trouble")


@pytest.mark.parametrize("part", ["portalindex", "schindex", "docindex", "chatindex"])
@pytest_twisted.ensureDeferred
async def test_nothing_is_wider_than_a_phone(
    colleague: Page, groupware: Groupware, part: str
) -> None:
    """On a phone nobody has to scroll sideways."""
    await colleague.views.phone()
    await colleague.goto(f"{groupware.url}{MAIN}?cmd={part}")
    await colleague.wait_for("document.getElementById('view')?.dataset.loaded")

    assert await colleague.evaluate("document.documentElement.scrollWidth <= innerWidth")
