"""
What is done for the table of open sessions unasked: loading, flushing, looking elsewhere.

1. What is in the table is in the store, and the other way round: a session is looked up
   only after it was stored, and one that ended is dead here before it is deleted there.
2. The wall clock is asked twice: at `load`, where stored times are all there is, and at
   `flush`, to write a time that a later `load` can use. All else is the monotonic clock's.
3. What could not be deleted from the store is owed, and every `flush` tries again.
4. What another process changes in the store (the command line) is taken up here, too: what
   it deletes ends, and people are shown as they are now. See `look_elsewhere`.

Long work is done in slices, with a turn of the reactor between them: `load` alone blocks,
because nobody is served before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, DeferredList, DeferredLock, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gateway.rules.records import Person, PersonId, Session, TokenHash
from gateway.rules.sessions import SessionLimits
from gateway.store.audience import Alone, Audience
from gateway.store.interface import PEOPLE_PER_PAGE, Store
from gateway.store.table import SLICE, LiveSession, SessionTable, Uses, slices

PAYMENTS = 32
"""Sessions that are deleted in one go: each costs tens of microseconds to ask for."""


class Upkeep(SessionTable):
    """The table of open sessions, kept in step with its store."""

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
        self._renewing: set[TokenHash] = set()
        """Whose record may have another token in the store by now."""
        self._change_seen: int | None = None
        """What `foreign_change` said at the last look; None when there must be another one."""
        self._looks = 0

    def _found_over(self, token_hash: TokenHash, live: LiveSession, now: float) -> None:
        if self._is_over(live, now - self._late_s):
            self._retire([token_hash])

    async def load(self) -> int:
        """
        Take up the stored sessions after a start; how many are open.

        It waits for no write: what is over is deleted by the next `flush`.
        """
        people = {each.id: each for each in await self._store.people()}
        for session in await self._store.sessions():
            live = self._recall(session, people.get(session.person_id))
            if live is not None:
                self._admit(live)
            else:
                self._owed.add(session.token_hash)
        return len(self)

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
        latest = max(wall, session.last_used)
        live = LiveSession(
            session,
            person,
            begun=now - max(0.0, latest - session.created),
            used=now - max(0.0, wall - session.last_used),
            verified=now - max(0.0, latest - session.verified),
        )
        return None if self._is_over(live, now) else live

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
            await self.sweep()
            await self._write_uses()
            await self._pay_all()
        finally:
            self._flushing.release()

    async def sweep(self) -> None:
        """End what has reached a limit, so that what is open for it is cut; the store follows."""
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
        Take up what another process has changed in the store; how many sessions it ended.

        A session is in this table only after it was stored. So whatever is here when the
        reading begins, and is not seen there, has been deleted. What is being stored under
        another token meanwhile finds that out for itself.
        """
        change = await self._store.foreign_change()
        if change == self._change_seen:
            return 0
        self._looks += 1
        self._change_seen = change
        try:
            gone_count = await self._end_what_is_gone()
            await self._look_at_people()
        except BaseException:
            self._change_seen = None
            raise
        return gone_count

    async def _end_what_is_gone(self) -> int:
        known = self.open_now()
        await self._mark_stored()
        gone_count = 0
        for some in slices(known):
            gone = [
                each.session.token_hash
                for each in self.those(some)
                if each.seen != self._looks and each.session.token_hash not in self._renewing
            ]
            if gone:
                gone_count += len(gone)
                self._retire(gone)
            await self._breathe(some)
        return gone_count

    async def _mark_stored(self) -> None:
        after = TokenHash(b"")
        while page := await self._store.session_tokens(after=after):
            for live in self.those(page):
                live.seen = self._looks
            after = page[-1]
            await self._breathe(page)

    async def _look_at_people(self) -> None:
        """Each page is taken up before anything else happens: it is not older than the table."""
        after = PersonId("")
        while page := await self._store.people_after(after):
            self._take_up(page)
            after = page[-1].id
            await self._breathe(page, PEOPLE_PER_PAGE)

    async def _breathe(self, done: Sequence[object], size: int = SLICE) -> None:
        """Let the reactor turn after a full slice; only the last one is not full."""
        if len(done) >= size:
            await deferLater(self._clock, 0.0)

    def _take_up(self, people: Sequence[Person]) -> Deferred[None]:
        """
        Show these people as they are now; who may not sign in any more is out.

        The audience hears in order: when it knows of the change, it knows of the end, too.
        """
        changed = [each for each in people if self._show(each)]
        if not changed:
            return succeed(None)
        for person in changed:
            if not person.enabled:
                self._retire([each.session.token_hash for each in self._of[person.id]])
        return self.audience.changed(changed)

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
