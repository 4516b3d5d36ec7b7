"""
Enrolment: from an invitation to a registered passkey.

The invitation alone says whom the passkey belongs to; nothing in a request can say otherwise.
Looking at an invitation never spends it: mail scanners follow links. It is spent in the
same instant in which the passkey is stored, by the store. It must not know of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.logger import Logger

from gateway.errors import CredentialTakenError, InvitationSpentError, Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.rules import tokens
from gateway.rules.answers import read_registration
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import Registration, registration_options, verify_registration
from gateway.rules.public import PublicOrigin
from gateway.rules.records import (
    Event,
    Invitation,
    Passkey,
    Person,
    Purpose,
    TokenHash,
    hash_token,
)
from gateway.store.interface import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who holds an invitation that is still good."""

    person: Person
    invitation: Invitation


class EnrolmentDesk:
    """Registers a passkey for whoever holds an invitation."""

    log = Logger()

    def __init__(
        self,
        *,
        public: PublicOrigin,
        gateway_name: str,
        store: Store,
        ceremonies: Ceremonies,
        wall: Callable[[], float],
    ) -> None:
        self._public = public
        self._gateway_name = gateway_name
        self._store = store
        self._ceremonies = ceremonies
        self._wall = wall

    async def guest(self, token_text: str) -> Guest:
        """
        Who may register by this link.

        Raises:
            RefusedError: INVITATION_SPENT: unknown, used, expired, superseded, or of
                somebody who was disabled; all alike.
        """
        token = tokens.decode(token_text)
        invitation = await self._store.invitation(hash_token(token)) if token else None
        if invitation is None or invitation.used is not None:
            raise RefusedError(Reason.INVITATION_SPENT, "unknown or used")
        if self._wall() >= invitation.expires:
            raise RefusedError(Reason.INVITATION_SPENT, "expired")
        person = await self._store.person(invitation.person_id)
        if person is None or not person.enabled:
            raise RefusedError(Reason.INVITATION_SPENT, "the person is gone or disabled")
        return Guest(person=person, invitation=invitation)

    async def begin(self, token_text: str, way: Way, *, browser: TokenHash) -> dict[str, object]:
        """
        What the browser needs for `navigator.credentials.create()`.

        Raises:
            RefusedError: the invitation is not good.
        """
        guest = await self.guest(token_text)
        registered = await self._store.passkeys_of(guest.person.id)
        ceremony = self._ceremonies.begin(
            Purpose.ENROLMENT, browser=browser, invitation=guest.invitation.token_hash
        )
        return registration_options(
            public=self._public,
            gateway_name=self._gateway_name,
            person=guest.person,
            challenge=ceremony.challenge,
            registered=registered,
            way=way,
        )

    async def finish(
        self,
        token_text: str,
        body: bytes,
        *,
        browser: TokenHash | None,
        label: Callable[[Registration], str],
    ) -> Passkey:
        """
        Check an answer, spend the invitation and store the passkey: all, or nothing.

        Raises:
            RefusedError: whatever is not entirely right.
            StoreError: nothing was stored.
        """
        try:
            return await self._finish(token_text, body, browser, label)
        except RefusedError as refused:
            self.log.info(
                "enrolment refused: {reason}",
                reason=refused.reason,
                event=Event.ENROLMENT_REFUSED,
            )
            raise

    async def _finish(
        self,
        token_text: str,
        body: bytes,
        browser: TokenHash | None,
        label: Callable[[Registration], str],
    ) -> Passkey:
        answer = read_registration(body)
        token = tokens.decode(token_text)
        ceremony = self._ceremonies.take(
            answer.challenge,
            Purpose.ENROLMENT,
            browser=browser,
            invitation=hash_token(token) if token else None,
        )
        guest = await self.guest(token_text)
        registration = verify_registration(
            answer, public=self._public, challenge=ceremony.challenge
        )
        passkey = self._passkey(guest.person, registration, label(registration))
        await self._store_passkey(passkey, guest)
        return passkey

    async def _store_passkey(self, passkey: Passkey, guest: Guest) -> None:
        try:
            await self._store.register_passkey(
                passkey, invitation=guest.invitation.token_hash, now=passkey.created
            )
        except InvitationSpentError as spent:
            raise RefusedError(Reason.INVITATION_SPENT, str(spent)) from None
        except CredentialTakenError as taken:
            raise RefusedError(Reason.ALREADY_REGISTERED, str(taken)) from None
        self.log.info(
            "{user!r} registered a passkey: {label!r}",
            user=guest.person.name,
            label=passkey.label,
            event=Event.ENROLLED,
        )

    def _passkey(self, person: Person, registration: Registration, label: str) -> Passkey:
        return Passkey(
            credential_id=registration.credential_id,
            person_id=person.id,
            public_key=registration.public_key,
            sign_count=registration.sign_count,
            transports=registration.transports,
            aaguid=registration.aaguid,
            is_synced=registration.is_synced,
            is_backed_up=registration.is_backed_up,
            label=label,
            created=self._wall(),
            last_used=None,
        )
