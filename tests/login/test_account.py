"""A person's own account, and signing out."""

from __future__ import annotations

import re
from importlib.resources import files

from twisted.logger import capturedLogs

from gateway.errors import StoreError
from gateway.rules import tokens
from gateway.rules.records import Change, Event
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import encode
from tests.instruments.house import Browser, House
from tests.login.accounts import (
    ACCOUNT,
    act,
    name_of,
    outcome,
    passkeys,
    person,
    signed_in,
    spare,
)


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


class Forgetful(MemoryStore):
    """A store that cannot write down what people are to be told of."""

    async def note_change(self, change: Change) -> None:
        """It fails."""
        raise StoreError("The disk is full.")


def test_what_is_done_stays_done_when_nobody_can_be_told() -> None:
    """A notice that fails is logged for the administrator; the change itself is kept and said."""
    house = House(store=Forgetful())
    browser = signed_in(house)

    with capturedLogs() as logged:
        answer = act(
            browser, "passkey/rename", credential_id=name_of(browser.device), label="新しい名前"
        )

    assert (200, "") == outcome(answer)
    assert ["新しい名前"] == [each.label for each in passkeys(house)]
    assert [Event.PASSKEY_RENAMED] == [each["what"] for each in logged if "what" in each]


def test_a_passkey_whose_counter_fell_is_marked() -> None:
    """The page says that it may have been copied, and what to do about it."""
    house = House()
    browser = signed_in(house)
    before = browser.open(ACCOUNT).text
    house.await_(
        house.store.note_passkey_use(
            browser.device.credential_id,
            sign_count=0,
            is_backed_up=False,
            now=house.wall,
            has_counter_fallen=True,
        )
    )

    after = browser.open(ACCOUNT).text

    assert "複製された可能性" not in before
    assert "複製された可能性" in after
    assert "パスキーを追加してから、これを削除してください" in after


def test_who_has_a_spare_is_not_urged() -> None:
    """The advice to register another passkey goes once there are two."""
    browser = signed_in(House())
    before = browser.open(ACCOUNT).text

    spare(browser)

    assert 'id="no-spare"' in before
    assert 'id="no-spare"' not in browser.open(ACCOUNT).text


def test_the_page_tells_password_managers_whose_account_it_is() -> None:
    """RP, user handle and names stand there for the Signal API, exactly as they are stored."""
    house = House()
    text = signed_in(house).open(ACCOUNT).text

    owner = person(house)
    for name, value in {
        "rp-id": "gw.example.test",
        "user-id": encode(owner.user_handle),
        "user-name": "yamada",
        "display-name": "山田 太郎",
    }.items():
        assert f'data-{name}="{value}"' in text


def test_recent_changes_are_told_in_words() -> None:
    """What happened, when and from which terminal, in the language of who reads it."""
    browser = signed_in(House())
    spare(browser)
    act(browser, "recovery-codes")
    browser.language = "en"

    text = browser.open(ACCOUNT).text

    assert "Made new recovery codes" in text
    assert "Registered the passkey “Windows”" in text
    assert "If this wasn’t you" in text


def test_the_account_is_never_framed() -> None:
    """No page, not even one of the app's, can show the account inside itself."""
    headers = signed_in(House()).open(ACCOUNT).headers

    assert "frame-ancestors 'none'" in headers["content-security-policy"][0]
    assert ["DENY"] == headers["x-frame-options"]
    assert ["no-store"] == headers["cache-control"]


def test_nothing_of_a_browsers_own_words_is_shown() -> None:
    """A User-Agent full of markup opens a session that is called an unknown device."""
    house = House()
    browser = house.enrolled()
    hostile: dict[str, str | list[str] | None] = {"User-Agent": "<img src=x onerror=alert(1)>"}
    options = browser.post("/.gateway/passkey/options", {"way": "any"}, hostile)
    browser.post("/.gateway/passkey/verify", browser.device.get(options.json), hostile)

    text = browser.open(ACCOUNT).text

    assert "不明な端末" in text
    assert "onerror" not in text


def test_the_scripts_say_only_what_the_page_holds() -> None:
    """Every sentence that the account's scripts say is in the page, and none is there idly."""
    static = files("gateway") / "web" / "static"
    scripts = "".join(
        each.read_text("utf-8") for each in static.iterdir() if each.name.startswith("account")
    )
    said = set(re.findall(r'\b(?:say|tell)\("([a-z-]+)"|= "(not-copied)"', scripts))

    held = re.findall(r'data-text="([a-z-]+)"', signed_in(House()).open(ACCOUNT).text)

    assert {name for pair in said for name in pair if name} == set(held)


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
