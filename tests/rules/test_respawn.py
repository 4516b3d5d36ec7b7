"""When a worker process that has ended is replaced."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.respawn import (
    FIRST_PAUSE_S,
    GREW_UP_S,
    LONGEST_PAUSE_S,
    deaths_in_row,
    pause_s,
)


def test_a_first_death_is_made_up_for_at_once() -> None:
    """After one accident people wait for a fraction of a second."""
    assert FIRST_PAUSE_S == pause_s(deaths_in_row(0, lived_s=GREW_UP_S))
    assert pause_s(1) < 1.0


def test_dying_young_again_and_again_slows_down() -> None:
    """A worker that cannot start does not eat up the machine: each pause doubles, to a limit."""
    pauses = [pause_s(deaths) for deaths in range(1, 12)]

    assert all(2 * a == b or b == LONGEST_PAUSE_S for a, b in itertools.pairwise(pauses))
    assert LONGEST_PAUSE_S == pauses[-1]


def test_a_long_life_begins_a_new_count() -> None:
    """Whoever worked for a minute is replaced as quickly as the first time."""
    assert 1 == deaths_in_row(9, lived_s=GREW_UP_S)
    assert 10 == deaths_in_row(9, lived_s=GREW_UP_S - 0.1)


@given(st.integers(min_value=1, max_value=10**9))
def test_the_pause_has_its_limits(deaths: int) -> None:
    """However often a worker died, the next one comes, and never at once."""
    assert FIRST_PAUSE_S <= pause_s(deaths) <= LONGEST_PAUSE_S
