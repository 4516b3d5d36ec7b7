"""Processes of one account that write their logs into one directory and are ended in order."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

START_LIMIT_S = 60.0
STOP_LIMIT_S = 5.0
LOOK_AGAIN_S = 0.05

PACKAGE_ACCOUNT = "sogo"
"""Made by Debian's package; nobody else may read `/etc/sogo`, which the daemon insists on."""

POSTGRESQL = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version, away from PATH."""


class Children:
    """The processes of one groupware."""

    def __init__(self, directory: Path) -> None:
        self.account = pwd.getpwnam(PACKAGE_ACCOUNT)
        self._directory = directory
        self._running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def own(self) -> None:
        """Give everything in the directory to the account."""
        for path in (self._directory, *self._directory.rglob("*")):
            shutil.chown(path, self.account.pw_uid, self.account.pw_gid)

    def run(self, *command: str) -> None:
        """
        Run a program to its end.

        Raises:
            AssertionError: it failed; the text is what all of them have printed.
        """
        if not self.succeeds(*command):
            raise AssertionError(f"{command[0]} failed:\n{self.log_text()}")

    def succeeds(self, *command: str) -> bool:
        """Run a program to its end; whether it succeeded."""
        with (self._directory / "set-up.log").open("ab") as log:
            return self._popen(command, log).wait(START_LIMIT_S) == 0

    def spawn(self, *command: str, ends_by: signal.Signals = signal.SIGTERM) -> None:
        """Start a program that stays, until that signal."""
        with (self._directory / f"{command[0]}.log").open("wb") as log:
            self._running.append((self._popen(command, log), ends_by))

    def wait_until(self, is_there: Callable[[], bool], *, what: str) -> None:
        """Look again and again, as long as all processes live."""
        deadline = time.monotonic() + START_LIMIT_S
        while not is_there():
            is_broken = any(child.poll() is not None for child, _ in self._running)
            if is_broken or time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come up:\n{self.log_text()}")
            time.sleep(LOOK_AGAIN_S)

    def close(self) -> None:
        """End them, the last started first; by force after 5 s each."""
        while self._running:
            child, ends_by = self._running.pop()
            child.send_signal(ends_by)
            try:
                child.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def log_text(self) -> str:
        """All that they have printed so far."""
        logs = sorted(self._directory.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')}" for log in logs)

    def _popen(self, command: tuple[str, ...], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [_path(command[0]), *command[1:]],
            cwd=self._directory,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self._directory)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we end them in order
            user=self.account.pw_uid,
            group=self.account.pw_gid,
            extra_groups=(),
        )


def _path(program: str) -> str:
    versions = sorted(POSTGRESQL.glob("*/bin"), key=lambda path: int(path.parent.name))
    places = [*map(str, reversed(versions)), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    found = shutil.which(program, path=os.pathsep.join(places))
    assert found is not None, f"{program} is not installed"
    return found
