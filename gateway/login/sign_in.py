"""
Sign-in by passkey: from the button to an open session.

No user name is asked for and none is used: the passkey says whose it is, and the store
whose passkey that is. It must not know of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.logger import Logger

from gateway.errors import Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.rules.answers import SignInAnswer, read_sign_in
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import SignIn, sign_in_options, verify_sign_in
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
from gateway.store.live import LiveSessions

SESSION_ID_BYTES = 8
"""Random bytes of a session's public name: it opens nothing, it only must not repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who knocks: what is remembered with the session that may be opened."""

    browser: TokenHash | None
    session: TokenHash | None
    """The session that this browser holds already; it ends when another one opens."""
    address: str
    user_agent: str


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
    ) -> None:
        self._public = public
        self._store = store
        self._sessions = sessions
        self._ceremonies = ceremonies
        self._wall = wall
        self._token_bytes = token_bytes

    def begin(self, way: Way, *, browser: TokenHash) -> dict[str, object]:
        """What the browser needs for `navigator.credentials.get()`."""
        ceremony = self._ceremonies.begin(Purpose.SIGN_IN, browser=browser)
        return sign_in_options(public=self._public, challenge=ceremony.challenge, way=way)

    async def finish(self, body: bytes, visitor: Visitor) -> bytes:
        """
        Check an answer; the token of the session that it opened.

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
        await self._note_use(person, passkey, verified)
        return await self._open(person, passkey, visitor)

    async def _verify(
        self, answer: SignInAnswer, challenge: bytes
    ) -> tuple[Person, Passkey, SignIn]:
        passkey = await self._store.passkey(answer.credential_id)
        person = await self._store.person(passkey.person_id) if passkey is not None else None
        if passkey is None or person is None:
            raise RefusedError(Reason.UNKNOWN_PASSKEY, "no such passkey is registered")
        verified = verify_sign_in(
            answer, public=self._public, challenge=challenge, passkey=passkey, person=person
        )
        return person, passkey, verified

    async def _note_use(self, person: Person, passkey: Passkey, verified: SignIn) -> None:
        if verified.has_counter_fallen:
            self.log.warn(
                "the counter of a passkey of {user!r} fell from {stored} to {reported}: "
                "it may have been copied",
                user=person.name,
                stored=passkey.sign_count,
                reported=verified.sign_count,
                event=Event.COUNTER_FELL,
            )
        await self._store.note_passkey_use(
            passkey.credential_id,
            sign_count=verified.sign_count,
            is_backed_up=verified.is_backed_up,
            now=self._wall(),
        )

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
        )
        await self._sessions.open(session, person, replacing=visitor.session)
        self.log.info(
            "{user!r} signed in by {method} from {address}",
            user=person.name,
            method=Method.PASSKEY,
            address=visitor.address,
            session=session.id,
            event=Event.SIGNED_IN,
        )
        return token
