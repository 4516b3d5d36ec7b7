"""Signing in, as a browser sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from twisted.logger import LogLevel, capturedLogs

from gateway.rules import tokens
from gateway.rules.ceremony import CEREMONY_LIFETIME_S
from gateway.rules.records import Event, hash_token
from tests.instruments.authenticator import UP
from tests.instruments.house import Browser, House


def events_of(logged: Sequence[dict[str, Any]]) -> list[object]:
    """The events for the audit trail, in order."""
    return [each["event"] for each in logged if each.get("event") in tuple(Event)]


def test_a_passkey_opens_a_session() -> None:
    """Whoever proves a registered passkey is signed in, by one cookie with every safeguard."""
    house = House()
    browser = house.enrolled()

    answer = browser.sign_in()

    token = browser.cookies["__Host-gw"]
    assert (200, {"ok": True, "offer_passkey": False}) == (answer.status, answer.json)
    assert [f"__Host-gw={token}; Path=/; HttpOnly; SameSite=Lax; Secure"] == answer.cookies
    live = house.sessions.find(tokens.decode(token) or b"")
    assert live is not None
    assert "yamada" == live.person.name


def test_on_localhost_the_cookie_is_plain() -> None:
    """The demo on http://localhost has no Secure cookie, because browsers would drop it."""
    browser = House("http://localhost:8080").enrolled()

    answer = browser.sign_in()

    assert [f"gw={browser.cookies['gw']}; Path=/; HttpOnly; SameSite=Lax"] == answer.cookies


def test_the_session_remembers_where_it_came_from() -> None:
    """A session shows its address and browser, cut to a sane length, and holds no secret."""
    house = House()
    browser = house.enrolled()
    credential = browser.device.get(browser.options())

    browser.post("/.gateway/passkey/verify", credential, {"User-Agent": "x" * 5_000})

    (session,) = house.await_(house.store.sessions())
    assert ("127.0.0.1", "x" * 200) == (session.address, session.user_agent)
    assert hash_token(tokens.decode(browser.cookies["__Host-gw"]) or b"") == session.token_hash
    assert browser.device.credential_id == session.credential_id


def test_the_use_of_the_passkey_is_remembered() -> None:
    """After a sign-in the passkey knows its counter and when it was used."""
    house = House()
    browser = house.enrolled()
    house.wall += 60

    browser.sign_in(counter=7)

    passkey = house.await_(house.store.passkey(browser.device.credential_id))
    assert (7, house.wall) == (passkey.sign_count, passkey.last_used)


def test_signing_in_again_kills_the_cookie_from_before() -> None:
    """A sign-in over a session of the same person is a step-up: the old cookie is dead (B1)."""
    house = House()
    browser = house.enrolled()
    browser.sign_in()
    before = tokens.decode(browser.cookies["__Host-gw"]) or b""
    (opened,) = house.await_(house.store.sessions())

    browser.sign_in()

    after = tokens.decode(browser.cookies["__Host-gw"]) or b""
    (renewed,) = house.await_(house.store.sessions())
    assert house.sessions.find(before) is None
    assert house.sessions.find(after) is not None
    assert (opened.id, opened.created) == (renewed.id, renewed.created)


def test_another_person_at_the_same_browser_ends_the_session_from_before() -> None:
    """Who signs in over somebody else's session gets one of their own; the other is over."""
    house = House()
    browser = house.enrolled("yamada")
    browser.sign_in()
    before = tokens.decode(browser.cookies["__Host-gw"]) or b""
    browser.device = house.enrolled("sato").device

    browser.sign_in()

    live = house.sessions.find(tokens.decode(browser.cookies["__Host-gw"]) or b"")
    assert live is not None
    assert "sato" == live.person.name
    assert house.sessions.find(before) is None


def test_a_cookie_of_nothing_is_no_step_up() -> None:
    """A made-up session cookie changes nothing about a sign-in: a new session is opened (B6)."""
    house = House()
    browser = house.enrolled()
    browser.cookies["__Host-gw"] = "A" * 43

    answer = browser.sign_in()

    assert 200 == answer.status
    assert "A" * 43 != browser.cookies["__Host-gw"]
    assert 1 == len(house.await_(house.store.sessions()))


