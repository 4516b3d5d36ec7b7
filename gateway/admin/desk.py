"""What every verb of administration works with, and how it names people and moments."""

from __future__ import annotations

import datetime as dt
import difflib
import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.rules.mailboxes import canonical_mailbox
from gateway.rules.public import PublicOrigin
from gateway.rules.records import Change, Event, Person, canonical_name
from gateway.rules.sessions import SessionLimits
from gateway.store.interface import Store

DISPLAY_NAME_LIMIT = 64
"""Characters; authenticators cut user.displayName at 64 bytes (WebAuthn 5.4.3)."""

GROUPS_LIMIT = 64
"""Of one person: more is a mistake in a script, and each request looks through them."""

LANGUAGES = ("ja", "en", "")

Announce = Callable[[Person, Change], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A store, and whom to tell."""

    store: Store
    public: PublicOrigin
    wall: Callable[[], float]
    token_bytes: Callable[[int], bytes]
    announce: Announce | None = None
    """Tells a person what happened to their ways in; None: it is noted in the store."""
    limits: SessionLimits | None = None
    """When sessions are over; None: only those that were ended are."""

    async def person(self, name: str) -> Person:
        """
        Whom an administrator means.

        Raises:
            GatewayError: nobody has that name; who might be meant.
        """
        canonical = as_name(name)
        person = await self.store.person_named(canonical)
        if person is not None:
            return person
        known = [each.name for each in await self.store.people()]
        nearest = difflib.get_close_matches(canonical, known, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else "see: users list"
        raise GatewayError(f"there is nobody named {canonical}: {hint}")

    async def tell(self, person: Person, event: Event, subject: str = "") -> None:
        """Tell that person what an administrator did: from no terminal and no address."""
        change = Change(
            person_id=person.id,
            time=self.wall(),
            event=event,
            subject=subject,
            address="",
            user_agent="",
        )
        if self.announce is None:
            await self.store.note_change(change)
        else:
            await self.announce(person, change)


def as_name(name: str) -> str:
    """
    The one form of a sign-in name or a group's.

    Raises:
        GatewayError: it cannot be one.
    """
    try:
        return canonical_name(name)
    except ValueError as error:
        raise GatewayError(f"name: {name!r} seen, wanted: {error}") from None


def as_display_name(text: str) -> str:
    """
    As people write it: Unicode composed (NFC), blanks around it gone, one line.

    Raises:
        GatewayError: empty, too long, several lines, or with marks that turn the writing.
    """
    name = unicodedata.normalize("NFC", text).strip()
    wanted = f"1 to {DISPLAY_NAME_LIMIT} characters on one line"
    if not 1 <= len(name) <= DISPLAY_NAME_LIMIT:
        raise GatewayError(f"display name: {name!r} seen, wanted: {wanted}")
    if any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in name):
        raise GatewayError(f"display name: {name!r} seen, wanted: {wanted}")
    if any(unicodedata.bidirectional(each) in _TURNING for each in name):
        raise GatewayError(f"display name: {name!r} seen, wanted: no marks that turn the writing")
    return name


_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional controls (UAX 9 2): they make a name look like another one."""


def as_mailbox(text: str) -> str:
    """
    A mail address, or "" for none.

    Raises:
        GatewayError: something else.
    """
    if not text:
        return ""
    try:
        return canonical_mailbox(text)
    except ValueError as error:
        raise GatewayError(f"mail: {text!r} seen, wanted: {error}") from None


def as_groups(names: Iterable[str]) -> tuple[str, ...]:
    """
    Groups by their canonical names, each once, sorted.

    Raises:
        GatewayError: a name that cannot be one, or too many.
    """
    groups = tuple(sorted({as_name(each) for each in names}))
    if len(groups) > GROUPS_LIMIT:
        raise GatewayError(f"groups: {len(groups)} seen, wanted: up to {GROUPS_LIMIT}")
    return groups


def as_language(name: str) -> str:
    """
    "ja", "en", or "" for what the browser prefers.

    Raises:
        GatewayError: something else.
    """
    if name not in LANGUAGES:
        raise GatewayError(f'language: {name!r} seen, wanted: "ja", "en" or ""')
    return name


def moment(seconds: float) -> str:
    """ISO 8601 in UTC, to the second."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_or_none(seconds: float | None) -> str | None:
    """The same, where there may be none."""
    return None if seconds is None else moment(seconds)
