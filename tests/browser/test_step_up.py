"""
Places that ask for the passkey once more, in a real browser at a real gateway.

The person has signed in by the synced passkey of a phone, and has a USB key, too. The session
for `fresh` is two minutes old in the store, from which the gateway has taken it up at its start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from gateway.store.interface import Store
from tests.browser.conftest import assert_quiet
from tests.browser.sign_in_house import credential_of
from tests.browser.steps import NO_OFFER, refusal
from tests.commands.running import in_store
from tests.instruments.gateway_process import GatewayProcess, Setup
from tests.instruments.page import Page
from tests.instruments.raw_app import RawApp, answer, read_body
from tests.instruments.virtual_authenticator import VirtualAuthenticator
from tests.wire.signed_in import Visitor

ACCESS = """
[[access]]
path = "/kagi/"
require = "device-bound"
[[access]]
path = "/kyuyo/"
require = "passkey"
fresh = "1m"
[[access]]
path = "/kokai/"
require = "none"
[[access]]
path = "/kinshi/"
require = "deny"
"""

HTML = b"Content-Type: text/html; charset=utf-8\r\n"
PAGE = """<!doctype html><html lang="ja"><title>app</title><link rel="icon" href="data:,">
<h1 id="app">アプリ</h1><form method="post" action="/kagi/save"><textarea name="text" id="text">
</textarea><button id="send">送信</button></form>""".encode()
TEXT = "一行目 & <二行目>\n能力の表示=100%+α"
VERIFIED_AGO_S = 120


@dataclass(frozen=True, slots=True)
class Office:
    """The gateway, its app, and somebody with two passkeys."""

    gateway: GatewayProcess
    app: RawApp
    phone: Visitor
    key: Visitor
    old_session: bytes
    """The cookie of a session by the phone, verified two minutes ago."""

    def url(self, path: str) -> str:
        """An address at the gateway."""
        return self.gateway.url + path

    async def sit_down(self, page: Page, cookie: bytes = b"") -> None:
        """Be signed in by the phone's passkey in this browser."""
        cookie = cookie or await deferToThread(self.phone.sign_in)
        name, _, value = cookie.decode().partition("=")
        await page.run_first(NO_OFFER)
        await page.send(
            "Network.setCookie", name=name, value=value, url=self.gateway.url, httpOnly=True
        )

    async def take_phone(self, page: Page) -> VirtualAuthenticator:
        """Have the phone's passkey at hand."""
        device = await page.add_authenticator("internal", is_synced=True)
        await device.add_credential(credential_of(self.phone.authenticator))
        return device

    async def plug_key(self, page: Page) -> VirtualAuthenticator:
        """Have the USB key at hand."""
        device = await page.add_authenticator("usb")
        await device.add_credential(credential_of(self.key.authenticator))
        return device


@pytest.fixture(scope="module")
def lasting_office() -> Iterator[Office]:
    """The gateway of these tests."""
    with RawApp() as app, GatewayProcess(Setup(backend=app.url, access=ACCESS)) as gateway:
        gateway.add_person("hanako", display_name="佐藤 花子")
        phone, key = Visitor(gateway, None, is_synced=True), Visitor(gateway, None)
        for device in (phone, key):
            device.enrol(gateway.invite("hanako"))
        old_session = phone.sign_in()
        gateway.stop()
        in_store(gateway.config, grow_old)
        gateway.start()
        yield Office(gateway, app, phone, key, old_session)
        assert_quiet(gateway)


async def grow_old(store: Store) -> None:
    """Let all sessions have been verified a while ago."""
    for session in await store.sessions():
        older = replace(session, verified=session.verified - VERIFIED_AGO_S)
        assert await store.renew_session(older, replacing=session.token_hash)


@pytest.fixture
def office(lasting_office: Office) -> Office:
    """The same with an app that forgot what other tests asked of it."""
    app = lasting_office.app
    app.forget()
    for path in (b"/", b"/kagi/doc", b"/kagi/save", b"/kyuyo/meisai", b"/kokai/annai"):
        app.play(path, [read_body, answer(PAGE, fields=HTML)])
    return lasting_office


