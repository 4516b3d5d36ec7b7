"""Tables and records of a run."""

from __future__ import annotations

import json

from benchmarks import report
from benchmarks.readings import Reading, Readings


def run() -> Readings:
    """Two subjects, one slice, one that was left out."""
    readings = Readings(left_out={"haproxy": "haproxy is not installed"})
    for subject, rate in {"ours": 8_000.0, "nginx": 10_000.0}.items():
        figures = {"requests_per_s": rate, "p99_ms": 5.0}
        readings.add(
            Reading(subject=subject, scheme="https", slice="1k", round=0, figures=figures)
        )
    return readings


NAMES = {"ours": "Passkey Gateway", "nginx": "nginx proxy_pass"}


def test_the_table_shows_rate_and_ratio() -> None:
    """Each subject has its rate and its ratio to nginx in the same round."""
    assert "| Passkey Gateway | 8,000 | 0.80 |" in report.tables(run(), NAMES)


def test_what_was_left_out_is_named_with_the_reason() -> None:
    """Nobody is silently missing."""
    assert "- haproxy: haproxy is not installed" in report.tables(run(), NAMES)


def test_a_goal_that_is_met_says_so() -> None:
    """The first table holds the figures against the goals."""
    assert "| at least 0.7 × | Passkey Gateway | 0.80 × | met |" in report.tables(run(), NAMES)


def test_a_record_gives_the_same_tables() -> None:
    """What was written as JSON is all that the tables need."""
    record = report.record(run(), about={"names": NAMES}, versions={})

    again = report.readings_in(json.loads(json.dumps(record)))

    assert report.tables(run(), NAMES) == report.tables(again, NAMES)


def test_a_noisy_machine_is_told() -> None:
    """When somebody else had much of the core, the tables say that they are in doubt."""
    noisy = run()
    figures = {"requests_per_s": 1.0, "others_share": 0.4}
    noisy.add(Reading(subject="ours", scheme="http", slice="1k", round=0, figures=figures))

    assert "others had 40%" in report.tables(noisy, NAMES)
    assert "In doubt" not in report.tables(run(), NAMES)
