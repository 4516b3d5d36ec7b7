"""
When a worker process that has ended is replaced.

One that had worked for a while is replaced almost at once: people wait. One that keeps dying
young would take the whole machine with it, so each death in a row doubles the pause.
"""

from __future__ import annotations

FIRST_PAUSE_S = 0.25
"""Before the first replacement: a breath, so that a machine that is stopping can stop."""

LONGEST_PAUSE_S = 30.0
"""However often it has died: what was wrong may have been put right meanwhile."""

GREW_UP_S = 60.0
"""Whoever lived so long died of something new: counting begins anew."""


def deaths_in_row(before: int, *, lived_s: float) -> int:
    """How many have died young in a row, with this death."""
    return 1 if lived_s >= GREW_UP_S else before + 1


def pause_s(deaths: int) -> float:
    """Seconds until the next one is started, after so many deaths in a row (at least one)."""
    doublings = min(deaths - 1, 16)  # 2**16 times the first pause is beyond the longest anyway
    return min(FIRST_PAUSE_S * 2.0**doublings, LONGEST_PAUSE_S)
