"""
The store of one machine: SQLite, embedded, in one file.

Changes run on the writer's thread (`writer.py`) and are durable when they return: WAL with
synchronous=FULL. Reads take microseconds and run in the calling thread, the reactor's, on a
connection of their own that cannot write. Every test-and-set is one statement or one
transaction, so it holds between processes too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import apsw

from gateway.errors import CredentialTakenError, InvitationSpentError, NameTakenError, StoreError
from gateway.rules.records import Invitation, Passkey, Person, PersonId, Session, TokenHash
from gateway.store.database import READER_PATIENCE_MS, connect, open_database, secret_place
from gateway.store.faults import in_words
from gateway.store.interface import TOKENS_PER_PAGE
from gateway.store.migrations import SCHEMA
from gateway.store.rows import (
    Row,
    invitation_in,
    invitation_row,
    passkey_in,
    passkey_row,
    person_in,
    person_row,
    session_in,
    session_row,
)
from gateway.store.sealing import Sealer
from gateway.store.writer import Writer


def open_store(
    path: Path,
    sealer: Sealer,
    *,
    from_thread: Callable[[Callable[[], None]], object],
    schema: Path = SCHEMA,
) -> SQLiteStore:
    """
    Open the database, or make it if there is none; call it after any fork.

    It blocks while it checks the file, so call it before the service answers anybody.
    `from_thread` runs a callable soon in the thread that uses the store: give it
    `reactor.callFromThread`. `schema` is the directory of the numbered files.

    Raises:
        StoreError: the file is foreign, newer, damaged, not private, not writable, or
            sealed with another key. It was left as it is.
    """
    connection = open_database(path, sealer, schema)
    try:
        reader = connect(path, patience_ms=READER_PATIENCE_MS)
        reader.pragma("query_only", True)  # noqa: FBT003 - SQLite's own spelling
    except apsw.Error as error:
        connection.close()
        raise in_words(error, path) from error
    writer = Writer(connection, path, from_thread=from_thread)
    return SQLiteStore(path, sealer, reader=reader, writer=writer)


class SQLiteStore:
    """Keeps the promises of `Store`. `open_store` makes one."""

    def __init__(
        self, path: Path, sealer: Sealer, *, reader: apsw.Connection, writer: Writer
    ) -> None:
        self._path = path
        self._sealer = sealer
        self._reader = reader
        self._writer = writer

    def _rows(self, statement: str, bindings: tuple[str | bytes | int, ...] = ()) -> list[Row]:
        try:
            return self._reader.execute(statement, bindings).fetchall()
        except apsw.Error as error:
            raise in_words(error, self._path) from error

    async def add_person(self, person: Person) -> None:
        """See `Store.add_person`."""

        def add(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO people (id, name, display_name, user_handle, enabled, created)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                person_row(person),
            )
            if not connection.changes():
                _refuse_person(connection, person)

        await self._writer.write(add)

    async def person(self, person_id: PersonId) -> Person | None:
        """See `Store.person`."""
        rows = self._rows(
            "SELECT id, name, display_name, user_handle, enabled, created"
            " FROM people WHERE id = ?",
            (person_id,),
        )
        return person_in(rows[0]) if rows else None

    async def person_named(self, name: str) -> Person | None:
        """See `Store.person_named`."""
        rows = self._rows(
            "SELECT id, name, display_name, user_handle, enabled, created"
            " FROM people WHERE name = ?",
            (name,),
        )
        return person_in(rows[0]) if rows else None

    async def people(self) -> list[Person]:
        """See `Store.people`."""
        rows = self._rows(
            "SELECT id, name, display_name, user_handle, enabled, created"
            " FROM people ORDER BY name"
        )
        return [person_in(row) for row in rows]

    async def issue_invitation(self, invitation: Invitation) -> None:
        """See `Store.issue_invitation`."""

        def issue(connection: apsw.Connection) -> None:
            connection.execute(
                "DELETE FROM invitations WHERE person_id = ? AND used IS NULL",
                (invitation.person_id,),
            )
            connection.execute(
                "INSERT INTO invitations (token_hash, person_id, created, expires, used)"
                " VALUES (?, ?, ?, ?, ?)",
                invitation_row(invitation),
            )

        await self._writer.write(issue)

    async def invitation(self, token_hash: TokenHash) -> Invitation | None:
        """See `Store.invitation`."""
        rows = self._rows(
            "SELECT token_hash, person_id, created, expires, used"
            " FROM invitations WHERE token_hash = ?",
            (token_hash,),
        )
        return invitation_in(rows[0]) if rows else None

    async def register_passkey(
        self, passkey: Passkey, *, invitation: TokenHash, now: float
    ) -> None:
        """See `Store.register_passkey`."""

        def register(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE invitations SET used = ? WHERE token_hash = ? AND person_id = ?"
                " AND used IS NULL AND ? < expires",
                (now, invitation, passkey.person_id, now),
            )
            if not connection.changes():
                raise InvitationSpentError("The invitation is unknown, expired or used.")
            connection.execute(
                "INSERT INTO passkeys (credential_id, person_id, public_key, sign_count,"
                " transports, aaguid, is_synced, is_backed_up, label, created, last_used)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (credential_id) DO NOTHING",
                passkey_row(passkey),
            )
            if not connection.changes():
                raise CredentialTakenError("That passkey is registered already.")

        await self._writer.write(register)

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """See `Store.passkey`."""
        rows = self._rows(
            "SELECT credential_id, person_id, public_key, sign_count, transports, aaguid,"
            " is_synced, is_backed_up, label, created, last_used"
            " FROM passkeys WHERE credential_id = ?",
            (credential_id,),
        )
        return passkey_in(rows[0]) if rows else None

    async def passkeys_of(self, person_id: PersonId) -> list[Passkey]:
        """See `Store.passkeys_of`."""
        rows = self._rows(
            "SELECT credential_id, person_id, public_key, sign_count, transports, aaguid,"
            " is_synced, is_backed_up, label, created, last_used"
            " FROM passkeys WHERE person_id = ? ORDER BY created, rowid",
            (person_id,),
        )
        return [passkey_in(row) for row in rows]

    async def note_passkey_use(
        self, credential_id: bytes, *, sign_count: int, is_backed_up: bool, now: float
    ) -> None:
        """See `Store.note_passkey_use`."""

        def note(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE passkeys SET sign_count = max(sign_count, ?), is_backed_up = ?,"
                " last_used = max(coalesce(last_used, ?), ?) WHERE credential_id = ?",
                (sign_count, is_backed_up, now, now, credential_id),
            )

        await self._writer.write(note)

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """See `Store.remember_session`."""

        def remember(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (replacing,))
            connection.execute(
                "INSERT INTO sessions (token_hash, id, person_id, method, credential_id,"
                " address, user_agent, created, last_used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                session_row(session),
            )

        await self._writer.write(remember)

    async def end_session(self, token_hash: TokenHash) -> bool:
        """See `Store.end_session`."""

        def end(connection: apsw.Connection) -> bool:
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (token_hash,))
            return connection.changes() == 1

        return await self._writer.write(end)

    async def sessions(self) -> list[Session]:
        """See `Store.sessions`."""
        rows = self._rows(
            "SELECT token_hash, id, person_id, method, credential_id,"
            " address, user_agent, created, last_used FROM sessions ORDER BY created, rowid"
        )
        return [session_in(row) for row in rows]

    async def session_tokens(self, *, after: TokenHash) -> list[TokenHash]:
        """See `Store.session_tokens`."""
        rows = self._rows(
            "SELECT token_hash FROM sessions WHERE token_hash > ? ORDER BY token_hash LIMIT ?",
            (after, TOKENS_PER_PAGE),
        )
        return [row[0] for row in rows]

    async def foreign_change(self) -> int:
        """See `Store.foreign_change`: SQLite counts the commits of other connections."""

        def ask(connection: apsw.Connection) -> int:
            return int(connection.pragma("data_version"))

        return await self._writer.write(ask)

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """See `Store.note_session_uses`."""
        noted = [(last_used, token_hash) for token_hash, last_used in uses.items()]

        def note(connection: apsw.Connection) -> None:
            connection.executemany("UPDATE sessions SET last_used = ? WHERE token_hash = ?", noted)

        await self._writer.write(note)

    async def forget_sessions(self, *, created_before: float, used_before: float) -> int:
        """See `Store.forget_sessions`."""

        def forget(connection: apsw.Connection) -> int:
            connection.execute(
                "DELETE FROM sessions WHERE created < ? OR last_used < ?",
                (created_before, used_before),
            )
            return connection.changes()

        return await self._writer.write(forget)

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """See `Store.keep_secret`."""
        sealed = self._sealer.seal(value, place=secret_place(name))

        def keep(connection: apsw.Connection) -> bytes:
            connection.execute(
                "INSERT INTO secrets (name, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (name, sealed),
            )
            return _sealed_in(
                connection.execute("SELECT sealed FROM secrets WHERE name = ?", (name,)).fetchall()
            )

        return self._sealer.open(await self._writer.write(keep), place=secret_place(name))

    async def secret(self, name: str) -> bytes | None:
        """See `Store.secret`."""
        rows = self._rows("SELECT sealed FROM secrets WHERE name = ?", (name,))
        return self._sealer.open(_sealed_in(rows), place=secret_place(name)) if rows else None

    async def close(self) -> None:
        """See `Store.close`."""
        await self._writer.close()
        self._reader.close()


def _refuse_person(connection: apsw.Connection, person: Person) -> NoReturn:
    named = connection.execute("SELECT 1 FROM people WHERE name = ?", (person.name,))
    if named.fetchall():
        raise NameTakenError(f"There is a person named {person.name!r} already.")
    raise StoreError("That person's id or user handle is taken.")


def _sealed_in(rows: list[Row]) -> bytes:
    sealed = rows[0][0]
    assert isinstance(sealed, bytes)
    return sealed
