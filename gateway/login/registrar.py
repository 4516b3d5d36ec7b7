"""
What every registration of a passkey has in common, whatever it was that allowed it.

Who may register is the desk's to say that asks: `enrolment` looks at an invitation,
`addition` at a session. Here the ceremony is begun and ended, the answer checked against the
company's policy, and what went wrong told and logged. It must not know of HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from twisted.logger import Logger

from gateway.errors import CredentialTakenError, Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.login.room import Office
from gateway.rules.answers import RegistrationAnswer, read_registration
from gateway.rules.attestation import TODAY, PasskeyPolicy
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import Registration, registration_options, verify_registration
from gateway.rules.public import PublicOrigin
from gateway.rules.records import Event, Passkey, Person, Purpose, TokenHash
from gateway.store.interface import Store

Label = Callable[[Registration], str]
"""A first name for a new passkey."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer whose ceremony was open, and is now over."""

    answer: RegistrationAnswer
    challenge: bytes


class Registrar:
    """Registers passkeys for desks that say whose they are."""

    log = Logger()

    def __init__(
        self,
        *,
        public: PublicOrigin,
        gateway_name: str,
        store: Store,
        ceremonies: Ceremonies,
        wall: Callable[[], float],
        policy: PasskeyPolicy = TODAY,
    ) -> None:
        self._public = public
        self._gateway_name = gateway_name
        self._store = store
        self._ceremonies = ceremonies
        self._wall = wall
        self._policy = policy

    async def begin(
        self,
        person: Person,
        way: Way,
        *,
        purpose: Purpose,
        browser: TokenHash,
        bound_to: TokenHash,
    ) -> dict[str, object]:
        """
        What the browser needs for `navigator.credentials.create()`.

        Args:
            bound_to: what allows it (an invitation, a session): only the same can finish it.
        """
        registered = await self._store.passkeys_of(person.id)
        ceremony = self._ceremonies.begin(purpose, browser=browser, invitation=bound_to)
        return registration_options(
            public=self._public,
            gateway_name=self._gateway_name,
            person=person,
            challenge=ceremony.challenge,
            registered=registered,
            way=way,
            policy=self._policy,
        )

    def take(
        self,
        body: bytes,
        *,
        purpose: Purpose,
        browser: TokenHash | None,
        bound_to: TokenHash | None,
    ) -> Answered:
        """
        Read an answer and end its ceremony; nothing else of it is looked at yet.

        Raises:
            RefusedError: unreadable, too late, another browser's, or allowed by something else.
        """
        answer = read_registration(body)
        ceremony = self._ceremonies.take(
            answer.challenge, purpose, browser=browser, invitation=bound_to
        )
        return Answered(answer=answer, challenge=ceremony.challenge)

    def passkey(self, answered: Answered, person: Person, label: Label) -> Passkey:
        """
        Check the answer; that person's new passkey, not stored yet.

        Raises:
            RefusedError: whatever is not entirely right, or not the company's wish.
        """
        now = self._wall()
        registration = verify_registration(
            answered.answer,
            public=self._public,
            challenge=answered.challenge,
            policy=self._policy,
            now=now,
        )
        return Passkey(
            credential_id=registration.credential_id,
            person_id=person.id,
            public_key=registration.public_key,
            sign_count=registration.sign_count,
            transports=registration.transports,
            aaguid=registration.aaguid,
            is_synced=registration.is_synced,
            is_backed_up=registration.is_backed_up,
            label=label(registration),
            created=now,
            last_used=None,
        )

    async def keep(self, passkey: Passkey, person: Person, storing: Awaitable[None]) -> None:
        """
        Wait until the passkey is stored by the desk's own means, and log it.

        Raises:
            RefusedError: ALREADY_REGISTERED, to whomever.
            StoreError: nothing was stored.
        """
        try:
            await storing
        except CredentialTakenError as taken:
            raise RefusedError(Reason.ALREADY_REGISTERED, str(taken)) from None
        self.log.info(
            "{user!r} registered a passkey: {label!r}",
            user=person.name,
            label=passkey.label,
            event=Event.ENROLLED,
        )

    async def watched(self, registering: Awaitable[T]) -> T:
        """The outcome of a registration; a refusal is logged on its way."""
        try:
            return await registering
        except RefusedError as refused:
            self.log.info(
                "registration refused: {reason}",
                reason=refused.reason,
                event=Event.ENROLMENT_REFUSED,
            )
            raise


def registrar_of(office: Office) -> Registrar:
    """The one of this house, under the company's policy."""
    return Registrar(
        public=office.pages.public,
        gateway_name=office.pages.gateway_name,
        store=office.store,
        ceremonies=office.ceremonies,
        wall=office.wall,
        policy=office.passkeys,
    )
