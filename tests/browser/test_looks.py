"""The eye of these tests: it must see what is ugly, or its silence says nothing."""

from __future__ import annotations

import pytest
import pytest_twisted

from tests.browser.looks import complaints
from tests.instruments.page import Page

BUTTON = '<button style="width: 9rem; height: 3rem">'


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<p style="width: 200vw">本文</p>', "the page scrolls sideways"),
        ('<p style="position: relative; left: -20px">本文</p>', "out of the screen"),
        ('<p style="width: 2em; overflow: hidden; white-space: nowrap">長い本文です</p>', "cut"),
        ('<p style="color: #999">本文</p>', "pale (2.85)"),
        ('<div style="opacity: 0.5"><p>本文</p></div>', "pale ("),
        ('<button style="width: 20px">押</button>', "too small"),
        ("<p>Please sign in</p>", "another language"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_is_ugly_is_seen(page: Page, bare_url: str, body: str, complaint: str) -> None:
    """Each kind of fault in a page is complained of."""
    await page.goto(bare_url)
    await page.call("(body) => { document.body.innerHTML = body; }", body)

    assert complaint in " ".join(await complaints(page, "ja"))


@pytest_twisted.ensureDeferred
async def test_what_is_fine_is_left_alone(page: Page, bare_url: str) -> None:
    """A plain page with readable text and a proper button gives no complaint."""
    await page.goto(bare_url)
    body = f'<p>本文はPCで読めます。</p>{BUTTON}押す</button><p lang="en">in English</p>'
    await page.call("(body) => { document.body.innerHTML = body; }", body)

    assert [] == await complaints(page, "ja")
