"""What a worker process says comes into the one log, and what is stuck is ended."""

from __future__ import annotations

import pickle
import signal
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel, capturedLogs, eventAsJSON, formatEvent
from twisted.python.failure import Failure

from gateway.config import Config, load
from gateway.errors import ConfigError
from gateway.workers.spawn import (
    ABORT_S,
    LOG_LINE_BYTES,
    WorkerProcess,
    environment,
    with_cause,
)
from tests.instruments.gateway_process import GatewayProcess, Setup


class Handle:
    """A process as the reactor has it."""

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.is_gone = False
        self.said: dict[int, bytes] = {}

    def signalProcess(self, number: int) -> None:  # noqa: N802 - Twisted's name
        """A signal."""
        if self.is_gone:
            raise ProcessExitedAlready
        self.signals.append(number)

    def writeToChild(self, descriptor: int, data: bytes) -> None:  # noqa: N802
        """To one of its pipes."""
        self.said[descriptor] = self.said.get(descriptor, b"") + data

    def closeChildFD(self, descriptor: int) -> None:  # noqa: N802
        """No more."""
        self.said[descriptor] += b"."


@pytest.fixture
def clock() -> Clock:
    """The main process's clock."""
    return Clock()


@pytest.fixture
def ended() -> list[str]:
    """How it ended."""
    return []


@pytest.fixture
def handle() -> Handle:
    """What the reactor started."""
    return Handle()


@pytest.fixture
def process(clock: Clock, ended: list[str], handle: Handle) -> WorkerProcess:
    """Worker 3."""
    process = WorkerProcess(3, clock, ended.append)
    process.transport = cast("IProcessTransport", handle)
    return process


def logged(text: str, **fields: object) -> bytes:
    """A line of a worker's log."""
    with capturedLogs() as seen:
        Logger(namespace="gateway.there").warn(text, **fields)
    return eventAsJSON(seen[0]).encode() + b"\n"


def test_events_come_into_our_log(process: WorkerProcess) -> None:
    """An event keeps its level, its place and its words, and says which worker it was."""
    line = logged("refused {peer}", peer="192.0.2.7")

    with capturedLogs() as seen:
        process.outReceived(line[:10])
        process.outReceived(line[10:] + b"")

    [event] = seen
    assert "refused 192.0.2.7" == formatEvent(event)
    assert (LogLevel.warn, "gateway.there", 3) == (
        event["log_level"],
        event["log_namespace"],
        event["worker"],
    )


def test_failures_come_with_their_cause(process: WorkerProcess) -> None:
    """What went wrong in a worker is told with the error itself."""
    with capturedLogs() as seen:
        Logger().failure("working on {what}", Failure(RuntimeError("a broken thing")), what="x")
    line = eventAsJSON(with_cause(seen[0])).encode() + b"\n"

    with capturedLogs() as here:
        process.outReceived(line)

    text = formatEvent(here[0])
    assert text.startswith("working on x\n")
    assert "RuntimeError: a broken thing" in text


@pytest.mark.parametrize("line", [b"no event\n", b"\xff\n", b'"text"\n', b"[1]\n"])
def test_other_words_are_quoted(process: WorkerProcess, line: bytes) -> None:
    """Whatever else a worker prints is a warning, quoted, on one line of the log."""
    with capturedLogs() as seen:
        process.outReceived(line)

    assert LogLevel.warn is seen[0]["log_level"]
    assert "\n" not in formatEvent(seen[0])


def test_last_words_are_kept(process: WorkerProcess, ended: list[str]) -> None:
    """The stack that an aborted worker writes down is in the log, also its last half line."""
    with capturedLogs() as seen:
        process.errReceived(b'Fatal Python error: Aborted\n  File "x.py", line 1')
        process.processEnded(Failure(ProcessTerminated(signal=signal.SIGABRT)))

    assert ["Fatal Python error: Aborted", '  File "x.py", line 1'] == [e["line"] for e in seen]
    assert "signal 6" in ended[0]


def test_an_endless_line_is_not_kept(process: WorkerProcess) -> None:
    """A worker that prints without end does not fill the main process's memory."""
    for _ in range(3):
        process.outReceived(b"x" * LOG_LINE_BYTES)
        process.errReceived(b"x" * LOG_LINE_BYTES)

    assert len(process._out) <= LOG_LINE_BYTES
    assert len(process._err) <= LOG_LINE_BYTES


def test_who_is_stuck_is_aborted_then_killed(
    process: WorkerProcess, handle: Handle, clock: Clock
) -> None:
    """A stuck worker has a moment to write down where, then it is ended."""
    process.abort()
    process.abort()
    assert [signal.SIGABRT, signal.SIGABRT] == handle.signals

    clock.advance(ABORT_S)

    assert signal.SIGKILL == handle.signals[-1]


def test_the_dead_are_not_killed(
    process: WorkerProcess, handle: Handle, clock: Clock, ended: list[str]
) -> None:
    """A worker that has ended gets no signal: its number may be somebody else's by now."""
    process.abort()
    process.processEnded(Failure(ProcessTerminated(signal=signal.SIGABRT)))
    handle.is_gone = True

    clock.advance(ABORT_S)
    process.kill()

    assert [signal.SIGABRT] == handle.signals
    assert 1 == len(ended)


def test_settings_are_handed_over(process: WorkerProcess, handle: Handle) -> None:
    """A worker reads its settings to the end of a pipe."""
    process.instruct(b"settings")

    assert {0: b"settings."} == handle.said


def test_a_worker_finds_our_modules() -> None:
    """It has our environment, and the modules from where we have them."""
    assert str(Path(__file__).parents[2]) in environment()["PYTHONPATH"].split(":")


def config_with(workers: object) -> Config:
    """A configuration that says so."""
    gateway = GatewayProcess(
        Setup(backend="http://127.0.0.1:1", extra={"listen": {"workers": workers}})
    )
    try:
        return load(gateway.config)
    finally:
        gateway.close()


def test_every_setting_can_be_handed_over() -> None:
    """What the main process was started with reaches its workers unchanged."""
    config = config_with(2)

    assert config == pickle.loads(pickle.dumps(config))
    assert 2 == config.listen.workers


@pytest.mark.parametrize("workers", [0, -1, 65, 1.5, "2", True])
def test_a_wrong_number_of_workers_is_refused(workers: object) -> None:
    """The number of workers is a whole one from 1 to 64."""
    with pytest.raises(ConfigError, match=r"\[listen\] workers"):
        config_with(workers)
