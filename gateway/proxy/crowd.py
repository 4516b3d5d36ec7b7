"""
Counts who is here: `rules.admission` decides, this remembers.

Buckets are kept in two generations, so that nothing has to be looked through: an address that
was quiet for a whole generation has a full bucket anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from twisted.logger import Logger

from gateway.rules.admission import (
    BURST_S,
    Bucket,
    Limits,
    is_crowded,
    may_enter,
    network_of,
    take,
)

SAY_EVERY_S = 60.0
"""A crowd is told of once a minute, not once a connection."""


class Crowd:
    """The connections of all listeners, and the requests of strangers."""

    log = Logger()

    def __init__(self, limits: Limits, *, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._total = 0
        self._all: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}
        self._older: dict[str, Bucket] = {}
        self._turned = now()
        self._said = float("-inf")

    @property
    def is_crowded(self) -> bool:
        """Whether room must be made."""
        return is_crowded(self._limits, total=self._total)

    def enter(self, address: str) -> bool:
        """A connection came: count it, unless there is no room for it."""
        network = network_of(address)
        if not may_enter(
            self._limits,
            total=self._total,
            # Over a UNIX socket nobody has an address: those are many people.
            of_address=self._all[network] if network else 0,
            strangers=self._strangers[network] if network else 0,
        ):
            self._say(address)
            return False
        self._total += 1
        self._all[network] += 1
        self._strangers[network] += 1
        return True

    def known(self, address: str) -> None:
        """Somebody is signed in on one of the address's connections."""
        _less(self._strangers, network_of(address))

    def leave(self, address: str, *, was_known: bool) -> None:
        """A counted connection has gone."""
        network = network_of(address)
        self._total -= 1
        _less(self._all, network)
        if not was_known:
            _less(self._strangers, network)

    def wait_s(self, address: str) -> float:
        """How long a stranger at this address must wait for the next request; 0 = come in."""
        if not address:
            return 0.0
        now = self._now()
        if now - self._turned > BURST_S:
            self._buckets, self._older, self._turned = {}, self._buckets, now
        network = network_of(address)
        before = self._buckets.get(network) or self._older.get(network)
        self._buckets[network], wait = take(before, self._limits, now=now)
        return wait

    def _say(self, address: str) -> None:
        now = self._now()
        if now - self._said < SAY_EVERY_S:
            return
        self._said = now
        self.log.warn(
            "no room for a connection from {address}: {total} are open, {here} of them from "
            "there; see [listen] connections and connections_per_address",
            address=address,
            total=self._total,
            here=self._all[network_of(address)],
            event="crowd.refused",
        )


def _less(counter: Counter[str], key: str) -> None:
    """One less, and nothing kept of those who have gone."""
    if counter[key] <= 1:
        del counter[key]
    else:
        counter[key] -= 1
