"""
Which of an app's backends is asked, and which is left alone for a while.

Theory of operation:

1. Asked is who is least busy for its weight; among equals, whose turn it is. Turns alone (a
   weighted round robin) would heap requests on a backend that is slow or silent, since
   groupware's exports and held polls last from milliseconds to minutes; business alone would
   always ask the first of several idle ones. Idle backends share exactly by their weights.
2. Who was busy for long has no right to a burst afterwards: turns that were missed are lost.
3. `FAULTS_LIMIT` requests in a row that got no answer, or `ILLS_LIMIT` probes in a row that
   went wrong, put a backend DOWN: nobody is sent there while there is another. An answer that
   says 500 is an answer. Probes do not make up for people's faults, nor people's answers for
   probes: a port may accept while the app breaks, and an app may ask for rest by its probe.
4. DOWN lasts its time, whatever is heard meanwhile; each time longer, up to a limit. After it
   the first sign of life counts: a probe that goes well, so that no person need try.
5. Then it is RETURNING: its weight grows from `FIRST_SHARE` to the whole, for caches and
   pools of the app to fill. One fault on the way and it is DOWN again, for longer.
6. Who came all the way back is UP, and its past is forgotten.
7. When all are DOWN the one whose time is over first is asked nevertheless: what we believe
   may be wrong, trying costs little, and a 503 on principle would lengthen every outage.
8. An only backend is never put DOWN: there is nobody else to ask. Each request tries it and
   is told what it meets; so it is back the moment it is back.

`TABLE` holds every pair of state and event; an assert at import says so. Times are seconds by
the monotonic clock.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.rules.public import DEFAULT_PORTS

FAULTS_LIMIT = 3
"""In a row: one connection that breaks is chance, as when the app restarts a worker."""

ILLS_LIMIT = 2
"""In a row: probes come every few seconds, and one may be lost in a busy moment."""

REST_S = 10.0
"""The first time DOWN: as nginx's fail_timeout; about what an app server's restart takes."""

REST_LIMIT_S = 160.0
"""DOWN never lasts longer: 10, 20, 40, 80, 160 s. A machine's reboot takes some minutes."""

SLOW_START_S = 30.0
"""From the first share to the whole weight: workers forked, caches filled, code compiled."""

FIRST_SHARE = 0.1
"""Of the weight, at the beginning of RETURNING: enough to show whether it works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One of the places where the app runs, as `[[app]] url` says it."""

    scheme: str
    """`http` or `https`."""
    host: str
    """A name or an IP address, without brackets, lower case."""
    port: int
    weight: int = 1

    @property
    def bracketed_host(self) -> str:
        """The host as URLs and Host write it (RFC 3986 3.2.2)."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def name(self) -> str:
        """What messages call it: always with its port."""
        return f"{self.bracketed_host}:{self.port}"

    @property
    def authority(self) -> str:
        """What Host says where the app is to see its own name: without the scheme's own port."""
        return self.bracketed_host if self.port == DEFAULT_PORTS[self.scheme] else self.name

    @property
    def url(self) -> str:
        """The backend as an administrator writes it."""
        return f"{self.scheme}://{self.authority}"


class State(enum.Enum):
    """Whether a backend is asked."""

    UP = "up"
    RETURNING = "returning"
    DOWN = "down"


class Event(enum.Enum):
    """What can happen to it."""

    ANSWERED = "answered"
    """A request was answered, whatever the status."""
    FAULT = "fault"
    """A request got no answer: refused, unreachable, broken off, garbled."""
    LAST_FAULT = "last-fault"
    """One more, and as many in a row as are borne."""
    WELL = "well"
    """A probe went well."""
    ILL = "ill"
    """A probe went wrong."""
    LAST_ILL = "last-ill"
    """One more, and as many in a row as are borne."""
    EARLY_SIGN = "early-sign"
    """An answer or a good probe before the rest is over."""
    RETURNED = "returned"
    """The slow start is over."""


class Effect(enum.Enum):
    """What becomes of its record."""

    NOTHING = "nothing"
    COUNT_FAULT = "count-fault"
    FORGET_FAULTS = "forget-faults"
    COUNT_ILL = "count-ill"
    FORGET_ILLS = "forget-ills"
    REST = "rest"
    """Leave it alone, longer than the last time."""
    GROW = "grow"
    """Begin the slow start."""
    FORGET_ALL = "forget-all"


