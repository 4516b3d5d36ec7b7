"""
One suite for every store: each promise of `gateway.store.interface` is a test here.

A kind of store proves itself by a subclass of each class here, in a module whose fixture
`store` makes an empty one. What is promised of enrolment is in `contract_enrolment.py`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import NameTakenError, StoreError
from gateway.rules.records import PersonId
from gateway.store.interface import Store
from tests.store.contract_enrolment import EnrolmentContract
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, session, token_hash

__all__ = ["EnrolmentContract", "PeopleContract", "SessionContract"]


class PeopleContract:
    """What a store promises about people and secrets."""

    def test_a_person_comes_back_as_they_were(self, store: Store, pump: Pump) -> None:
        """Whoever is added is found by id and by name, with every letter of their name."""
        pump.run(store.add_person(ANNA))

        assert ANNA == pump.run(store.person(ANNA.id))
        assert ANNA == pump.run(store.person_named("anna"))

    def test_a_disabled_person_stays_disabled(self, store: Store, pump: Pump) -> None:
        """Somebody who may not sign in is remembered as such."""
        pump.run(store.add_person(KENJI))

        assert KENJI == pump.run(store.person(KENJI.id))

    def test_strangers_are_not_found(self, store: Store, pump: Pump) -> None:
        """Asking for somebody unknown finds nobody and is no error."""
        assert pump.run(store.person(ANNA.id)) is None
        assert pump.run(store.person_named("anna")) is None

    def test_a_name_is_given_once(self, store: Store, pump: Pump) -> None:
        """A second person of the same name is refused, and the first is unchanged."""
        pump.run(store.add_person(ANNA))

        with pytest.raises(NameTakenError):
            pump.run(store.add_person(replace(KENJI, name="anna")))

        assert [ANNA] == pump.run(store.people())

    @pytest.mark.parametrize("field", ["id", "user_handle"])
    def test_ids_are_given_once(self, store: Store, pump: Pump, field: str) -> None:
        """Two people never share the id or the handle that passkeys are bound to."""
        pump.run(store.add_person(ANNA))

        with pytest.raises(StoreError):
            pump.run(store.add_person(replace(KENJI, **{field: getattr(ANNA, field)})))

        assert [ANNA] == pump.run(store.people())

    def test_people_come_in_order_of_their_names(self, store: Store, pump: Pump) -> None:
        """The list of people is sorted by name, whenever they were added."""
        names = ["zoe", "健二", "anna", "é", "ａ", "a-b", "ab"]
        for number, name in enumerate(names):
            pump.run(
                store.add_person(
                    replace(
                        ANNA, id=PersonId(f"{number:032}"), name=name, user_handle=b"%d" % number
                    )
                )
            )

        assert sorted(names) == [each.name for each in pump.run(store.people())]

    def test_a_secret_comes_back(self, store: Store, pump: Pump) -> None:
        """A kept secret is read back as it was, whatever its bytes."""
        value = bytes(range(256))

        assert value == pump.run(store.keep_secret("signing key", value))
        assert value == pump.run(store.secret("signing key"))

    def test_the_first_secret_of_a_name_stays(self, store: Store, pump: Pump) -> None:
        """Two processes that both draw a key end up with the same one."""
        pump.run(store.keep_secret("key", b"first"))

        assert b"first" == pump.run(store.keep_secret("key", b"second"))
        assert b"first" == pump.run(store.secret("key"))

    def test_an_unknown_secret_is_none(self, store: Store, pump: Pump) -> None:
        """A secret that was never kept is told from an empty one."""
        pump.run(store.keep_secret("empty", b""))

        assert b"" == pump.run(store.secret("empty"))
        assert pump.run(store.secret("key")) is None

    def test_closing_twice_does_no_harm(self, store: Store, pump: Pump) -> None:
        """A store that was closed can be closed again."""
        pump.run(store.add_person(ANNA))

        pump.run(store.close())
        pump.run(store.close())


class SessionContract:
    """What a store promises about sessions."""

    @pytest.fixture(autouse=True)
    def _people(self, store: Store, pump: Pump) -> None:
        pump.run(store.add_person(ANNA))
        pump.run(store.add_person(KENJI))

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
