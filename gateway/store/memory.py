"""
A store that forgets everything when the process ends: the reference for all the others.

It is as atomic as the others because it never awaits: nothing else runs in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.errors import (
    CredentialTakenError,
    InvitationSpentError,
    LastWayInError,
    NameTakenError,
    RecoveryCodeError,
    StoreError,
)
from gateway.rules.records import (
    Change,
    Invitation,
    Passkey,
    Person,
    PersonId,
    TokenHash,
)
from gateway.store.interface import CHANGES_KEPT, PEOPLE_PER_PAGE
from gateway.store.memory_sessions import MemorySessions


class MemoryStore(MemorySessions):
    """Keeps the promises of `Store`, except that of outliving the process."""

    def __init__(self) -> None:
        super().__init__()
        self._passkeys: dict[bytes, Passkey] = {}
        self._invitations: dict[TokenHash, Invitation] = {}
        self._secrets: dict[str, bytes] = {}
        self._recovery_codes: dict[tuple[PersonId, bytes], bool] = {}
        """Whether each was used."""
        self._changes: list[Change] = []

    async def add_person(self, person: Person) -> None:
        """See `Store.add_person`."""
        if any(each.name == person.name for each in self._people.values()):
            raise NameTakenError(f"There is a person named {person.name!r} already.")
        if person.id in self._people or any(
            each.user_handle == person.user_handle for each in self._people.values()
        ):
            raise StoreError("That person's id or user handle is taken.")
        self._people[person.id] = person

    async def person(self, person_id: PersonId) -> Person | None:
        """See `Store.person`."""
        return self._people.get(person_id)

    async def person_named(self, name: str) -> Person | None:
        """See `Store.person_named`."""
        return next((each for each in self._people.values() if each.name == name), None)

    async def people(self) -> list[Person]:
        """See `Store.people`."""
        return sorted(self._people.values(), key=lambda each: each.name)

    async def people_after(self, person_id: PersonId) -> list[Person]:
        """See `Store.people_after`."""
        later = (each for each in self._people.values() if each.id > person_id)
        return sorted(later, key=lambda each: each.id)[:PEOPLE_PER_PAGE]

    async def change_person(
        self,
        person_id: PersonId,
        *,
        display_name: str | None = None,
        mail: str | None = None,
        language: str | None = None,
        groups: tuple[str, ...] | None = None,
        enabled: bool | None = None,
    ) -> Person | None:
        """See `Store.change_person`."""
        held = self._people.get(person_id)
        if held is None:
            return None
        wanted: dict[str, Any] = {
            "display_name": display_name,
            "mail": mail,
            "language": language,
            "groups": groups,
            "enabled": enabled,
        }
        changed = replace(held, **{key: each for key, each in wanted.items() if each is not None})
        self._people[person_id] = changed
        if not changed.enabled:
            self._lock_out(person_id)
        return changed

    def _lock_out(self, person_id: PersonId) -> None:
        self._sessions = {
            key: each for key, each in self._sessions.items() if each.person_id != person_id
        }
        self._invitations = {
            key: each
            for key, each in self._invitations.items()
            if each.person_id != person_id or each.used is not None
        }

    async def issue_invitation(self, invitation: Invitation) -> None:
        """See `Store.issue_invitation`."""
        self._invitations = self._with(self._invitations, invitation)

    def _with(
        self, known: Mapping[TokenHash, Invitation], issued: Invitation
    ) -> dict[TokenHash, Invitation]:
        self._require_person(issued.person_id)
        same = (issued.person_id, issued.kind)
        kept = {
            token_hash: each
            for token_hash, each in known.items()
            if (each.person_id, each.kind) != same or each.used is not None
        }
        if issued.token_hash in kept:
            raise StoreError("That invitation was issued before.")
        return kept | {issued.token_hash: issued}

    async def invitation(self, token_hash: TokenHash) -> Invitation | None:
        """See `Store.invitation`."""
        return self._invitations.get(token_hash)

    async def register_passkey(
        self,
        passkey: Passkey,
        *,
        invitation: TokenHash,
        now: float,
        following: Invitation | None = None,
    ) -> None:
        """See `Store.register_passkey`."""
        held = self._invitations.get(invitation)
        if (
            held is None
            or held.person_id != passkey.person_id
            or held.used is not None
            or now >= held.expires
        ):
            raise InvitationSpentError("The invitation is unknown, expired or used.")
        self._require_new(passkey)
        spent = replace(held, used=now, registered=passkey.credential_id)
        known = self._invitations | {invitation: spent}
        self._invitations = known if following is None else self._with(known, following)
        self._keep_passkey(passkey)

    async def add_passkey(self, passkey: Passkey) -> None:
        """See `Store.add_passkey`."""
        self._require_enabled(passkey.person_id)
        self._require_new(passkey)
        self._keep_passkey(passkey)

    def _require_new(self, passkey: Passkey) -> None:
        if passkey.credential_id in self._passkeys:
            raise CredentialTakenError("That passkey is registered already.")

    def _keep_passkey(self, passkey: Passkey) -> None:
        self._passkeys[passkey.credential_id] = passkey
        self._removed.discard(passkey.credential_id)

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """See `Store.passkey`."""
        return self._passkeys.get(credential_id)

    async def passkeys_of(self, person_id: PersonId) -> list[Passkey]:
        """See `Store.passkeys_of`."""
        theirs = (each for each in self._passkeys.values() if each.person_id == person_id)
        return sorted(theirs, key=lambda each: each.created)

    async def rename_passkey(self, person_id: PersonId, credential_id: bytes, label: str) -> bool:
        """See `Store.rename_passkey`."""
        held = self._passkeys.get(credential_id)
        if held is None or held.person_id != person_id:
            return False
        self._passkeys[credential_id] = replace(held, label=label)
        return True

    async def remove_passkey(
        self, person_id: PersonId, credential_id: bytes, *, now: float, even_last: bool = False
    ) -> bool:
        """See `Store.remove_passkey`."""
        del now
        held = self._passkeys.get(credential_id)
        if held is None or held.person_id != person_id:
            return False
        if not even_last and len(await self.passkeys_of(person_id)) == 1:
            raise LastWayInError("It is this person's only passkey.")
        del self._passkeys[credential_id]
        self._removed.add(credential_id)
        self._sessions = {
            key: each
            for key, each in self._sessions.items()
            if each.credential_id != credential_id
        }
        return True

    async def was_removed(self, credential_id: bytes) -> bool:
        """See `Store.was_removed`."""
        return credential_id in self._removed

    async def note_passkey_use(
        self,
        credential_id: bytes,
        *,
        sign_count: int,
        is_backed_up: bool,
        now: float,
        has_counter_fallen: bool = False,
    ) -> None:
        """See `Store.note_passkey_use`."""
        held = self._passkeys.get(credential_id)
        if held is None:
            return
        self._passkeys[credential_id] = replace(
            held,
            sign_count=max(held.sign_count, sign_count),
            is_backed_up=is_backed_up,
            last_used=now if held.last_used is None else max(held.last_used, now),
            flagged=now if has_counter_fallen else held.flagged,
        )

    async def replace_recovery_codes(
        self, person_id: PersonId, code_hashes: Sequence[bytes], *, now: float
    ) -> None:
        """See `Store.replace_recovery_codes`."""
        del now
        self._require_person(person_id)
        kept = {key: used for key, used in self._recovery_codes.items() if key[0] != person_id}
        self._recovery_codes = kept | {(person_id, each): False for each in code_hashes}

    async def recovery_codes_left(self, person_id: PersonId) -> int:
        """See `Store.recovery_codes_left`."""
        theirs = (used for key, used in self._recovery_codes.items() if key[0] == person_id)
        return sum(not used for used in theirs)

    async def spend_recovery_code(
        self, person_id: PersonId, code_hash: bytes, *, now: float, grant: Invitation
    ) -> None:
        """See `Store.spend_recovery_code`."""
        del now
        person = self._people.get(person_id)
        is_unused = self._recovery_codes.get((person_id, code_hash)) is False
        if person is None or not person.enabled or not is_unused:
            raise RecoveryCodeError("That recovery code is unknown or used.")
        self._invitations = self._with(self._invitations, grant)
        self._recovery_codes[person_id, code_hash] = True

    async def note_change(self, change: Change) -> None:
        """See `Store.note_change`."""
        self._require_person(change.person_id)
        theirs = [each for each in self._changes if each.person_id == change.person_id]
        others = [each for each in self._changes if each.person_id != change.person_id]
        self._changes = others + [*theirs, change][-CHANGES_KEPT:]

    async def changes_of(self, person_id: PersonId) -> list[Change]:
        """See `Store.changes_of`."""
        theirs = (each for each in reversed(self._changes) if each.person_id == person_id)
        return sorted(theirs, key=lambda each: each.time, reverse=True)

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """See `Store.keep_secret`."""
        return self._secrets.setdefault(name, value)

    async def secret(self, name: str) -> bytes | None:
        """See `Store.secret`."""
        return self._secrets.get(name)

    async def close(self) -> None:
        """See `Store.close`."""
