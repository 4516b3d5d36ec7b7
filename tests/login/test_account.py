"""A person's own account, and signing out."""

from __future__ import annotations

import re

from twisted.logger import capturedLogs

from gateway.rules import tokens
from gateway.rules.records import Event
from tests.instruments.authenticator import encode
from tests.instruments.house import Browser, House


def signed_in(house: House) -> Browser:
    """A browser with an open session."""
    browser = house.enrolled()
    assert 200 == browser.sign_in().status
    return browser


def test_the_account_page_needs_a_sign_in() -> None:
    """Without a session the account page is the sign-in page, in place."""
    page = Browser(House()).open("/.gateway/account")

    assert 401 == page.status
    assert 'data-after="reload"' in page.text


def test_the_account_page_lists_ones_own_passkeys() -> None:
    """A person sees the passkeys that are theirs, when they were made and used, and no other."""
    house = House()
    other = house.enrolled("other")
    browser = signed_in(house)

    page = browser.open("/.gateway/account")

    rows = re.findall(r'data-credential-id="([^"]+)"', page.text)
    assert [encode(browser.device.credential_id)] == rows
    assert encode(other.device.credential_id) not in page.text
    assert "2027年1月15日" in page.text
    assert "予備がありません" in page.text
    assert 'id="logout"' in page.text


# Signing out


def test_signing_out_ends_the_session_on_the_server() -> None:
    """After sign-out the old cookie opens nothing, even if the browser kept it."""
    house = House()
    browser = signed_in(house)
    token = browser.cookies["__Host-gw"]

    answer = browser.post("/.gateway/logout")

    assert (200, {"ok": True}) == (answer.status, answer.json)
    assert ["__Host-gw=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"] == answer.cookies
    assert house.sessions.find(tokens.decode(token) or b"") is None
    assert [] == house.await_(house.store.sessions())


def test_signing_out_by_a_form_shows_a_page() -> None:
    """The sign-out button works without script, and says that it did."""
    page = signed_in(House()).submit("/.gateway/logout", "")

    assert 200 == page.status
    assert "ログアウトしました" in page.text
    assert ['"cache"'] == page.headers["clear-site-data"]


def test_signing_out_twice_does_no_harm() -> None:
    """Whoever is not signed in can sign out, and nothing is logged as done."""
    with capturedLogs() as logged:
        answer = Browser(House()).post("/.gateway/logout")

    assert 200 == answer.status
    assert [] == [each for each in logged if each.get("event") == Event.SIGNED_OUT]
