"""Verbs about people: who may sign in, and how they are invited."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.logger import Logger

from gateway.admin.desk import (
    Desk,
    as_display_name,
    as_groups,
    as_language,
    as_mailbox,
    as_name,
    moment,
)
from gateway.admin.keys import described_passkey
from gateway.errors import GatewayError
from gateway.rules import tokens
from gateway.rules.records import (
    TOKEN_BYTES,
    Event,
    Invitation,
    Person,
    PersonId,
    hash_token,
)

ENROLMENT_PATH = "/.gateway/enroll/"

INVITATION_HOURS = 24.0
"""A working day and a night: the person need not be at the desk this minute."""

INVITATION_MOST_HOURS = 24.0 * 30
"""A month: for somebody who has yet to start; a link that lies about longer gets lost."""

PERSON_ID_BYTES = 16
USER_HANDLE_BYTES = 64
"""WebAuthn 5.4.3: at most 64 bytes, random, the same for all of a person's passkeys."""

_log = Logger()


class PeopleVerbs(Desk):
    """`users …`."""

    __slots__ = ()

    async def add_person(
        self,
        name: str,
        *,
        display_name: str = "",
        mail: str = "",
        language: str = "",
        groups: Iterable[str] = (),
    ) -> dict[str, object]:
        """
        Let somebody in who can then be invited.

        Raises:
            GatewayError: a name that cannot be one or is taken, or another value that is wrong.
        """
        person = Person(
            id=PersonId(self.token_bytes(PERSON_ID_BYTES).hex()),
            name=as_name(name),
            display_name=as_display_name(display_name or name),
            user_handle=self.token_bytes(USER_HANDLE_BYTES),
            enabled=True,
            created=self.wall(),
            mail=as_mailbox(mail),
            language=as_language(language),
            groups=as_groups(groups),
        )
        await self.store.add_person(person)
        _log.info("added {user!r}", user=person.name, event=Event.PERSON_ADDED)
        return await self._described(person)

    async def list_people(self) -> list[dict[str, object]]:
        """Everybody, by name."""
        return [await self._described(each) for each in await self.store.people()]

    async def show_person(self, name: str) -> dict[str, object]:
        """
        One person with their ways in.

        Raises:
            GatewayError: nobody of that name.
        """
        person = await self.person(name)
        passkeys = await self.store.passkeys_of(person.id)
        return {
            "name": person.name,
            "display_name": person.display_name,
            "enabled": person.enabled,
            "mail": person.mail,
            "language": person.language,
            "groups": list(person.groups),
            "created": moment(person.created),
            "passkeys": [described_passkey(each) for each in passkeys],
            "otp": False,
            "recovery_codes": await self.store.recovery_codes_left(person.id),
        }

    async def edit_person(
        self,
        name: str,
        *,
        display_name: str | None = None,
        mail: str | None = None,
        language: str | None = None,
        groups: Iterable[str] | None = None,
    ) -> dict[str, object]:
        """
        Change what is not None.

        Raises:
            GatewayError: nobody of that name, a value that is wrong, or nothing to change.
        """
        if all(each is None for each in (display_name, mail, language, groups)):
            raise GatewayError("say what to change: display name, mail, language or groups")
        person = await self.person(name)
        changed = await self.store.change_person(
            person.id,
            display_name=None if display_name is None else as_display_name(display_name),
            mail=None if mail is None else as_mailbox(mail),
            language=None if language is None else as_language(language),
            groups=None if groups is None else as_groups(groups),
        )
        return await self._changed(changed, Event.PERSON_CHANGED)

    async def enable_person(self, name: str) -> dict[str, object]:
        """
        Let somebody sign in again, with the passkeys that are left.

        Raises:
            GatewayError: nobody of that name.
        """
        person = await self.person(name)
        changed = await self.store.change_person(person.id, enabled=True)
        return await self._changed(changed, Event.PERSON_ENABLED)

    async def disable_person(self, name: str) -> dict[str, object]:
        """
        Let somebody sign in no longer: sessions and unused invitations end in the same instant.

        Raises:
            GatewayError: nobody of that name.
        """
        person = await self.person(name)
        changed = await self.store.change_person(person.id, enabled=False)
        return await self._changed(changed, Event.PERSON_DISABLED)

    async def _changed(self, person: Person | None, event: Event) -> dict[str, object]:
        if person is None:
            raise GatewayError("somebody else has removed that person just now")
        _log.info("{what}: {user!r}", what=event.value, user=person.name, event=event)
        await self.tell(person, event)
        return await self._described(person)

    async def invite(self, name: str, *, hours: float = INVITATION_HOURS) -> dict[str, object]:
        """
        A link by which that person registers one passkey; earlier unused links are void.

        Raises:
            GatewayError: nobody of that name, somebody disabled, or hours out of range.
        """
        if not 0 < hours <= INVITATION_MOST_HOURS:
            raise GatewayError(f"hours: {hours:g} seen, wanted: up to {INVITATION_MOST_HOURS:g}")
        person = await self.person(name)
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
        await self.tell(person, Event.INVITED)
        return {
            "link": self.public.origin + ENROLMENT_PATH + tokens.encode(token),
            "expires": moment(invitation.expires),
        }

    async def _described(self, person: Person) -> dict[str, object]:
        return {
            "name": person.name,
            "display_name": person.display_name,
            "enabled": person.enabled,
            "mail": person.mail,
            "groups": list(person.groups),
            "passkey_count": len(await self.store.passkeys_of(person.id)),
            "created": moment(person.created),
        }
