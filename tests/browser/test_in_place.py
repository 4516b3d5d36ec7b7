"""
In-place sign-in in a real browser: nobody is sent elsewhere, and nothing is lost on the way.

The person of these tests is at work in the app when the session ends: in another tab they
sign out. What they do next is answered by the sign-in page at the same address.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest_twisted

from tests.browser.steps import APP, APP_SIGN_IN, LEFT, carry, enter, sign_in, start_work
from tests.groupware.running import Groupware, Received
from tests.instruments.chromium import Chromium
from tests.instruments.devtools import Json
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.page import Page

TEXT = "一行目 & <二行目>\n能力の表示=100%+α"
FRAME = "document.querySelector('#report-frame')?.contentDocument"


async def at_work(page: Page, gateway: GatewayProcess, passkey: Json, query: str) -> None:
    """Be signed in to the gateway and the app, and look at that view of the app."""
    await enter(page, f"{gateway.url}{APP}?{query}", passkey)
    await start_work(page)


async def sign_out_elsewhere(chromium: Chromium, page: Page, gateway: GatewayProcess) -> None:
    """Press the sign-out button in another tab of the same browser."""
    tab = await chromium.open_tab(page.context)
    await tab.goto(gateway.url + "/.gateway/account")
    await tab.follow("#logout")


def sent(groupware: Groupware, method: str, part: str) -> list[Received]:
    """What the app received of that method with that in its address."""
    return [
        each
        for each in groupware.record()
        if each.line.startswith(f"{method} ") and part in each.target
    ]


@pytest_twisted.ensureDeferred
async def test_a_deep_link_with_its_fragment_survives(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """The address stays to the last character, and the app shows what it names."""
    address = f"{gateway.url}{APP}?cmd=schindex#cmd=schweekgrp&gid=2&date=2026-12-02"
    await carry(page, passkey)
    answer = await page.goto(address)
    before = await page.evaluate("location.href")

    await sign_in(page)
    await start_work(page)

    assert 401 == answer.status
    assert address == before == await page.evaluate("location.href")
    assert "11月30日（月） から 12月6日（日）" in await page.text("#view")


@pytest_twisted.ensureDeferred
async def test_a_form_sent_after_the_session_ended_arrives_whole_and_once(
    chromium: Chromium, page: Page, gateway: GatewayProcess, groupware: Groupware, passkey: Json
) -> None:
    """What a person wrote for half an hour is not lost by a session that ended meanwhile."""
    await at_work(page, gateway, passkey, "cmd=bbsindex#cmd=bbsnew")
    await page.type("[name=title]", "件名")
    await page.type("[name=text]", TEXT)
    await sign_out_elsewhere(chromium, page, gateway)
    await page.follow("#post-submit")
    before = sent(groupware, "POST", "cmd=bbspost")

    await sign_in(page)
    await page.wait_for_element("#post-text")

    [post] = sent(groupware, "POST", "cmd=bbspost")
    assert [] == before
    assert "whole" == post.body_state
    assert ["application/x-www-form-urlencoded"] == post.values("Content-Type")
    assert TEXT == await page.text("#post-text")


@pytest_twisted.ensureDeferred
async def test_a_file_sent_after_the_session_ended_arrives_whole_and_once(
    chromium: Chromium,
    page: Page,
    gateway: GatewayProcess,
    groupware: Groupware,
    passkey: Json,
    tmp_path: Path,
) -> None:
    """The same with an attached file of some hundred kilobytes, to the byte."""
    content = bytes(range(256)) * 1000
    (tmp_path / "図面.bin").write_bytes(content)
    await at_work(page, gateway, passkey, "cmd=bbsindex#cmd=bbsnew")
    await page.type("[name=title]", "図面")
    await page.type("[name=text]", TEXT)
    await page.choose_file("[name=file]", tmp_path / "図面.bin")
    await sign_out_elsewhere(chromium, page, gateway)
    await page.follow("#post-submit")
    before = sent(groupware, "POST", "cmd=bbspost")

    await sign_in(page)
    await page.wait_for_element("#post-text")

    [post] = sent(groupware, "POST", "cmd=bbspost")
    assert [] == before
    assert post.values("Content-Type")[0].startswith("multipart/form-data; boundary=")
    assert hashlib.sha256(content).hexdigest() == await hash_of_attachment(page)


async def hash_of_attachment(page: Page) -> str:
    """SHA-256 of the file that the app gives back."""
    digest: str = await page.evaluate(
        """fetch(document.querySelector('.clips a').href)
            .then((answer) => answer.arrayBuffer())
            .then((bytes) => crypto.subtle.digest('SHA-256', bytes))
            .then((hash) => [...new Uint8Array(hash)]
                .map((each) => each.toString(16).padStart(2, '0')).join(''))"""
    )
    return digest


@pytest_twisted.ensureDeferred
async def test_a_script_without_a_session_gets_json(
    chromium: Chromium, page: Page, gateway: GatewayProcess, groupware: Groupware, passkey: Json
) -> None:
    """A script is told in JSON where to sign in, at once and without a redirect."""
    await enter(page, gateway.url, passkey)
    await sign_out_elsewhere(chromium, page, gateway)
    groupware.clear()

    answer = await page.fetch(f"{APP}?cmd=poll", {"headers": {"Accept": "text/html"}})

    told = {"error": "sign_in_required", "sign_in": f"{gateway.url}/.gateway/login"}
    assert (401, False) == (answer["status"], answer["redirected"])
    assert "application/json" == answer["headers"]["content-type"]
    assert json.dumps(told) == answer["text"]
    assert [] == groupware.record()


@pytest_twisted.ensureDeferred
async def test_an_app_that_lost_its_session_leads_back_by_a_reload(
    chromium: Chromium, page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """The app's script sees the refusal and offers to load again, which leads to the same view."""
    await at_work(page, gateway, passkey, "cmd=portalindex#cmd=portal")
    await sign_out_elsewhere(chromium, page, gateway)
    await page.evaluate("location.hash = 'cmd=bbslist'")
    await page.follow("#trouble button")
    asks = await page.text("h1")

    await sign_in(page)
    await page.wait_for("document.querySelector('#view')?.dataset.loaded === 'cmd=bbslist'")

    assert "ログイン" == asks
    assert (await page.evaluate("location.href")).endswith("#cmd=bbslist")


