"""Whatever goes wrong at sign-in is told in a plain sentence, with what to do next."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted

from gateway.pages.languages import Language
from tests.browser import spies
from tests.browser.sign_in_house import STEPS, carry, keep, open_at, open_house
from tests.browser.steps import refusal
from tests.instruments.authenticator import encode
from tests.instruments.house import LANGUAGES
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

__all__ = ["open_house"]

DEVICE_FAILURES: dict[str, tuple[dict[str, object], list[str]]] = {
    "cancelled": ({"name": "NotAllowedError"}, ["retry", "help"]),
    "timed-out": ({"name": "NotAllowedError", "late_ms": 300_000}, ["retry", "help"]),
    "tls": (
        {"name": "NotAllowedError", "message": "not on sites with TLS certificate errors."},
        ["help"],
    ),
    "busy": ({"name": "OperationError"}, ["retry"]),
    "failed": ({"name": "UnknownError"}, ["retry", "help"]),
    "not-supported": ({"name": "NotSupportedError"}, ["help"]),
}
"""What the browser throws, by the code that the page shows, and what it offers then."""

SERVER_REFUSALS = {
    "unknown-passkey": ["retry", "recovery"],
    "not-verified": ["help-key"],
    "refused": ["retry", "help"],
    "expired": ["retry"],
    "removed-passkey": ["recovery", "help"],
}
"""The last one is the last: the device then forgets its passkey."""

GONE: dict[str, tuple[str, dict[str, object]]] = {
    "network": ("true", {"is_gone": True}),
    "offline": ("false", {"is_gone": True}),
    "unavailable": ("true", {"status": 503, "body": {}}),
}
"""Whether the browser says that it is online, and what becomes of its question."""

ON_LINE = "Object.defineProperty(navigator, 'onLine', {configurable: true, value: %s})"

OBSTACLES = {
    "not-supported": "delete window.PublicKeyCredential;",
    "insecure-context": "Object.defineProperty(window, 'isSecureContext', {value: false});",
    "in-app": "Object.defineProperty(navigator, 'userAgent', {value: 'iPhone Line/15.0'});",
}
OFFERED = {"not-supported": ["help"], "insecure-context": ["https"], "in-app": ["copy"]}

EVERY_MESSAGE = """
async (source, refusals) => {
    const page = await import(source), moved = {};
    const place = () => document.querySelector('#passkey').getBoundingClientRect().top;
    const before = place();
    const look = (code) => { if (place() !== before) moved[code] = place() - before; };
    for (const [code, text] of Object.entries(refusals)) {
        page.warn(code, text, () => {});
        look(code);
    }
    for (const {dataset: {code}} of document.querySelector('#texts').content.children) {
        if (!code) continue;
        page.warn(code, undefined, () => {});
        look(code);
        page.show(code);
        look(code);
    }
    page.hush();
    look('nothing');
    return moved;
}
"""
"""Says all that the page can say, one after the other; by how much the button moved."""


def said(code: str, language: str) -> str:
    """The sentence of that code."""
    sentences = LANGUAGES.catalogue(Language(language)).sentences
    return sentences.get(f"script.{code}") or sentences[f"refused.{code}"]


async def told(page: Page) -> tuple[str, str, list[str]]:
    """The code, the sentence, and what is offered."""
    code = await refusal(page)
    return code, await page.text("#message"), await page.evaluate(STEPS)


@pytest.mark.parametrize("language", Language)
@pytest_twisted.ensureDeferred
async def test_every_failure_of_a_device_is_told(
    page: Page, open_house: OpenHouse, language: str
) -> None:
    """Cancelled, too late, a bad certificate, a second dialog: each is told apart."""
    await page.run_first(spies.FAILING_GET)
    await open_at(page, open_house, language=language)
    heard: dict[str, Any] = {}

    for code, (failure, _) in DEVICE_FAILURES.items():
        await keep(page, "failure", failure)
        await page.click("#passkey")
        heard[code] = await told(page)

    assert {
        code: (code, said(code, language), steps) for code, (_, steps) in DEVICE_FAILURES.items()
    } == heard


@pytest.mark.parametrize("language", Language)
@pytest_twisted.ensureDeferred
async def test_every_refusal_offers_a_way_on(
    page: Page, open_house: OpenHouse, language: str
) -> None:
    """What the server refuses is told in its words, with what a person can do then."""
    await page.run_first(spies.REFUSING_FETCH)
    await carry(page, open_house.house.enrolled())
    await open_at(page, open_house, language=language)
    heard: dict[str, Any] = {}

    for code in SERVER_REFUSALS:
        body = {"error": code, "message": said(code, language)}
        await keep(page, "refusal", {"status": 403, "body": body})
        await page.click("#passkey")
        heard[code] = await told(page)

    assert {
        code: (code, said(code, language), steps) for code, steps in SERVER_REFUSALS.items()
    } == heard


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_away_is_told_apart_from_a_terminal_that_is_offline(
    page: Page, open_house: OpenHouse
) -> None:
    """No answer, no network, an answer that says "not now": whoever can do something learns it."""
    await page.run_first(spies.REFUSING_FETCH)
    await carry(page, open_house.house.enrolled())
    await open_at(page, open_house)
    heard: dict[str, Any] = {}

    for code, (is_online, answer) in GONE.items():
        await page.evaluate(ON_LINE % is_online)
        await keep(page, "refusal", answer)
        await page.click("#passkey")
        heard[code] = await told(page)

    assert {code: (code, said(code, "ja"), ["retry"]) for code in GONE} == heard


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", OBSTACLES)
@pytest_twisted.ensureDeferred
async def test_where_passkeys_cannot_work_the_page_says_so_at_once(
    page: Page, open_house: OpenHouse, code: str, language: str
) -> None:
    """An old browser, plain http, an app's own browser: nobody has to press and wonder."""
    await page.run_first(OBSTACLES[code])

    await open_at(page, open_house, language=language)

    assert (code, said(code, language), OFFERED[code]) == await told(page)


