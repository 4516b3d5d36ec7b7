"""
The machine: which cores are whose, and what a process has cost it.

The proxy under test has one core to itself, load and app share another, so that a proxy is
never slowed by the very load it is measured with. Costs are read from /proc and are those of
whole process trees: a master and its workers, a runtime and its threads.
"""

from __future__ import annotations

import contextlib
import os
import platform
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Who runs where."""

    proxy: frozenset[int]
    load: frozenset[int]

    @property
    def are_apart(self) -> bool:
        """Whether there were two to give."""
        return self.proxy.isdisjoint(self.load)


@cache
def cores() -> Cores:
    """
    The first core we may use for the proxy, the second for load and app; one for both.

    Asked once, before this process has moved to one of them.
    """
    ours = sorted(os.sched_getaffinity(0))
    return Cores(proxy=frozenset(ours[:1]), load=frozenset(ours[1:2] or ours[:1]))


@contextlib.contextmanager
def running_on(wanted: frozenset[int]) -> Iterator[None]:
    """What is started in here inherits these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_descriptor_limit() -> int:
    """As many descriptors as we may have, for us and for whatever we start; how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        for children in (PROC / str(each) / "task").glob("*/children"):
            waiting += [int(child) for child in _read(children).split()]
    return found


def cpu_s(pid: int) -> float:
    """Seconds on a core that the process, its threads and its descendants have had so far."""
    runs = (
        int(_read(thread).split()[0] or 0)
        for each in family(pid)
        for thread in (PROC / str(each) / "task").glob("*/schedstat")
    )
    return sum(runs) / 1e9


def resident_bytes(pid: int) -> int:
    """Memory that the process and its descendants have in use."""
    statements = (_read(PROC / str(each) / "statm").split() for each in family(pid))
    return sum(int(words[1]) for words in statements if words) * PAGE_BYTES


def busy_s(core: int) -> float:
    """Seconds that a core was not idle since the machine started, stolen time included."""
    for line in (PROC / "stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _wait, interrupt, soft, stolen = map(int, ticks[:8])
            return (user + nice + system + interrupt + soft + stolen) * TICK_S
    return 0.0


def description() -> dict[str, object]:
    """What the figures depend on, for the record; nothing that tells whose machine it is."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(PAGE_BYTES * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
    }


def _processor() -> str:
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _read(path: Path) -> str:
    """A file of /proc, empty once its process is gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
