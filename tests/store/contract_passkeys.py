"""The part of the suite for every store that is about further passkeys, and removed ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.python.failure import Failure

from gateway.errors import CredentialTakenError, LastWayInError, StoreError
from gateway.rules.records import PersonId
from gateway.store.interface import Store
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, MIO, invitation, passkey, session, token_hash


class PasskeyContract:
    """What a store promises about further passkeys and removed ones."""

    @pytest.fixture(autouse=True)
    def _people(self, store: Store, pump: Pump) -> None:
        for person in (ANNA, KENJI, MIO):
            pump.run(store.add_person(person))
        for credential_id, created in [(b"one", 1500.0), (b"two", 1501.0)]:
            pump.run(store.add_passkey(replace(passkey(credential_id), created=created)))

    def _ids(self, store: Store, pump: Pump) -> list[bytes]:
        return [each.credential_id for each in pump.run(store.passkeys_of(ANNA.id))]

    def test_a_further_passkey_is_remembered(self, store: Store, pump: Pump) -> None:
        """Somebody who is signed in registers another passkey without a link."""
        further = replace(passkey(b"three"), created=1502.0, flagged=1600.0)

        pump.run(store.add_passkey(further))

        assert further == pump.run(store.passkey(b"three"))
        assert [b"one", b"two", b"three"] == self._ids(store, pump)

    def test_a_credential_is_registered_once(self, store: Store, pump: Pump) -> None:
        """The same passkey is never registered for two people, nor twice for one."""
        for person in (ANNA, MIO):
            with pytest.raises(CredentialTakenError):
                pump.run(store.add_passkey(passkey(b"one", person)))

        assert ANNA.id == self._owner(store, pump, b"one")

    def _owner(self, store: Store, pump: Pump, credential_id: bytes) -> PersonId | None:
        held = pump.run(store.passkey(credential_id))
        return held.person_id if held is not None else None

    @pytest.mark.parametrize("person", [KENJI, replace(ANNA, id=PersonId("f" * 32))])
    def test_only_for_who_may_sign_in(self, store: Store, pump: Pump, person: object) -> None:
        """Nobody disabled or unknown gets a further passkey."""
        with pytest.raises(StoreError):
            pump.run(store.add_passkey(passkey(b"three", person)))  # type: ignore[arg-type]

        assert pump.run(store.passkey(b"three")) is None

    def test_a_passkey_is_renamed(self, store: Store, pump: Pump) -> None:
        """A person calls a passkey as they like, and only the label changes."""
        assert pump.run(store.rename_passkey(ANNA.id, b"one", "会社の携帯")) is True

        assert replace(passkey(b"one"), label="会社の携帯") == pump.run(store.passkey(b"one"))

    @pytest.mark.parametrize(("person", "key"), [(MIO, b"one"), (ANNA, b"unknown")])
    def test_only_their_own(self, store: Store, pump: Pump, person: object, key: bytes) -> None:
        """Nobody renames or removes another person's passkey, nor one that is not there."""
        person_id = person.id  # type: ignore[attr-defined]

        assert pump.run(store.rename_passkey(person_id, key, "mine")) is False
        assert pump.run(store.remove_passkey(person_id, key, now=1600.0)) is False
        assert pump.run(store.remove_passkey(person_id, key, now=1.0, even_last=True)) is False

        assert passkey(b"one") == pump.run(store.passkey(b"one"))
        assert pump.run(store.was_removed(key)) is False

    def test_a_removed_passkey_is_gone(self, store: Store, pump: Pump) -> None:
        """It signs nobody in any more, and is known as removed."""
        assert pump.run(store.was_removed(b"one")) is False

        assert pump.run(store.remove_passkey(ANNA.id, b"one", now=1600.0)) is True

        assert pump.run(store.passkey(b"one")) is None
        assert [b"two"] == self._ids(store, pump)
        assert pump.run(store.was_removed(b"one")) is True
        assert pump.run(store.was_removed(b"two")) is False

    def test_its_sessions_are_over(self, store: Store, pump: Pump) -> None:
        """Who was verified by it is out in the same instant; other sessions stay."""
        for key in (b"one", b"two"):
            fresh = replace(session(key.decode()), credential_id=key)
            pump.run(store.remember_session(fresh, replacing=None))

        pump.run(store.remove_passkey(ANNA.id, b"one", now=1600.0))

        assert ["id of two"] == [each.id for each in pump.run(store.sessions())]

    def test_the_last_one_stays(self, store: Store, pump: Pump) -> None:
        """Nobody locks themselves out by accident: the only passkey stays, and its session."""
        pump.run(store.remove_passkey(ANNA.id, b"one", now=1600.0))
        last = replace(session("last"), credential_id=b"two")
        pump.run(store.remember_session(last, replacing=None))
        pump.run(store.add_passkey(passkey(b"another's", MIO)))

        with pytest.raises(LastWayInError):
            pump.run(store.remove_passkey(ANNA.id, b"two", now=1600.0))

        assert [b"two"] == self._ids(store, pump)
        assert pump.run(store.was_removed(b"two")) is False
        assert [last] == pump.run(store.sessions())

    def test_the_last_one_on_purpose(self, store: Store, pump: Pump) -> None:
        """An administrator removes even the only passkey of a stolen phone."""
        for key in (b"one", b"two"):
            pump.run(store.remove_passkey(ANNA.id, key, now=1600.0, even_last=True))

        assert [] == self._ids(store, pump)

    def test_two_removals_at_once_leave_one(self, store: Store, pump: Pump) -> None:
        """Removing both passkeys from two windows at once leaves one of them."""
        outcomes = pump.outcomes(
            store.remove_passkey(ANNA.id, key, now=1600.0) for key in (b"one", b"two")
        )

        assert outcomes[0] is True
        assert isinstance(outcomes[1], Failure)
        assert outcomes[1].check(LastWayInError)
        assert [b"two"] == self._ids(store, pump)

    def test_of_two_who_remove_it_one_does(self, store: Store, pump: Pump) -> None:
        """Removing the same passkey twice at once removes it once."""
        outcomes = pump.outcomes(
            store.remove_passkey(ANNA.id, b"one", now=1600.0) for _ in range(2)
        )

        assert [True, False] == outcomes

    def test_what_is_registered_again_is_not_removed(self, store: Store, pump: Pump) -> None:
        """A passkey that comes back is as good as any, and can be removed again."""
        pump.run(store.remove_passkey(ANNA.id, b"one", now=1600.0))

        pump.run(store.add_passkey(passkey(b"one")))

        assert pump.run(store.was_removed(b"one")) is False
        fresh = replace(session("one"), credential_id=b"one")
        pump.run(store.remember_session(fresh, replacing=None))
        assert pump.run(store.remove_passkey(ANNA.id, b"one", now=1700.0)) is True
        assert pump.run(store.was_removed(b"one")) is True

    def test_an_enrolment_brings_it_back_too(self, store: Store, pump: Pump) -> None:
        """So is one that comes back by an invitation, perhaps for somebody else."""
        pump.run(store.remove_passkey(ANNA.id, b"one", now=1600.0))
        pump.run(store.issue_invitation(invitation("link", MIO)))

        key = passkey(b"one", MIO)
        pump.run(store.register_passkey(key, invitation=token_hash("link"), now=1999.0))

        assert pump.run(store.was_removed(b"one")) is False
        assert MIO.id == self._owner(store, pump, b"one")

    def test_a_fallen_counter_is_flagged(self, store: Store, pump: Pump) -> None:
        """A passkey that may have been copied stays marked, with the time of the last sign."""
        flags = []
        for now, has_fallen in [(1600.0, False), (1601.0, True), (1602.0, False), (1603.0, True)]:
            pump.run(
                store.note_passkey_use(
                    b"one",
                    sign_count=1,
                    is_backed_up=False,
                    now=now,
                    has_counter_fallen=has_fallen,
                )
            )
            held = pump.run(store.passkey(b"one"))
            assert held is not None
            flags.append(held.flagged)

        assert [None, 1601.0, 1601.0, 1603.0] == flags