@pytest_twisted.ensureDeferred
async def test_a_frame_without_a_session_offers_the_whole_window(
    chromium: Chromium, page: Page, gateway: GatewayProcess, passkey: Json, artifacts: Path
) -> None:
    """In a frame of the app the sign-in page says where it is, and a link breaks out of it."""
    await at_work(page, gateway, passkey, "cmd=appindex#cmd=applist")
    await page.wait_for(f"{FRAME}?.querySelector('#report-form')")
    await sign_out_elsewhere(chromium, page, gateway)
    await page.evaluate(f"{FRAME}.location.reload()")
    await page.wait_for(f"{FRAME}?.querySelector('#framed')?.checkVisibility()")
    await page.screenshot(artifacts / "sign-in-framed.png")

    await page.evaluate(f"{FRAME}.querySelector('#whole-window').click()")
    await page.wait_for_element("main[data-page=sign-in]")
    await sign_in(page)

    await page.wait_for(f"{FRAME}?.querySelector('#report-form')")
    assert (await page.evaluate("location.href")).endswith("?cmd=appindex#cmd=applist")


@pytest_twisted.ensureDeferred
async def test_signing_in_within_a_frame_works_too(
    chromium: Chromium, page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """Whoever signs in inside the frame finds the frame's own page there again."""
    await at_work(page, gateway, passkey, "cmd=appindex#cmd=applist")
    await page.wait_for(f"{FRAME}?.querySelector('#report-form')")
    await sign_out_elsewhere(chromium, page, gateway)
    await page.evaluate(f"{FRAME}.location.reload()")
    await page.wait_for(f"{FRAME}?.querySelector('#framed')?.checkVisibility()")

    await page.evaluate(f"{FRAME}.querySelector('#passkey').click()")

    await page.wait_for(f"{FRAME}?.querySelector('#report-form')")


@pytest_twisted.ensureDeferred
async def test_an_address_for_our_pages_leads_home_after_sign_in(
    page: Page, gateway: GatewayProcess, passkey: Json
) -> None:
    """Who signs in at the sign-in address itself is brought to the app."""
    await carry(page, passkey)
    await page.goto(gateway.url + "/.gateway/login")

    await sign_in(page)

    await page.wait_for(LEFT)
    await page.wait_for_element(APP_SIGN_IN)
