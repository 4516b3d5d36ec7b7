"""The part of the suite for every store that is about recovery codes and what happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import RecoveryCodeError, StoreError
from gateway.rules.records import InvitationKind, PersonId
from gateway.store.interface import CHANGES_KEPT, Store
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, MIO, change, invitation, token_hash

CODES = [b"%032d" % number for number in range(3)]
GRANT = invitation("grant", kind=InvitationKind.RECOVERY)


class RecoveryContract:
    """What a store promises about recovery codes and about what happened."""

    @pytest.fixture(autouse=True)
    def _people(self, store: Store, pump: Pump) -> None:
        for person in (ANNA, KENJI, MIO):
            pump.run(store.add_person(person))
        pump.run(store.replace_recovery_codes(ANNA.id, CODES, now=1500.0))

    def test_codes_are_counted(self, store: Store, pump: Pump) -> None:
        """A person is told how many codes are left."""
        assert 3 == pump.run(store.recovery_codes_left(ANNA.id))
        assert 0 == pump.run(store.recovery_codes_left(MIO.id))

    def test_a_code_gives_an_invitation(self, store: Store, pump: Pump) -> None:
        """A code is spent for a link to register a passkey by."""
        pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=GRANT))

        assert GRANT == pump.run(store.invitation(token_hash("grant")))
        assert 2 == pump.run(store.recovery_codes_left(ANNA.id))

    def test_a_code_works_once(self, store: Store, pump: Pump) -> None:
        """A code that was used gives nothing, and takes nothing back."""
        pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=GRANT))
        another = invitation("another", kind=InvitationKind.RECOVERY)

        with pytest.raises(RecoveryCodeError):
            pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=another))

        assert pump.run(store.invitation(token_hash("another"))) is None
        assert GRANT == pump.run(store.invitation(token_hash("grant")))

    def test_of_twenty_at_once_one_spends_it(self, store: Store, pump: Pump) -> None:
        """Twenty who try the same code at once get one link between them."""
        outcomes = pump.outcomes(
            store.spend_recovery_code(
                ANNA.id,
                CODES[0],
                now=1600.0,
                grant=invitation(f"grant {number}", kind=InvitationKind.RECOVERY),
            )
            for number in range(20)
        )

        assert 1 == sum(outcome is None for outcome in outcomes)
        assert 2 == pump.run(store.recovery_codes_left(ANNA.id))

    def test_a_grant_that_cannot_be_issued_spends_nothing(self, store: Store, pump: Pump) -> None:
        """When the link cannot be issued, the code is still good."""
        pump.run(store.issue_invitation(invitation("grant", MIO)))

        with pytest.raises(StoreError):
            pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=GRANT))

        assert 3 == pump.run(store.recovery_codes_left(ANNA.id))
        assert invitation("grant", MIO) == pump.run(store.invitation(token_hash("grant")))

    def test_a_code_belongs_to_one_person(self, store: Store, pump: Pump) -> None:
        """Anna's code gives Mio nothing."""
        grant = invitation("grant", MIO, kind=InvitationKind.RECOVERY)

        with pytest.raises(RecoveryCodeError):
            pump.run(store.spend_recovery_code(MIO.id, CODES[0], now=1600.0, grant=grant))

        assert 3 == pump.run(store.recovery_codes_left(ANNA.id))

    def test_nobody_unknown_has_codes(self, store: Store, pump: Pump) -> None:
        """There is no code without a person."""
        stranger = PersonId("f" * 32)

        for codes in (CODES, []):
            with pytest.raises(StoreError):
                pump.run(store.replace_recovery_codes(stranger, codes, now=1500.0))
        with pytest.raises(RecoveryCodeError):
            pump.run(store.spend_recovery_code(stranger, CODES[0], now=1600.0, grant=GRANT))

    def test_who_is_disabled_recovers_nothing(self, store: Store, pump: Pump) -> None:
        """A disabled person's codes are good for nothing, until they are enabled again."""
        pump.run(store.change_person(ANNA.id, enabled=False))
        with pytest.raises(RecoveryCodeError):
            pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=GRANT))

        pump.run(store.change_person(ANNA.id, enabled=True))

        pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=GRANT))
        assert 2 == pump.run(store.recovery_codes_left(ANNA.id))

    def test_new_codes_void_the_earlier(self, store: Store, pump: Pump) -> None:
        """After new codes were made, a sheet of paper with the old ones opens nothing."""
        pump.run(store.spend_recovery_code(ANNA.id, CODES[0], now=1600.0, grant=GRANT))
        fresh = [CODES[0], b"n" * 32]

        pump.run(store.replace_recovery_codes(ANNA.id, fresh, now=1700.0))

        assert 2 == pump.run(store.recovery_codes_left(ANNA.id))
        with pytest.raises(RecoveryCodeError):
            pump.run(store.spend_recovery_code(ANNA.id, CODES[1], now=1800.0, grant=GRANT))

    def test_the_same_code_twice_is_one(self, store: Store, pump: Pump) -> None:
        """Codes that happen to be equal count once; no codes at all are possible, too."""
        pump.run(store.replace_recovery_codes(ANNA.id, [CODES[0], CODES[0]], now=1700.0))
        assert 1 == pump.run(store.recovery_codes_left(ANNA.id))

        pump.run(store.replace_recovery_codes(ANNA.id, [], now=1700.0))
        assert 0 == pump.run(store.recovery_codes_left(ANNA.id))

    def test_what_happened_is_told_latest_first(self, store: Store, pump: Pump) -> None:
        """A person sees what happened, the latest first, those of one instant as they came."""
        for subject, time in [("b", 2.0), ("c", 3.0), ("a", 1.0), ("c again", 3.0)]:
            pump.run(store.note_change(change(subject, time=time)))
        pump.run(store.note_change(change("not hers", person=MIO)))

        happened = pump.run(store.changes_of(ANNA.id))

        assert ["c again", "c", "b", "a"] == [each.subject for each in happened]
        assert change("c again", time=3.0) == happened[0]

    def test_only_the_last_are_kept(self, store: Store, pump: Pump) -> None:
        """Of each person the last that happened are kept, whatever the clock said."""
        pump.run(store.note_change(change("hers", person=MIO)))
        for number in range(CHANGES_KEPT + 2):
            pump.run(store.note_change(change(f"{number}", time=1500.0 - number)))

        happened = pump.run(store.changes_of(ANNA.id))

        assert [f"{number}" for number in range(2, CHANGES_KEPT + 2)] == [
            each.subject for each in happened
        ]
        assert [change("hers", person=MIO)] == pump.run(store.changes_of(MIO.id))

    def test_nothing_happens_to_nobody(self, store: Store, pump: Pump) -> None:
        """There is no change without a person."""
        stranger = replace(ANNA, id=PersonId("f" * 32))

        with pytest.raises(StoreError):
            pump.run(store.note_change(change("x", person=stranger)))

        assert [] == pump.run(store.changes_of(stranger.id))
