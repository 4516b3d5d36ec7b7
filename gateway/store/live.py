"""
The table of open sessions that belongs to the store, and the only one that writes there.

1. What is in this table is in the store, and the other way round: a session is looked up
   only after it was stored, and one that ended is dead here before it is deleted there.
2. The wall clock is asked twice: at `load`, where stored times are all there is, and at
   `flush`, to write a time that a later `load` can use. All else is the monotonic clock's.
3. What could not be deleted from the store is owed, and every `flush` tries again.
4. What opens or ends is told to the audience (worker processes) before the caller goes on.
5. What another process deletes from the store (the command line) ends here: `look_elsewhere`.

Long work is done in slices, with a turn of the reactor between them: `load` alone blocks,
because nobody is served before it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred, DeferredList, DeferredLock, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gateway.rules.records import Person, Session, TokenHash
from gateway.rules.sessions import SessionLimits
from gateway.store.interface import Store
from gateway.store.table import SLICE, LiveSession, SessionTable, Uses, slices

__all__ = ["Audience", "LiveSession", "LiveSessions"]

T = TypeVar("T")

PAYMENTS = 32
"""Sessions that are deleted in one go: each costs tens of microseconds to ask for."""


class Audience(Protocol):
    """Who must know of the sessions, too. What it returns fires once it knows, and never fails."""

    def opened(self, live: LiveSession) -> Deferred[None]:
        """A session has opened."""
        ...

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """These sessions have ended."""
        ...


class Alone:
    """There is no other process to be told."""

    def opened(self, live: LiveSession) -> Deferred[None]:
        """See `Audience.opened`."""
        del live
        return succeed(None)

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """See `Audience.ended`."""
        del token_hashes
        return succeed(None)


class LiveSessions(SessionTable):
    """The table of open sessions."""

    def __init__(
        self,
        store: Store,
        *,
        clock: IReactorTime,
        wall: Callable[[], float],
        limits: SessionLimits,
        late_s: float = 0.0,
    ) -> None:
        """
        Start with an empty table.

        Args:
            late_s: how late this table may hear of a use in another process; so long after
                a limit a session is only refused, and not yet ended.
        """
        super().__init__(clock=clock, limits=limits)
        self.audience: Audience = Alone()
        self._store = store
        self._clock = clock
        self._wall = wall
        self._late_s = late_s
        self._owed: set[TokenHash] = set()
        self._flushing = DeferredLock()
        self._change_seen: int | None = None
        self._looks = 0

    def _found_over(self, token_hash: TokenHash, live: LiveSession, now: float) -> None:
        if self._is_over(live, now - self._late_s):
            self._retire([token_hash])

    async def open(
        self, session: Session, person: Person, *, replacing: TokenHash | None
    ) -> LiveSession:
        """
        Store a session and let it in; the one it replaces ends in the same instant.

        A caller that is cancelled meanwhile (the browser hung up) changes nothing of it.
        """
        now = self._now()
        live = LiveSession(session, person, begun=now, used=now, verified=now)
        return await _undisturbed(self._open(live, replacing))

    async def _open(self, live: LiveSession, replacing: TokenHash | None) -> LiveSession:
        await self._store.remember_session(live.session, replacing=replacing)
        if replacing is not None:
            self._drop(replacing)
            self.audience.ended([replacing])
        self._live[live.session.token_hash] = live
        await self.audience.opened(live)
        return live

    async def end(self, token_hash: TokenHash) -> bool:
        """
        End a session: dead here at once; dead everywhere and deleted from the store on return.

        False when there was none.
        """
        was_live = token_hash in self._live
        told = self._retire([token_hash])
        was_stored = await _undisturbed(self._pay(token_hash))
        await _undisturbed(_awaited(told))
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

    def open_now(self) -> list[TokenHash]:
        """What is open, for somebody who takes a copy in slices by `those`."""
        return list(self._live)

    def those(self, token_hashes: Sequence[TokenHash]) -> list[LiveSession]:
        """Of these, the ones that are still open."""
        found = map(self._live.get, token_hashes)
        return [live for live in found if live is not None]

    def note_uses(self, uses: Uses) -> None:
        """These were used in worker processes: written by the next `flush`."""
        self._note(self._raise_uses(uses))

    async def flush(self) -> None:
        """Write the uses since the last time, and forget what is over. One after another."""
        await self._flushing.acquire()
        try:
            await self._sweep()
            await self._write_uses()
            await self._pay_all()
        finally:
            self._flushing.release()

    async def _sweep(self) -> None:
        for some in slices(self.open_now()):
            now = self._now() - self._late_s
            over = [
                each.session.token_hash for each in self.those(some) if self._is_over(each, now)
            ]
            if over:
                self._retire(over)
            await self._breathe(some)

    async def _write_uses(self) -> None:
        unwritten, self._used = self._used, []
        for start in range(0, len(unwritten), SLICE):
            some = unwritten[start : start + SLICE]
            try:
                await self._store.note_session_uses(self._wall_times(self._take(some)))
            except BaseException:
                self._note(some)
                self._used += unwritten[start + SLICE :]
                raise

    def _wall_times(self, lives: Sequence[LiveSession]) -> dict[TokenHash, float]:
        """When these were last used, by the wall clock as it is now."""
        now, wall = self._now(), self._wall()
        return {live.session.token_hash: wall - (now - live.used) for live in lives}

    async def look_elsewhere(self) -> int:
        """
        End here what another process has deleted from the store since; how many that were.

        A session is in this table only after it was stored. So whatever is here when the
        reading begins, and is not seen there, has been deleted.
        """
        change = await self._store.foreign_change()
        if change == self._change_seen:
            return 0
        known = self.open_now()
        self._looks += 1
        await self._mark_stored()
        gone_count = 0
        for some in slices(known):
            gone = [each for each in self.those(some) if each.seen != self._looks]
            if gone:
                gone_count += len(gone)
                self._retire([each.session.token_hash for each in gone])
            await self._breathe(some)
        self._change_seen = change
        return gone_count

    async def _mark_stored(self) -> None:
        after = TokenHash(b"")
        while page := await self._store.session_tokens(after=after):
            for live in self.those(page):
                live.seen = self._looks
            after = page[-1]
            await self._breathe(page)

    async def _breathe(self, done: Sequence[object]) -> None:
        """Let the reactor turn after a full slice; only the last one is not full."""
        if len(done) >= SLICE:
            await deferLater(self._clock, 0.0)

    def _recall(self, session: Session, person: Person | None) -> LiveSession | None:
        """
        Age a stored session by the wall clock; None when it is over, or nobody's any more.

        A clock that was set back makes it look younger, but never younger than its own
        record says, and a beginning farther ahead than a whole lifetime is not believed.
        """
        now, wall = self._now(), self._wall()
        is_believed = session.created - wall <= self._limits.lifetime_s
        if person is None or not person.enabled or not is_believed:
            return None
        age_s = max(wall, session.last_used) - session.created
        idle_s = max(0.0, wall - session.last_used)
        live = LiveSession(
            session,
            person,
            begun=now - max(0.0, age_s),
            used=now - idle_s,
            verified=now - max(0.0, wall - session.verified),
        )
        return None if self._is_over(live, now) else live

    def _retire(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        for each in token_hashes:
            self._drop(each)
        self._owed.update(token_hashes)
        return self.audience.ended(token_hashes)

    async def _pay(self, token_hash: TokenHash) -> bool:
        was_stored = await self._store.end_session(token_hash)
        self._owed.discard(token_hash)
        return was_stored

    async def _pay_all(self) -> None:
        """Some at a time: they share one commit. What fails stays owed."""
        for some in slices(list(self._owed), PAYMENTS):
            payments = [Deferred.fromCoroutine(self._pay(each)) for each in some]
            for _, outcome in await DeferredList(payments, consumeErrors=True):
                if isinstance(outcome, Failure):
                    outcome.raiseException()


async def _awaited(deferred: Deferred[T]) -> T:
    return await deferred


async def _undisturbed(coroutine: Coroutine[Deferred[object], object, T]) -> T:
    """Run to its end even if the one who waits for it is cancelled."""
    waiter: Deferred[T] = Deferred()
    Deferred.fromCoroutine(coroutine).addCallbacks(waiter.callback, waiter.errback)
    return await waiter
