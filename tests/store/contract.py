"""
One suite for every store: each promise of `gateway.store.interface` is a test here.

A kind of store proves itself by a subclass of each class here, in a module whose fixture
`store` makes an empty one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import CredentialTakenError, InvitationSpentError, NameTakenError, StoreError
from gateway.rules.records import (
    Invitation,
    Method,
    Passkey,
    Person,
    PersonId,
    Session,
    TokenHash,
    hash_token,
)
from gateway.store.interface import Store
from tests.store.pump import Pump

ANNA = Person(
    id=PersonId("a" * 32),
    name="anna",
    display_name="Anna \u202e 安奈",
    user_handle=b"a" * 64,
    enabled=True,
    created=1000.25,
)
KENJI = Person(
    id=PersonId("b" * 32),
    name="健二",
    display_name="健二",
    user_handle=b"b" * 64,
    enabled=False,
    created=1001.0,
)


def token_hash(token: str) -> TokenHash:
    """The stored form of a token that a test can tell from others."""
    return hash_token(token.encode())


def invitation(token: str, person: Person = ANNA) -> Invitation:
    """An unused invitation, good while now < 2000."""
    return Invitation(
        token_hash=token_hash(token),
        person_id=person.id,
        created=1000.0,
        expires=2000.0,
        used=None,
    )


def passkey(credential_id: bytes, person: Person = ANNA) -> Passkey:
    """A fresh passkey of somebody."""
    return Passkey(
        credential_id=credential_id,
        person_id=person.id,
        public_key=b"\xa5\x01\x02",
        sign_count=7,
        transports=("internal", "hybrid"),
        aaguid="ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
        is_synced=True,
        is_backed_up=False,
        label="携帯",
        created=1500.0,
        last_used=None,
    )


def session(token: str, *, created: float = 1500.0, person: Person = ANNA) -> Session:
    """A session of somebody."""
    return Session(
        id=f"id of {token}",
        token_hash=token_hash(token),
        person_id=person.id,
        method=Method.PASSKEY,
        credential_id=b"\x00credential",
        address="2001:db8::1",
        user_agent="Mozilla/5.0 (こんにちは)",
        created=created,
        last_used=created,
    )


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


class EnrolmentContract:
    """What a store promises about invitations and passkeys."""

    @pytest.fixture(autouse=True)
    def _people(self, store: Store, pump: Pump) -> None:
        pump.run(store.add_person(ANNA))
        pump.run(store.add_person(KENJI))

    def test_an_invitation_comes_back(self, store: Store, pump: Pump) -> None:
        """An invitation that was issued is found by its hash."""
        pump.run(store.issue_invitation(invitation("link")))

        assert invitation("link") == pump.run(store.invitation(token_hash("link")))

    def test_an_unknown_invitation_is_none(self, store: Store, pump: Pump) -> None:
        """A made-up link finds no invitation."""
        assert pump.run(store.invitation(token_hash("link"))) is None

    def test_a_new_invitation_voids_the_earlier(self, store: Store, pump: Pump) -> None:
        """Only the newest link of a person works."""
        pump.run(store.issue_invitation(invitation("old")))
        pump.run(store.issue_invitation(invitation("new")))

        assert pump.run(store.invitation(token_hash("old"))) is None
        with pytest.raises(InvitationSpentError):
            self._register(store, pump, b"key", "old")

    def test_other_peoples_invitations_stay(self, store: Store, pump: Pump) -> None:
        """A new link for one person leaves another person's link alone."""
        pump.run(store.issue_invitation(invitation("anna")))
        pump.run(store.issue_invitation(invitation("kenji", KENJI)))

        assert pump.run(store.invitation(token_hash("anna"))) is not None

    def test_a_used_invitation_is_kept(self, store: Store, pump: Pump) -> None:
        """A link that was used is still known as used after a new one was issued."""
        pump.run(store.issue_invitation(invitation("used")))
        self._register(store, pump, b"key", "used")
        pump.run(store.issue_invitation(invitation("new")))

        held = pump.run(store.invitation(token_hash("used")))

        assert replace(invitation("used"), used=1999.0) == held

    def test_an_invitation_is_issued_once(self, store: Store, pump: Pump) -> None:
        """The same token is never good for two invitations."""
        pump.run(store.issue_invitation(invitation("link")))

        with pytest.raises(StoreError):
            pump.run(store.issue_invitation(invitation("link", KENJI)))

        assert invitation("link") == pump.run(store.invitation(token_hash("link")))

    def test_a_refused_invitation_voids_nothing(self, store: Store, pump: Pump) -> None:
        """A link that could not be issued leaves the earlier one as it was."""
        pump.run(store.issue_invitation(invitation("anna")))
        pump.run(store.issue_invitation(invitation("kenji", KENJI)))

        with pytest.raises(StoreError):
            pump.run(store.issue_invitation(invitation("anna", KENJI)))

        assert invitation("kenji", KENJI) == pump.run(store.invitation(token_hash("kenji")))

    def test_nobody_unknown_is_invited(self, store: Store, pump: Pump) -> None:
        """There is no invitation without a person."""
        stranger = replace(ANNA, id=PersonId("f" * 32))

        with pytest.raises(StoreError):
            pump.run(store.issue_invitation(invitation("link", stranger)))

    def test_registering_spends_the_invitation(self, store: Store, pump: Pump) -> None:
        """After an enrolment the passkey is there and the link is used."""
        pump.run(store.issue_invitation(invitation("link")))

        self._register(store, pump, b"key", "link")

        held = pump.run(store.invitation(token_hash("link")))
        assert replace(invitation("link"), used=1999.0) == held
        assert passkey(b"key") == pump.run(store.passkey(b"key"))

    def test_an_invitation_works_once(self, store: Store, pump: Pump) -> None:
        """A link that was used registers no second passkey."""
        pump.run(store.issue_invitation(invitation("link")))
        self._register(store, pump, b"key", "link")

        with pytest.raises(InvitationSpentError):
            self._register(store, pump, b"another", "link")

        assert pump.run(store.passkey(b"another")) is None

    @pytest.mark.parametrize("now", [2000.0, 2000.5, 1e12])
    def test_an_expired_invitation_is_refused(self, store: Store, pump: Pump, now: float) -> None:
        """A link is dead from the very second at which it expires."""
        pump.run(store.issue_invitation(invitation("link")))

        with pytest.raises(InvitationSpentError):
            self._register(store, pump, b"key", "link", now=now)

        assert pump.run(store.passkey(b"key")) is None
        assert invitation("link") == pump.run(store.invitation(token_hash("link")))

    def test_an_unknown_invitation_registers_nothing(self, store: Store, pump: Pump) -> None:
        """A made-up link registers no passkey."""
        with pytest.raises(InvitationSpentError):
            self._register(store, pump, b"key", "link")

        assert pump.run(store.passkey(b"key")) is None

    def test_an_invitation_is_for_one_person(self, store: Store, pump: Pump) -> None:
        """Anna's link registers no passkey for Kenji."""
        pump.run(store.issue_invitation(invitation("link")))

        with pytest.raises(InvitationSpentError):
            pump.run(
                store.register_passkey(
                    passkey(b"key", KENJI), invitation=token_hash("link"), now=1999.0
                )
            )

        assert pump.run(store.passkey(b"key")) is None

    def test_a_taken_credential_spends_nothing(self, store: Store, pump: Pump) -> None:
        """A passkey that is registered already is refused, and the link stays good."""
        pump.run(store.issue_invitation(invitation("first")))
        self._register(store, pump, b"key", "first")
        pump.run(store.issue_invitation(invitation("second", KENJI)))

        with pytest.raises(CredentialTakenError):
            pump.run(
                store.register_passkey(
                    passkey(b"key", KENJI), invitation=token_hash("second"), now=1999.0
                )
            )

        assert passkey(b"key") == pump.run(store.passkey(b"key"))
        assert invitation("second", KENJI) == pump.run(store.invitation(token_hash("second")))

    def test_of_twenty_at_once_one_registers(self, store: Store, pump: Pump) -> None:
        """Twenty browsers with the same link register one passkey between them."""
        pump.run(store.issue_invitation(invitation("link")))

        outcomes = pump.outcomes(
            store.register_passkey(
                passkey(b"key %d" % number), invitation=token_hash("link"), now=1999.0
            )
            for number in range(20)
        )

        assert 1 == sum(outcome is None for outcome in outcomes)
        assert 1 == len(pump.run(store.passkeys_of(ANNA.id)))

    def test_passkeys_come_oldest_first(self, store: Store, pump: Pump) -> None:
        """A person's own passkeys are listed by age, those of one instant as they came."""
        made = [(b"c", 3.0), (b"z", 1.0), (b"b", 1.0), (b"a", 2.0)]
        for number, (credential_id, created) in enumerate(made):
            pump.run(store.issue_invitation(invitation(f"link {number}")))
            key = replace(passkey(credential_id), created=created)
            link = token_hash(f"link {number}")
            pump.run(store.register_passkey(key, invitation=link, now=1999.0))

        theirs = pump.run(store.passkeys_of(ANNA.id))

        assert [b"z", b"b", b"a", b"c"] == [each.credential_id for each in theirs]
        assert [] == pump.run(store.passkeys_of(KENJI.id))

    def test_a_use_is_noted(self, store: Store, pump: Pump) -> None:
        """After a sign-in the counter, the back-up state and the time are the new ones."""
        self._enrol(store, pump)

        pump.run(store.note_passkey_use(b"key", sign_count=8, is_backed_up=True, now=1600.0))

        wanted = replace(passkey(b"key"), sign_count=8, is_backed_up=True, last_used=1600.0)
        assert wanted == pump.run(store.passkey(b"key"))

    def test_a_counter_never_falls(self, store: Store, pump: Pump) -> None:
        """A cloned authenticator cannot set the counter back."""
        self._enrol(store, pump)

        pump.run(store.note_passkey_use(b"key", sign_count=3, is_backed_up=True, now=1600.0))

        wanted = replace(passkey(b"key"), sign_count=7, is_backed_up=True, last_used=1600.0)
        assert wanted == pump.run(store.passkey(b"key"))

    def test_the_last_use_never_goes_back(self, store: Store, pump: Pump) -> None:
        """A clock that was set back leaves the time of the last use as it was."""
        self._enrol(store, pump)
        pump.run(store.note_passkey_use(b"key", sign_count=8, is_backed_up=False, now=1600.0))

        pump.run(store.note_passkey_use(b"key", sign_count=9, is_backed_up=False, now=1500.0))

        wanted = replace(passkey(b"key"), sign_count=9, last_used=1600.0)
        assert wanted == pump.run(store.passkey(b"key"))

    def test_the_highest_of_many_counters_stays(self, store: Store, pump: Pump) -> None:
        """Sign-ins at once, in whatever order, leave the highest counter."""
        self._enrol(store, pump)

        pump.outcomes(
            store.note_passkey_use(b"key", sign_count=count, is_backed_up=False, now=1600.0)
            for count in [12, 40, 9, 39, 10]
        )

        held = pump.run(store.passkey(b"key"))
        assert held is not None
        assert 40 == held.sign_count

    def test_use_of_an_unknown_passkey_is_ignored(self, store: Store, pump: Pump) -> None:
        """Noting the use of a passkey that was removed makes none."""
        pump.run(store.note_passkey_use(b"key", sign_count=1, is_backed_up=False, now=1.0))

        assert pump.run(store.passkey(b"key")) is None

    def _enrol(self, store: Store, pump: Pump) -> None:
        pump.run(store.issue_invitation(invitation("link")))
        self._register(store, pump, b"key", "link")

    def _register(
        self, store: Store, pump: Pump, credential_id: bytes, link: str, now: float = 1999.0
    ) -> None:
        pump.run(
            store.register_passkey(passkey(credential_id), invitation=token_hash(link), now=now)
        )


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
