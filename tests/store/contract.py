"""
One suite for every store: each promise of `gateway.store.interface` is a test here.

A kind of store proves itself by a subclass of each class here, in a module whose fixture
`store` makes an empty one. Sessions are here, the rest is in the `contract_*.py` beside this.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import StoreError
from gateway.rules.records import Method, PersonId, TokenHash
from gateway.store.interface import TOKENS_PER_PAGE, Store
from tests.store.contract_enrolment import EnrolmentContract
from tests.store.contract_passkeys import PasskeyContract
from tests.store.contract_people import PeopleContract
from tests.store.contract_recovery import RecoveryContract
from tests.store.pump import Pump
from tests.store.samples import (
    ANNA,
    KENJI,
    MIO,
    invitation,
    passkey,
    session,
    token_hash,
)

__all__ = [
    "EnrolmentContract",
    "PasskeyContract",
    "PeopleContract",
    "RecoveryContract",
    "SessionContract",
]


class SessionContract:
    """What a store promises about sessions."""

    @pytest.fixture(autouse=True)
    def _people(self, store: Store, pump: Pump) -> None:
        pump.run(store.add_person(ANNA))
        pump.run(store.add_person(KENJI))
        pump.run(store.add_person(MIO))

    def test_a_session_comes_back(self, store: Store, pump: Pump) -> None:
        """A session is remembered with everything that its list entry shows."""
        pump.run(store.remember_session(session("one"), replacing=None))

        assert [session("one")] == pump.run(store.sessions())

    def test_a_session_may_lack_a_credential(self, store: Store, pump: Pump) -> None:
        """A session that no passkey opened is remembered as such."""
        without = replace(session("one"), credential_id=None)

        pump.run(store.remember_session(without, replacing=None))

        assert [without] == pump.run(store.sessions())

    def test_sessions_come_oldest_first(self, store: Store, pump: Pump) -> None:
        """Sessions are listed by age, those of one instant as they came."""
        for token, created in [("c", 3.0), ("z", 1.0), ("b", 1.0), ("a", 2.0)]:
            pump.run(store.remember_session(session(token, created=created), replacing=None))

        found = [each.id for each in pump.run(store.sessions())]

        assert ["id of z", "id of b", "id of a", "id of c"] == found

    def test_rotation_leaves_one(self, store: Store, pump: Pump) -> None:
        """A session that replaces another is the only one of the two."""
        pump.run(store.remember_session(session("old"), replacing=None))
        pump.run(store.remember_session(session("other"), replacing=None))

        pump.run(store.remember_session(session("new"), replacing=token_hash("old")))

        assert [session("other"), session("new")] == pump.run(store.sessions())

    def test_a_session_may_replace_its_own_record(self, store: Store, pump: Pump) -> None:
        """The record of a session can be written anew under its own token."""
        pump.run(store.remember_session(session("one"), replacing=None))
        moved = replace(session("one"), created=1.0)

        pump.run(store.remember_session(moved, replacing=token_hash("one")))

        assert [moved] == pump.run(store.sessions())

    def test_replacing_one_that_is_gone(self, store: Store, pump: Pump) -> None:
        """A session opens even if the one that it replaces has ended meanwhile."""
        pump.run(store.remember_session(session("new"), replacing=token_hash("gone")))

        assert [session("new")] == pump.run(store.sessions())

    @pytest.mark.parametrize("field", ["id", "token_hash"])
    def test_a_session_is_remembered_once(self, store: Store, pump: Pump, field: str) -> None:
        """Two sessions never share a token or a public name, and a refused one ends nothing."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.remember_session(session("two"), replacing=None))
        twin = replace(session("three"), **{field: getattr(session("one"), field)})

        with pytest.raises(StoreError):
            pump.run(store.remember_session(twin, replacing=token_hash("two")))

        assert [session("one"), session("two")] == pump.run(store.sessions())

    def test_a_session_belongs_to_somebody(self, store: Store, pump: Pump) -> None:
        """There is no session without a person."""
        stranger = replace(session("one"), person_id=PersonId("f" * 32))

        with pytest.raises(StoreError):
            pump.run(store.remember_session(stranger, replacing=None))

        assert [] == pump.run(store.sessions())

    def test_an_ended_session_is_gone(self, store: Store, pump: Pump) -> None:
        """Signing out ends this session and no other."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.remember_session(session("two"), replacing=None))

        assert pump.run(store.end_session(token_hash("one"))) is True
        assert [session("two")] == pump.run(store.sessions())

    def test_ending_twice_does_no_harm(self, store: Store, pump: Pump) -> None:
        """Signing out again says only that there was nothing to end."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.end_session(token_hash("one")))

        assert pump.run(store.end_session(token_hash("one"))) is False

    def test_of_ten_at_once_one_ends_it(self, store: Store, pump: Pump) -> None:
        """However many sign the same session out, it ended once."""
        pump.run(store.remember_session(session("one"), replacing=None))

        outcomes = pump.outcomes(store.end_session(token_hash("one")) for _ in range(10))

        assert 1 == sum(outcome is True for outcome in outcomes)

    def test_uses_are_noted(self, store: Store, pump: Pump) -> None:
        """The last use of many sessions is written in one go, and of no others."""
        for token in ("one", "two", "three"):
            pump.run(store.remember_session(session(token), replacing=None))

        pump.run(
            store.note_session_uses(
                {token_hash("one"): 1600.0, token_hash("three"): 1400.0, token_hash("x"): 1.0}
            )
        )

        found = {each.id: each.last_used for each in pump.run(store.sessions())}
        assert {"id of one": 1600.0, "id of two": 1500.0, "id of three": 1400.0} == found

    def test_no_uses_are_noted(self, store: Store, pump: Pump) -> None:
        """Writing nothing is no error."""
        pump.run(store.note_session_uses({}))

        assert [] == pump.run(store.sessions())

    def test_a_noted_use_revives_nothing(self, store: Store, pump: Pump) -> None:
        """A use that is written late does not bring back a session that ended."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.end_session(token_hash("one")))

        pump.run(store.note_session_uses({token_hash("one"): 1600.0}))

        assert [] == pump.run(store.sessions())

    def test_old_and_idle_sessions_are_forgotten(self, store: Store, pump: Pump) -> None:
        """What is too old or unused for too long goes; what is exactly at the limit stays."""
        ages = {"old": (99.0, 500.0), "idle": (300.0, 399.0), "edge": (100.0, 400.0)}
        for token, (created, last_used) in ages.items():
            aged = replace(session(token), created=created, last_used=last_used)
            pump.run(store.remember_session(aged, replacing=None))

        assert 2 == pump.run(store.forget_sessions(created_before=100.0, used_before=400.0))
        assert ["id of edge"] == [each.id for each in pump.run(store.sessions())]

    def test_nothing_is_forgotten_twice(self, store: Store, pump: Pump) -> None:
        """Where nothing is over, nothing is forgotten."""
        pump.run(store.remember_session(session("one"), replacing=None))

        assert 0 == pump.run(store.forget_sessions(created_before=0.0, used_before=0.0))
        assert [session("one")] == pump.run(store.sessions())

    def test_a_persons_sessions(self, store: Store, pump: Pump) -> None:
        """One person's sessions are listed by age, and nobody else's."""
        for token, created, person in [("b", 2.0, ANNA), ("x", 1.0, MIO), ("a", 1.0, ANNA)]:
            fresh = session(token, created=created, person=person)
            pump.run(store.remember_session(fresh, replacing=None))

        theirs = pump.run(store.sessions_of(ANNA.id))

        assert ["id of a", "id of b"] == [each.id for each in theirs]
        assert [] == pump.run(store.sessions_of(KENJI.id))

    def test_tokens_come_in_pages(self, store: Store, pump: Pump) -> None:
        """However many are signed in, page by page every session is seen once."""
        tokens = sorted(token_hash(f"{n}") for n in range(TOKENS_PER_PAGE + 1))
        pump.outcomes(
            store.remember_session(session(f"{n}"), replacing=None)
            for n in range(TOKENS_PER_PAGE + 1)
        )

        first = pump.run(store.session_tokens(after=TokenHash(b"")))
        second = pump.run(store.session_tokens(after=first[-1]))

        assert (tokens[:-1], tokens[-1:]) == (first, second)
        assert [] == pump.run(store.session_tokens(after=second[-1]))

    def test_nobody_disabled_is_let_in(self, store: Store, pump: Pump) -> None:
        """A sign-in that was under way when its person was disabled comes to nothing."""
        with pytest.raises(StoreError, match="disabled"):
            pump.run(store.remember_session(session("one", person=KENJI), replacing=None))

        assert [] == pump.run(store.sessions())

    def test_nobody_is_let_in_by_a_removed_passkey(self, store: Store, pump: Pump) -> None:
        """Neither does one by a passkey that was removed meanwhile."""
        pump.run(store.add_passkey(passkey(b"key")))
        pump.run(store.remove_passkey(ANNA.id, b"key", now=1600.0, even_last=True))
        stale = replace(session("one"), credential_id=b"key")

        with pytest.raises(StoreError, match="removed"):
            pump.run(store.remember_session(stale, replacing=None))

        assert [] == pump.run(store.sessions())

    def test_a_session_is_renewed(self, store: Store, pump: Pump) -> None:
        """After a verification the session has another token, and is as old as it was."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.remember_session(session("two"), replacing=None))
        renewed = replace(
            session("one"),
            token_hash=token_hash("fresh"),
            method=Method.PASSKEY,
            credential_id=b"other",
            address="192.0.2.1",
            user_agent="another",
            last_used=1700.0,
            verified=1700.0,
            is_device_bound=False,
        )
        asked = replace(renewed, created=1690.0)

        assert pump.run(store.renew_session(asked, replacing=token_hash("one"))) is True

        assert [renewed, session("two")] == pump.run(store.sessions())

    @pytest.mark.parametrize("old", ["ended", "two"])
    def test_what_has_ended_is_not_renewed(self, store: Store, pump: Pump, old: str) -> None:
        """A verification revives no session, and takes nobody else's over."""
        pump.run(store.remember_session(session("two"), replacing=None))
        renewed = replace(session("ended"), token_hash=token_hash("fresh"))

        assert pump.run(store.renew_session(renewed, replacing=token_hash(old))) is False

        assert [session("two")] == pump.run(store.sessions())

    def test_a_token_is_given_once(self, store: Store, pump: Pump) -> None:
        """A session is never renewed to the token of another one."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.remember_session(session("two"), replacing=None))
        renewed = replace(session("one"), token_hash=token_hash("two"))

        with pytest.raises(StoreError):
            pump.run(store.renew_session(renewed, replacing=token_hash("one")))

        assert [session("one"), session("two")] == pump.run(store.sessions())

    def test_of_two_who_renew_one_does(self, store: Store, pump: Pump) -> None:
        """A session that is verified twice at once has one token afterwards."""
        pump.run(store.remember_session(session("one"), replacing=None))

        outcomes = pump.outcomes(
            store.renew_session(
                replace(session("one"), token_hash=token_hash(each)), replacing=token_hash("one")
            )
            for each in ("x", "y")
        )

        assert [True, False] == outcomes
        assert [token_hash("x")] == [each.token_hash for each in pump.run(store.sessions())]

    def test_nothing_is_renewed_by_a_removed_passkey(self, store: Store, pump: Pump) -> None:
        """A passkey that was removed meanwhile verifies nobody, and the session stays."""
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.add_passkey(passkey(b"key")))
        pump.run(store.remove_passkey(ANNA.id, b"key", now=1600.0, even_last=True))
        renewed = replace(session("one"), token_hash=token_hash("fresh"), credential_id=b"key")

        with pytest.raises(StoreError, match="removed"):
            pump.run(store.renew_session(renewed, replacing=token_hash("one")))

        assert [session("one")] == pump.run(store.sessions())

    def test_all_sessions_of_a_person_end(self, store: Store, pump: Pump) -> None:
        """Somebody is signed out everywhere, oldest first, and nobody else is."""
        for token, created, person in [("b", 2.0, ANNA), ("x", 1.0, MIO), ("a", 1.0, ANNA)]:
            fresh = session(token, created=created, person=person)
            pump.run(store.remember_session(fresh, replacing=None))

        ended = pump.run(store.end_sessions_of(ANNA.id))

        assert ["id of a", "id of b"] == [each.id for each in ended]
        assert ["id of x"] == [each.id for each in pump.run(store.sessions())]
        assert [] == pump.run(store.end_sessions_of(ANNA.id))

    def test_all_sessions_but_one_end(self, store: Store, pump: Pump) -> None:
        """Whoever ends all others stays signed in, whatever the token is by now."""
        for token in ("one", "two", "three"):
            pump.run(store.remember_session(session(token), replacing=None))
        renewed = replace(session("two"), token_hash=token_hash("fresh"))
        pump.run(store.renew_session(renewed, replacing=token_hash("two")))

        ended = pump.run(store.end_sessions_of(ANNA.id, besides="id of two"))

        assert [session("one"), session("three")] == ended
        assert [renewed] == pump.run(store.sessions())

    def test_all_sessions_by_a_passkey_end(self, store: Store, pump: Pump) -> None:
        """Whoever was verified by that passkey last is out, others stay."""
        other = replace(session("two"), credential_id=b"other")
        none = replace(session("three"), credential_id=None)
        for each in (session("one"), other, none):
            pump.run(store.remember_session(each, replacing=None))

        assert [session("one")] == pump.run(store.end_sessions_by(b"\x00credential"))
        assert [other, none] == pump.run(store.sessions())

    def test_a_persons_link_does_not_end_with_sessions(self, store: Store, pump: Pump) -> None:
        """Signing somebody out leaves the link that was sent to them."""
        pump.run(store.issue_invitation(invitation("link")))

        pump.run(store.end_sessions_of(ANNA.id))

        assert invitation("link") == pump.run(store.invitation(token_hash("link")))