@pytest_twisted.ensureDeferred
async def test_an_ip_address_is_told_as_such(page: Page, open_house: OpenHouse) -> None:
    """Who opened the gateway by its IP address learns that passkeys need its name."""
    await page.send("Page.setBypassCSP", enabled=True)
    by_number = open_house.url.replace("localhost", "127.0.0.1")
    page.record.tolerate("status of 4")

    await page.goto(by_number + "/sign-in-required")

    assert "ip-address" == await refusal(page)


@pytest_twisted.ensureDeferred
async def test_trying_again_is_one_press(page: Page, open_house: OpenHouse) -> None:
    """Its button asks for the same way again, without a look for the button."""
    await page.run_first(spies.FAILING_GET)
    await open_at(page, open_house)
    await keep(page, "failure", {"name": "OperationError"})
    await page.click("#security-key")
    await refusal(page)
    await keep(page, "failure", {"name": "NotAllowedError"})

    await page.click("#next [data-step=retry]")

    await page.wait_for("document.querySelector('#message').dataset.code === 'cancelled'")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("screen", ["phone", "pc"])
@pytest_twisted.ensureDeferred
async def test_no_message_moves_the_buttons(
    page: Page, open_house: OpenHouse, screen: str, language: str
) -> None:
    """Whatever the page says, no button moves away from under a finger."""
    await getattr(page.views, screen)()
    await open_at(page, open_house, language=language)
    sentences = LANGUAGES.catalogue(Language(language)).sentences
    refusals = {
        name.removeprefix("refused."): text
        for name, text in sentences.items()
        if name.startswith("refused.")
    }

    source = f"{open_house.house.pages.assets.prefix}page.js"

    assert {} == await page.call(EVERY_MESSAGE, source, refusals)


@pytest.mark.parametrize(
    ("button", "waiting"),
    [("#phone", "waiting-phone"), ("#security-key", "waiting-key"), ("#passkey", "waiting")],
)
@pytest_twisted.ensureDeferred
async def test_while_a_device_is_awaited_the_page_says_what_to_do_with_it(
    page: Page, open_house: OpenHouse, button: str, waiting: str
) -> None:
    """For the phone: Bluetooth and nearness. For the key: where it goes, and to touch it."""
    device = await carry(page, open_house.house.enrolled())
    await device.set_presence(is_simulated=False)
    await open_at(page, open_house)

    await page.click(button)

    expected = await page.evaluate(
        f"document.querySelector('#texts').content.querySelector('[data-code={waiting}]').textContent"
    )
    assert expected == await page.wait_for("document.querySelector('#progress').textContent")


@pytest_twisted.ensureDeferred
async def test_only_a_passkey_that_was_removed_on_purpose_is_forgotten_by_the_device(
    page: Page, open_house: OpenHouse
) -> None:
    """An unknown passkey may come back with a back-up: devices are told of removed ones alone."""
    await page.run_first(spies.REFUSING_FETCH + spies.SIGNALS)
    browser = open_house.house.enrolled()
    await carry(page, browser)
    await open_at(page, open_house)
    signals = {}

    for code in ("unknown-passkey", "removed-passkey"):
        await keep(page, "refusal", {"status": 403, "body": {"error": code, "message": code}})
        await page.click("#passkey")
        await page.wait_for(f"document.querySelector('#message').dataset.code === '{code}'")
        signals[code] = await page.evaluate("JSON.parse(sessionStorage.getItem('signal'))")

    told_to_forget = {"rpId": "localhost", "credentialId": encode(browser.device.credential_id)}
    assert {"unknown-passkey": None, "removed-passkey": told_to_forget} == signals
