"""
A further passkey of somebody who is signed in and was verified a short while ago.

The session alone says whose the passkey is. It is to come from `Room.freshly_verified` when
a registration begins, and from `Room.signed_in` when it ends: the person may take five
minutes at the device, and the ceremony itself proves that they were verified before it.
A step-up in between changes the session's token, so the ceremony is bound to what stays.
It must not know of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.login.registrar import Label, Registrar
from gateway.login.room import Announce
from gateway.login.visitor import Visitor
from gateway.rules.ceremony import Way
from gateway.rules.records import Event, Passkey, Purpose, Session, TokenHash, hash_token
from gateway.store.interface import Store
from gateway.store.live import LiveSession


class AdditionDesk:
    """Registers further passkeys for people who are signed in."""

    def __init__(
        self,
        registrar: Registrar,
        *,
        store: Store,
        wall: Callable[[], float],
        announce: Announce,
    ) -> None:
        self._registrar = registrar
        self._store = store
        self._wall = wall
        self._announce = announce

    async def begin(self, live: LiveSession, way: Way, *, browser: TokenHash) -> dict[str, object]:
        """What the browser of somebody freshly verified needs for `credentials.create()`."""
        return await self._registrar.begin(
            live.person,
            way,
            purpose=Purpose.ADDITION,
            browser=browser,
            bound_to=_lasting(live.session),
        )

    async def finish(
        self, live: LiveSession, body: bytes, visitor: Visitor, label: Label
    ) -> Passkey:
        """
        Check an answer, store the passkey and tell its person.

        Raises:
            RefusedError: whatever is not entirely right; nothing was stored.
            StoreError: nothing was stored.
        """
        return await self._registrar.watched(self._finish(live, body, visitor, label))

    async def _finish(
        self, live: LiveSession, body: bytes, visitor: Visitor, label: Label
    ) -> Passkey:
        answered = self._registrar.take(
            body,
            purpose=Purpose.ADDITION,
            browser=visitor.browser,
            bound_to=_lasting(live.session),
        )
        passkey = self._registrar.passkey(answered, live.person, label)
        await self._registrar.keep(passkey, live.person, self._store.add_passkey(passkey))
        await visitor.tell(
            self._announce, live.person, Event.ENROLLED, passkey.label, now=self._wall()
        )
        return passkey


def _lasting(session: Session) -> TokenHash:
    """What names a session through its step-ups."""
    return hash_token(session.id.encode("ascii"))
