"""
The two connections to a database, which all statements are said on: to read, and to write.

Reads take microseconds and run in the calling thread, the reactor's. Whatever a callable does
that is given to `_write` is one transaction with nobody else's in between: what it reads
there is still so when it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import StoreError
from gateway.rules.records import PersonId
from gateway.store.faults import in_words
from gateway.store.rows import Row
from gateway.store.writer import Writer

T = TypeVar("T")


class Connections:
    """What every kind of record is read and written by."""

    def __init__(self, path: Path, *, reader: apsw.Connection, writer: Writer) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer

    def _rows(self, statement: str, bindings: Row = ()) -> list[Row]:
        try:
            return self._reader.execute(statement, bindings).fetchall()
        except apsw.Error as error:
            raise in_words(error, self._path) from error

    async def _write(self, make: Callable[[apsw.Connection], T]) -> T:
        return await self._writer.write(make)


def has_changed(connection: apsw.Connection, statement: str, bindings: Row) -> bool:
    """Say that; whether it has changed any row."""
    connection.execute(statement, bindings)
    return connection.changes() > 0


def require_person(connection: apsw.Connection, person_id: PersonId) -> None:
    """
    Go on only if there is such a person.

    Raises:
        StoreError: there is not.
    """
    if not connection.execute("SELECT 1 FROM people WHERE id = ?", (person_id,)).fetchall():
        raise StoreError("There is no such person.")


def require_enabled(connection: apsw.Connection, person_id: PersonId) -> None:
    """
    Go on only if that person may sign in.

    Raises:
        StoreError: the person is disabled, or there is none.
    """
    found = connection.execute("SELECT enabled FROM people WHERE id = ?", (person_id,)).fetchall()
    if not found:
        raise StoreError("There is no such person.")
    if not found[0][0]:
        raise StoreError("That person is disabled.")
