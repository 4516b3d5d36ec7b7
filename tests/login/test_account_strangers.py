"""Whose things they are: every act of the account page against those who may not."""

from __future__ import annotations

import pytest

from gateway.login.account_pages import AccountPages
from gateway.rules.records import hash_token
from tests.instruments.authenticator import encode
from tests.instruments.house import Browser, House
from tests.login.accounts import (
    ACCOUNT,
    act,
    grow_stale,
    name_of,
    outcome,
    passkeys,
    person,
    signed_in,
    spare,
    told,
)

QUESTIONS: dict[str, dict[str, object]] = {
    "passkey/options": {"way": "any"},
    "passkey/verify": {},
    "passkey/rename": {"credential_id": "AAAA", "label": "a"},
    "passkey/remove": {"credential_id": "AAAA"},
    "phone": {},
    "phone/state": {"code": "AAAA"},
    "phone/cancel": {},
    "session/end": {"session_id": "ab"},
    "session/end-others": {},
    "recovery-codes": {},
    "language": {"language": "en"},
}
"""Every act, with a question that could be asked."""

WITHOUT_VERIFICATION = {"passkey/verify", "phone/state", "phone/cancel", "language"}
"""What changes no way in, or ends what was begun freshly verified."""


def test_every_act_is_tried_here() -> None:
    """No act of the page is forgotten in these tests."""
    posts = {
        rule.rule.removeprefix(ACCOUNT + "/")
        for rule in AccountPages.app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
    }

    assert posts == set(QUESTIONS)


@pytest.mark.parametrize("path", QUESTIONS)
def test_nobody_acts_without_a_session(path: str) -> None:
    """Who is not signed in changes and learns nothing."""
    house = House()
    house.enrolled()

    assert (401, "sign-in-required") == outcome(act(Browser(house), path, **QUESTIONS[path]))


@pytest.mark.parametrize("path", sorted(QUESTIONS.keys() - WITHOUT_VERIFICATION))
def test_every_change_wants_a_fresh_verification(path: str) -> None:
    """Five minutes after the passkey was used, it is asked for again; nothing has happened."""
    house = House()
    browser = signed_in(house)
    grow_stale(house)
    before = told(house)

    assert (403, "verification-required") == outcome(act(browser, path, **QUESTIONS[path]))

    assert before == told(house)
    assert 0 == house.await_(house.store.recovery_codes_left(person(house).id))


@pytest.mark.parametrize("path", QUESTIONS)
def test_who_was_disabled_acts_no_more(path: str) -> None:
    """A session that is still in memory does nothing for a person who was disabled."""
    house = House()
    browser = signed_in(house)
    house.await_(house.store.change_person(person(house).id, enabled=False))

    assert (401, "sign-in-required") == outcome(act(browser, path, **QUESTIONS[path]))

    assert 1 == len(passkeys(house))


@pytest.mark.parametrize(
    ("path", "question"),
    [("passkey/rename", {"label": "盗んだ"}), ("passkey/remove", {})],
)
def test_somebody_elses_passkey_is_not_there(path: str, question: dict[str, object]) -> None:
    """Another person's passkey answers exactly like one that never was, and stays as it is."""
    house = House()
    victim = signed_in(house, "victim")
    spare(victim)
    thief = signed_in(house)
    before = passkeys(house, "victim")

    theirs = act(thief, path, credential_id=name_of(victim.device), **question)
    unknown = act(thief, path, credential_id="AAAA", **question)

    assert (404, unknown.body) == (theirs.status, theirs.body)
    assert before == passkeys(house, "victim")


def test_somebody_elses_session_is_not_there() -> None:
    """Another person's session answers exactly like one that never was, and goes on."""
    house = House()
    victim = signed_in(house, "victim")
    [session] = house.await_(house.store.sessions())
    thief = signed_in(house)

    theirs = act(thief, "session/end", session_id=session.id)
    unknown = act(thief, "session/end", session_id="ffff")

    assert (404, unknown.body) == (theirs.status, theirs.body)
    assert 200 == victim.open(ACCOUNT).status


def test_ending_all_others_ends_nobody_elses() -> None:
    """The other sessions that a person ends are that person's own."""
    house = House()
    bystander = signed_in(house, "bystander")
    browser = signed_in(house)

    act(browser, "session/end-others")

    assert 200 == bystander.open(ACCOUNT).status


def test_somebody_elses_code_is_over() -> None:
    """What has become of another person's code on a screen is not told."""
    house = House()
    victim = signed_in(house, "victim")
    code = act(victim, "phone").json["code"]
    thief = signed_in(house)

    theirs = act(thief, "phone/state", code=code)

    assert {"progress": "over"} == theirs.json
    assert {"progress": "waiting"} == act(victim, "phone/state", code=code).json


def test_an_administrators_link_is_not_looked_into() -> None:
    """The account page speaks of codes that it has shown itself, and of no other invitation."""
    house = House()
    browser = signed_in(house)
    path = house.invite(person(house))
    token = path.rpartition("/")[2]
    code = encode(hash_token(token.encode()))

    assert {"progress": "over"} == act(browser, "phone/state", code=code).json


@pytest.mark.parametrize(
    "value", ["", "=", "A", "AA==", "あ", "A" * 3_000, 7, None, [], {}], ids=repr
)
@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("passkey/remove", "credential_id"),
        ("passkey/rename", "credential_id"),
        ("phone/state", "code"),
        ("session/end", "session_id"),
    ],
)
def test_odd_names_are_refused_calmly(path: str, member: str, value: object) -> None:
    """Whatever stands where an id should be gives a plain no, never an accident."""
    browser = signed_in(House())

    answer = act(browser, path, **{"label": "a", member: value})

    assert answer.status in (200, 400, 404)
    assert answer.json.get("error", "over") in ("bad-request", "not-found", "over")


@pytest.mark.parametrize("path", QUESTIONS)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"a":1,"a":2}'], ids=repr)
def test_malformed_questions_are_refused_calmly(path: str, body: bytes) -> None:
    """A body that is no JSON object never ends in an accident."""
    answer = signed_in(House()).post(f"{ACCOUNT}/{path}", body)

    assert answer.status in (200, 400)
