"""Passkeys on the account page: another name, removal, a further one."""

from __future__ import annotations

import unicodedata

import pytest
from twisted.logger import capturedLogs

from gateway.rules.records import Event
from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator
from tests.instruments.house import Browser, House
from tests.login.accounts import (
    ACCOUNT,
    act,
    add,
    grow_stale,
    idle,
    name_of,
    outcome,
    passkeys,
    signed_in,
    signed_in_again,
    spare,
    told,
)

# Names


def rename(browser: Browser, label: object) -> tuple[int, str]:
    """Give the browser's own passkey that name."""
    answer = act(browser, "passkey/rename", credential_id=name_of(browser.device), label=label)
    return outcome(answer)


def test_a_passkey_gets_another_name() -> None:
    """The new name is stored, logged, and its person is told of it."""
    house = House()
    browser = signed_in(house)

    with capturedLogs() as logged:
        answer = rename(browser, "仕事用のiPhone")

    assert (200, "") == answer
    assert ["仕事用のiPhone"] == [each.label for each in passkeys(house)]
    assert ("passkey.renamed", "Windows → 仕事用のiPhone") == told(house)[0]
    assert Event.PASSKEY_RENAMED in [each.get("event") for each in logged]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  家 の PC  ", "家 の PC"),
        (unicodedata.normalize("NFD", "ガラケー"), "ガラケー"),
        ("あ" * 64, "あ" * 64),
        ("👩‍💻の鍵", "👩‍💻の鍵"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("'; DROP TABLE passkeys;--", "'; DROP TABLE passkeys;--"),
    ],
)
def test_a_name_is_kept_in_one_spelling(given: str, kept: str) -> None:
    """Blanks around a name are dropped and its letters composed; all else stays as it is."""
    house = House()

    assert (200, "") == rename(signed_in(house), given)

    assert [kept] == [each.label for each in passkeys(house)]


@pytest.mark.parametrize(
    "label",
    [
        "",
        "   ",
        "　",
        "\u200d",
        "\u0301",
        "あ" * 65,
        "a" * 5_000,
        "two\nlines",
        "two\u2028lines",
        "tab\there",
        "bell\x07",
        "nul\x00",
        "turned\u202eback",
        "mark\u200fed",
        "half\ud800",
        None,
        7,
        ["name"],
        {"a": 1},
    ],
    ids=repr,
)
def test_what_is_no_name_is_refused(label: object) -> None:
    """A name is one line that can be seen, of 64 characters at most; nothing else is stored."""
    house = House()

    assert (400, "bad-request") == rename(signed_in(house), label)

    assert ["Windows"] == [each.label for each in passkeys(house)]


def test_a_name_is_shown_as_text() -> None:
    """A name that looks like markup is shown as it was typed, and does nothing."""
    house = House()
    browser = signed_in(house)
    rename(browser, '"><script>alert(1)</script>')

    page = browser.open(ACCOUNT)

    assert "<script>alert" not in page.text
    assert "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


# Removal


def remove(browser: Browser, device: Authenticator) -> tuple[int, str]:
    """Remove that device's passkey."""
    return outcome(act(browser, "passkey/remove", credential_id=name_of(device)))


def test_a_passkey_is_removed() -> None:
    """It is gone and remembered as removed, nobody gets in by it, and its person is told."""
    house = House()
    browser = signed_in(house)
    device = spare(browser)

    with capturedLogs() as logged:
        answer = remove(browser, device)

    assert (200, "") == answer
    assert [browser.device.credential_id] == [each.credential_id for each in passkeys(house)]
    assert house.await_(house.store.was_removed(device.credential_id))
    assert ("passkey.removed", "Windows") == told(house)[0]
    assert Event.PASSKEY_REMOVED in [each.get("event") for each in logged]
    assert 403 == Browser(house, device=device).sign_in().status


def test_the_last_way_in_stays() -> None:
    """The only passkey is not removed, nobody is told of anything, and it still opens."""
    house = House()
    browser = signed_in(house)
    before = told(house)

    assert (409, "last-way-in") == remove(browser, browser.device)

    assert 1 == len(passkeys(house))
    assert before == told(house)
    assert 200 == signed_in_again(browser).open(ACCOUNT).status


