"""Statements about passkeys, those that were removed, and how they are registered."""

from __future__ import annotations

import apsw

from gateway.errors import CredentialTakenError, LastWayInError
from gateway.rules.records import Invitation, Passkey, PersonId, TokenHash
from gateway.store.rows import passkey_in, passkey_row
from gateway.store.statements.connections import Connections, has_changed, require_enabled
from gateway.store.statements.invitations import issue_on, spend_on

_PASSKEYS = (
    "SELECT credential_id, person_id, public_key, sign_count, transports, aaguid,"
    " is_synced, is_backed_up, label, created, last_used, flagged FROM passkeys"
)


class Passkeys(Connections):
    """By what people sign in."""

    async def register_passkey(
        self,
        passkey: Passkey,
        *,
        invitation: TokenHash,
        now: float,
        following: Invitation | None = None,
    ) -> None:
        """See `Store.register_passkey`."""

        def register(connection: apsw.Connection) -> None:
            spend_on(
                connection,
                invitation,
                person_id=passkey.person_id,
                registered=passkey.credential_id,
                now=now,
            )
            _keep(connection, passkey)
            if following is not None:
                issue_on(connection, following)

        await self._write(register)

    async def add_passkey(self, passkey: Passkey) -> None:
        """See `Store.add_passkey`."""

        def add(connection: apsw.Connection) -> None:
            require_enabled(connection, passkey.person_id)
            _keep(connection, passkey)

        await self._write(add)

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """See `Store.passkey`."""
        rows = self._rows(_PASSKEYS + " WHERE credential_id = ?", (credential_id,))
        return passkey_in(rows[0]) if rows else None

    async def passkeys_of(self, person_id: PersonId) -> list[Passkey]:
        """See `Store.passkeys_of`."""
        rows = self._rows(_PASSKEYS + " WHERE person_id = ? ORDER BY created, rowid", (person_id,))
        return [passkey_in(row) for row in rows]

    async def rename_passkey(self, person_id: PersonId, credential_id: bytes, label: str) -> bool:
        """See `Store.rename_passkey`."""

        def rename(connection: apsw.Connection) -> bool:
            return has_changed(
                connection,
                "UPDATE passkeys SET label = ? WHERE credential_id = ? AND person_id = ?",
                (label, credential_id, person_id),
            )

        return await self._write(rename)

    async def remove_passkey(
        self, person_id: PersonId, credential_id: bytes, *, now: float, even_last: bool = False
    ) -> bool:
        """See `Store.remove_passkey`."""

        def remove(connection: apsw.Connection) -> bool:
            if not has_changed(
                connection,
                "DELETE FROM passkeys WHERE credential_id = ? AND person_id = ?",
                (credential_id, person_id),
            ):
                return False
            if not even_last:
                _require_another(connection, person_id)
            _bury(connection, person_id, credential_id, now)
            return True

        return await self._write(remove)

    async def was_removed(self, credential_id: bytes) -> bool:
        """See `Store.was_removed`."""
        statement = "SELECT 1 FROM removed_passkeys WHERE credential_id = ?"
        return bool(self._rows(statement, (credential_id,)))

    async def note_passkey_use(
        self,
        credential_id: bytes,
        *,
        sign_count: int,
        is_backed_up: bool,
        now: float,
        has_counter_fallen: bool = False,
    ) -> None:
        """See `Store.note_passkey_use`."""
        flagged = now if has_counter_fallen else None

        def note(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE passkeys SET sign_count = max(sign_count, ?), is_backed_up = ?,"
                " last_used = max(coalesce(last_used, ?), ?), flagged = coalesce(?, flagged)"
                " WHERE credential_id = ?",
                (sign_count, is_backed_up, now, now, flagged, credential_id),
            )

        await self._write(note)


def _keep(connection: apsw.Connection, passkey: Passkey) -> None:
    if not has_changed(
        connection,
        "INSERT INTO passkeys (credential_id, person_id, public_key, sign_count, transports,"
        " aaguid, is_synced, is_backed_up, label, created, last_used, flagged)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (credential_id) DO NOTHING",
        passkey_row(passkey),
    ):
        raise CredentialTakenError("That passkey is registered already.")
    connection.execute(
        "DELETE FROM removed_passkeys WHERE credential_id = ?", (passkey.credential_id,)
    )


def _require_another(connection: apsw.Connection, person_id: PersonId) -> None:
    """Raises LastWayInError: what was deleted before within the transaction is back then."""
    left = connection.execute("SELECT 1 FROM passkeys WHERE person_id = ? LIMIT 1", (person_id,))
    if not left.fetchall():
        raise LastWayInError("It is this person's only passkey.")


def _bury(
    connection: apsw.Connection, person_id: PersonId, credential_id: bytes, now: float
) -> None:
    connection.execute(
        "INSERT INTO removed_passkeys (credential_id, person_id, removed) VALUES (?, ?, ?)",
        (credential_id, person_id, now),
    )
    connection.execute("DELETE FROM sessions WHERE credential_id = ?", (credential_id,))
