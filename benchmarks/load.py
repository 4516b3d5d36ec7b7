"""
The load: wrk, one thread of it, on the core that is not the proxy's.

`load.lua` sends what `browsing.py` has written and prints what came back as JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import NotHereError, first_line

SCRIPT = Path(__file__).parent / "load.lua"
PATIENCE_S = 30.0
"""For wrk to end after its time."""


class LoadError(Exception):
    """What came back is no measurement; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run of wrk saw."""

    requests: int
    seconds: float
    bytes: float
    p50_ms: float
    p99_ms: float
    refused: int
    """Answers that were not 2xx or 3xx."""
    broken: int
    """Connections that failed, and answers that did not come in time."""


def version() -> str:
    """
    Which wrk it is.

    Raises:
        NotHereError: there is none.
    """
    if shutil.which("wrk") is None:
        raise NotHereError("wrk is not installed (Debian: wrk)")
    return first_line("wrk", "--version").partition("Copyright")[0].strip()


def put(url: str, pool: Path, *, connections: int, seconds: int) -> Outcome:
    """
    Keep so many connections busy for so long.

    Raises:
        LoadError: requests were refused or broken.
    """
    arguments = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=10s"]
    arguments += [f"--script={SCRIPT}", url, "--", str(pool), str(time.time_ns() // 1_000_000)]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=seconds + PATIENCE_S
    )
    return read(done.stdout)


def read(printed: str) -> Outcome:
    """
    The JSON line among what wrk prints.

    Raises:
        LoadError: there is none, or it tells of requests that failed.
    """
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    if not lines:
        raise LoadError(f"wrk says: {printed.strip()[-200:]}")
    outcome = Outcome(**json.loads(lines[-1]))
    if outcome.refused or outcome.broken:
        raise LoadError(
            f"{outcome.refused} of {outcome.requests} answers were refusals, "
            f"{outcome.broken} connections broke"
        )
    return outcome