def test_a_phone_that_signed_in_this_browser_is_told_to_the_page() -> None:
    """After a sign-in across devices the page may offer a passkey on this terminal."""
    house = House()
    browser = house.enrolled()
    credential = browser.device.get(browser.options())
    across = credential | {"authenticatorAttachment": "cross-platform"}

    answer = browser.post("/.gateway/passkey/verify", across)

    assert {"ok": True, "offer_passkey": True} == answer.json


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ja", "このパスキーは削除されています。別のパスキーをお使いください。"),
        ("en", "This passkey has been removed. Use another one."),
    ],
)
def test_a_removed_passkey_is_told_in_words_of_its_own(language: str, sentence: str) -> None:
    """The page knows by the code alone that the device may forget this passkey."""
    house = House()
    browser = house.enrolled()
    browser.language = language
    passkey = house.await_(house.store.passkey(browser.device.credential_id))
    house.await_(
        house.store.remove_passkey(
            passkey.person_id, passkey.credential_id, now=house.wall, even_last=True
        )
    )

    answer = browser.sign_in()

    assert (403, "removed-passkey") == (answer.status, answer.json["error"])
    assert sentence == answer.json["message"]


def test_the_browser_cookie_is_set_once() -> None:
    """A browser is bound by a cookie of its own, given with the first ceremony."""
    house = House()
    browser = Browser(house)

    first = browser.post("/.gateway/passkey/options", {"way": "any"})
    second = browser.post("/.gateway/passkey/options", {"way": "phone"})

    token = browser.cookies["__Host-gw-browser"]
    assert [f"__Host-gw-browser={token}; Path=/; HttpOnly; SameSite=Lax; Secure"] == first.cookies
    assert [] == second.cookies
    assert ["hybrid"] == second.json["hints"]


def test_a_challenge_works_once() -> None:
    """The same answer sent again is told as expired."""
    browser = House().enrolled()
    credential = browser.device.get(browser.options())
    browser.post("/.gateway/passkey/verify", credential)

    again = browser.post("/.gateway/passkey/verify", credential)

    assert (403, "expired") == (again.status, again.json["error"])
    assert [] == again.cookies


def test_a_challenge_expires_after_five_minutes() -> None:
    """An answer after five minutes is told as expired, whatever the wall clock says."""
    house = House()
    browser = house.enrolled()
    options = browser.options()
    house.clock.advance(CEREMONY_LIFETIME_S)
    house.wall -= 3_600

    answer = browser.post("/.gateway/passkey/verify", browser.device.get(options))

    assert "expired" == answer.json["error"]


def test_two_tabs_both_work() -> None:
    """Two sign-ins begun in one browser do not disturb each other."""
    browser = House().enrolled()
    first, second = browser.options(), browser.options()

    late = browser.post("/.gateway/passkey/verify", browser.device.get(second))
    early = browser.post("/.gateway/passkey/verify", browser.device.get(first))

    assert [200, 200] == [late.status, early.status]


@pytest.mark.parametrize("cookie", ["none", "another's", "twice", "broken"])
def test_only_the_browser_that_began_can_finish(cookie: str) -> None:
    """A ceremony that was carried to another browser opens nothing there, nor later here."""
    house = House()
    victim = house.enrolled()
    stranger = Browser(house)
    stranger.options()
    credential = victim.device.get(victim.options())
    own = stranger.cookies.pop("__Host-gw-browser")
    stranger.cookies |= {
        "none": {},
        "another's": {"__Host-gw-browser": own},
        "twice": {"__Host-gw-browser": f"{own}; __Host-gw-browser={own}"},
        "broken": {"__Host-gw-browser": "A" * 4_000},
    }[cookie]

    carried = stranger.post("/.gateway/passkey/verify", credential)
    returned = victim.post("/.gateway/passkey/verify", credential)

    assert (403, "refused") == (carried.status, carried.json["error"])
    assert (403, "expired") == (returned.status, returned.json["error"])


def test_a_passkey_that_nobody_registered_is_told_as_unknown() -> None:
    """Only whoever holds the passkey learns that it is not registered."""
    stranger = Browser(House())
    stranger.device.user_handle = b"h" * 64

    answer = stranger.sign_in()

    assert (403, "unknown-passkey") == (answer.status, answer.json["error"])