async def confirm(page: Page) -> None:
    """Press the button on the step-up page, and wait for the app's page."""
    await page.click("[data-page=step-up] #passkey")
    await page.wait_for_element("#app")


@pytest_twisted.ensureDeferred
async def test_a_deep_link_survives_a_step_up(page: Page, office: Office) -> None:
    """The page stands in the app's place, says which passkey will do, and leads to that part."""
    address = office.url("/kagi/doc?id=7#%E7%AC%AC2")
    await office.sit_down(page)
    await office.plug_key(page)

    seen = await page.goto(address)
    title, why = await page.text("h1"), await page.text(".lead")
    before = len(office.app.exchanges)
    await confirm(page)

    assert (401, "ご本人の確認") == (seen.status, title)
    assert "セキュリティキーに固定されたパスキー" in why
    assert address == await page.evaluate("location.href")
    assert (0, [b"/kagi/doc?id=7"]) == (before, [each.target for each in office.app.exchanges])


@pytest_twisted.ensureDeferred
async def test_the_wrong_kind_of_passkey_is_told(page: Page, office: Office) -> None:
    """Who proves it by the phone is told, in English here, that another passkey is needed."""
    await page.views.language("en")
    await office.sit_down(page)
    phone = await office.take_phone(page)
    await page.goto(office.url("/kagi/doc"))

    await page.click("[data-page=step-up] #passkey")
    code, told = await refusal(page), await page.text("#message")
    await phone.unplug()
    await office.plug_key(page)
    await confirm(page)

    assert "again" == code
    assert "different passkey" in told or "another passkey" in told
    assert 1 == len(office.app.exchanges)


@pytest_twisted.ensureDeferred
async def test_a_form_survives_a_step_up(page: Page, office: Office) -> None:
    """What a person has written is sent once, whole, after they have proved who they are."""
    await office.sit_down(page)
    await office.plug_key(page)
    await page.goto(office.url("/"))
    await page.type("#text", TEXT)

    await page.follow("#send")
    before = office.app.exchanges_of(b"/kagi/save")
    await confirm(page)

    [saved] = office.app.exchanges_of(b"/kagi/save")
    assert [] == before
    assert b"POST" == saved.method
    assert [TEXT] == [each.replace("\r\n", "\n") for each in parse_qs(saved.body.decode())["text"]]


@pytest_twisted.ensureDeferred
async def test_a_script_is_told_in_json(page: Page, office: Office) -> None:
    """A script of the app gets a 401 that it understands, and nothing reaches the app."""
    await office.sit_down(page)
    await page.goto(office.url("/"))

    told = await page.fetch("/kagi/doc", {"headers": {"Accept": "text/html"}})

    assert (401, "application/json") == (told["status"], told["headers"]["content-type"])
    assert "verification_required" == json.loads(told["text"])["error"]
    assert [] == office.app.exchanges_of(b"/kagi/doc")


@pytest_twisted.ensureDeferred
async def test_an_old_verification_is_made_fresh(page: Page, office: Office) -> None:
    """Two minutes after the last proof, where one minute counts, the same passkey opens it."""
    await office.sit_down(page, office.old_session)
    await office.take_phone(page)

    seen = await page.goto(office.url("/kyuyo/meisai#may"))
    await confirm(page)

    assert 401 == seen.status
    assert (await page.evaluate("location.href")).endswith("/kyuyo/meisai#may")
    assert 200 == (await page.goto(office.url("/kyuyo/meisai"))).status


@pytest_twisted.ensureDeferred
async def test_strangers_see_what_is_public_and_nothing_else(page: Page, office: Office) -> None:
    """What is open to the world needs no sign-in; what is closed to all is refused with a page."""
    page.record.tolerate("status of 403")

    public = await page.goto(office.url("/kokai/annai"))
    shown = await page.text("#app")
    closed = await page.goto(office.url("/kinshi/x"))

    assert (200, "アプリ", 403) == (public.status, shown, closed.status)
    assert await page.text("main h1")
    assert [b"/kokai/annai"] == [each.target for each in office.app.exchanges]
