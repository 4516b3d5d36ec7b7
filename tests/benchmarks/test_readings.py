"""What follows from readings: medians, and ratios within a round."""

from __future__ import annotations

from benchmarks.readings import Reading, Readings


def readings(**rates: list[float]) -> Readings:
    """A run of one slice: the subjects' rates by round."""
    found = Readings()
    for subject, values in rates.items():
        for number, value in enumerate(values):
            figures = {"rate": value}
            found.add(
                Reading(subject=subject, scheme="http", slice="1k", round=number, figures=figures)
            )
    return found


def test_a_ratio_is_made_within_its_round() -> None:
    """A machine that is ten times slower in one round changes no ratio."""
    run = readings(ours=[80.0, 8.0, 80.0], nginx=[100.0, 10.0, 100.0])

    assert 0.8 == run.ratio("ours", "nginx", "http", "1k", "rate")


def test_the_middle_round_counts() -> None:
    """One lucky and one unlucky round decide nothing."""
    run = readings(ours=[1.0, 50.0, 52.0, 900.0, 51.0])

    assert 51.0 == run.middle("ours", "http", "1k", "rate")


def test_a_round_that_the_other_missed_is_no_ratio() -> None:
    """Where the other was not measured there is nothing to compare with."""
    run = readings(ours=[50.0, 80.0], nginx=[100.0])

    assert 0.5 == run.ratio("ours", "nginx", "http", "1k", "rate")
    assert run.ratio("ours", "haproxy", "http", "1k", "rate") is None


def test_differences_are_within_a_round_too() -> None:
    """What is added to latency is compared with the same round's."""
    run = readings(ours=[0.3, 1.3, 0.3], nginx=[0.2, 1.2, 0.2])

    added = run.difference("ours", "nginx", "http", "1k", "rate")

    assert added is not None
    assert 0.1 == round(added, 6)


def test_what_was_not_measured_has_no_middle() -> None:
    """A figure that is missing is not a zero."""
    assert Readings().middle("ours", "http", "1k", "rate") is None
