"""The part of the store in memory that is about sessions, and who may have any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.errors import StoreError
from gateway.rules.records import Person, PersonId, Session, TokenHash
from gateway.store.interface import TOKENS_PER_PAGE


class MemorySessions:
    """Which browsers are signed in."""

    def __init__(self) -> None:
        self._people: dict[PersonId, Person] = {}
        self._sessions: dict[TokenHash, Session] = {}
        self._removed: set[bytes] = set()
        """Ids of passkeys that were removed on purpose."""

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """See `Store.remember_session`."""
        self._require_way_in(session)
        kept = {key: each for key, each in self._sessions.items() if key != replacing}
        if session.token_hash in kept or any(each.id == session.id for each in kept.values()):
            raise StoreError("That session was remembered before.")
        self._sessions = kept | {session.token_hash: session}

    async def renew_session(self, session: Session, *, replacing: TokenHash) -> bool:
        """See `Store.renew_session`."""
        self._require_way_in(session)
        held = self._sessions.get(replacing)
        if held is None or held.id != session.id:
            return False
        if session.token_hash != replacing and session.token_hash in self._sessions:
            raise StoreError("That session was remembered before.")
        renewed = replace(session, person_id=held.person_id, created=held.created)
        self._sessions = {
            session.token_hash if key == replacing else key: renewed if each is held else each
            for key, each in self._sessions.items()
        }
        return True

    async def end_session(self, token_hash: TokenHash) -> bool:
        """See `Store.end_session`."""
        return self._sessions.pop(token_hash, None) is not None

    async def end_sessions_of(
        self, person_id: PersonId, *, besides: str | None = None
    ) -> list[Session]:
        """See `Store.end_sessions_of`."""
        return self._end(lambda each: each.person_id == person_id and each.id != besides)

    async def end_sessions_by(self, credential_id: bytes) -> list[Session]:
        """See `Store.end_sessions_by`."""
        return self._end(lambda each: each.credential_id == credential_id)

    def _end(self, is_meant: Callable[[Session], bool]) -> list[Session]:
        ended = [each for each in self._listed() if is_meant(each)]
        for each in ended:
            del self._sessions[each.token_hash]
        return ended

    def _listed(self) -> list[Session]:
        return sorted(self._sessions.values(), key=lambda each: each.created)

    async def sessions(self) -> list[Session]:
        """See `Store.sessions`."""
        return self._listed()

    async def sessions_of(self, person_id: PersonId) -> list[Session]:
        """See `Store.sessions_of`."""
        return [each for each in self._listed() if each.person_id == person_id]

    async def session_tokens(self, *, after: TokenHash) -> list[TokenHash]:
        """See `Store.session_tokens`."""
        return sorted(each for each in self._sessions if each > after)[:TOKENS_PER_PAGE]

    async def foreign_change(self) -> int:
        """See `Store.foreign_change`: no other process gets at this memory."""
        return 0

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """See `Store.note_session_uses`."""
        for token_hash in uses.keys() & self._sessions.keys():
            used = replace(self._sessions[token_hash], last_used=uses[token_hash])
            self._sessions[token_hash] = used

    async def forget_sessions(self, *, created_before: float, used_before: float) -> int:
        """See `Store.forget_sessions`."""
        return len(
            self._end(lambda each: each.created < created_before or each.last_used < used_before)
        )

    def _require_person(self, person_id: PersonId) -> Person:
        if person_id not in self._people:
            raise StoreError("There is no such person.")
        return self._people[person_id]

    def _require_enabled(self, person_id: PersonId) -> None:
        if not self._require_person(person_id).enabled:
            raise StoreError("That person is disabled.")

    def _require_way_in(self, session: Session) -> None:
        self._require_enabled(session.person_id)
        if session.credential_id in self._removed:
            raise StoreError("The passkey of that session was removed.")
