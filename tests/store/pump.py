"""Runs coroutines of a store to their end without a reactor."""

from __future__ import annotations

import queue
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import Clock
from twisted.python.failure import Failure

T = TypeVar("T")

PATIENCE_S = 30.0
"""No test waits for so long: reaching it means that an answer never came."""


class Pump:
    """Stands in for the reactor: runs what the store's thread hands over, in this thread."""

    def __init__(self) -> None:
        self.clock = Clock()
        """What wants the reactor to turn first, asks this clock for no time at all."""
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def from_thread(self, call: Callable[[], None]) -> None:
        """What `reactor.callFromThread` does for the service."""
        self._calls.put(call)

    def turn(self) -> None:
        """Run what is due, or wait for one call and run it."""
        if any(each.getTime() <= self.clock.seconds() for each in self.clock.getDelayedCalls()):
            self.clock.advance(0)
            return
        self._calls.get(timeout=PATIENCE_S)()

    def run(self, coroutine: Coroutine[Deferred[object], object, T]) -> T:
        """What the coroutine returns or raises."""
        [outcome] = self.outcomes([coroutine])
        if isinstance(outcome, Failure):
            outcome.raiseException()
        return outcome

    def outcomes(
        self, coroutines: Iterable[Coroutine[Deferred[object], object, T]]
    ) -> list[T | Failure]:
        """What each of them returned or how it failed; all run at once."""
        deferreds = [Deferred.fromCoroutine(each) for each in coroutines]
        found: list[list[tuple[bool, T]]] = []
        DeferredList(deferreds, consumeErrors=True).addCallback(found.append)
        while not found:
            self.turn()
        return [outcome for _, outcome in found[0]]
