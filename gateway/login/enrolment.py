"""
Enrolment: from an invitation to registered passkeys.

1. The invitation alone says whom a passkey belongs to; nothing in a request can say otherwise.
2. Looking at an invitation never spends it: mail scanners follow links. It is spent in the
   same instant in which the passkey is stored, by the store.
3. In that instant the page gets a SPARE invitation of its own, half an hour long: for a second
   way in and for recovery codes, while the person is at it. Each further one ends when the
   first one does, and `CHAIN_LIMIT` passkeys are the most that come of one beginning.
4. Who registers by a code on somebody's screen (OTHER_DEVICE) gets none: the screen has it.

It must not know of HTTP.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from twisted.logger import Logger

from gateway.errors import InvitationSpentError, Reason, RefusedError
from gateway.login.registrar import Label, Registrar
from gateway.login.room import Announce
from gateway.login.visitor import Visitor
from gateway.rules import tokens
from gateway.rules.ceremony import Way
from gateway.rules.records import (
    TOKEN_BYTES,
    Event,
    Invitation,
    InvitationKind,
    Passkey,
    Person,
    Purpose,
    TokenHash,
    hash_token,
)
from gateway.store.interface import Store

SPARE_LIFETIME_S = 1_800.0
"""Seconds for a second way in and the recovery codes: time to fetch a key, not to forget."""

CHAIN_LIMIT = 5
"""Passkeys that may come of one beginning: more than a person's desk and pockets hold."""

CHAIN_SLACK_S = 1.0
"""Seconds; the beginning is reckoned back from the end, and floats are not exact."""


class Trouble(enum.StrEnum):
    """What is wrong with a link."""

    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """Made up, superseded by a newer one, or of somebody who may not sign in: all alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who holds an invitation that is still good."""

    person: Person
    invitation: Invitation
    passkeys: list[Passkey]
    """What is registered already, oldest first."""

    @property
    def chain(self) -> list[Passkey]:
        """The passkeys that were registered since this spare's first one; [] for other kinds."""
        if self.invitation.kind is not InvitationKind.SPARE:
            return []
        begun = self.invitation.expires - SPARE_LIFETIME_S - CHAIN_SLACK_S
        return [each for each in self.passkeys if each.created >= begun]

    @property
    def may_register(self) -> bool:
        """Whether this beginning has not brought forth enough passkeys."""
        return len(self.chain) < CHAIN_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A link that is not good, and what may be told about it to whoever holds it."""

    trouble: Trouble
    when: float | None = None
    """When it was used, or has expired."""
    kind: InvitationKind = InvitationKind.ADMINISTRATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What came of an enrolment."""

    person: Person
    passkey: Passkey
    following: bytes | None
    """The token of the spare invitation that was issued with it."""


