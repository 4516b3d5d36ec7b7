"""
The sessions that are open now, in memory: what the proxy asks for every request.

1. What is in this table is in the store, and the other way round: a session is looked up
   only after it was stored, and one that ended is dead here before it is deleted there.
2. Here ages are measured by the monotonic clock alone. The wall clock is asked twice: at
   `load`, where stored times are all there is, and at `flush`, to write a time that a
   later `load` can use. A wall clock that jumps neither prolongs nor ends a session.
3. What could not be deleted from the store is owed, and every `flush` tries again.

It must not know of cookies or requests: it is given tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gateway.rules.records import Person, Session, TokenHash, hash_token
from gateway.rules.sessions import SessionLimits, is_over
from gateway.store.interface import Store

T = TypeVar("T")


class LiveSession:
    """
    One open session, and whose it is.

    Whoever keeps a connection open for it looks at `ended` before going on.
    """

    __slots__ = ("begun", "ended", "person", "session", "used")

    def __init__(self, session: Session, person: Person, *, begun: float, used: float) -> None:
        self.session = session
        """As it was opened or loaded: its `last_used` is not kept up to date here."""
        self.person = person
        self.ended = False
        """Flips once, at the moment when the session ends or is found to be over."""
        self.begun = begun
        """Seconds on the monotonic clock."""
        self.used = used
        """Seconds on the monotonic clock."""


class LiveSessions:
    """The table of open sessions, and the only one who writes sessions to the store."""

    def __init__(
        self,
        store: Store,
        *,
        clock: IReactorTime,
        wall: Callable[[], float],
        limits: SessionLimits,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wall = wall
        self._limits = limits
        self._live: dict[TokenHash, LiveSession] = {}
        self._unwritten: dict[TokenHash, LiveSession] = {}
        self._owed: set[TokenHash] = set()

    def __len__(self) -> int:
        """How many sessions are open."""
        return len(self._live)

    def find(self, token: bytes) -> LiveSession | None:
        """The open session of that token, which has thereby been used; None when over."""
        token_hash = hash_token(token)
        live = self._live.get(token_hash)
        if live is None:
            return None
        now = self._clock.seconds()
        if self._is_over(live, now):
            self._retire(token_hash)
            return None
        live.used = now
        self._unwritten[token_hash] = live
        return live

    async def open(
        self, session: Session, person: Person, *, replacing: TokenHash | None
    ) -> LiveSession:
        """
        Store a session and let it in; the one it replaces ends in the same instant.

        A caller that is cancelled meanwhile (the browser hung up) changes nothing of it.
        """
        now = self._clock.seconds()
        live = LiveSession(session, person, begun=now, used=now)
        return await _undisturbed(self._open(live, replacing))

    async def _open(self, live: LiveSession, replacing: TokenHash | None) -> LiveSession:
        await self._store.remember_session(live.session, replacing=replacing)
        if replacing is not None:
            self._drop(replacing)
        self._live[live.session.token_hash] = live
        return live

    async def end(self, token_hash: TokenHash) -> bool:
        """
        End a session: dead here at once, and deleted from the store on return.

        False when there was none.
        """
        was_live = token_hash in self._live
        self._retire(token_hash)
        was_stored = await _undisturbed(self._pay(token_hash))
        return was_live or was_stored

    async def load(self) -> int:
        """
        Take up the stored sessions after a start; how many are open.

        It waits for no write: what is over is deleted by the next `flush`.
        """
        people = {each.id: each for each in await self._store.people()}
        for session in await self._store.sessions():
            person = people.get(session.person_id)
            live = self._recall(session, person)
            if live is not None:
                self._live[session.token_hash] = live
            else:
                self._owed.add(session.token_hash)
        return len(self._live)

    async def flush(self) -> None:
        """Write the uses since the last time in one go, and forget what is over."""
        self._sweep()
        unwritten, self._unwritten = self._unwritten, {}
        now, wall = self._clock.seconds(), self._wall()
        uses = {key: wall - (now - live.used) for key, live in unwritten.items()}
        try:
            if uses:
                await self._store.note_session_uses(uses)
        except BaseException:
            self._unwritten = unwritten | self._unwritten
            raise
        await self._pay_all()

    def _is_over(self, live: LiveSession, now: float) -> bool:
        return is_over(age_s=now - live.begun, idle_s=now - live.used, limits=self._limits)

    def _recall(self, session: Session, person: Person | None) -> LiveSession | None:
        """
        Age a stored session by the wall clock; None when it is over, or nobody's any more.

        A clock that was set back makes it look younger, but never younger than its own
        record says, and a beginning farther ahead than a whole lifetime is not believed.
        """
        now, wall = self._clock.seconds(), self._wall()
        is_believed = session.created - wall <= self._limits.lifetime_s
        if person is None or not person.enabled or not is_believed:
            return None
        age_s = max(wall, session.last_used) - session.created
        idle_s = max(0.0, wall - session.last_used)
        live = LiveSession(session, person, begun=now - max(0.0, age_s), used=now - idle_s)
        return None if self._is_over(live, now) else live

    def _sweep(self) -> None:
        now = self._clock.seconds()
        for token_hash in [key for key, live in self._live.items() if self._is_over(live, now)]:
            self._retire(token_hash)

    def _drop(self, token_hash: TokenHash) -> None:
        self._unwritten.pop(token_hash, None)
        live = self._live.pop(token_hash, None)
        if live is not None:
            live.ended = True

    def _retire(self, token_hash: TokenHash) -> None:
        self._drop(token_hash)
        self._owed.add(token_hash)

    async def _pay(self, token_hash: TokenHash) -> bool:
        was_stored = await self._store.end_session(token_hash)
        self._owed.discard(token_hash)
        return was_stored

    async def _pay_all(self) -> None:
        """All at once: they share one commit. What fails stays owed."""
        payments = [Deferred.fromCoroutine(self._pay(each)) for each in list(self._owed)]
        for _, outcome in await DeferredList(payments, consumeErrors=True):
            if isinstance(outcome, Failure):
                outcome.raiseException()


async def _undisturbed(coroutine: Coroutine[Deferred[object], object, T]) -> T:
    """Run to its end even if the one who waits for it is cancelled."""
    waiter: Deferred[T] = Deferred()
    Deferred.fromCoroutine(coroutine).addCallbacks(waiter.callback, waiter.errback)
    return await waiter
