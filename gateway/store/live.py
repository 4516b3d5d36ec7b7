"""
The table of open sessions that belongs to the store, and the only one that writes there.

`upkeep` keeps it in step with the store; here is what people do: sign in, verify themselves
again, sign out, be shut out. Each of it is stored before it counts, except for ends: those
count at once. What opens, changes or ends is told to the audience (worker processes) before
the caller goes on. A caller that is cancelled meanwhile (the browser hung up) changes nothing.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import TypeVar

from twisted.internet.defer import Deferred

from gateway.errors import Reason, RefusedError, StoreError
from gateway.rules.records import Person, PersonId, Session, TokenHash
from gateway.store.audience import Audience
from gateway.store.table import LiveSession
from gateway.store.upkeep import Upkeep

__all__ = ["Audience", "LiveSession", "LiveSessions"]

T = TypeVar("T")


class LiveSessions(Upkeep):
    """The table of open sessions."""

    async def open(
        self, session: Session, person: Person, *, replacing: TokenHash | None
    ) -> LiveSession:
        """
        Store a session and let it in; the one it replaces ends in the same instant.

        Its person is shown as they are when it is stored.

        Raises:
            StoreError: it was not stored, or that person may not sign in any more.
        """
        now = self._now()
        live = LiveSession(session, person, begun=now, used=now, verified=now)
        return await _undisturbed(self._open(live, replacing))

    async def _open(self, live: LiveSession, replacing: TokenHash | None) -> LiveSession:
        looks = self._looks
        await self._store.remember_session(live.session, replacing=replacing)
        self._note_overtaken(looks)
        if replacing is not None:
            self._drop(replacing)
            self.audience.ended([replacing])
        try:
            live.person = await self._person_now(live.person)
        except BaseException:
            self._owed.add(live.session.token_hash)
            raise
        self._admit(live)
        await self.audience.opened(live)
        return live

    async def _person_now(self, person: Person) -> Person:
        """Whoever has changed or shut out that person meanwhile did not see the session yet."""
        held = await self._store.person(person.id)
        if held is None or not held.enabled:
            raise StoreError("That person is disabled.")
        return held

    def _note_overtaken(self, looks: int) -> None:
        """What was not in the table yet, a look has missed; there must be another one then."""
        if looks != self._looks:
            self._change_seen = None

    async def renew(self, live: LiveSession, session: Session) -> LiveSession:
        """
        Its person was verified again: it lives on under another token, the old one is dead.

        It is the same object, so what is open on it stays open; its age goes on, too.

        Args:
            session: the record from now on; `id`, `person_id` and `created` are the old ones.

        Raises:
            RefusedError: SIGN_IN_REQUIRED, it ended meanwhile.
            StoreError: it was not stored, and is what it was.
        """
        assert (session.id, session.person_id) == (live.session.id, live.session.person_id)
        return await _undisturbed(self._renew(live, session))

    async def _renew(self, live: LiveSession, session: Session) -> LiveSession:
        old, now, looks = live.session.token_hash, self._now(), self._looks
        self._renewing.add(old)
        try:
            is_stored = await self._store.renew_session(session, replacing=old)
        finally:
            self._renewing.discard(old)
            self._note_overtaken(looks)
        if live.ended or not is_stored:
            await self._undo_renewal(old, session.token_hash, is_stored=is_stored)
            raise RefusedError(Reason.SIGN_IN_REQUIRED, "the session ended meanwhile")
        self._rename(live, session, verified=now)
        live.used = max(live.used, now)
        await self.audience.renewed(old, live)
        return live

    async def _undo_renewal(self, old: TokenHash, new: TokenHash, *, is_stored: bool) -> None:
        """It ended here while it was stored, or in the store by another process."""
        if is_stored:
            self._owed.add(new)
            await self._pay(new)
        elif old in self._live:
            self._retire([old])

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

    async def end_of_person(
        self, person_id: PersonId, *, besides: TokenHash | None = None
    ) -> list[Session]:
        """
        End all sessions of a person, perhaps but one; those that have ended, oldest first.

        As with `end`, they are dead here at once, and everywhere on return. A session that is
        renewed meanwhile is still the one that is spared.
        """
        spared = None if besides is None else self._live.get(besides)
        theirs = [each for each in self._of.get(person_id, ()) if each is not spared]
        spared_id = None if spared is None else spared.session.id
        ending = self._store.end_sessions_of(person_id, besides=spared_id)
        return await self._end_all(theirs, ending)

    async def end_of_passkey(self, credential_id: bytes) -> list[Session]:
        """
        End all sessions that were last verified by a passkey, see `end_of_person`.

        To be called after `Store.remove_passkey`, which has deleted those that were stored.
        """
        lives = self._live.values()
        theirs = [each for each in lives if each.session.credential_id == credential_id]
        return await self._end_all(theirs, self._store.end_sessions_by(credential_id))

    async def _end_all(
        self,
        lives: Iterable[LiveSession],
        ending: Coroutine[Deferred[object], object, list[Session]],
    ) -> list[Session]:
        ended = {each.session.id: each.session for each in lives}
        told = self._retire([each.token_hash for each in ended.values()])
        stored = await _undisturbed(self._ended_in_store(ending))
        await _undisturbed(_awaited(told))
        self._owed.difference_update(each.token_hash for each in ended.values())
        ended |= {each.id: each for each in stored if each.id not in ended}
        return sorted(ended.values(), key=lambda each: (each.created, each.id))

    async def _ended_in_store(
        self, ending: Coroutine[Deferred[object], object, list[Session]]
    ) -> list[Session]:
        """Among them may be one that was about to open when this began."""
        stored = await ending
        late = [each.token_hash for each in stored if each.token_hash in self._live]
        if late:
            told = self._retire(late)
            self._owed.difference_update(late)
            await told
        return stored

    async def change_person(self, person: Person) -> None:
        """
        Show a person as `Store.change_person` has left them; who is disabled is out.

        Of two changes at once the later one is shown, whoever comes here first.
        """
        held = await self._store.person(person.id) or person
        await _undisturbed(_awaited(self._take_up([held])))
        if not held.enabled:
            await self.end_of_person(held.id)

    def last_used(self, live: LiveSession) -> float:
        """When it was used last: POSIX seconds, by the wall clock as it is now."""
        return self._wall() - (self._now() - live.used)


async def _awaited(deferred: Deferred[T]) -> T:
    return await deferred


async def _undisturbed(coroutine: Coroutine[Deferred[object], object, T]) -> T:
    """Run to its end even if the one who waits for it is cancelled."""
    waiter: Deferred[T] = Deferred()
    Deferred.fromCoroutine(coroutine).addCallbacks(waiter.callback, waiter.errback)
    return await waiter
