"""
What a store promises. `tests/store/contract.py` proves it of every implementation.

- A method that changes something returns only when the change is durable: a power cut
  after it loses nothing that it said.
- Each change is atomic, and so is each test-and-set: two callers at once, two processes
  at once, are told apart by the store, never by a read that is followed by a write.
- Reads see every change that was acknowledged before they began, also by another process.
- What is not found is None or an empty list; what cannot be is an error of
  `gateway.errors`. A store that fails raises StoreError, and nothing was changed.
- Secrets come in and go out as plain bytes and are sealed at rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.rules.records import (
    Change,
    Invitation,
    Passkey,
    Person,
    PersonId,
    Session,
    TokenHash,
)

CHANGES_KEPT = 50
"""Of each person: what a page can show, and a year or more for most."""

TOKENS_PER_PAGE = 500
"""Of `session_tokens`: half a millisecond's work in the reactor."""

PEOPLE_PER_PAGE = 150
"""Of `people_after`: a millisecond's work in the reactor."""


class Store(Protocol):
    """Everything that the gateway remembers."""

    async def add_person(self, person: Person) -> None:
        """
        Remember somebody new.

        Raises:
            NameTakenError: a person of that canonical name is there.
        """
        ...

    async def person(self, person_id: PersonId) -> Person | None:
        """The person of that id."""
        ...

    async def person_named(self, name: str) -> Person | None:
        """The person of that canonical name."""
        ...

    async def people(self) -> list[Person]:
        """Everybody, by name."""
        ...

    async def people_after(self, person_id: PersonId) -> list[Person]:
        """The next of all people by their ids, `PEOPLE_PER_PAGE` at most; "" begins."""
        ...

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
        """
        Change what is not None; the person as it is then, or None when there is nobody.

        Who is disabled has, in the same instant, no session and no unused invitation any more.
        """
        ...

    async def issue_invitation(self, invitation: Invitation) -> None:
        """
        Remember an invitation; the person's earlier unused ones of its kind are void from now on.

        Raises:
            StoreError: there is no such person, or it was issued before.
        """
        ...

    async def invitation(self, token_hash: TokenHash) -> Invitation | None:
        """The invitation, used or not; None when unknown or superseded."""
        ...

    async def register_passkey(
        self,
        passkey: Passkey,
        *,
        invitation: TokenHash,
        now: float,
        following: Invitation | None = None,
    ) -> None:
        """
        Spend the invitation and remember the passkey: both, or neither.

        The invitation remembers what was registered by it. `following` is issued in the same
        instant.

        Raises:
            InvitationSpentError: it is unknown, another person's, used, superseded, or
                expired at `now` (an invitation is good while now < expires).
            CredentialTakenError: the credential id is registered, to whomever.
        """
        ...

    async def add_passkey(self, passkey: Passkey) -> None:
        """
        Remember a further passkey of somebody who may sign in.

        Raises:
            CredentialTakenError: the credential id is registered, to whomever.
            StoreError: there is no such person, or it is disabled.
        """
        ...

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """The passkey of that credential id."""
        ...

    async def rename_passkey(self, person_id: PersonId, credential_id: bytes, label: str) -> bool:
        """Give one of that person's passkeys another label. False when it is not theirs."""
        ...

    async def remove_passkey(
        self, person_id: PersonId, credential_id: bytes, *, now: float, even_last: bool = False
    ) -> bool:
        """
        Forget one of that person's passkeys, on purpose; False when it is not theirs.

        Its id is remembered as removed, and the sessions that were verified by it are over.

        Raises:
            LastWayInError: it is their only one, and not `even_last`. Two removals at once do
                not get around it.
        """
        ...

    async def was_removed(self, credential_id: bytes) -> bool:
        """Whether a passkey of that id was here and was removed on purpose, and is not back."""
        ...

    async def passkeys_of(self, person_id: PersonId) -> list[Passkey]:
        """One person's passkeys, oldest first."""
        ...

    async def note_passkey_use(
        self,
        credential_id: bytes,
        *,
        sign_count: int,
        is_backed_up: bool,
        now: float,
        has_counter_fallen: bool = False,
    ) -> None:
        """
        Remember a successful sign-in by this passkey. Unknown ids are ignored.

        The stored counter never falls, and `last_used` never goes back. Where the reported
        counter has fallen, the passkey is flagged from now on.
        """
        ...

    async def replace_recovery_codes(
        self, person_id: PersonId, code_hashes: Sequence[bytes], *, now: float
    ) -> None:
        """Remember these recovery codes (32 bytes each); the earlier ones are void from now on."""
        ...

    async def recovery_codes_left(self, person_id: PersonId) -> int:
        """How many of that person's recovery codes are unused."""
        ...

    async def spend_recovery_code(
        self, person_id: PersonId, code_hash: bytes, *, now: float, grant: Invitation
    ) -> None:
        """
        Spend that code and issue what is given for it: both, or neither.

        Raises:
            RecoveryCodeError: it is unknown, used or another person's, or the person is disabled.
        """
        ...

    async def note_change(self, change: Change) -> None:
        """Remember it for its person to look at; of each person the last `CHANGES_KEPT` stay."""
        ...

    async def changes_of(self, person_id: PersonId) -> list[Change]:
        """What happened to that person's ways in, latest first."""
        ...

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """
        Remember a session; the one it replaces, if any, ends in the same instant.

        Raises:
            StoreError: the person is disabled or unknown, the passkey was removed (perhaps just
                now, by somebody else), or it was remembered before.
        """
        ...

    async def renew_session(self, session: Session, *, replacing: TokenHash) -> bool:
        """
        Give a session another token and another verification; the old token is void at once.

        It keeps its id, its person and when it was created. False when no session of that id
        has the old token (it has ended meanwhile, or was renewed by somebody else): nothing
        is remembered then.

        Raises:
            StoreError: as with `remember_session`.
        """
        ...

    async def end_session(self, token_hash: TokenHash) -> bool:
        """End a session. False when there was none: ending twice does no harm."""
        ...

    async def end_sessions_of(
        self, person_id: PersonId, *, besides: str | None = None
    ) -> list[Session]:
        """End all sessions of a person but the one of that id; those that have ended."""
        ...

    async def end_sessions_by(self, credential_id: bytes) -> list[Session]:
        """End all sessions that were last verified by that passkey; those that have ended."""
        ...

    async def sessions(self) -> list[Session]:
        """Every session that was not ended, oldest first; age is the caller's business."""
        ...

    async def sessions_of(self, person_id: PersonId) -> list[Session]:
        """One person's sessions that were not ended, oldest first."""
        ...

    async def session_tokens(self, *, after: TokenHash) -> list[TokenHash]:
        """
        The next of all sessions' tokens in their order, `TOKENS_PER_PAGE` at most; b"" begins.

        Page by page a caller sees every session that is there from the first page to the last.
        """
        ...

    async def foreign_change(self) -> int:
        """A number that differs once another process has changed something; not by our changes."""
        ...

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """Set `last_used` of many sessions in one go; unknown ones are ignored."""
        ...

    async def forget_sessions(self, *, created_before: float, used_before: float) -> int:
        """Drop sessions created before the one time or last used before the other."""
        ...

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """Keep a secret under a name, sealed, unless there is one: the kept one comes back."""
        ...

    async def secret(self, name: str) -> bytes | None:
        """The secret kept under that name, opened."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and threads. May be called twice."""
        ...
