"""Statements about sessions."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from gateway.errors import StoreError
from gateway.rules.records import PersonId, Session, TokenHash
from gateway.store.interface import TOKENS_PER_PAGE
from gateway.store.rows import Row, session_in, session_row
from gateway.store.statements.connections import Connections, has_changed, require_enabled

_SESSIONS = (
    "SELECT token_hash, id, person_id, method, credential_id, address, user_agent,"
    " created, last_used, verified, is_device_bound FROM sessions"
)


class Sessions(Connections):
    """Which browsers are signed in."""

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """See `Store.remember_session`."""

        def remember(connection: apsw.Connection) -> None:
            _require_way_in(connection, session)
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (replacing,))
            connection.execute(
                "INSERT INTO sessions (token_hash, id, person_id, method, credential_id,"
                " address, user_agent, created, last_used, verified, is_device_bound)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                session_row(session),
            )

        await self._write(remember)

    async def renew_session(self, session: Session, *, replacing: TokenHash) -> bool:
        """See `Store.renew_session`."""

        def renew(connection: apsw.Connection) -> bool:
            _require_way_in(connection, session)
            return has_changed(
                connection,
                "UPDATE sessions SET token_hash = ?, method = ?, credential_id = ?, address = ?,"
                " user_agent = ?, last_used = ?, verified = ?, is_device_bound = ?"
                " WHERE token_hash = ? AND id = ?",
                (
                    session.token_hash,
                    session.method.value,
                    session.credential_id,
                    session.address,
                    session.user_agent,
                    session.last_used,
                    session.verified,
                    session.is_device_bound,
                    replacing,
                    session.id,
                ),
            )

        return await self._write(renew)

    async def end_session(self, token_hash: TokenHash) -> bool:
        """See `Store.end_session`."""

        def end(connection: apsw.Connection) -> bool:
            statement = "DELETE FROM sessions WHERE token_hash = ?"
            return has_changed(connection, statement, (token_hash,))

        return await self._write(end)

    async def end_sessions_of(
        self, person_id: PersonId, *, besides: str | None = None
    ) -> list[Session]:
        """See `Store.end_sessions_of`."""
        return await self._end(" WHERE person_id = ? AND id IS NOT ?", (person_id, besides))

    async def end_sessions_by(self, credential_id: bytes) -> list[Session]:
        """See `Store.end_sessions_by`."""
        return await self._end(" WHERE credential_id = ?", (credential_id,))

    async def _end(self, which: str, bindings: Row) -> list[Session]:
        def end(connection: apsw.Connection) -> list[Session]:
            found = connection.execute(_SESSIONS + which + " ORDER BY created, rowid", bindings)
            sessions = [session_in(row) for row in found.fetchall()]
            connection.executemany(
                "DELETE FROM sessions WHERE token_hash = ?",
                [(each.token_hash,) for each in sessions],
            )
            return sessions

        return await self._write(end)

    async def sessions(self) -> list[Session]:
        """See `Store.sessions`."""
        return [session_in(row) for row in self._rows(_SESSIONS + " ORDER BY created, rowid")]

    async def sessions_of(self, person_id: PersonId) -> list[Session]:
        """See `Store.sessions_of`."""
        rows = self._rows(_SESSIONS + " WHERE person_id = ? ORDER BY created, rowid", (person_id,))
        return [session_in(row) for row in rows]

    async def session_tokens(self, *, after: TokenHash) -> list[TokenHash]:
        """See `Store.session_tokens`."""
        rows = self._rows(
            "SELECT token_hash FROM sessions WHERE token_hash > ? ORDER BY token_hash LIMIT ?",
            (after, TOKENS_PER_PAGE),
        )
        return [row[0] for row in rows]

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """See `Store.note_session_uses`."""
        noted = [(last_used, token_hash) for token_hash, last_used in uses.items()]

        def note(connection: apsw.Connection) -> None:
            connection.executemany("UPDATE sessions SET last_used = ? WHERE token_hash = ?", noted)

        await self._write(note)

    async def forget_sessions(self, *, created_before: float, used_before: float) -> int:
        """See `Store.forget_sessions`."""

        def forget(connection: apsw.Connection) -> int:
            connection.execute(
                "DELETE FROM sessions WHERE created < ? OR last_used < ?",
                (created_before, used_before),
            )
            return connection.changes()

        return await self._write(forget)


def _require_way_in(connection: apsw.Connection, session: Session) -> None:
    """Raises StoreError: the person, or the passkey, was let in before it was shut out."""
    require_enabled(connection, session.person_id)
    removed = connection.execute(
        "SELECT 1 FROM removed_passkeys WHERE credential_id = ?", (session.credential_id,)
    )
    if removed.fetchall():
        raise StoreError("The passkey of that session was removed.")
