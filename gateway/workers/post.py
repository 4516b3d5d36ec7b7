"""
One worker's place: whoever fills it is started, briefed, watched, and replaced.

Theory of operation.

    EMPTY     nobody is there; a timer will start the next one
    STARTING  the process was started, and is told the sessions; it serves nobody yet
    SERVING   it takes connections; it is asked every second how it is
    LEAVING   it was told to end, and is waited for

Whatever goes wrong in STARTING or SERVING has one answer: the process is killed, and its end
leads to EMPTY. A worker whose line is broken is killed at once: it cannot be told of a
sign-out any more (it ends by itself, too).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.rules.respawn import deaths_in_row, pause_s
from gateway.workers import words
from gateway.workers.overseer import Overseer

START_LOOKS = 60
"""Looks, one a second, until it serves: two, on a machine that is not overloaded. Time is
counted in looks, so that a main process that was stuck itself blames nobody for it."""

SILENT_LOOKS = 5
"""A worker that does not answer for so long serves nobody either: it is replaced."""

LEAVE_LIMIT_S = 5.0
"""For a worker to end in good order."""


class State(enum.Enum):
    """What is the case at this post, see the theory of operation."""

    EMPTY = "empty"
    STARTING = "starting"
    SERVING = "serving"
    LEAVING = "leaving"


class Hired(Protocol):
    """A process that was started."""

    def kill(self) -> None:
        """End it at once."""

    def abort(self) -> None:
        """End it, but let it say where it was stuck."""


class Hire(Protocol):
    """Starts a process."""

    def __call__(self, number: int, line: Overseer, ended: Callable[[str], None]) -> Hired:
        """Start; `ended` is called once, with how it ended, when it has."""
        ...


class Post:
    """One place."""

    log = Logger()

    def __init__(
        self, number: int, *, clock: IReactorTime, hire: Hire, make_line: Callable[[], Overseer]
    ) -> None:
        self.number = number
        self.state = State.EMPTY
        self.connections = 0
        """As of the last time when it was asked."""
        self.line: Overseer | None = None
        self._clock = clock
        self._hire = hire
        self._make_line = make_line
        self._hired: Hired | None = None
        self._begun = 0.0
        self._deaths = 0
        self._next: IDelayedCall | None = None
        self._is_asked = False
        self._looks = 0
        self._gone: Deferred[None] | None = None

    def fill(self) -> None:
        """Start a worker."""
        self._next = None
        self.state = State.STARTING
        self._begun = self._clock.seconds()
        self._is_asked = False
        self._looks = 0
        line = self.line = self._make_line()
        line.on_lost = self._line_lost
        self._hired = self._hire(self.number, line, self._ended)
        briefing = Deferred.fromCoroutine(self._brief(line))
        briefing.addErrback(self._failed, line)

    async def _brief(self, line: Overseer) -> None:
        await line.brief()
        await line.callRemote(words.Serve)
        if self.state is State.STARTING:
            self.state = State.SERVING
            self.log.info("worker {number} serves", number=self.number, event="worker.serves")

    def look(self) -> None:
        """Once a second: how is it?"""
        if self.state is State.STARTING:
            self._count_look(START_LOOKS, "it does not begin to serve")
        elif self.state is State.SERVING and self._is_asked:
            self._count_look(SILENT_LOOKS, "it does not answer")
        elif self.state is State.SERVING and self.line is not None:
            self._is_asked = True
            self._looks = 0
            asking = self.line.callRemote(words.Ping)
            asking.addCallback(self._is_well)
            asking.addErrback(self._failed, self.line)

    def _count_look(self, limit: int, why: str) -> None:
        self._looks += 1
        if self._looks == limit and self._hired is not None:
            self._tell_failure(why)
            self._hired.abort()

    def _is_well(self, answer: dict[str, int]) -> None:
        self._is_asked = False
        self.connections = answer["connections"]

    def _failed(self, failure: Failure, line: Overseer) -> None:
        """Only for the worker that this was about: there may be another one by now."""
        is_theirs = line is self.line and self.state in (State.STARTING, State.SERVING)
        if is_theirs and self._hired is not None:
            self._tell_failure(repr(failure.value))
            self._hired.kill()

    def _tell_failure(self, why: str) -> None:
        self.log.error(
            "worker {number} is ended: {why}", number=self.number, why=why, event="worker.failed"
        )

    def _line_lost(self) -> None:
        if self.state in (State.STARTING, State.SERVING) and self._hired is not None:
            self._hired.kill()

    def _ended(self, how: str) -> None:
        was_leaving, self.state = self.state is State.LEAVING, State.EMPTY
        self._hired = self.line = None
        self.connections = 0
        gone, self._gone = self._gone, None
        if was_leaving:
            if gone is not None:
                gone.callback(None)
            return
        lived_s = self._clock.seconds() - self._begun
        self._deaths = deaths_in_row(self._deaths, lived_s=lived_s)
        wait_s = pause_s(self._deaths)
        self.log.error(
            "worker {number} has ended ({how}); the next one starts in {wait_s} s",
            number=self.number,
            how=how,
            wait_s=wait_s,
            event="worker.ended",
        )
        self._next = self._clock.callLater(wait_s, self.fill)

    async def leave(self) -> None:
        """Have the worker end, and wait for it; nobody comes after it."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        hired, line, was = self._hired, self.line, self.state
        if hired is None or line is None:
            return
        self.state = State.LEAVING
        gone = self._gone = Deferred()
        backstop = self._clock.callLater(LEAVE_LIMIT_S, hired.kill)
        if was is State.SERVING:
            line.callRemote(words.Leave).addErrback(lambda _: hired.kill())
        else:
            hired.kill()
        await gone
        if backstop.active():
            backstop.cancel()
