"""The goals of the data plane: what a run says of each."""

from __future__ import annotations

import pytest

from benchmarks.goals import GOALS, Goal, Kind, Verdict, judge
from benchmarks.readings import Reading, Readings


def goal(kind: Kind, limit: float, stretch: float | None = None) -> Goal:
    """A goal of that shape."""
    return Goal(name="x", kind=kind, limit=limit, stretch=stretch, figure=lambda run, ours: None)


@pytest.mark.parametrize(
    ("wanted", "value", "words"),
    [
        (goal(Kind.AT_LEAST, 0.7, 0.9), 0.95, "met, stretch too"),
        (goal(Kind.AT_LEAST, 0.7, 0.9), 0.7, "met"),
        (goal(Kind.AT_LEAST, 0.7, 0.9), 0.35, "missed by 50%"),
        (goal(Kind.AT_MOST, 25, 18), 18, "met, stretch too"),
        (goal(Kind.AT_MOST, 25, 18), 24, "met"),
        (goal(Kind.AT_MOST, 25), 30, "missed by 20%"),
    ],
)
def test_a_goal_is_met_or_missed_by_so_much(wanted: Goal, value: float, words: str) -> None:
    """The verdict says on which side of the limit a figure is, and how far."""
    assert words == Verdict(goal=wanted, subject="ours", value=value).words


def full_run() -> Readings:
    """One reading of everything, ours twice as dear as the others."""
    run = Readings()
    rates = ("requests_per_s", "mb_per_s", "p50_ms", "p99_ms", "cpu_us")
    figures = dict.fromkeys((*rates, "ratio", "growth_mib", "kib_each"), 1.0)
    parts = ("1k", "latency", "100m", "handshake", "idle", "bodies", "sessions")
    for subject, factor in {
        "ours": 2.0,
        "nginx": 1.0,
        "nginx-auth": 1.0,
        "caddy-auth": 1.0,
    }.items():
        for scheme in ("http", "https"):
            for part in parts:
                told = {name: factor * value for name, value in figures.items()}
                run.add(Reading(subject=subject, scheme=scheme, slice=part, round=0, figures=told))
    return run


def test_a_full_run_judges_every_goal() -> None:
    """No goal is forgotten because its figure has another name."""
    verdicts = judge(full_run())

    assert [each.name for each in GOALS] == [each.goal.name for each in verdicts]
    assert {1.0, 2.0} == {each.value for each in verdicts}


def test_what_was_not_measured_is_not_judged() -> None:
    """A run without figures claims nothing."""
    assert [] == judge(Readings())
