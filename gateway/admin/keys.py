"""Verbs about people's passkeys."""

from __future__ import annotations

from twisted.logger import Logger

from gateway.admin.desk import Desk, moment, moment_or_none
from gateway.errors import GatewayError, LastWayInError
from gateway.rules.records import Event, Passkey, Person

SHORTEST_KEY = 4
"""Hexadecimal digits: fewer are rather a typing slip than a choice."""

_log = Logger()


class KeyVerbs(Desk):
    """`keys …`."""

    __slots__ = ()

    async def list_passkeys(self, name: str) -> list[dict[str, object]]:
        """
        One person's passkeys, oldest first.

        Raises:
            GatewayError: nobody of that name.
        """
        person = await self.person(name)
        return [described_passkey(each) for each in await self.store.passkeys_of(person.id)]

    async def remove_passkey(
        self, name: str, key: str, *, even_last: bool = False
    ) -> dict[str, object]:
        """
        Remove one of that person's passkeys; the sessions that were opened by it end.

        Args:
            key: its id, the beginning of it, or its label as a whole.

        Raises:
            GatewayError: nobody of that name; no such passkey, or several; or it is the last
                way in, and not `even_last`.
        """
        person = await self.person(name)
        passkey = await self._passkey(person, key)
        try:
            is_gone = await self.store.remove_passkey(
                person.id, passkey.credential_id, now=self.wall(), even_last=even_last
            )
        except LastWayInError:
            raise GatewayError(
                f"{passkey.label!r} is the only way in that {person.name} has: "
                "with --even-last it is removed all the same"
            ) from None
        if not is_gone:
            raise GatewayError("somebody else has removed that passkey just now")
        _log.info(
            "removed a passkey of {user!r}: {label!r}",
            user=person.name,
            label=passkey.label,
            event=Event.PASSKEY_REMOVED,
        )
        await self.tell(person, Event.PASSKEY_REMOVED, passkey.label)
        return described_passkey(passkey)

    async def _passkey(self, person: Person, key: str) -> Passkey:
        passkeys = await self.store.passkeys_of(person.id)
        found = [each for each in passkeys if _is_meant(each, key)]
        if len(found) == 1:
            return found[0]
        hint = f"see: keys list {person.name}"
        if found:
            labels = ", ".join(f"{each.label!r}" for each in found)
            raise GatewayError(f"{key!r} is more than one passkey ({labels}): {hint}")
        raise GatewayError(f"{person.name} has no passkey {key!r}: {hint}")


def _is_meant(passkey: Passkey, key: str) -> bool:
    is_id = len(key) >= SHORTEST_KEY and passkey.credential_id.hex().startswith(key.lower())
    return is_id or passkey.label == key


def described_passkey(passkey: Passkey) -> dict[str, object]:
    """A passkey as machines read it; `id` is hexadecimal, fit for a command line."""
    return {
        "id": passkey.credential_id.hex(),
        "label": passkey.label,
        "kind": "synced" if passkey.is_synced else "device-bound",
        "aaguid": passkey.aaguid,
        "transports": list(passkey.transports),
        "created": moment(passkey.created),
        "last_used": moment_or_none(passkey.last_used),
        "flagged": moment_or_none(passkey.flagged),
    }
