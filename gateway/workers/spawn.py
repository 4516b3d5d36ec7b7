"""
Starts a worker process, and brings its log into ours.

What it inherits, and nothing else: the line (descriptor 3), the listening sockets (from 4
on), a pipe on which it reads its settings, and one for its log, an event a line. The
settings are those that this process was started with: the file may have changed since.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet import error
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import Factory, ProcessProtocol
from twisted.logger import LogEvent, Logger, eventFromJSON, globalLogPublisher
from twisted.python.failure import Failure

from gateway.config import Config
from gateway.workers.overseer import Overseer

LINE_FD = 3
"""The worker's end of the line; listening sockets follow."""

ABORT_S = 1.0
"""For a stuck worker to write down where it is stuck, before it is killed."""

LOG_LINE_BYTES = 1024 * 1024
"""A longer line of a worker's log is no event of ours."""


class Hiring:
    """Starts processes that serve by one configuration."""

    def __init__(
        self, reactor: Any, config: Config, descriptors: Sequence[tuple[str, int]], *, module: str
    ) -> None:
        self._reactor = reactor
        self._settings = pickle.dumps(config)
        self._keys = [key for key, _ in descriptors]
        self._descriptors = [each for _, each in descriptors]
        self._module = module

    def __call__(self, number: int, line: Overseer, ended: Callable[[str], None]) -> WorkerProcess:
        """See `post.Hire`."""
        ours, theirs = socket.socketpair()
        with ours, theirs:  # each process has a copy of its end
            process = WorkerProcess(number, self._reactor, ended)
            inherited = (theirs.fileno(), *self._descriptors)
            self._reactor.spawnProcess(
                process,
                sys.executable,
                [sys.executable, "-P", "-m", self._module, str(number), *self._keys],
                env=environment(),
                childFDs={0: "w", 1: "r", 2: "r"}
                | {LINE_FD + place: each for place, each in enumerate(inherited)},
            )
            ours.setblocking(False)  # noqa: FBT003 - the library's own
            factory = Factory.forProtocol(lambda: line)
            factory.noisy = False
            self._reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, factory)
        process.instruct(self._settings)
        return process


def environment() -> dict[str, str]:
    """Ours, and the modules from where we have them: `-P` keeps the directory out of it."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}


def with_cause(event: LogEvent) -> LogEvent:
    """An event of a worker's log with its failure in words: JSON would lose what it says."""
    failure = event.get("log_failure")
    if failure is None:
        return event
    kept = {name: value for name, value in event.items() if name != "log_failure"}
    cause = failure.getTraceback().rstrip()
    return kept | {"log_format": f"{event.get('log_format') or ''}\n{{cause}}", "cause": cause}


class WorkerProcess(ProcessProtocol):
    """One process, as the reactor tells of it."""

    log = Logger()
    transport: IProcessTransport

    def __init__(self, number: int, clock: Any, ended: Callable[[str], None]) -> None:
        self._number = number
        self._clock = clock
        self._has_ended = ended
        self._out = b""
        self._err = b""
        self._killing: IDelayedCall | None = None

    def instruct(self, settings: bytes) -> None:
        """Hand the settings over."""
        self.transport.writeToChild(0, settings)
        self.transport.closeChildFD(0)

    def kill(self) -> None:
        """See `post.Hired.kill`."""
        self._signal(signal.SIGKILL)

    def abort(self) -> None:
        """See `post.Hired.abort`: its faulthandler writes the stack of every thread."""
        self._signal(signal.SIGABRT)
        if self._killing is None:
            self._killing = self._clock.callLater(ABORT_S, self.kill)

    def _signal(self, number: signal.Signals) -> None:
        try:
            self.transport.signalProcess(int(number))
        except error.ProcessExitedAlready:
            self.log.debug("worker {number} had ended already", number=self._number)

    # What the reactor tells

    def outReceived(self, data: bytes) -> None:
        """Events of its log."""
        *lines, self._out = (self._out + data).split(b"\n")
        if len(self._out) > LOG_LINE_BYTES:
            self._out = b""
        for each in lines:
            self._log_event(each)

    def _log_event(self, line: bytes) -> None:
        try:
            event: object = eventFromJSON(line.decode("utf-8"))
        except ValueError:
            event = None
        if isinstance(event, dict):
            globalLogPublisher({**event, "worker": self._number})
        else:
            self._log_words(line)

    def errReceived(self, data: bytes) -> None:
        """What Python itself has to say: warnings, and the stack of an aborted process."""
        *lines, self._err = (self._err + data).split(b"\n")
        self._err = self._err[-LOG_LINE_BYTES:]
        for each in lines:
            self._log_words(each)

    def _log_words(self, line: bytes) -> None:
        self.log.warn(
            "worker {number}: {line!r}", number=self._number, line=line.decode("utf-8", "replace")
        )

    def processEnded(self, reason: Failure) -> None:
        """It is gone, and all that it said was read."""
        if self._killing is not None and self._killing.active():
            self._killing.cancel()
        if self._err:
            self._log_words(self._err)
        self._has_ended(reason.getErrorMessage())
