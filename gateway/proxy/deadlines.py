"""
One coarse wheel for the time limits of all connections.

A timer per request would cost more than the request's own work. So each connection writes
down when it must have got on (`deadline`, seconds on the monotonic clock), and once a
second all are looked at. A limit is therefore kept to within one second.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

LOOK_EVERY_S = 1.0

HEADER_S = 10.0
"""For a whole request head, from its first byte: a drip cannot stretch it."""

KEEP_ALIVE_S = 75.0
"""For the next request to begin: what nginx allows, more than browsers reuse."""

BODY_GRACE_S = 60.0
BODY_LEAST_BYTES_PER_S = 1024
"""A request's body may be slow, a drip may not: on average so much, after a first minute."""

CROWDED_KEEP_ALIVE_S = 2.0
"""What is left of it while most connections are in use."""

HALF_CLOSED_S = 3.0
"""For the answer to begin when a client in the clear has ended its half. Mostly it has gone, and
the app need not work on for nobody; who half-closes on purpose (nc, scripts) wants it soon."""

CLOSE_S = 5.0
"""For the other side to take our goodbye; then the socket is torn down."""

LINGER_S = 30.0
"""For the rest of a request after an early answer. A browser whose half-written mail with
attachments meets the sign-in page shows that page only once all was sent, and sends all again."""


class Timed(Protocol):
    """A connection that must get on."""

    deadline: float

    def cut(self) -> None:
        """Tear the connection down."""
        ...

    def look(self, now: float) -> None:
        """Called once a second: cut what may not live on."""
        ...


class Deadlines:
    """Looks at every open connection once a second."""

    def __init__(self, clock: IReactorTime) -> None:
        self.now = clock.seconds
        self._open: set[Timed] = set()
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """Begin to look."""
        self._looking.start(LOOK_EVERY_S, now=False).addErrback(lambda why: why.raiseException())

    def stop(self) -> None:
        """Look no more; what is open stays open."""
        if self._looking.running:
            self._looking.stop()

    def watch(self, connection: Timed) -> None:
        """Look at this connection from now on."""
        self._open.add(connection)

    def forget(self, connection: Timed) -> None:
        """The connection is closed."""
        self._open.discard(connection)

    def __len__(self) -> int:
        return len(self._open)

    def connections(self) -> tuple[Timed, ...]:
        """All that are open now."""
        return tuple(self._open)

    def _look(self) -> None:
        now = self.now()
        for connection in tuple(self._open):
            connection.look(now)
