"""
Who is in the midst of a TLS handshake: the time it may take, and how many there may be.

One timer for all of them, for the oldest. Bytes that drip in do not renew it.
"""

from __future__ import annotations

from typing import Any, Protocol

from gateway.sockets.ends import Loop


class Newcomer(Protocol):
    """A connection that is not yet trusted with more than a handshake."""

    def abortConnection(self) -> None:
        """Tear it down."""


class Handshakes:
    """The handshakes of one listener."""

    def __init__(self, loop: Loop, *, limit_s: float, most: int | None = None) -> None:
        """
        Keep time for newcomers.

        Args:
            loop: tells the time.
            limit_s: from the connection to the end of the handshake.
            most: at a time; with more, the oldest has to go. None = as many as come.
        """
        self._loop = loop
        self._limit_s = limit_s
        self._most = most
        self._begun: dict[Newcomer, float] = {}
        self._timer: Any = None

    def __len__(self) -> int:
        return len(self._begun)

    def begin(self, newcomer: Newcomer) -> None:
        """A connection came."""
        self._begun[newcomer] = self._loop.seconds()
        if self._timer is None:
            self._timer = self._loop.callLater(self._limit_s, self._look)
        if self._most is not None and len(self._begun) > self._most:
            next(iter(self._begun)).abortConnection()  # it says `end` in doing so

    def end(self, newcomer: Newcomer) -> None:
        """The handshake is done, or the connection is gone. May be said twice."""
        self._begun.pop(newcomer, None)
        if not self._begun and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        overdue = self._loop.seconds() - self._limit_s
        for newcomer in [each for each, begun in self._begun.items() if begun <= overdue]:
            newcomer.abortConnection()
        if self._begun:
            oldest = next(iter(self._begun.values()))
            self._timer = self._loop.callLater(max(0.0, oldest - overdue), self._look)
