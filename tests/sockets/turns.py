"""A lane that a test turns by hand, on a clock of the test's own, with real sockets."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.sockets.lane import Lane

PATIENCE_S = 10.0
"""Real time, before a test gives up on what should come at once."""


KERNEL_BYTES = 128 * 1024
"""What the kernel keeps for a client that does not read; it would be megabytes otherwise."""


@implementer(IReactorFDSet)
class Turns(Clock):
    """A reactor of two parts: a clock that stands still, and whom it would watch."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: list[Any] = []
        self.peers: list[socket.socket] = []
        """Those that the test plays itself."""
        self.connections: list[Any] = []
        self.lane = Lane(self)
        self.lane.start()

    def seconds(self) -> float:
        """Stands still, all but: a lane that is kept busy for ever must still end its turn."""
        self.rightNow += 1e-6
        return self.rightNow

    def addReader(self, reader: object) -> None:  # noqa: N802 - Twisted's name
        """Watch."""
        self.watched.append(reader)

    def removeReader(self, reader: object) -> None:  # noqa: N802 - Twisted's name
        """Watch no more."""
        self.watched.remove(reader)

    addWriter = addReader  # noqa: N815 - Twisted's name
    removeWriter = removeReader  # noqa: N815 - Twisted's name

    def removeAll(self) -> list[Any]:  # noqa: N802 - Twisted's name
        """Watch nothing."""
        gone, self.watched = self.watched, []
        return gone

    def getReaders(self) -> list[Any]:  # noqa: N802 - Twisted's name
        """Tell who is watched."""
        return self.watched

    getWriters = getReaders  # noqa: N815 - Twisted's name

    def turn(self) -> None:
        """What is due, and what is ready now."""
        self.advance(0)
        self.lane.doRead()

    def until(self, condition: Callable[[], object]) -> None:
        """Turn until something is so."""
        patience = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < patience, "it does not come about"
            self.turn()
            peers = [each.fileno() for each in self.peers if each.fileno() >= 0]
            select.select([self.lane.fileno(), *peers], [], [], 0.001)

    def end(self) -> None:
        """Close all that a test has left."""
        for each in self.connections:
            each.connectionLost(Failure(ConnectionAborted()))
        self.lane.stop()
        for each in self.peers:
            each.close()


class Ear(Protocol):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard = b""
        self.why: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        """Remember."""
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Remember how it ended."""
        assert self.why is None, "it ends once"
        self.why = reason


class Producer:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        """Remember."""
        self.told.append("pause")

    def resumeProducing(self) -> None:
        """Remember."""
        self.told.append("resume")

    def stopProducing(self) -> None:
        """Remember."""
        self.told.append("stop")


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection on loopback, the accepted one first; the kernel keeps little."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        ours = socket.socket()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
        ours.connect(listening.getsockname())
        theirs, _ = listening.accept()
    ours.setblocking(False)  # noqa: FBT003 - the standard library's
    return theirs, ours
