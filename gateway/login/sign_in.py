"""
Sign-in by passkey: from the button to an open session.

No user name is asked for and none is used: the passkey says whose it is, and the store
whose passkey that is. A sign-in by somebody who is signed in here already is a step-up: the
session gets another token and stays what it was. It must not know of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from twisted.logger import Logger

from gateway.errors import Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.login.room import Announce
from gateway.login.visitor import Visitor
from gateway.rules.answers import SignInAnswer, read_sign_in
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import (
    SignIn,
    is_from_another_device,
    sign_in_options,
    verify_sign_in,
)
from gateway.rules.public import PublicOrigin
from gateway.rules.records import (
    TOKEN_BYTES,
    Event,
    Method,
    Passkey,
    Person,
    Purpose,
    Session,
    TokenHash,
    hash_token,
)
from gateway.store.interface import Store
from gateway.store.live import LiveSession, LiveSessions

SESSION_ID_BYTES = 8
"""Random bytes of a session's public name: it opens nothing, it only must not repeat."""


COUNTER_NOTICE_PAUSE_S = 86_400.0
"""
Seconds in which a person is told once that a passkey's counter fell: a device that lost count
falls at every sign-in, and a notice a day is read where twenty are not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """How a sign-in ended."""

    token: bytes
    """Of the session; the browser's cookie."""
    is_step_up: bool
    """It is the session from before, verified anew."""
    offer_passkey: bool
    """It was a phone that signed in this browser: a passkey on this terminal is worth offering."""


class SignInDesk:
    """Lets people in who prove that they hold a passkey of an enabled person."""

    log = Logger()

    def __init__(
        self,
        *,
        public: PublicOrigin,
        store: Store,
        sessions: LiveSessions,
        ceremonies: Ceremonies,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        announce: Announce,
    ) -> None:
        self._public = public
        self._store = store
        self._sessions = sessions
        self._ceremonies = ceremonies
        self._wall = wall
        self._token_bytes = token_bytes
        self._announce = announce

    def begin(self, way: Way, *, browser: TokenHash) -> dict[str, object]:
        """What the browser needs for `navigator.credentials.get()`."""
        ceremony = self._ceremonies.begin(Purpose.SIGN_IN, browser=browser)
        return sign_in_options(public=self._public, challenge=ceremony.challenge, way=way)

    async def admit(self, body: bytes, visitor: Visitor, live: LiveSession | None) -> SignedIn:
        """
        Check an answer, and open a session or verify the one that is there anew.

        Args:
            live: the session of whoever asks, if there is one.

        Raises:
            RefusedError: whatever is not entirely right.
            StoreError: nobody was let in, because it could not be written down.
        """
        try:
            answer = read_sign_in(body)
            ceremony = self._ceremonies.take(
                answer.challenge, Purpose.SIGN_IN, browser=visitor.browser
            )
            person, passkey, verified = await self._verify(answer, ceremony.challenge)
        except RefusedError as refused:
            self.log.info(
                "sign-in refused from {address}: {reason}",
                address=visitor.address,
                reason=refused.reason,
                event=Event.SIGN_IN_REFUSED,
            )
            raise
        await self._note_use(person, passkey, verified, visitor)
        if live is not None and live.person.id == person.id and not live.ended:
            with suppress(RefusedError):  # it ended meanwhile: then this is a sign-in
                return await self._step_up(live, passkey, visitor)
        token = await self._open(person, passkey, visitor)
        return SignedIn(
            token=token,
            is_step_up=False,
            offer_passkey=is_from_another_device(answer, passkey),
        )

    async def _verify(
        self, answer: SignInAnswer, challenge: bytes
    ) -> tuple[Person, Passkey, SignIn]:
        passkey = await self._store.passkey(answer.credential_id)
        person = await self._store.person(passkey.person_id) if passkey is not None else None
        if passkey is None or person is None:
            raise await self._unknown(answer.credential_id)
        verified = verify_sign_in(
            answer, public=self._public, challenge=challenge, passkey=passkey, person=person
        )
        return person, passkey, verified

    async def _unknown(self, credential_id: bytes) -> RefusedError:
        """A passkey is told as removed only if somebody meant to remove it."""
        if await self._store.was_removed(credential_id):
            return RefusedError(Reason.REMOVED_PASSKEY, "that passkey was removed on purpose")
        return RefusedError(Reason.UNKNOWN_PASSKEY, "no such passkey is registered")

    async def _note_use(
        self, person: Person, passkey: Passkey, verified: SignIn, visitor: Visitor
    ) -> None:
        now = self._wall()
        await self._store.note_passkey_use(
            passkey.credential_id,
            sign_count=verified.sign_count,
            is_backed_up=verified.is_backed_up,
            now=now,
            has_counter_fallen=verified.has_counter_fallen,
        )
        if not verified.has_counter_fallen:
            return
        self.log.warn(
            "the counter of a passkey of {user!r} fell from {stored} to {reported}: "
            "it may have been copied",
            user=person.name,
            stored=passkey.sign_count,
            reported=verified.sign_count,
            event=Event.COUNTER_FELL,
        )
        if passkey.flagged is None or now - passkey.flagged >= COUNTER_NOTICE_PAUSE_S:
            await visitor.tell(self._announce, person, Event.COUNTER_FELL, passkey.label, now=now)

    async def _step_up(self, live: LiveSession, passkey: Passkey, visitor: Visitor) -> SignedIn:
        token = self._token_bytes(TOKEN_BYTES)
        now = self._wall()
        session = replace(
            live.session,
            token_hash=hash_token(token),
            method=Method.PASSKEY,
            credential_id=passkey.credential_id,
            last_used=now,
            verified=now,
            is_device_bound=not passkey.is_synced,
        )
        await self._sessions.renew(live, session)
        self._log_entry(live.person, session, visitor, Event.VERIFIED)
        return SignedIn(token=token, is_step_up=True, offer_passkey=False)

    async def _open(self, person: Person, passkey: Passkey, visitor: Visitor) -> bytes:
        token = self._token_bytes(TOKEN_BYTES)
        now = self._wall()
        session = Session(
            id=self._token_bytes(SESSION_ID_BYTES).hex(),
            token_hash=hash_token(token),
            person_id=person.id,
            method=Method.PASSKEY,
            credential_id=passkey.credential_id,
            address=visitor.address,
            user_agent=visitor.user_agent,
            created=now,
            last_used=now,
            verified=now,
            is_device_bound=not passkey.is_synced,
        )
        await self._sessions.open(session, person, replacing=visitor.session)
        self._log_entry(person, session, visitor, Event.SIGNED_IN)
        return token

    def _log_entry(self, person: Person, session: Session, visitor: Visitor, event: Event) -> None:
        self.log.info(
            "{user!r} signed in by {method} from {address}"
            if event is Event.SIGNED_IN
            else "{user!r} was verified again by {method} from {address}",
            user=person.name,
            method=session.method,
            address=visitor.address,
            session=session.id,
            event=event,
        )
