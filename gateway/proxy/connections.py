"""
All connections to one backend: the one used last is used again first.

So the idle ones that are not needed grow old together and are closed. Every connection is
counted from the first attempt until it is closed: `limit` is the most that the backend ever
has of this gateway at a time, held polls and WebSockets among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.proxy.back import Back, Exchange, Fault
from gateway.proxy.opening import Opening
from gateway.proxy.reach import Place, Trouble
from gateway.proxy.visits import visit
from gateway.rules.backends import Event, Standing, State, happened, settled, share

POOL_IDLE_S = 4.0
"""How long an idle connection is kept: below the 5 s after which common app servers (Apache,
Node, gunicorn) close theirs, so that a request seldom meets a connection that is dying."""

POOL_IDLE_LIMIT = 64
"""Idle connections that are kept; more are closed at once. Each holds a worker of a prefork app
server for `POOL_IDLE_S`."""

LEAVE_LIMIT_S = 5.0
"""A connection that we closed and the backend does not is torn down after this: with TLS one
waits for the other's close_notify, which some never send."""

PROBE_EVERY_S = 3.0
"""Between two probes of a backend: two ill ones in a row are known within 6 s."""

PROBE_LIMIT_S = 2.5
"""For a probe, its connection included; less than the time between two."""

TELL_AGAIN_S = 60.0
"""The same trouble with reaching a backend is logged once in this time, not per request."""


@dataclass(slots=True, kw_only=True, eq=False)
class Seeker:
    """A request that has no connection yet."""

    exchange: Exchange
    is_fresh: bool
    """It wants no connection that was used before."""
    began: float
    tried: tuple[Connections, ...] = ()
    """The backends that it has not reached."""
    fault: Fault = Fault.REFUSED
    """How the last of them failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the connections of all backends have in common."""

    clock: IReactorTime
    connect_s: float
    limit: int
    """Connections per backend."""
    has_several: bool
    """Whether there is another backend to ask."""
    room: Callable[[], None]
    """To be called when a request that waits may have a connection."""
    not_reached: Callable[[Connections, Seeker, Trouble], None]


