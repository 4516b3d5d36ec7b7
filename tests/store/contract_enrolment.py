"""The part of the suite for every store that is about invitations and passkeys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import CredentialTakenError, InvitationSpentError, StoreError
from gateway.rules.records import Invitation, InvitationKind, PersonId
from gateway.store.interface import Store
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, invitation, passkey, token_hash


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

    def test_each_kind_is_held_once(self, store: Store, pump: Pump) -> None:
        """A code for a phone voids an earlier one, and not the link of the administrator."""
        for token, kind in [
            ("link", InvitationKind.ADMINISTRATOR),
            ("code", InvitationKind.OTHER_DEVICE),
            ("another", InvitationKind.OTHER_DEVICE),
        ]:
            pump.run(store.issue_invitation(invitation(token, kind=kind)))

        assert invitation("link") == pump.run(store.invitation(token_hash("link")))
        assert pump.run(store.invitation(token_hash("code"))) is None
        held = pump.run(store.invitation(token_hash("another")))
        assert invitation("another", kind=InvitationKind.OTHER_DEVICE) == held

    def test_one_more_way_in_follows(self, store: Store, pump: Pump) -> None:
        """Whoever has registered may register once more at once, by a link of another kind."""
        pump.run(store.issue_invitation(invitation("link")))
        spare = invitation("spare", kind=InvitationKind.SPARE)

        self._follow(store, pump, "link", b"key", spare)
        again = invitation("spare 2", kind=InvitationKind.SPARE)
        self._follow(store, pump, "spare", b"key 2", again)

        used = replace(spare, used=1999.0, registered=b"key 2")
        assert used == pump.run(store.invitation(token_hash("spare")))
        assert again == pump.run(store.invitation(token_hash("spare 2")))

    @pytest.mark.parametrize("token", ["kenji's", "link"])
    def test_what_cannot_follow_registers_nothing(
        self, store: Store, pump: Pump, token: str
    ) -> None:
        """When the link for one more way in cannot be issued, nothing has happened."""
        pump.run(store.issue_invitation(invitation("link")))
        pump.run(store.issue_invitation(invitation("kenji's", KENJI)))

        with pytest.raises(StoreError):
            self._follow(store, pump, "link", b"key", invitation(token, kind=InvitationKind.SPARE))

        assert pump.run(store.passkey(b"key")) is None
        assert invitation("link") == pump.run(store.invitation(token_hash("link")))
        assert invitation("kenji's", KENJI) == pump.run(store.invitation(token_hash("kenji's")))

    def test_a_refused_enrolment_issues_nothing(self, store: Store, pump: Pump) -> None:
        """Where nothing was registered, there is no link for one more."""
        spare = invitation("spare", kind=InvitationKind.SPARE)

        with pytest.raises(InvitationSpentError):
            self._follow(store, pump, "link", b"key", spare)

        assert pump.run(store.invitation(token_hash("spare"))) is None

    def _follow(
        self, store: Store, pump: Pump, link: str, credential_id: bytes, following: Invitation
    ) -> None:
        pump.run(
            store.register_passkey(
                passkey(credential_id),
                invitation=token_hash(link),
                now=1999.0,
                following=following,
            )
        )

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

        assert replace(invitation("used"), used=1999.0, registered=b"key") == held

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
        assert replace(invitation("link"), used=1999.0, registered=b"key") == held
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
