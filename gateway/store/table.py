"""
A table of open sessions in memory, with its clock: what the proxy asks for every request.

`live.LiveSessions` is the one that belongs to the store; `replica.Replica` is a worker
process's copy of it. Both find a session in the same way and by the same limits, and both
keep account of which sessions were used, for those who must be told.

Ages are measured by the monotonic clock alone: a wall clock that jumps neither prolongs nor
ends a session. All processes of one machine share that clock (CLOCK_MONOTONIC), so a reading
means the same in each.

It must not know of cookies or requests: it is given tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from twisted.internet.interfaces import IReactorTime

from gateway.rules.records import Person, Session, TokenHash, hash_token
from gateway.rules.sessions import SessionLimits, is_over

T = TypeVar("T")

NEVER = -math.inf

SLICE = 500
"""Sessions that are looked at in one turn of the reactor: less than a millisecond's work."""

Uses = Iterable[tuple[TokenHash, float]]
"""Sessions and when they were last used, on the monotonic clock."""


class LiveSession:
    """
    One open session, and whose it is.

    Whoever keeps a connection open for it looks at `ended` before going on.
    """

    __slots__ = ("begun", "ended", "is_noted", "person", "seen", "session", "used", "verified")

    def __init__(
        self,
        session: Session,
        person: Person,
        *,
        begun: float,
        used: float,
        verified: float = NEVER,
    ) -> None:
        self.session = session
        """As it was opened or loaded: its `last_used` is not kept up to date here."""
        self.person = person
        self.ended = False
        """Flips once, at the moment when the session ends or is found to be over."""
        self.begun = begun
        """Seconds on the monotonic clock."""
        self.used = used
        """Seconds on the monotonic clock."""
        self.verified = verified
        """When its person was last verified; seconds on the monotonic clock."""
        self.is_noted = False
        """Whether it stands in its table's list of uses that are to be passed on."""
        self.seen = 0
        """Number of the last look that found it in the store, see `live.look_elsewhere`."""


class SessionTable:
    """The sessions that are open now."""

    def __init__(self, *, clock: IReactorTime, limits: SessionLimits) -> None:
        self._now = clock.seconds
        self._limits = limits
        self._live: dict[TokenHash, LiveSession] = {}
        self._used: list[LiveSession] = []
        """Those whose last use was not passed on yet: each once, see `is_noted`."""

    def __len__(self) -> int:
        """How many sessions are open."""
        return len(self._live)

    def find(self, token: bytes) -> LiveSession | None:
        """The open session of that token, which has thereby been used; None when over."""
        token_hash = hash_token(token)
        live = self._live.get(token_hash)
        if live is None:
            return None
        now = self._now()
        if self._is_over(live, now):
            self._found_over(token_hash, live, now)
            return None
        live.used = now
        if not live.is_noted:
            live.is_noted = True
            self._used.append(live)
        return live

    def _is_over(self, live: LiveSession, now: float) -> bool:
        return is_over(age_s=now - live.begun, idle_s=now - live.used, limits=self._limits)

    def _found_over(self, token_hash: TokenHash, live: LiveSession, now: float) -> None:
        """Somebody asked for a session that has reached a limit."""

    def _raise_uses(self, uses: Uses) -> list[LiveSession]:
        """Take note of uses elsewhere; those that are news. A use never goes back in time."""
        raised = []
        for token_hash, used in uses:
            live = self._live.get(token_hash)
            if live is not None and used > live.used:
                live.used = used
                raised.append(live)
        return raised

    def _note(self, lives: Iterable[LiveSession]) -> None:
        """The last use of these is to be passed on."""
        for live in lives:
            if not live.is_noted:
                live.is_noted = True
                self._used.append(live)

    def _take(self, lives: Iterable[LiveSession]) -> list[LiveSession]:
        """Of these noted ones, those that are still open; a further use is noted anew."""
        taken = []
        for live in lives:
            live.is_noted = False
            if not live.ended:
                taken.append(live)
        return taken

    def _drop(self, token_hash: TokenHash) -> None:
        live = self._live.pop(token_hash, None)
        if live is not None:
            live.ended = True


def slices(items: Sequence[T], size: int = SLICE) -> Iterator[Sequence[T]]:
    """The items in pieces that are small enough for one turn of the reactor."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
