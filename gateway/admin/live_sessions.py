"""Verbs about sessions; the service notices within a second what is ended, and cuts it."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.logger import Logger

from gateway.admin.desk import Desk, moment
from gateway.errors import GatewayError
from gateway.rules.records import Event, PersonId, Session
from gateway.rules.sessions import is_over

_log = Logger()


class SessionVerbs(Desk):
    """`sessions …`."""

    __slots__ = ()

    async def list_sessions(self, name: str = "") -> list[dict[str, object]]:
        """
        Everybody's sessions, or one person's, oldest first; those that are over are not shown.

        Raises:
            GatewayError: nobody of that name.
        """
        if name:
            person = await self.person(name)
            names: Mapping[PersonId, str] = {person.id: person.name}
            sessions = await self.store.sessions_of(person.id)
        else:
            names = {each.id: each.name for each in await self.store.people()}
            sessions = await self.store.sessions()
        return [_described(each, names) for each in sessions if not self._is_over(each)]

    async def end_session(self, session_id: str) -> dict[str, object]:
        """
        End the session of that id.

        Raises:
            GatewayError: there is none.
        """
        found = [each for each in await self.store.sessions() if each.id == session_id]
        if not found or not await self.store.end_session(found[0].token_hash):
            raise GatewayError(f"there is no session {session_id!r}: see: sessions list")
        session = found[0]
        person = await self.store.person(session.person_id)
        assert person is not None, "a session has a person"
        _log.info("ended a session of {user!r}", user=person.name, event=Event.SESSION_ENDED)
        await self.tell(person, Event.SESSION_ENDED, session.address)
        return _described(session, {person.id: person.name})

    async def end_all_sessions(self, name: str) -> dict[str, object]:
        """
        End every session of that person, and say how many there were.

        Raises:
            GatewayError: nobody of that name.
        """
        person = await self.person(name)
        ended = await self.store.end_sessions_of(person.id)
        if ended:
            _log.info(
                "ended {count} sessions of {user!r}",
                count=len(ended),
                user=person.name,
                event=Event.SESSIONS_ENDED,
            )
            await self.tell(person, Event.SESSIONS_ENDED, str(len(ended)))
        return {"user": person.name, "ended": len(ended)}

    def _is_over(self, session: Session) -> bool:
        now = self.wall()
        return self.limits is not None and is_over(
            age_s=now - session.created, idle_s=now - session.last_used, limits=self.limits
        )


def _described(session: Session, names: Mapping[PersonId, str]) -> dict[str, object]:
    return {
        "id": session.id,
        "user": names.get(session.person_id, ""),
        "method": session.method.value,
        "address": session.address,
        "created": moment(session.created),
        "last_used": moment(session.last_used),
    }
