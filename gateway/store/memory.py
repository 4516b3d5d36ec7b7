"""
A store that forgets everything when the process ends: the reference for all the others.

It is as atomic as the others because it never awaits: nothing else runs in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.errors import CredentialTakenError, InvitationSpentError, NameTakenError, StoreError
from gateway.rules.records import Invitation, Passkey, Person, PersonId, Session, TokenHash
from gateway.store.interface import TOKENS_PER_PAGE


class MemoryStore:
    """Keeps the promises of `Store`, except that of outliving the process."""

    def __init__(self) -> None:
        self._people: dict[PersonId, Person] = {}
        self._passkeys: dict[bytes, Passkey] = {}
        self._invitations: dict[TokenHash, Invitation] = {}
        self._sessions: dict[TokenHash, Session] = {}
        self._secrets: dict[str, bytes] = {}

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

    async def issue_invitation(self, invitation: Invitation) -> None:
        """See `Store.issue_invitation`."""
        self._require_person(invitation.person_id)
        kept = {
            token_hash: each
            for token_hash, each in self._invitations.items()
            if each.person_id != invitation.person_id or each.used is not None
        }
        if invitation.token_hash in kept:
            raise StoreError("That invitation was issued before.")
        self._invitations = kept | {invitation.token_hash: invitation}

    async def invitation(self, token_hash: TokenHash) -> Invitation | None:
        """See `Store.invitation`."""
        return self._invitations.get(token_hash)

    async def register_passkey(
        self, passkey: Passkey, *, invitation: TokenHash, now: float
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
        if passkey.credential_id in self._passkeys:
            raise CredentialTakenError("That passkey is registered already.")
        self._invitations[invitation] = replace(held, used=now)
        self._passkeys[passkey.credential_id] = passkey

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """See `Store.passkey`."""
        return self._passkeys.get(credential_id)

    async def passkeys_of(self, person_id: PersonId) -> list[Passkey]:
        """See `Store.passkeys_of`."""
        theirs = (each for each in self._passkeys.values() if each.person_id == person_id)
        return sorted(theirs, key=lambda each: each.created)

    async def note_passkey_use(
        self, credential_id: bytes, *, sign_count: int, is_backed_up: bool, now: float
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
        )

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """See `Store.remember_session`."""
        self._require_person(session.person_id)
        kept = {key: each for key, each in self._sessions.items() if key != replacing}
        if session.token_hash in kept or any(each.id == session.id for each in kept.values()):
            raise StoreError("That session was remembered before.")
        self._sessions = kept | {session.token_hash: session}

    async def end_session(self, token_hash: TokenHash) -> bool:
        """See `Store.end_session`."""
        return self._sessions.pop(token_hash, None) is not None

    async def sessions(self) -> list[Session]:
        """See `Store.sessions`."""
        return sorted(self._sessions.values(), key=lambda each: each.created)

    async def session_tokens(self, *, after: TokenHash) -> list[TokenHash]:
        """See `Store.session_tokens`."""
        return sorted(each for each in self._sessions if each > after)[:TOKENS_PER_PAGE]

    async def foreign_change(self) -> int:
        """See `Store.foreign_change`: no other process gets at this memory."""
        return 0

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """See `Store.note_session_uses`."""
        for token_hash in uses.keys() & self._sessions.keys():
            used = replace(self._sessions[token_hash], last_used=uses[token_hash])
            self._sessions[token_hash] = used

    async def forget_sessions(self, *, created_before: float, used_before: float) -> int:
        """See `Store.forget_sessions`."""
        kept = {
            key: each
            for key, each in self._sessions.items()
            if each.created >= created_before and each.last_used >= used_before
        }
        forgotten = len(self._sessions) - len(kept)
        self._sessions = kept
        return forgotten

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """See `Store.keep_secret`."""
        return self._secrets.setdefault(name, value)

    async def secret(self, name: str) -> bytes | None:
        """See `Store.secret`."""
        return self._secrets.get(name)

    async def close(self) -> None:
        """See `Store.close`."""

    def _require_person(self, person_id: PersonId) -> None:
        if person_id not in self._people:
            raise StoreError("There is no such person.")