def test_a_disabled_person_stays_out() -> None:
    """Whoever is disabled is refused without saying why."""
    house = House()
    browser = house.enrolled()
    person = house.await_(house.store.person_named("yamada"))
    house.await_(house.store.change_person(person.id, enabled=False))

    answer = browser.sign_in()

    assert (403, "refused") == (answer.status, answer.json["error"])
    assert "__Host-gw" not in browser.cookies


def test_a_passkey_never_opens_somebody_elses_account() -> None:
    """A's passkey with B's user handle, and A's answer under B's passkey id, are refused."""
    house = House()
    mine, other = house.enrolled("a"), house.enrolled("b")
    by_handle = mine.sign_in(user_handle=other.device.user_handle)
    credential = mine.device.get(mine.options())
    named = credential | {"id": other.device.get({"challenge": "", "rpId": ""})["id"]}
    named["rawId"] = named["id"]

    by_id = mine.post("/.gateway/passkey/verify", named)

    assert ["refused", "refused"] == [by_handle.json["error"], by_id.json["error"]]


def test_a_fallen_counter_is_told_and_lets_in() -> None:
    """A counter that falls is a warning for the administrator, not a locked door."""
    browser = House().enrolled()
    browser.sign_in(counter=9)

    with capturedLogs() as logged:
        answer = browser.sign_in(counter=3)

    assert 200 == answer.status
    assert [Event.COUNTER_FELL, Event.VERIFIED] == events_of(logged)


def test_without_verification_nobody_signs_in() -> None:
    """A touch without fingerprint, face or PIN is refused with words that help."""
    browser = House().enrolled()

    answer = browser.sign_in(flags=UP)

    assert (403, "not-verified") == (answer.status, answer.json["error"])
    assert "PIN" in answer.json["message"]


def test_what_is_logged_names_no_secret() -> None:
    """Log lines of a sign-in hold no token, challenge, cookie or credential."""
    house = House()
    browser = house.enrolled()

    with capturedLogs() as logged:
        options = browser.options()
        credential = browser.device.get(options)
        browser.post("/.gateway/passkey/verify", credential)
        browser.post("/.gateway/passkey/verify", credential)

    written = repr(logged)
    secrets = [*browser.cookies.values(), options["challenge"], credential["id"]]
    assert [] == [each for each in secrets if each in written]
    assert [Event.SIGNED_IN, Event.SIGN_IN_REFUSED] == events_of(logged)


@pytest.mark.parametrize("way", ["", "ANY", None, 7, [], {}, "any "])
def test_a_way_that_nobody_knows_is_refused(way: object) -> None:
    """Only the buttons that we have begin a ceremony."""
    house = House()

    answer = Browser(house).post("/.gateway/passkey/options", {"way": way})

    assert (400, "bad-request") == (answer.status, answer.json["error"])
    assert 0 == len(house.site.ceremonies)


def test_the_language_of_a_refusal_is_the_persons() -> None:
    """A refusal is told in the language that the browser prefers."""
    browser = Browser(House())
    browser.language = "en-GB,en;q=0.9,ja;q=0.1"

    answer = browser.post("/.gateway/passkey/verify", {})

    assert "That couldn’t be read. Reload the page and try again." == answer.json["message"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda credential: json.dumps([credential]),
        lambda credential: json.dumps(credential)[:-1],
        lambda credential: json.dumps(credential) + "x",
        lambda credential: json.dumps(credential | {"response": None}),
        lambda credential: json.dumps(credential | {"type": "password"}),
        lambda credential: '{"a":' * 9_000 + json.dumps(credential),
        lambda _: "",
        lambda _: "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_malformed_answers_are_refused(spoil: Callable[[dict[str, Any]], str]) -> None:
    """Broken messages get a 4xx and no line of alarm in the log."""
    browser = House().enrolled()
    credential = browser.device.get(browser.options())

    with capturedLogs() as logged:
        answer = browser.post("/.gateway/passkey/verify", spoil(credential).encode("latin-1"))

    assert 400 == answer.status
    assert [] == [each for each in logged if each["log_level"] >= LogLevel.error]
