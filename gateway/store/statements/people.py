"""Statements about people."""

from __future__ import annotations

import json
from typing import NoReturn

import apsw

from gateway.errors import NameTakenError, StoreError
from gateway.rules.records import Person, PersonId
from gateway.store.interface import PEOPLE_PER_PAGE
from gateway.store.rows import Row, person_in, person_row
from gateway.store.statements.connections import Connections

_PEOPLE = (
    "SELECT id, name, display_name, user_handle, enabled, created, mail, language, groups"
    " FROM people"
)


class People(Connections):
    """Who may sign in, and who may no longer."""

    async def add_person(self, person: Person) -> None:
        """See `Store.add_person`."""

        def add(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO people (id, name, display_name, user_handle, enabled, created,"
                " mail, language, groups)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                person_row(person),
            )
            if not connection.changes():
                _refuse_person(connection, person)

        await self._write(add)

    async def person(self, person_id: PersonId) -> Person | None:
        """See `Store.person`."""
        rows = self._rows(_PEOPLE + " WHERE id = ?", (person_id,))
        return person_in(rows[0]) if rows else None

    async def person_named(self, name: str) -> Person | None:
        """See `Store.person_named`."""
        rows = self._rows(_PEOPLE + " WHERE name = ?", (name,))
        return person_in(rows[0]) if rows else None

    async def people(self) -> list[Person]:
        """See `Store.people`."""
        return [person_in(row) for row in self._rows(_PEOPLE + " ORDER BY name")]

    async def people_after(self, person_id: PersonId) -> list[Person]:
        """See `Store.people_after`."""
        bindings = (person_id, PEOPLE_PER_PAGE)
        rows = self._rows(_PEOPLE + " WHERE id > ? ORDER BY id LIMIT ?", bindings)
        return [person_in(row) for row in rows]

    async def change_person(
        self,
        person_id: PersonId,
        *,
        display_name: str | None = None,
        mail: str | None = None,
        language: str | None = None,
        groups: tuple[str, ...] | None = None,
        enabled: bool | None = None,
    ) -> Person | None:
        """See `Store.change_person`."""
        listed = None if groups is None else json.dumps(groups)
        wanted = (display_name, mail, language, listed, enabled, person_id)

        def change(connection: apsw.Connection) -> Person | None:
            rows: list[Row] = connection.execute(
                "UPDATE people SET display_name = coalesce(?, display_name),"
                " mail = coalesce(?, mail), language = coalesce(?, language),"
                " groups = coalesce(?, groups), enabled = coalesce(?, enabled) WHERE id = ?"
                " RETURNING id, name, display_name, user_handle, enabled, created,"
                " mail, language, groups",
                wanted,
            ).fetchall()
            person = person_in(rows[0]) if rows else None
            if person is not None and not person.enabled:
                _lock_out(connection, person_id)
            return person

        return await self._write(change)


def _refuse_person(connection: apsw.Connection, person: Person) -> NoReturn:
    named = connection.execute("SELECT 1 FROM people WHERE name = ?", (person.name,))
    if named.fetchall():
        raise NameTakenError(f"There is a person named {person.name!r} already.")
    raise StoreError("That person's id or user handle is taken.")


def _lock_out(connection: apsw.Connection, person_id: PersonId) -> None:
    connection.execute("DELETE FROM sessions WHERE person_id = ?", (person_id,))
    connection.execute(
        "DELETE FROM invitations WHERE person_id = ? AND used IS NULL", (person_id,)
    )
