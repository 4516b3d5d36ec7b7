"""copyparty's own pages in a real browser, reached through a passkey."""

from __future__ import annotations

import random
from pathlib import Path

import pytest_twisted

from tests.apps.by_passkey import enrol, enter
from tests.apps.cabinet import NFC, ROOM, TABLE, Cabinet, digest
from tests.apps.copyparty import ACCOUNT, PASSWORD
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page

UPLOADED_BYTES = 3 * 2**20 + 5
"""Several of the pieces in which copyparty's script sends a file."""

FILE_FIELD = "input[type=file][id^=file]"


async def log_in(page: Page) -> None:
    """Fill in the app's own form, and wait until its script has drawn the list."""
    await page.type("#lu", ACCOUNT)
    await page.type("#lp", PASSWORD)
    await page.follow("#ls")
    await wait_for_file(page, TABLE)


async def wait_for_file(page: Page, name: str) -> None:
    """Wait until a name is in the list of files."""
    await page.wait_for(f"document.querySelector('#files').innerText.includes('{name}')")


@pytest_twisted.ensureDeferred
async def test_the_file_servers_pages_work_behind_a_passkey(
    page: Page, gateway: GatewayProcess, cabinet: Cabinet, artifacts: Path, tmp_path: Path
) -> None:
    """Passkey, the app's own log-in, its list of files, and an upload by its own script."""
    page.record.tolerate("status of 403")  # how copyparty asks for the log-in
    page.record.tolerate("/favicon.ico")  # it has none
    photo = tmp_path / "写真 表.bin"
    photo.write_bytes(random.Random(7).randbytes(UPLOADED_BYTES))
    await enrol(page, gateway, "taro")

    status = await enter(page, gateway.url + cabinet.target)
    await log_in(page)
    listed = await page.text("#files")
    await page.click("#ops a[data-dest=up2k]")
    await page.wait_for(f"document.querySelectorAll('{FILE_FIELD}').length > 0")
    await page.choose_file(FILE_FIELD, photo)
    await page.click("#modal-ok")
    await wait_for_file(page, photo.name)
    await page.screenshot(artifacts / "copyparty.png")

    assert 401 == status
    assert [] == [name for name in (ROOM, NFC, TABLE) if name not in listed]
    assert digest(photo) == digest(cabinet.path / photo.name)
