"""Both limits of a session hold, to the second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.sessions import SessionLimits, is_over

LIMITS = SessionLimits(idle_s=1800.0, lifetime_s=43200.0)
AGES = st.floats(min_value=0, max_value=1e9)


@pytest.mark.parametrize(
    ("age_s", "idle_s", "expected"),
    [
        pytest.param(0.0, 0.0, False, id="new"),
        pytest.param(43199.9, 1799.9, False, id="just before both limits"),
        pytest.param(1800.0, 1800.0, True, id="idle, to the second"),
        pytest.param(43200.0, 0.0, True, id="old, to the second, though busy"),
        pytest.param(1e9, 1e9, True, id="forgotten for years"),
    ],
)
def test_either_limit_ends_a_session(age_s: float, idle_s: float, expected: bool) -> None:
    """A session is over at the idle limit or at the end of its lifetime, not before."""
    assert expected is is_over(age_s=age_s, idle_s=idle_s, limits=LIMITS)


@given(age_s=AGES, idle_s=AGES, longer_s=AGES)
def test_what_is_over_stays_over(age_s: float, idle_s: float, longer_s: float) -> None:
    """No session that is over comes back by waiting."""
    if is_over(age_s=age_s, idle_s=idle_s, limits=LIMITS):
        assert is_over(age_s=age_s + longer_s, idle_s=idle_s + longer_s, limits=LIMITS)
