"""An upgrade of the schema in a process of its own, which is killed in the midst of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.instruments.gateway_process import ROOT


def kill_an_upgrade(path: Path, schema: Path, before: bytes, *, after_s: float) -> None:
    """Lay the old database again, begin the upgrade, and kill it so long after it has begun."""
    path.write_bytes(before)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.store.opener", str(path), str(schema), "0"]
    upgrading = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert upgrading.stdout is not None
    with upgrading.stdout as told:
        told.read(1)
        try:
            upgrading.wait(after_s)
        except subprocess.TimeoutExpired:
            os.kill(upgrading.pid, signal.SIGKILL)
    upgrading.wait()