class EnrolmentDesk:
    """Registers passkeys for whoever holds an invitation."""

    log = Logger()

    def __init__(
        self,
        registrar: Registrar,
        *,
        store: Store,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        announce: Announce,
    ) -> None:
        self._registrar = registrar
        self._store = store
        self._wall = wall
        self._token_bytes = token_bytes
        self._announce = announce

    async def look(self, token_text: str) -> Guest | Spent:
        """Who may register by this link, or what is wrong with it."""
        token = tokens.decode(token_text)
        invitation = await self._store.invitation(hash_token(token)) if token else None
        if invitation is None:
            return Spent(trouble=Trouble.UNKNOWN)
        if invitation.used is not None:
            return Spent(trouble=Trouble.USED, when=invitation.used, kind=invitation.kind)
        person = await self._store.person(invitation.person_id)
        if person is None or not person.enabled:
            return Spent(trouble=Trouble.UNKNOWN)
        if self._wall() >= invitation.expires:
            return Spent(trouble=Trouble.EXPIRED, when=invitation.expires, kind=invitation.kind)
        passkeys = await self._store.passkeys_of(person.id)
        return Guest(person=person, invitation=invitation, passkeys=passkeys)

    async def guest(self, token_text: str) -> Guest:
        """
        Who may register by this link.

        Raises:
            RefusedError: INVITATION_SPENT, whatever is wrong with it.
        """
        found = await self.look(token_text)
        if isinstance(found, Spent):
            raise RefusedError(Reason.INVITATION_SPENT, found.trouble)
        return found

    async def spare_guest(self, token_text: str, *, wants_passkey: bool = False) -> Guest:
        """
        Who has just registered a passkey, and holds the spare invitation for it.

        Raises:
            RefusedError: INVITATION_SPENT, also for an invitation of another kind; REFUSED
                when one more passkey is wanted than `CHAIN_LIMIT`.
        """
        guest = await self.guest(token_text)
        if guest.invitation.kind is not InvitationKind.SPARE:
            raise RefusedError(Reason.INVITATION_SPENT, "an invitation of another kind")
        if wants_passkey:
            _refuse_endless(guest)
        return guest

    async def begin(self, token_text: str, way: Way, *, browser: TokenHash) -> dict[str, object]:
        """
        What the browser needs for `navigator.credentials.create()`.

        Raises:
            RefusedError: the invitation is not good, or has brought forth enough.
        """
        guest = await self.guest(token_text)
        _refuse_endless(guest)
        return await self._registrar.begin(
            guest.person,
            way,
            purpose=Purpose.ENROLMENT,
            browser=browser,
            bound_to=guest.invitation.token_hash,
        )

    async def finish(
        self, token_text: str, body: bytes, visitor: Visitor, label: Label
    ) -> Enrolled:
        """
        Check an answer, spend the invitation, store the passkey, issue what follows: all or none.

        Raises:
            RefusedError: whatever is not entirely right.
            StoreError: nothing was stored.
        """
        return await self._registrar.watched(self._finish(token_text, body, visitor, label))

    async def _finish(
        self, token_text: str, body: bytes, visitor: Visitor, label: Label
    ) -> Enrolled:
        token = tokens.decode(token_text)
        answered = self._registrar.take(
            body,
            purpose=Purpose.ENROLMENT,
            browser=visitor.browser,
            bound_to=hash_token(token) if token else None,
        )
        guest = await self.guest(token_text)
        _refuse_endless(guest)
        passkey = self._registrar.passkey(answered, guest.person, label)
        following = self._token_bytes(TOKEN_BYTES) if _is_followed(guest.invitation) else None
        await self._registrar.keep(passkey, guest.person, self._spend(guest, passkey, following))
        await visitor.tell(
            self._announce, guest.person, Event.ENROLLED, passkey.label, now=passkey.created
        )
        return Enrolled(person=guest.person, passkey=passkey, following=following)

    async def _spend(self, guest: Guest, passkey: Passkey, following: bytes | None) -> None:
        try:
            await self._store.register_passkey(
                passkey,
                invitation=guest.invitation.token_hash,
                now=passkey.created,
                following=_spare(guest.invitation, following, now=passkey.created),
            )
        except InvitationSpentError as spent:
            raise RefusedError(Reason.INVITATION_SPENT, str(spent)) from None


def _is_followed(invitation: Invitation) -> bool:
    return invitation.kind is not InvitationKind.OTHER_DEVICE


def _spare(before: Invitation, token: bytes | None, *, now: float) -> Invitation | None:
    """The invitation for what comes next; a spare's spare lives no longer than the spare."""
    if token is None:
        return None
    is_first = before.kind is not InvitationKind.SPARE
    return Invitation(
        token_hash=hash_token(token),
        person_id=before.person_id,
        created=now,
        expires=now + SPARE_LIFETIME_S if is_first else before.expires,
        used=None,
        kind=InvitationKind.SPARE,
    )


def _refuse_endless(guest: Guest) -> None:
    if not guest.may_register:
        raise RefusedError(Reason.REFUSED, "one beginning has brought forth enough passkeys")
