"""Who must know of the sessions, too: the crew of worker processes, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twisted.internet.defer import Deferred, succeed

from gateway.rules.records import Person, TokenHash
from gateway.store.table import LiveSession


class Audience(Protocol):
    """Who must know of the sessions, too. What it returns fires once it knows, and never fails."""

    def opened(self, live: LiveSession) -> Deferred[None]:
        """A session has opened."""
        ...

    def renewed(self, old: TokenHash, live: LiveSession) -> Deferred[None]:
        """A session lives on under another token: the old one is dead."""
        ...

    def changed(self, people: Sequence[Person]) -> Deferred[None]:
        """These people have other names, groups, … now; those who are disabled were ended."""
        ...

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """These sessions have ended."""
        ...


class Alone:
    """There is no other process to be told."""

    def opened(self, live: LiveSession) -> Deferred[None]:
        """See `Audience.opened`."""
        del live
        return succeed(None)

    def renewed(self, old: TokenHash, live: LiveSession) -> Deferred[None]:
        """See `Audience.renewed`."""
        del old, live
        return succeed(None)

    def changed(self, people: Sequence[Person]) -> Deferred[None]:
        """See `Audience.changed`."""
        del people
        return succeed(None)

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """See `Audience.ended`."""
        del token_hashes
        return succeed(None)
