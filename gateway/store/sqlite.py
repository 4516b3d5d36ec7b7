"""
The store of one machine: SQLite, embedded, in one file.

Changes run on the writer's thread (`writer.py`) and are durable when they return: WAL with
synchronous=FULL. Reads take microseconds and run in the calling thread, the reactor's, on a
connection of their own that cannot write. Every test-and-set is one statement or one
transaction, so it holds between processes too. The statements are in `statements/`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw

from gateway.store.database import READER_PATIENCE_MS, connect, open_database, secret_place
from gateway.store.faults import in_words
from gateway.store.migrations import SCHEMA
from gateway.store.rows import Row
from gateway.store.sealing import Sealer
from gateway.store.statements.invitations import Invitations
from gateway.store.statements.passkeys import Passkeys
from gateway.store.statements.people import People
from gateway.store.statements.recovery import Recovery
from gateway.store.statements.sessions import Sessions
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


class SQLiteStore(People, Invitations, Passkeys, Recovery, Sessions):
    """Keeps the promises of `Store`. `open_store` makes one."""

    def __init__(
        self, path: Path, sealer: Sealer, *, reader: apsw.Connection, writer: Writer
    ) -> None:
        super().__init__(path, reader=reader, writer=writer)
        self._sealer = sealer

    async def foreign_change(self) -> int:
        """See `Store.foreign_change`: SQLite counts the commits of other connections."""

        def ask(connection: apsw.Connection) -> int:
            return int(connection.pragma("data_version"))

        return await self._write(ask)

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

        return self._sealer.open(await self._write(keep), place=secret_place(name))

    async def secret(self, name: str) -> bytes | None:
        """See `Store.secret`."""
        rows = self._rows("SELECT sealed FROM secrets WHERE name = ?", (name,))
        return self._sealer.open(_sealed_in(rows), place=secret_place(name)) if rows else None

    async def close(self) -> None:
        """See `Store.close`."""
        await self._writer.close()
        self._reader.close()


def _sealed_in(rows: list[Row]) -> bytes:
    sealed = rows[0][0]
    assert isinstance(sealed, bytes)
    return sealed
