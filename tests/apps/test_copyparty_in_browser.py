"""copyparty's own page in a real browser, reached through a passkey."""

from __future__ import annotations

from pathlib import Path

import pytest_twisted

from tests.apps.by_passkey import enrol, enter
from tests.apps.cabinet import CONTENT, TABLE, Cabinet, digest
from tests.apps.copyparty import ACCOUNT, PASSWORD
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page

UPLOADED_BYTES = 3 * 2**20 + 5


@pytest_twisted.ensureDeferred
async def test_the_file_servers_page_works_behind_a_passkey(
    page: Page, gateway: GatewayProcess, cabinet: Cabinet, artifacts: Path, tmp_path: Path
) -> None:
    """Passkey, the app's own log-in, its list of files, and an upload by its own scripts."""
    folder = gateway.url + cabinet.target
    upload = tmp_path / "写真 表.bin"
    upload.write_bytes(bytes(range(256)) * (UPLOADED_BYTES // 256 + 1))
    await enrol(page, gateway, "taro")

    status = await enter(page, folder)
    await page.type("#lu", ACCOUNT)
    await page.type("#lp", PASSWORD)
    await page.follow("#ls")
    await page.wait_for("document.querySelector('#files tbody tr')")
    await page.screenshot(artifacts / "copyparty.png")
    assert 401 == status
