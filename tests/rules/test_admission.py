"""Who is let in when many come at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.admission import (
    BURST_S,
    Bucket,
    Limits,
    is_crowded,
    may_enter,
    network_of,
    take,
)

LIMITS = Limits(connections=100, per_address=30, strangers_per_address=5, strangers_rate=2.0)


@pytest.mark.parametrize(
    ("total", "of_address", "strangers", "expected"),
    [
        (0, 0, 0, True),
        (99, 29, 4, True),
        (100, 0, 0, False),
        (50, 30, 0, False),
        (50, 10, 5, False),
    ],
)
def test_may_enter(total: int, of_address: int, strangers: int, *, expected: bool) -> None:
    """A connection is taken while none of the three limits is reached."""
    assert expected == may_enter(LIMITS, total=total, of_address=of_address, strangers=strangers)


def test_crowded() -> None:
    """The gateway makes room from nine tenths of its connections on."""
    assert [False, True] == [is_crowded(LIMITS, total=total) for total in (89, 90)]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_network_of(address: str, network: str) -> None:
    """Who has a whole IPv6 network counts as one."""
    assert network == network_of(address)


def test_burst_then_wait() -> None:
    """A quiet address may ask at once what twenty seconds allow, and then waits."""
    bucket: Bucket | None = None
    waits = []
    for _ in range(int(LIMITS.burst) + 1):
        bucket, wait = take(bucket, LIMITS, now=0.0)
        waits.append(wait)

    assert [0.0] * int(2 * BURST_S) + [0.5] == waits


@given(times=st.lists(st.floats(0, 1000), max_size=200))
def test_rate_is_kept(times: list[float]) -> None:
    """Whenever they come, no more requests pass than the burst and the rate together allow."""
    bucket: Bucket | None = None
    passed = 0
    for now in sorted(times):
        bucket, wait = take(bucket, LIMITS, now=now)
        passed += wait == 0

    span = max(times) - min(times) if times else 0
    assert passed <= LIMITS.burst + span * LIMITS.strangers_rate + 1e-6


@given(start=st.floats(0, 100), wait=st.floats(0, 100))
def test_waiting_helps(start: float, wait: float) -> None:
    """Who waits as long as told gets in."""
    _, told = take(Bucket(0.0, start), LIMITS, now=start + wait)
    _, then = take(Bucket(0.0, start), LIMITS, now=start + wait + told + 1e-6)

    assert then == 0.0
