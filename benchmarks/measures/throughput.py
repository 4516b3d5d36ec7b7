"""Requests and bytes per second, latency, and what they cost the proxy's core."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import load, machine
from benchmarks.readings import OTHERS
from benchmarks.subjects.subject import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One kind of load."""

    key: str
    name: str
    path: str
    connections: int
    people: int


SLICES = (
    Slice(key="1k", name="1 KiB, 1,000 people", path="/1k/", connections=64, people=1000),
    Slice(key="1k-one", name="1 KiB, one person", path="/1k/", connections=64, people=1),
    Slice(key="latency", name="1 KiB, one connection", path="/1k/", connections=1, people=1000),
    Slice(key="100k", name="100 KiB", path="/100k/", connections=32, people=1000),
    Slice(key="100m", name="100 MiB", path="/100m/", connections=4, people=1000),
)


def measure(running: Running, part: Slice, *, seconds: int) -> dict[str, float]:
    """
    Put a load on it.

    Raises:
        LoadError: requests were refused or broken: then there is no figure.
    """
    pool = running.pool(part.path, people=part.people)
    used, busy = running.cpu_s(), _proxies_core_s()
    outcome = load.put(running.url, pool, connections=part.connections, seconds=seconds)
    used, busy = running.cpu_s() - used, _proxies_core_s() - busy
    figures = {
        "requests_per_s": outcome.requests / outcome.seconds,
        "mb_per_s": outcome.bytes / 1e6 / outcome.seconds,
        "p50_ms": outcome.p50_ms,
        "p99_ms": outcome.p99_ms,
        "cpu_share": used / outcome.seconds,
        OTHERS: max(0.0, busy - used) / outcome.seconds,
        "cpu_s_per_gb": used / (outcome.bytes / 1e9),
    }
    if outcome.requests:
        figures["cpu_us"] = used / outcome.requests * 1e6
    return figures


def _proxies_core_s() -> float:
    return sum(machine.busy_s(core) for core in machine.cores().proxy)