def test_recovery_codes_are_no_way_in() -> None:
    """Who has recovery codes and one passkey cannot remove that passkey."""
    house = House()
    browser = signed_in(house)
    act(browser, "recovery-codes")

    assert (409, "last-way-in") == remove(browser, browser.device)


def test_removing_a_passkey_ends_its_sessions() -> None:
    """Wherever a removed passkey was signed in, its session is over at once; others go on."""
    house = House()
    browser = signed_in(house)
    device = spare(browser)
    lost = Browser(house, device=device)
    lost.sign_in()

    remove(browser, device)

    assert 401 == lost.open(ACCOUNT).status
    assert 200 == browser.open(ACCOUNT).status
    assert 1 == len(house.await_(house.store.sessions()))


def test_removing_the_passkey_in_use_signs_out() -> None:
    """Who removes the passkey of this very session is told that they are signed out."""
    house = House()
    browser = signed_in(house)
    spare(browser)

    answer = act(browser, "passkey/remove", credential_id=name_of(browser.device))

    assert {"ok": True, "is_signed_out": True} == answer.json
    assert 401 == browser.open(ACCOUNT).status


def test_removing_twice_finds_nothing() -> None:
    """What was removed in another tab meanwhile is not there any more."""
    house = House()
    browser = signed_in(house)
    device = spare(browser)
    remove(browser, device)

    assert (404, "not-found") == remove(browser, device)


# A further one


def test_a_further_passkey_is_registered() -> None:
    """Who is signed in adds this device, is told of it, and can sign in by it."""
    house = House()
    browser = signed_in(house)
    device = Authenticator(house.public.origin, flags=UP | UV | BE | BS)

    answer = add(browser, device)

    assert (200, {"ok": True, "label": "Windows"}) == (answer.status, answer.json)
    assert [False, True] == [each.is_synced for each in passkeys(house)]
    assert ("passkey.registered", "Windows") == told(house)[0]
    assert 200 == Browser(house, device=device).sign_in().status


@pytest.mark.parametrize(
    ("way", "hints"),
    [
        ("this-device", ["client-device"]),
        ("security-key", ["security-key"]),
        ("phone", ["hybrid"]),
    ],
)
def test_each_way_says_what_the_browser_shall_offer(way: str, hints: list[str]) -> None:
    """Each choice leads the browser to the right kind of device, and excludes what is there."""
    browser = signed_in(House())

    options = act(browser, "passkey/options", way=way).json

    assert hints == options["hints"]
    assert [name_of(browser.device)] == [each["id"] for each in options["excludeCredentials"]]


def test_the_five_minutes_may_pass_at_the_device() -> None:
    """A registration that was begun freshly verified may be finished a little later."""
    house = House()
    browser = signed_in(house)
    idle(house, 200)
    options = act(browser, "passkey/options", way="any").json
    idle(house, 200)

    answer = browser.post(
        f"{ACCOUNT}/passkey/verify", Authenticator(house.public.origin).create(options)
    )

    assert 200 == answer.status


def test_a_registration_belongs_to_its_session() -> None:
    """What one person's page began, another person's session cannot finish in that browser."""
    house = House()
    browser = signed_in(house)
    other = signed_in(house, "other")
    options = act(browser, "passkey/options", way="any").json
    browser.cookies["__Host-gw"] = other.cookies["__Host-gw"]

    answer = browser.post(
        f"{ACCOUNT}/passkey/verify", Authenticator(house.public.origin).create(options)
    )

    assert (403, "refused") == outcome(answer)
    assert (1, 1) == (len(passkeys(house)), len(passkeys(house, "other")))


def test_a_step_up_makes_the_act_possible() -> None:
    """After five minutes an act asks for the passkey; once given, the same act is done."""
    house = House()
    browser = signed_in(house)
    grow_stale(house)
    before = rename(browser, "新しい名前")

    browser.sign_in()

    assert (403, "verification-required") == before
    assert (200, "") == rename(browser, "新しい名前")
