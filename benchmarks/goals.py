"""What issue 3 asks of the data plane, as claims that a run confirms or refutes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.readings import Readings

Figure = Callable[[Readings, str], float | None]
"""The figure that a goal is about, for one of ours."""


class Kind(enum.StrEnum):
    """Which side of the limit is good."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One promise about speed or memory."""

    name: str
    kind: Kind
    limit: float
    figure: Figure
    stretch: float | None = None
    unit: str = "×"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a run says of a goal."""

    goal: Goal
    subject: str
    value: float

    @property
    def is_met(self) -> bool:
        """Whether the limit is kept."""
        return _keeps(self.value, self.goal.limit, self.goal.kind)

    @property
    def words(self) -> str:
        """Met, met with the stretch, or missed and by how much."""
        goal = self.goal
        if not self.is_met:
            return f"missed by {abs(self.value - goal.limit) / goal.limit:.0%}"
        if goal.stretch is not None and _keeps(self.value, goal.stretch, goal.kind):
            return "met, stretch too"
        return "met"


def _keeps(value: float, limit: float, kind: Kind) -> bool:
    return value >= limit if kind is Kind.AT_LEAST else value <= limit


def _against(other: str, scheme: str, part: str, figure: str) -> Figure:
    return lambda readings, ours: readings.ratio(ours, other, scheme, part, figure)


def _own(scheme: str, part: str, figure: str) -> Figure:
    return lambda readings, ours: readings.middle(ours, scheme, part, figure)


def _added(scheme: str, part: str, figure: str) -> Figure:
    return lambda readings, ours: readings.difference(ours, "nginx", scheme, part, figure)


def _goals() -> Iterator[Goal]:
    least, most = Kind.AT_LEAST, Kind.AT_MOST
    for scheme, said in (("https", "TLS"), ("http", "plain")):
        for other, limit, stretch in (
            ("nginx", 0.70, 0.90),
            ("nginx-auth", 1.0, None),
            ("caddy-auth", 4.0, None),
        ):
            yield Goal(
                name=f"1 KiB {said}: requests/s against {other}",
                kind=least,
                limit=limit,
                stretch=stretch,
                figure=_against(other, scheme, "1k", "requests_per_s"),
            )
        yield Goal(
            name=f"1 KiB {said}, 64 connections: p99 against nginx",
            kind=most,
            limit=1.5,
            figure=_against("nginx", scheme, "1k", "p99_ms"),
        )
        yield Goal(
            name=f"100 MiB {said}: MB/s against nginx",
            kind=least,
            limit=0.7,
            figure=_against("nginx", scheme, "100m", "mb_per_s"),
        )
        yield Goal(
            name=f"one connection {said}: p50 above nginx's",
            kind=most,
            limit=0.10,
            unit="ms",
            figure=_added(scheme, "latency", "p50_ms"),
        )
        yield Goal(
            name=f"5 slow downloads, 5 uploads {said}: memory grows by",
            kind=most,
            limit=64.0,
            unit="MiB",
            figure=_own(scheme, "bodies", "growth_mib"),
        )
    yield Goal(
        name="10,000 idle TLS connections: memory of each",
        kind=most,
        limit=25.0,
        stretch=18.0,
        unit="KiB",
        figure=_own("https", "idle", "kib_each"),
    )
    yield Goal(
        name="full TLS handshake: CPU against nginx",
        kind=most,
        limit=1.5,
        figure=_against("nginx", "https", "handshake", "cpu_us"),
    )
    yield Goal(
        name="1,000,000 stored sessions: CPU per request against 1,000",
        kind=most,
        limit=1.2,
        figure=_own("https", "sessions", "ratio"),
    )


GOALS = tuple(_goals())


def judge(readings: Readings) -> list[Verdict]:
    """Every goal that the run has a figure for, for each of ours."""
    ours = [each for each in readings.subjects() if each.startswith("ours")]
    return [
        Verdict(goal=goal, subject=subject, value=value)
        for goal in GOALS
        for subject in ours
        if (value := goal.figure(readings, subject)) is not None
    ]