class Connections:
    """One backend's; what `back.Home` is for each of them."""

    log = Logger()

    def __init__(self, place: Place, terms: Terms, line: dict[Exchange, Seeker]) -> None:
        self.name = place.name
        self.authority = place.authority
        """What Host says to this backend where the app is to see its own name."""
        self.standing = Standing()
        self._place = place
        self._terms = terms
        self._line = line
        self._now = terms.clock.seconds
        self._idle: dict[Back, float] = {}
        """And since when: the oldest first."""
        self._live: set[Back] = set()
        self._openings: set[Opening] = set()
        self._leaving: dict[Back, float] = {}
        self._visiting: Deferred[str] | None = None
        self._next_probe = 0.0
        self._told = ("", 0.0)
        self._is_closed = False

    # Requests

    @property
    def busy(self) -> int:
        """Requests under way."""
        return len(self._live) + len(self._openings) - len(self._idle)

    @property
    def has_room(self) -> bool:
        """Whether one more request can be carried."""
        return bool(self._idle) or self.busy < self._terms.limit

    def weight(self, now: float) -> float:
        """What it is given at present."""
        standing = self.standing
        if standing.state is State.UP:
            return self._place.weight
        return self._place.weight * share(standing, now=now)

    def hand(self, exchange: Exchange) -> bool:
        """Give the exchange an idle connection, if there is one."""
        while self._idle:
            back, since = self._idle.popitem()
            if self._now() - since < POOL_IDLE_S:
                exchange.connected(back)
                return True
            back.retire()
        return False

    def open(self, seeker: Seeker) -> None:
        """Connect anew for a request."""
        if self._idle and self.busy + len(self._idle) >= self._terms.limit:
            next(iter(self._idle)).retire()
        opening = Opening(
            self,
            self._place,
            seeker,
            clock=self._terms.clock,
            connect_s=self._terms.connect_s,
        )
        self._openings.add(opening)
        opening.begin()

    def arrived(self, opening: Opening, back: Back) -> None:
        """A connection is there, and is about to be used."""
        self._openings.discard(opening)
        self._live.add(back)

    def not_reached(self, opening: Opening, seeker: Seeker, trouble: Trouble) -> None:
        """There is none to be had."""
        self._openings.discard(opening)
        if not trouble.is_ours:
            self.note(Event.FAULT, trouble.why)
        self._tell(trouble.why)
        self._terms.not_reached(self, seeker, trouble)

    # What a connection tells its home

    def keep(self, back: Back) -> None:
        """Take a connection back."""
        idle = self._idle
        idle[back] = self._now()
        if self._is_closed:
            back.retire()
        elif len(idle) > POOL_IDLE_LIMIT:
            next(iter(idle)).retire()
        if self._line:
            self._terms.room()

    def forget(self, back: Back) -> None:
        """The connection is closing or closed; said once or twice."""
        self._idle.pop(back, None)
        if back in self._live:
            self._live.discard(back)
            self._leaving[back] = self._now()
            if self._line:
                self._terms.room()

    def gone(self, back: Back) -> None:
        """The connection is closed."""
        self._leaving.pop(back, None)

    def answered(self, back: Back, status: int) -> None:
        """The backend works."""
        if not self.standing.is_untroubled:
            self.note(Event.ANSWERED)

    def failed(self, back: Back, fault: Fault) -> None:
        """The backend broke off; but a connection used before may have died of its age."""
        if fault is not Fault.CUT or back.uses <= 1:
            self.note(Event.FAULT, fault.value)

    # Health

    def note(self, event: Event, why: str = "") -> None:
        """Draw the conclusions; an only backend has none to fear."""
        if not self._terms.has_several:
            return
        before = self.standing
        self.standing = happened(before, event, now=self._now())
        self._told_of_change(before, why)

    def _told_of_change(self, before: Standing, why: str) -> None:
        now = self.standing
        if now.state is before.state:
            return
        if now.state is State.DOWN:
            self.log.warn(
                "{backend} is left alone for {rest_s:.0f} s: {why}",
                backend=self.name,
                rest_s=now.until - now.since,
                why=why,
                event="app.down",
            )
        elif now.state is State.RETURNING:
            self.log.info("{backend} is back, slowly", backend=self.name, event="app.returning")
        else:
            self.log.info("{backend} is back", backend=self.name, event="app.up")

    def _tell(self, why: str) -> None:
        told, again = self._told
        if why != told or self._now() >= again:
            self._told = (why, self._now() + TELL_AGAIN_S)
            self.log.warn(
                "{backend} is not reached: {why}",
                backend=self.name,
                why=why,
                event="app.not_reached",
            )

    @property
    def in_words(self) -> str:
        """Why it is not asked as usual; "" when it is."""
        standing, now = settled(self.standing, now=self._now()), self._now()
        if standing.state is State.UP:
            return ""
        if standing.state is State.RETURNING:
            return f"back since {now - standing.since:.0f} s, and not yet given its whole share"
        return f"left alone after failures, for {max(0.0, standing.until - now):.0f} s more"

    def visit(self, limit_s: float) -> Deferred[str]:
        """Look whether it is well; see `visits.visit`."""
        return visit(self._place, clock=self._terms.clock, limit_s=limit_s)

    def _probe(self) -> None:
        self._next_probe = self._now() + PROBE_EVERY_S
        self._visiting = self.visit(PROBE_LIMIT_S)
        self._visiting.addCallbacks(self._visited, _left)

    def _visited(self, why: str) -> None:
        self._visiting = None
        self.note(Event.ILL if why else Event.WELL, why)

    # Time

    def sweep(self) -> None:
        """Close what is old; look whether the backend is well, where there is another."""
        now = self._now()
        while self._idle:
            back, since = next(iter(self._idle.items()))
            if now - since < POOL_IDLE_S:
                break
            back.retire()
        for back in [each for each, at in self._leaving.items() if now - at >= LEAVE_LIMIT_S]:
            del self._leaving[back]
            back.transport.abortConnection()
        if self._terms.has_several:
            before, self.standing = self.standing, settled(self.standing, now=now)
            self._told_of_change(before, "")
            if now >= self._next_probe and self._visiting is None:
                self._probe()

    def close(self) -> None:
        """Close what is idle, connect no more, look no more; the rest closes as it is done."""
        self._is_closed = True
        if self._visiting is not None:
            self._visiting.cancel()
        for opening in tuple(self._openings):
            opening.stop()
        for back in tuple(self._idle):
            back.retire()


def _left(failure: Failure) -> None:
    """A visit was cancelled."""
    failure.trap(CancelledError)
