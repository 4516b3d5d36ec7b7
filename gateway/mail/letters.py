"""
Telling people what happened to their ways in, and inviting them.

What happened is noted in the store first, for the person's account page: that is the promise.
The letter comes on top, for those who have a mail address. Nothing that goes wrong with either
undoes or disturbs what was done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from twisted.logger import Logger

from gateway.config import Config
from gateway.errors import GatewayError
from gateway.mail import wording
from gateway.mail.letter import Letter, Text, compose
from gateway.pages.languages import Catalogue, Languages, named
from gateway.rules.records import Change, Event, Person
from gateway.store.interface import Store

MESSAGE_ID_BYTES = 16
"""128 bits: unique without asking anybody (RFC 5322 3.6.4)."""


class Scribe:
    """Writes letters."""

    def __init__(
        self,
        config: Config,
        languages: Languages,
        *,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        zone: dt.tzinfo | None = None,
    ) -> None:
        gateway = config.gateway
        self._sender = config.notices.mail_from
        self._place = wording.Place(name=gateway.name, origin=gateway.public.origin, zone=zone)
        self._languages = languages
        self._wall = wall
        self._token_bytes = token_bytes

    def invitation(self, person: Person, *, link: str, expires: float) -> Letter:
        """The letter by which that person registers a passkey."""
        say = self._catalogue(person)
        text = wording.invitation(say, self._place, person, link=link, expires=expires)
        return self._letter(person, text, Event.INVITED)

    def changed(self, person: Person, change: Change) -> Letter | None:
        """The letter about a change, if that person can be written to and it is worth it."""
        if not person.mail:
            return None
        text = wording.changed(self._catalogue(person), self._place, person, change)
        return self._letter(person, text, change.event) if text is not None else None

    def _catalogue(self, person: Person) -> Catalogue:
        return self._languages.catalogue(named(person.language) or self._languages.default)

    def _letter(self, person: Person, text: Text, event: Event) -> Letter:
        content = compose(
            text,
            sender=self._sender,
            sender_name=self._place.name,
            recipient=person.mail,
            now=self._wall(),
            token=self._token_bytes(MESSAGE_ID_BYTES),
        )
        return Letter(recipient=person.mail, content=content, kind=event.value, person=person.name)


class Letters:
    """Notes what happened, and writes to whom it happened."""

    log = Logger()

    def __init__(
        self,
        store: Store,
        *,
        scribe: Scribe | None = None,
        post: Callable[[Letter], None] | None = None,
    ) -> None:
        """Without a scribe and a post nobody is written to; all is noted."""
        self._store = store
        self._scribe = scribe
        self._post = post

    async def announce(self, person: Person, change: Change) -> None:
        """Tell that person of the change. Never fails: what is announced is done already."""
        try:
            await self._store.note_change(change)
        except GatewayError:
            self._log_trouble("noting what happened to {user!r}: {kind}", person, change)
        try:
            await self._write(person, change)
        except Exception:  # noqa: BLE001 - a letter that cannot be written stops nobody's work
            self._log_trouble("writing to {user!r} about {kind}", person, change)

    async def _write(self, person: Person, change: Change) -> None:
        if self._scribe is None or self._post is None:
            return
        # Whoever announces may have known the person for hours: the address is today's.
        today = await self._store.person(person.id)
        letter = self._scribe.changed(today or person, change)
        if letter is not None:
            self._post(letter)

    def _log_trouble(self, sentence: str, person: Person, change: Change) -> None:
        self.log.failure(sentence, user=person.name, kind=change.event.value, event="mail.failed")
