"""
What people do with their own ways in: passkeys, sessions, recovery codes.

Whose things these are is said by the session and by nothing in a request. What is somebody
else's answers exactly like what is not there (NOT_FOUND), and so does what was removed in the
meantime. Nothing here asks for a fresh verification: `account_pages` has done so before.
It must not know of HTTP.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twisted.logger import Logger

from gateway.errors import LastWayInError, Reason, RefusedError
from gateway.rules.records import (
    TOKEN_BYTES,
    Event,
    Invitation,
    InvitationKind,
    Passkey,
    Person,
    TokenHash,
    hash_token,
)
from gateway.rules.recovery import canonical_code, draw_codes, hash_code
from gateway.store.interface import Store
from gateway.store.live import LiveSession, LiveSessions

PHONE_INVITATION_S = 600.0
"""
Seconds that a code on the screen is good for a phone: ten minutes are the longest that NIST
SP 800-63B-4 4.1.2.2 allows. Its token has `TOKEN_BYTES`, more than the 112 bits asked for there.
"""


class Progress(enum.StrEnum):
    """What has become of an invitation on the screen."""

    WAITING = "waiting"
    USED = "used"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An invitation on the screen, and the passkey that was registered by it, if it was."""

    progress: Progress
    passkey: Passkey | None = None


class AccountDesk:
    """Carries out what a person wants done with what is theirs."""

    log = Logger()

    def __init__(
        self,
        *,
        store: Store,
        sessions: LiveSessions,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._wall = wall
        self._token_bytes = token_bytes

    async def person(self, live: LiveSession) -> Person:
        """
        Whose session it is, as the store knows them now.

        Raises:
            RefusedError: SIGN_IN_REQUIRED: they are gone or disabled.
        """
        person = await self._store.person(live.person.id)
        if person is None or not person.enabled:
            raise RefusedError(Reason.SIGN_IN_REQUIRED, "the person is gone or disabled")
        return person

    async def rename(self, person: Person, credential_id: bytes, label: str) -> Passkey:
        """
        Give a passkey another label; the passkey as it was.

        Raises:
            RefusedError: NOT_FOUND.
        """
        was = await self._own(person, credential_id)
        if not await self._store.rename_passkey(person.id, credential_id, label):
            raise _not_found("a passkey that was removed meanwhile")
        self.log.info(
            "{user!r} renamed a passkey: {label!r}, before {before!r}",
            user=person.name,
            label=label,
            before=was.label,
            event=Event.PASSKEY_RENAMED,
        )
        return was

    async def remove(self, person: Person, credential_id: bytes) -> Passkey:
        """
        Remove a passkey and end the sessions that were verified by it; the passkey as it was.

        Raises:
            RefusedError: NOT_FOUND, or LAST_WAY_IN; recovery codes are no way in.
        """
        was = await self._own(person, credential_id)
        try:
            is_removed = await self._store.remove_passkey(
                person.id, credential_id, now=self._wall()
            )
        except LastWayInError as last:
            raise RefusedError(Reason.LAST_WAY_IN, str(last)) from None
        if not is_removed:
            raise _not_found("a passkey that was removed meanwhile")
        await self._sessions.end_of_passkey(credential_id)
        self.log.info(
            "{user!r} removed a passkey: {label!r}",
            user=person.name,
            label=was.label,
            event=Event.PASSKEY_REMOVED,
        )
        return was

    async def invite_phone(self, person: Person) -> tuple[bytes, Invitation]:
        """A code for the screen; the one that was shown before is void."""
        token = self._token_bytes(TOKEN_BYTES)
        invitation = self._invitation(person, hash_token(token), PHONE_INVITATION_S)
        await self._store.issue_invitation(invitation)
        self.log.info(
            "{user!r} was shown a code for another device",
            user=person.name,
            event=Event.INVITED,
        )
        return token, invitation

    async def withdraw_phone(self, person: Person) -> None:
        """Make the code on the screen void: one that is over takes its place."""
        nobody = hash_token(self._token_bytes(TOKEN_BYTES))
        await self._store.issue_invitation(self._invitation(person, nobody, 0.0))

    async def bound(self, person: Person, token_hash: TokenHash) -> Bound:
        """
        What has become of a code that this person was shown.

        One that was superseded, never was, or is somebody else's is over: all alike.
        """
        invitation = await self._store.invitation(token_hash)
        if invitation is None or (invitation.person_id, invitation.kind) != (
            person.id,
            InvitationKind.OTHER_DEVICE,
        ):
            return Bound(progress=Progress.OVER)
        if invitation.registered is not None:
            passkey = await self._store.passkey(invitation.registered)
            return Bound(progress=Progress.USED, passkey=passkey)
        is_over = invitation.used is not None or self._wall() >= invitation.expires
        return Bound(progress=Progress.OVER if is_over else Progress.WAITING)

    async def end_session(self, person: Person, session_id: str) -> LiveSession:
        """
        End one of this person's sessions; the session as it was.

        Raises:
            RefusedError: NOT_FOUND.
        """
        theirs = self._sessions.of_person(person.id)
        found = next((each for each in theirs if each.session.id == session_id), None)
        if found is None:
            raise _not_found("no such session of this person's")
        await self._sessions.end(found.session.token_hash)
        self.log.info(
            "{user!r} ended a session",
            user=person.name,
            session=session_id,
            event=Event.SESSION_ENDED,
        )
        return found

    async def end_others(self, live: LiveSession) -> int:
        """End every other session of this one's person; how many those were."""
        ended = len(
            await self._sessions.end_of_person(live.person.id, besides=live.session.token_hash)
        )
        self.log.info(
            "{user!r} ended {count} other sessions",
            user=live.person.name,
            count=ended,
            event=Event.SESSIONS_ENDED,
        )
        return ended

    async def speak(self, person: Person, language: str) -> None:
        """Remember which language this person reads."""
        changed = await self._store.change_person(person.id, language=language)
        if changed is not None:
            await self._sessions.change_person(changed)

    async def new_recovery_codes(self, person: Person) -> Sequence[str]:
        """New codes, to be shown once; the ones from before are void."""
        codes = draw_codes(self._token_bytes)
        hashes = [hash_code(person.id, canonical_code(each) or "") for each in codes]
        await self._store.replace_recovery_codes(person.id, hashes, now=self._wall())
        self.log.info(
            "{user!r} has new recovery codes", user=person.name, event=Event.RECOVERY_CODES_MADE
        )
        return codes

    async def _own(self, person: Person, credential_id: bytes) -> Passkey:
        passkey = await self._store.passkey(credential_id)
        if passkey is None or passkey.person_id != person.id:
            raise _not_found("no such passkey of this person's")
        return passkey

    def _invitation(self, person: Person, token_hash: TokenHash, lifetime_s: float) -> Invitation:
        now = self._wall()
        return Invitation(
            token_hash=token_hash,
            person_id=person.id,
            created=now,
            expires=now + lifetime_s,
            used=None,
            kind=InvitationKind.OTHER_DEVICE,
        )


def _not_found(detail: str) -> RefusedError:
    return RefusedError(Reason.NOT_FOUND, detail)
