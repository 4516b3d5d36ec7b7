"""Worker processes of a test's own: they live in memory, and die on demand."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.test.iosim import IOPump, connectedServerAndClient

from gateway.store.replica import Replica
from gateway.workers.deputy import Deputy
from gateway.workers.overseer import Overseer
from tests.store.bench import LIMITS
from tests.workers.line import Line, Orders


class Process:
    """A worker process of the test's own; `is_stuck` ones never take up their line."""

    def __init__(
        self, house: Line, line: Overseer, ended: Callable[[str], None], *, is_stuck: bool
    ) -> None:
        self.orders = Orders()
        self.replica = Replica(clock=house.clock, limits=LIMITS)
        self.signals: list[str] = []
        self._ended = ended
        self._is_dead = False
        self._line = line
        self.wire: IOPump | None = None
        if is_stuck:
            line.makeConnection(StringTransport())
            return
        deputy = Deputy(self.replica, self.orders)
        self.wire = connectedServerAndClient(lambda: line, lambda: deputy, clock=house.clock)[2]

    def turn(self) -> None:
        """Let both ends hear each other."""
        if self.wire is not None:
            self.wire.flush()

    def kill(self) -> None:
        """By force."""
        self.signals.append("kill")
        self.die()

    def abort(self) -> None:
        """By force, with a last word."""
        self.signals.append("abort")
        self.die()

    def die(self) -> None:
        """It is gone."""
        if self._is_dead:
            return
        self._is_dead = True
        if self.wire is None:
            self._line.connectionLost(Failure(ConnectionDone()))
        elif self._line.transport is not None:
            self._line.transport.loseConnection()
            self.wire.flush()
        self._ended("killed")


class Agency:
    """Starts processes, and remembers them."""

    def __init__(self, house: Line) -> None:
        self.house = house
        self.hired: list[Process] = []
        self.is_stuck = False

    def __call__(self, number: int, line: Overseer, ended: Callable[[str], None]) -> Process:
        """Start one."""
        process = Process(self.house, line, ended, is_stuck=self.is_stuck)
        self.hired.append(process)
        return process

    def turn(self) -> None:
        """Let everybody hear."""
        for each in self.hired:
            each.turn()