TABLE: dict[tuple[State, Event], tuple[State, Effect]] = {
    (State.UP, Event.ANSWERED): (State.UP, Effect.FORGET_FAULTS),
    (State.UP, Event.FAULT): (State.UP, Effect.COUNT_FAULT),
    (State.UP, Event.LAST_FAULT): (State.DOWN, Effect.REST),
    (State.UP, Event.WELL): (State.UP, Effect.FORGET_ILLS),
    (State.UP, Event.ILL): (State.UP, Effect.COUNT_ILL),
    (State.UP, Event.LAST_ILL): (State.DOWN, Effect.REST),
    (State.UP, Event.EARLY_SIGN): (State.UP, Effect.NOTHING),
    (State.UP, Event.RETURNED): (State.UP, Effect.NOTHING),
    (State.RETURNING, Event.ANSWERED): (State.RETURNING, Effect.NOTHING),
    (State.RETURNING, Event.FAULT): (State.DOWN, Effect.REST),
    (State.RETURNING, Event.LAST_FAULT): (State.DOWN, Effect.REST),
    (State.RETURNING, Event.WELL): (State.RETURNING, Effect.NOTHING),
    (State.RETURNING, Event.ILL): (State.DOWN, Effect.REST),
    (State.RETURNING, Event.LAST_ILL): (State.DOWN, Effect.REST),
    (State.RETURNING, Event.EARLY_SIGN): (State.RETURNING, Effect.NOTHING),
    (State.RETURNING, Event.RETURNED): (State.UP, Effect.FORGET_ALL),
    (State.DOWN, Event.ANSWERED): (State.RETURNING, Effect.GROW),
    # Requests that were under way when it broke: they say nothing new.
    (State.DOWN, Event.FAULT): (State.DOWN, Effect.NOTHING),
    (State.DOWN, Event.LAST_FAULT): (State.DOWN, Effect.NOTHING),
    (State.DOWN, Event.WELL): (State.RETURNING, Effect.GROW),
    (State.DOWN, Event.ILL): (State.DOWN, Effect.NOTHING),
    (State.DOWN, Event.LAST_ILL): (State.DOWN, Effect.NOTHING),
    (State.DOWN, Event.EARLY_SIGN): (State.DOWN, Effect.NOTHING),
    (State.DOWN, Event.RETURNED): (State.DOWN, Effect.NOTHING),
}

assert set(TABLE) == set(itertools.product(State, Event)), "the table lacks a pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one backend."""

    state: State = State.UP
    faults: int = 0
    """Requests in a row without an answer."""
    ills: int = 0
    """Probes in a row that went wrong."""
    rests: int = 0
    """How often in a row it was put DOWN without coming all the way back."""
    since: float = 0.0
    """When DOWN or RETURNING began."""
    until: float = 0.0
    """When they are over at the earliest."""

    @property
    def is_untroubled(self) -> bool:
        """Whether an answer would change nothing: the usual case, asked for each of them."""
        return self.state is State.UP and not self.faults


def happened(standing: Standing, event: Event, *, now: float) -> Standing:
    """What is known afterwards."""
    standing = settled(standing, now=now)
    state, effect = TABLE[standing.state, _classified(standing, event, now)]
    return _carried_out(replace(standing, state=state), effect, now)


def settled(standing: Standing, *, now: float) -> Standing:
    """What is known once time has passed."""
    if standing.state is not State.RETURNING or now < standing.until:
        return standing
    state, effect = TABLE[standing.state, Event.RETURNED]
    return _carried_out(replace(standing, state=state), effect, now)


def _classified(standing: Standing, event: Event, now: float) -> Event:
    if event is Event.FAULT and standing.faults + 1 >= FAULTS_LIMIT:
        return Event.LAST_FAULT
    if event is Event.ILL and standing.ills + 1 >= ILLS_LIMIT:
        return Event.LAST_ILL
    is_sign = event in (Event.ANSWERED, Event.WELL)
    if is_sign and standing.state is State.DOWN and now < standing.until:
        return Event.EARLY_SIGN
    return event


def _carried_out(standing: Standing, effect: Effect, now: float) -> Standing:
    match effect:
        case Effect.NOTHING:
            return standing
        case Effect.COUNT_FAULT:
            return replace(standing, faults=standing.faults + 1)
        case Effect.FORGET_FAULTS:
            return replace(standing, faults=0)
        case Effect.COUNT_ILL:
            return replace(standing, ills=standing.ills + 1)
        case Effect.FORGET_ILLS:
            return replace(standing, ills=0)
        case Effect.REST:
            return _resting(standing.rests, now)
        case Effect.GROW:
            return replace(standing, since=now, until=now + SLOW_START_S)
    assert effect is Effect.FORGET_ALL, "an effect that is carried out nowhere"
    return Standing()


def _resting(rests: int, now: float) -> Standing:
    # The exponent is bounded too: 2.0 ** 1024 is an OverflowError.
    rest_s = min(REST_LIMIT_S, REST_S * 2.0 ** min(rests, 16))
    return Standing(state=State.DOWN, rests=rests + 1, since=now, until=now + rest_s)


def share(standing: Standing, *, now: float) -> float:
    """The part of its weight that a backend is given now: 0 while it is DOWN, at most 1."""
    if standing.state is State.UP:
        return 1.0
    if standing.state is State.DOWN:
        return 0.0
    return min(1.0, max(FIRST_SHARE, (now - standing.since) / SLOW_START_S))


def least_bad(standings: Sequence[Standing]) -> int:
    """Which of those that are DOWN is asked when there is no other: rule 7."""
    return min(range(len(standings)), key=lambda at: standings[at].until)


class Turns:
    """
    Chooses: the least busy for its weight, and in turn among equals.

    The turns are start-time fair queueing (Goyal, Vin and Cheng 1996): a request moves its
    backend's place on by 1/weight, and nobody's place lies behind that of the last one chosen.
    """

    def __init__(self, count: int) -> None:
        self._places = [0.0] * count
        self._now = 0.0

    def choose(self, weights: Sequence[float], busy: Sequence[int]) -> int | None:
        """
        Whom to ask, or None if nobody has a weight.

        Args:
            weights: as they are now; 0 is not asked.
            busy: how many requests each has under way.
        """
        best = (0.0, 0.0, -1)
        for at, weight in enumerate(weights):
            if weight > 0:
                rank = (busy[at] / weight, max(self._now, self._places[at]), at)
                if best[2] < 0 or rank < best:
                    best = rank
        _, self._now, chosen = best if best[2] >= 0 else (0.0, self._now, -1)
        if chosen < 0:
            return None
        self._places[chosen] = self._now + 1 / weights[chosen]
        return chosen
