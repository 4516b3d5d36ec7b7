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

from gateway.rules.activity import Trail
from gateway.rules.records import Person, PersonId, Session, TokenHash, hash_token
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

    __slots__ = (
        "begun",
        "ended",
        "is_device_bound",
        "is_noted",
        "method",
        "person",
        "seen",
        "session",
        "trail",
        "used",
        "verified",
    )

    def __init__(
        self,
        session: Session,
        person: Person,
        *,
        begun: float,
        used: float,
        verified: float = NEVER,
    ) -> None:
        self.person = person
        """As they are now, while the session is open."""
        self.ended = False
        """Flips once, at the moment when the session ends or is found to be over."""
        self.begun = begun
        """Seconds on the monotonic clock."""
        self.used = used
        """Seconds on the monotonic clock."""
        self.trail = Trail()
        """What was asked for by it lately in this process, see `rules.activity`."""
        self.is_noted = False
        """Whether it stands in its table's list of uses that are to be passed on."""
        self.seen = 0
        """Number of the last look that found it in the store, see `upkeep.look_elsewhere`."""
        self.renew(session, verified=verified)

    def renew(self, session: Session, *, verified: float) -> None:
        """From now on it is known by the token of that record, and verified as that says."""
        self.session = session
        """As it was opened, loaded or renewed: its `last_used` is not kept up to date here."""
        self.method = session.method
        """By what its person was last verified."""
        self.is_device_bound = session.is_device_bound
        """Whether that cannot leave its device."""
        self.verified = verified
        """When its person was last verified; seconds on the monotonic clock."""


class SessionTable:
    """The sessions that are open now."""

    def __init__(self, *, clock: IReactorTime, limits: SessionLimits) -> None:
        self._now = clock.seconds
        self._limits = limits
        self._live: dict[TokenHash, LiveSession] = {}
        self._of: dict[PersonId, set[LiveSession]] = {}
        """The same, by whose they are."""
        self._used: list[LiveSession] = []
        """Those whose last use was not passed on yet: each once, see `is_noted`."""

    def __len__(self) -> int:
        """How many sessions are open."""
        return len(self._live)

    def find(self, token: bytes, *, is_use: bool = True) -> LiveSession | None:
        """
        The open session of that token; None when over.

        It has thereby been used, unless that is not `is_use`: a page that asks in the
        background whether there is news shall not keep somebody signed in who has left.
        """
        return self.find_hashed(hash_token(token), is_use=is_use)

    def find_hashed(self, token_hash: TokenHash, *, is_use: bool = True) -> LiveSession | None:
        """The same for whoever has hashed the token before."""
        live = self._live.get(token_hash)
        if live is None:
            return None
        now = self._now()
        if self._is_over(live, now):
            self._found_over(token_hash, live, now)
            return None
        if is_use:
            live.used = now
            if not live.is_noted:
                live.is_noted = True
                self._used.append(live)
        return live

    def note_use(self, live: LiveSession, now: float) -> None:
        """It was found, and only then it turned out that it was used by that."""
        live.used = now
        if not live.is_noted:
            live.is_noted = True
            self._used.append(live)

    def of_person(self, person_id: PersonId) -> list[LiveSession]:
        """One person's open sessions, oldest first."""
        now = self._now()
        theirs = [each for each in self._of.get(person_id, ()) if not self._is_over(each, now)]
        return sorted(theirs, key=lambda each: (each.begun, each.session.id))

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

    def _admit(self, live: LiveSession) -> None:
        self._live[live.session.token_hash] = live
        self._of.setdefault(live.person.id, set()).add(live)

    def _drop(self, token_hash: TokenHash) -> None:
        live = self._live.pop(token_hash, None)
        if live is None:
            return
        live.ended = True
        theirs = self._of[live.person.id]
        theirs.discard(live)
        if not theirs:
            del self._of[live.person.id]

    def _rename(self, live: LiveSession, session: Session, *, verified: float) -> None:
        """An open session lives on under another token; whoever holds the object holds it yet."""
        del self._live[live.session.token_hash]
        live.renew(session, verified=verified)
        self._live[session.token_hash] = live

    def _show(self, person: Person) -> bool:
        """Have that person's sessions show them as they are now; whether that is news."""
        theirs = self._of.get(person.id, ())
        is_news = any(live.person != person for live in theirs)
        for live in theirs:
            live.person = person
        return is_news


def slices(items: Sequence[T], size: int = SLICE) -> Iterator[Sequence[T]]:
    """The items in pieces that are small enough for one turn of the reactor."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
