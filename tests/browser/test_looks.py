"""The eye of these tests: it must see what is ugly, or its silence says nothing."""

from __future__ import annotations

import pytest_twisted

from tests.browser.looks import complaints
from tests.instruments.page import Page

UGLY = {
    "the page scrolls sideways": '<p style="width: 200vw">本文</p>',
    "out of the screen": '<p style="position: relative; left: -20px">本文</p>',
    "cut": '<p style="width: 2em; overflow: hidden; white-space: nowrap">長い本文です</p>',
    "pale (2.85)": '<p style="color: #999">本文</p>',
    "pale (": '<div style="opacity: 0.5"><p>本文</p></div>',
    "too small": '<button style="width: 20px">押</button>',
    "another language": "<p>Please sign in</p>",
}
FINE = """
<p>本文はPCで読めます。</p><button style="width: 9rem; height: 3rem">押す</button>
<p lang="en">in English</p>
"""


async def complaints_of(page: Page, body: str) -> str:
    """What the eye says of a page with that body."""
    await page.call("(body) => { document.body.innerHTML = body; }", body)
    return " ".join(await complaints(page, "ja"))


@pytest_twisted.ensureDeferred
async def test_what_is_ugly_is_seen(page: Page, bare_url: str) -> None:
    """Each kind of fault in a page is complained of."""
    await page.goto(bare_url)

    seen = {wanted: await complaints_of(page, body) for wanted, body in UGLY.items()}

    assert {} == {wanted: told for wanted, told in seen.items() if wanted not in told}


@pytest_twisted.ensureDeferred
async def test_what_is_fine_is_left_alone(page: Page, bare_url: str) -> None:
    """A plain page with readable text and a proper button gives no complaint."""
    await page.goto(bare_url)

    assert "" == await complaints_of(page, FINE)
