"""
The verbs of administration, each implemented once.

Command line, SSH and web are three faces of these: a verb takes plain values, returns plain
values, and raises GatewayError with a sentence. What a verb returns can be written as JSON as
it is (the shapes in docs are a contract); how it looks to a person is the face's business.
"""

from __future__ import annotations

import datetime as dt
import difflib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from twisted.logger import Logger

from gateway.errors import GatewayError
from gateway.rules import tokens
from gateway.rules.public import PublicOrigin
from gateway.rules.records import (
    TOKEN_BYTES,
    Event,
    Invitation,
    Person,
    PersonId,
    canonical_name,
    hash_token,
)
from gateway.store.interface import Store

ENROLMENT_PATH = "/.gateway/enroll/"

INVITATION_HOURS = 24.0
"""A working day and a night: the person need not be at the desk this minute."""

INVITATION_MOST_HOURS = 24.0 * 30
"""A month: for somebody who has yet to start; a link that lies about longer gets lost."""

DISPLAY_NAME_LIMIT = 64
"""Characters; authenticators cut user.displayName at 64 bytes (WebAuthn 5.4.3)."""

PERSON_ID_BYTES = 16
USER_HANDLE_BYTES = 64
"""WebAuthn 5.4.3: at most 64 bytes, random, the same for all of a person's passkeys."""

_log = Logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """The verbs, over one store."""

    store: Store
    public: PublicOrigin
    wall: Callable[[], float]
    token_bytes: Callable[[int], bytes]

    async def add_person(self, name: str, *, display_name: str = "") -> dict[str, object]:
        """
        Let somebody in who can then be invited.

        Raises:
            GatewayError: a name that cannot be one, or is taken.
        """
        person = Person(
            id=PersonId(self.token_bytes(PERSON_ID_BYTES).hex()),
            name=_canonical(name),
            display_name=_display_name(display_name or name),
            user_handle=self.token_bytes(USER_HANDLE_BYTES),
            enabled=True,
            created=self.wall(),
        )
        await self.store.add_person(person)
        _log.info("added {user!r}", user=person.name, event=Event.PERSON_ADDED)
        return await self._described(person)

    async def list_people(self) -> list[dict[str, object]]:
        """Everybody, by name."""
        return [await self._described(each) for each in await self.store.people()]

    async def invite(self, name: str, *, hours: float = INVITATION_HOURS) -> dict[str, object]:
        """
        A link by which that person registers one passkey; earlier unused links are void.

        Raises:
            GatewayError: nobody of that name, somebody disabled, or hours out of range.
        """
        if not 0 < hours <= INVITATION_MOST_HOURS:
            raise GatewayError(f"hours: {hours:g} seen, wanted: up to {INVITATION_MOST_HOURS:g}")
        person = await self._person(name)
        if not person.enabled:
            raise GatewayError(f"{person.name} is disabled and cannot be invited")
        token, now = self.token_bytes(TOKEN_BYTES), self.wall()
        invitation = Invitation(
            token_hash=hash_token(token),
            person_id=person.id,
            created=now,
            expires=now + hours * 3600,
            used=None,
        )
        await self.store.issue_invitation(invitation)
        _log.info("invited {user!r}", user=person.name, event=Event.INVITED)
        return {
            "link": self.public.origin + ENROLMENT_PATH + tokens.encode(token),
            "expires": _moment(invitation.expires),
        }

    async def _person(self, name: str) -> Person:
        canonical = _canonical(name)
        person = await self.store.person_named(canonical)
        if person is not None:
            return person
        known = [each.name for each in await self.store.people()]
        nearest = difflib.get_close_matches(canonical, known, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else "see: users list"
        raise GatewayError(f"there is nobody named {canonical}: {hint}")

    async def _described(self, person: Person) -> dict[str, object]:
        return {
            "name": person.name,
            "display_name": person.display_name,
            "enabled": person.enabled,
            "passkey_count": len(await self.store.passkeys_of(person.id)),
            "created": _moment(person.created),
        }


def _canonical(name: str) -> str:
    try:
        return canonical_name(name)
    except ValueError as error:
        raise GatewayError(f"name: {name!r} seen, wanted: {error}") from None


def _display_name(text: str) -> str:
    """As people write it: Unicode composed (NFC), blanks around it gone, one line."""
    name = unicodedata.normalize("NFC", text).strip()
    wanted = f"1 to {DISPLAY_NAME_LIMIT} characters on one line"
    if not 1 <= len(name) <= DISPLAY_NAME_LIMIT:
        raise GatewayError(f"display name: {name!r} seen, wanted: {wanted}")
    if any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in name):
        raise GatewayError(f"display name: {name!r} seen, wanted: {wanted}")
    return name


def _moment(seconds: float) -> str:
    """ISO 8601 in UTC, to the second."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
