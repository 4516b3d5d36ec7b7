"""Programs that the benchmark starts: each is waited for, and each is ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_LIMIT_S = 120.0
"""A gateway that takes up a million sessions needs a while."""

STOP_LIMIT_S = 10.0
LOOK_AGAIN_S = 0.05


class NotHereError(Exception):
    """It cannot be run on this machine; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a program is started, and how to see that it has."""

    arguments: Sequence[str]
    port: int
    """It is there when this port of 127.0.0.1 accepts."""
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One running program."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._log = command.directory / f"{Path(command.arguments[0]).name}-{command.port}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command.arguments,
                cwd=command.directory,
                env={**os.environ, **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours; we end them in order
            )
        self.pid = self._process.pid

    def wait_until_there(self) -> None:
        """
        Return when it accepts connections.

        Raises:
            NotHereError: it ended, or took too long; the text has its last words.
        """
        deadline = time.monotonic() + START_LIMIT_S
        while not _accepts(self._command.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotHereError(f"it does not start: {self._last_words()}")
            time.sleep(LOOK_AGAIN_S)

    def end(self) -> None:
        """Ask it to end, then see to it."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_LIMIT_S)
                return

    def _last_words(self) -> str:
        said = self._log.read_text(errors="replace").strip().splitlines()
        last = " / ".join(said[-3:]) or "it says nothing"
        return last.replace(f"{self._command.directory}/", "")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def first_line(*arguments: str) -> str:
    """What a program says about its version."""
    done = subprocess.run(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return (done.stdout.strip().splitlines() or [""])[0]
