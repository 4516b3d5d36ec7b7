"""Statements about recovery codes, and about what happened to people's ways in."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from gateway.errors import RecoveryCodeError
from gateway.rules.records import Change, Invitation, PersonId
from gateway.store.interface import CHANGES_KEPT
from gateway.store.rows import change_in, change_row
from gateway.store.statements.connections import Connections, has_changed, require_person
from gateway.store.statements.invitations import issue_on


class Recovery(Connections):
    """What gets people in who have lost every passkey, and what tells them of strangers."""

    async def replace_recovery_codes(
        self, person_id: PersonId, code_hashes: Sequence[bytes], *, now: float
    ) -> None:
        """See `Store.replace_recovery_codes`."""
        codes = [(person_id, each, now) for each in code_hashes]

        def replace(connection: apsw.Connection) -> None:
            require_person(connection, person_id)
            connection.execute("DELETE FROM recovery_codes WHERE person_id = ?", (person_id,))
            connection.executemany(
                "INSERT INTO recovery_codes (person_id, code_hash, created) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                codes,
            )

        await self._write(replace)

    async def recovery_codes_left(self, person_id: PersonId) -> int:
        """See `Store.recovery_codes_left`."""
        [[left]] = self._rows(
            "SELECT count(*) FROM recovery_codes WHERE person_id = ? AND used IS NULL",
            (person_id,),
        )
        return int(left)

    async def spend_recovery_code(
        self, person_id: PersonId, code_hash: bytes, *, now: float, grant: Invitation
    ) -> None:
        """See `Store.spend_recovery_code`."""

        def spend(connection: apsw.Connection) -> None:
            if not has_changed(
                connection,
                "UPDATE recovery_codes SET used = ?"
                " WHERE person_id = ? AND code_hash = ? AND used IS NULL"
                " AND EXISTS (SELECT 1 FROM people WHERE id = ? AND enabled)",
                (now, person_id, code_hash, person_id),
            ):
                raise RecoveryCodeError("That recovery code is unknown or used.")
            issue_on(connection, grant)

        await self._write(spend)

    async def note_change(self, change: Change) -> None:
        """See `Store.note_change`."""

        def note(connection: apsw.Connection) -> None:
            require_person(connection, change.person_id)
            connection.execute(
                "INSERT INTO changes (person_id, time, event, subject, address, user_agent)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                change_row(change),
            )
            connection.execute(
                "DELETE FROM changes WHERE person_id = ? AND number <= (SELECT number"
                " FROM changes WHERE person_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (change.person_id, change.person_id, CHANGES_KEPT),
            )

        await self._write(note)

    async def changes_of(self, person_id: PersonId) -> list[Change]:
        """See `Store.changes_of`."""
        rows = self._rows(
            "SELECT person_id, time, event, subject, address, user_agent FROM changes"
            " WHERE person_id = ? ORDER BY time DESC, number DESC",
            (person_id,),
        )
        return [change_in(row) for row in rows]
