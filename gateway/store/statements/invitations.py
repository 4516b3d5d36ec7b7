"""Statements about invitations."""

from __future__ import annotations

import apsw

from gateway.errors import InvitationSpentError
from gateway.rules.records import Invitation, PersonId, TokenHash
from gateway.store.rows import invitation_in, invitation_row
from gateway.store.statements.connections import Connections, has_changed, require_person


class Invitations(Connections):
    """Who is invited to register a passkey."""

    async def issue_invitation(self, invitation: Invitation) -> None:
        """See `Store.issue_invitation`."""

        def issue(connection: apsw.Connection) -> None:
            issue_on(connection, invitation)

        await self._write(issue)

    async def invitation(self, token_hash: TokenHash) -> Invitation | None:
        """See `Store.invitation`."""
        rows = self._rows(
            "SELECT token_hash, person_id, created, expires, used, kind, registered"
            " FROM invitations WHERE token_hash = ?",
            (token_hash,),
        )
        return invitation_in(rows[0]) if rows else None


def issue_on(connection: apsw.Connection, invitation: Invitation) -> None:
    """Within a transaction: this one is good, the person's earlier of its kind are void."""
    require_person(connection, invitation.person_id)
    connection.execute(
        "DELETE FROM invitations WHERE person_id = ? AND kind = ? AND used IS NULL",
        (invitation.person_id, invitation.kind.value),
    )
    connection.execute(
        "INSERT INTO invitations (token_hash, person_id, created, expires, used, kind, registered)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        invitation_row(invitation),
    )


def spend_on(
    connection: apsw.Connection,
    invitation: TokenHash,
    *,
    person_id: PersonId,
    registered: bytes,
    now: float,
) -> None:
    """
    Within a transaction: it was used by that person to register that.

    Raises:
        InvitationSpentError: it is unknown, another person's, used, superseded, or expired.
    """
    if not has_changed(
        connection,
        "UPDATE invitations SET used = ?, registered = ? WHERE token_hash = ? AND person_id = ?"
        " AND used IS NULL AND ? < expires",
        (now, registered, invitation, person_id, now),
    ):
        raise InvitationSpentError("The invitation is unknown, expired or used.")
