"""
Recovery: from a code on paper to an invitation to register a new passkey.

It opens no session: whoever holds a code gets ten minutes to register a device, and the person
is told. An unknown name, a wrong or used code, and somebody disabled are one and the same
refusal, after the same work: a look at the name, a hash, a test-and-set of the store's. What is
typed as a name and is nobody's is logged nowhere, because people type codes into that field.
It must not know of HTTP.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gateway.errors import Reason, RecoveryCodeError, RefusedError
from gateway.login.room import Announce
from gateway.login.visitor import Visitor
from gateway.rules.admission import network_of
from gateway.rules.records import (
    NAME_LIMIT,
    TOKEN_BYTES,
    Event,
    Invitation,
    InvitationKind,
    Person,
    PersonId,
    canonical_name,
    hash_token,
)
from gateway.rules.recovery import (
    TRIES_PER_ACCOUNT,
    TRIES_PER_ADDRESS,
    Tries,
    canonical_code,
    count_try,
    hash_code,
)
from gateway.store.interface import Store

GRANT_LIFETIME_S = 600.0
"""Seconds to register a new device: the person has it in their hand already."""

TRIES_REMEMBERED = 10_000
"""Names and addresses in memory: 2 MB. Whoever makes us forget some has guessed no code by it."""

NOBODY = PersonId("0" * 32)
"""Whose codes are asked for where a name is nobody's; it has none."""


class RecoveryDesk:
    """Gives people who hold a recovery code an invitation for it."""

    log = Logger()

    def __init__(
        self,
        *,
        store: Store,
        clock: IReactorTime,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        announce: Announce,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wall = wall
        self._token_bytes = token_bytes
        self._announce = announce
        self._tries: OrderedDict[tuple[str, str], Tries] = OrderedDict()

    def count(self, name: str, *, address: str) -> float:
        """Count a try: how many seconds to wait before it may be looked at, 0 = none."""
        wait_s = self._count("address", network_of(address), TRIES_PER_ADDRESS)
        if wait_s == 0:
            wait_s = self._count("name", _canonical(name), TRIES_PER_ACCOUNT)
        if wait_s > 0:
            self.log.info(
                "too many recovery codes tried from {address}",
                address=address,
                event=Event.RECOVERY_REFUSED,
            )
        return wait_s

    async def spend(self, name: str, code_text: str, visitor: Visitor) -> bytes:
        """
        Spend a code of that person's; the token of the invitation that is given for it.

        Raises:
            RefusedError: RECOVERY_CODE, whatever is not right.
            StoreError: nothing was spent.
        """
        code = canonical_code(code_text)
        if code is None:
            raise self._refused(None, visitor)
        person = await self._store.person_named(_canonical(name))
        token = await self._spend(person, code, visitor)
        assert person is not None, "nobody has codes"
        self.log.info(
            "{user!r} used a recovery code from {address}",
            user=person.name,
            address=visitor.address,
            event=Event.RECOVERY_USED,
        )
        await visitor.tell(self._announce, person, Event.RECOVERY_USED, "", now=self._wall())
        return token

    async def _spend(self, person: Person | None, code: str, visitor: Visitor) -> bytes:
        token, now = self._token_bytes(TOKEN_BYTES), self._wall()
        person_id = NOBODY if person is None else person.id
        grant = Invitation(
            token_hash=hash_token(token),
            person_id=person_id,
            created=now,
            expires=now + GRANT_LIFETIME_S,
            used=None,
            kind=InvitationKind.RECOVERY,
        )
        try:
            await self._store.spend_recovery_code(
                person_id, hash_code(person_id, code), now=now, grant=grant
            )
        except RecoveryCodeError:
            raise self._refused(person, visitor) from None
        return token

    def _refused(self, person: Person | None, visitor: Visitor) -> RefusedError:
        self.log.info(
            "a recovery code of {user!r} was refused from {address}",
            user="" if person is None else person.name,
            address=visitor.address,
            event=Event.RECOVERY_REFUSED,
        )
        return RefusedError(Reason.RECOVERY_CODE, "unknown name, or a code that is not good")

    def _count(self, kind: str, name: str, limit: int) -> float:
        tries, wait_s = count_try(self._tries.get((kind, name)), limit, now=self._clock.seconds())
        self._tries[kind, name] = tries
        self._tries.move_to_end((kind, name))
        if len(self._tries) > TRIES_REMEMBERED:
            self._tries.popitem(last=False)
        return wait_s


def _canonical(name: str) -> str:
    """The one form of a name; "" for what can be nobody's."""
    try:
        return canonical_name(name[: 4 * NAME_LIMIT])
    except ValueError:
        return ""
