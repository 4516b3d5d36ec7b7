"""One network cannot try many accounts, and an office is not locked out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.networks import (
    NETWORK_BURST,
    NETWORK_REFILL_S,
    SKEW_S,
    Bucket,
    charged,
    is_full,
    repaid,
    settled,
    wait_of,
)

NOW = 1_800_000_000.0

EMPTY = Bucket(level=0.0, at=NOW)


def test_an_office_may_mistype() -> None:
    """So many failures in a row from one network cost no wait, the next one does."""
    bucket = None
    for _ in range(int(NETWORK_BURST)):
        assert 0 == wait_of(bucket, now=NOW)
        bucket = charged(bucket, now=NOW)

    assert NETWORK_REFILL_S == wait_of(bucket, now=NOW)


@pytest.mark.parametrize(("later_s", "expected"), [(0, 20.0), (15, 5.0), (20, 0.0), (1e9, 0.0)])
def test_the_wait_runs_down(later_s: float, expected: float) -> None:
    """The wait of a network is seconds."""
    assert pytest.approx(expected) == wait_of(EMPTY, now=NOW + later_s)


def test_success_costs_nothing() -> None:
    """A guess that was right is given back."""
    charged_once = charged(None, now=NOW)

    assert Bucket(level=NETWORK_BURST, at=NOW) == repaid(charged_once, now=NOW)
    assert Bucket(level=NETWORK_BURST, at=NOW) == repaid(None, now=NOW)


def test_a_full_bucket_may_be_forgotten() -> None:
    """A network that has everything in hand again is as if it had never been seen."""
    bucket = charged(None, now=NOW)

    assert [False, True] == [is_full(bucket, now=NOW + each) for each in (19, 20)]


@given(st.floats(min_value=SKEW_S * 1.01, max_value=1e9))
def test_a_clock_that_is_set_back_prolongs_no_wait(back_s: float) -> None:
    """After the clock was set back the wait is as long as it was, and runs down."""
    now = NOW - back_s
    moved = settled(EMPTY, now=now)

    assert Bucket(level=0.0, at=now) == moved
    assert NETWORK_REFILL_S == wait_of(EMPTY, now=now) == wait_of(moved, now=now)
    assert pytest.approx(0.0, abs=1e-5) == wait_of(moved, now=now + NETWORK_REFILL_S)


def test_machines_whose_clocks_differ_a_little_agree() -> None:
    """A few seconds between two machines move nothing, and refill nothing twice."""
    assert EMPTY == settled(EMPTY, now=NOW - SKEW_S)
    assert NETWORK_REFILL_S == wait_of(EMPTY, now=NOW - SKEW_S)
    assert Bucket(level=-1.0, at=NOW) == charged(EMPTY, now=NOW - SKEW_S)
