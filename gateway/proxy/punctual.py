"""
A browser's connection, as far as time goes: by when it must get on, and what ends it.

`deadlines` looks at every connection once a second. Each state has a limit that a slow drip
cannot stretch; only a slow browser that takes what is sent to it is waited for.
"""

from __future__ import annotations

import abc
import enum
import math

from twisted.internet.protocol import Protocol

from gateway.proxy.deadlines import CLOSE_S, CROWDED_KEEP_ALIVE_S
from gateway.proxy.plane import Exchange, Plane
from gateway.proxy.wire import Wire, unsent_bytes
from gateway.store.table import LiveSession


class State(enum.Enum):
    """What a connection is doing, see the theory of operation."""

    HEAD = "head"
    EXCHANGE = "exchange"
    TUNNEL = "tunnel"
    LINGER = "linger"
    CLOSED = "closed"


class Punctual(Protocol, abc.ABC):
    """What is looked at once a second."""

    transport: Wire  # type: ignore[assignment]  # Twisted says ITransport and means more

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.deadline = 0.0
        self.state = State.HEAD
        self.session: LiveSession | None = None
        self._exchange: Exchange | None = None
        self._buffer = b""
        self._is_between = True  # no byte of the next request has come
        self._is_half_closed = False
        self._body_due = math.inf
        self._unsent = -1

    @abc.abstractmethod
    def close(self) -> None:
        """Close once all is sent."""

    @abc.abstractmethod
    def cut(self) -> None:
        """Tear the connection down."""

    def _expect(self, seconds: float) -> None:
        self.deadline = self.plane.deadlines.now() + seconds

    def _expect_at_most(self, seconds: float) -> None:
        self.deadline = min(self.deadline, self.plane.deadlines.now() + seconds)

    def progress(self, seconds: float) -> None:
        """Something moved: allow this many seconds more, but no drip."""
        self.deadline = min(self.plane.deadlines.now() + seconds, self._body_due)

    def look(self, now: float) -> None:
        """Once a second: is this connection overdue, or its session over?"""
        if self.session is not None and self.session.ended and self._exchange is not None:
            self.cut()
            return
        if self._is_between and self.plane.crowd.is_crowded:
            self.deadline = min(self.deadline, now + CROWDED_KEEP_ALIVE_S)
        if now >= self.deadline and self._is_draining():
            self._expect(CLOSE_S)
        elif now >= self.deadline:
            self._overdue()

    def _overdue(self) -> None:
        if self._is_half_closed:
            self.cut()  # it has gone, or waits for what does not come
        elif self.state in (State.EXCHANGE, State.TUNNEL) and self._exchange is not None:
            self._exchange.overdue()
        elif self.state is State.HEAD and self._buffer:
            self.transport.write(self.plane.failure(408, None, is_persistent=False))
            self.close()
        elif self.state is State.HEAD:
            self.close()
        else:
            self.cut()

    def _is_draining(self) -> bool:
        """Whether a slow browser has taken some of what the kernel holds since the last look."""
        before, self._unsent = self._unsent, unsent_bytes(self.transport)
        return self._unsent > 0 and self._unsent != before
