"""
How many one-time passwords one network may guess, whichever accounts it tries.

Theory. The limit of an account (`throttle`) says nothing about somebody who tries each of many
accounts a few times. So failures are counted for each network as well (`admission.network_of`).
One network may be an office: the limit is wide, comes back quickly, and a success costs nothing.
The wait is seconds, and passkeys are never concerned.

A bucket runs by the wall clock, since it outlives a restart. One that lies in the future, because
the clock was set back, is moved to now with what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

NETWORK_BURST = 60.0
"""Failures in hand: an office of 300 on a Monday morning, every fifth of them mistyping."""

NETWORK_REFILL_S = 20.0
"""Seconds for one more, and so the longest wait: less than it takes to type it all again."""

SKEW_S = 5.0
"""By how much the clocks of machines may differ: where the self-check begins to warn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The failures that one network has in hand."""

    level: float
    at: float
    """When that was so; POSIX seconds."""


def wait_of(network: Bucket | None, *, now: float) -> float:
    """Seconds until a guess from there may be looked at; 0 = now. None = nothing is kept."""
    return max(0.0, (1 - _refilled(network, now).level) * NETWORK_REFILL_S)


def charged(network: Bucket | None, *, now: float) -> Bucket:
    """The bucket once a guess is counted."""
    bucket = _refilled(network, now)
    return replace(bucket, level=bucket.level - 1)


def repaid(network: Bucket | None, *, now: float) -> Bucket:
    """The bucket once a guess that was counted has turned out to be right."""
    bucket = _refilled(network, now)
    return replace(bucket, level=min(NETWORK_BURST, bucket.level + 1))


def settled(network: Bucket, *, now: float) -> Bucket:
    """The bucket, moved to now if it lies in the future."""
    return replace(network, at=now) if network.at - now > SKEW_S else network


def is_full(network: Bucket, *, now: float) -> bool:
    """Whether it may be forgotten: a network of which nothing is kept has a full one."""
    return _refilled(network, now).level >= NETWORK_BURST


def _refilled(network: Bucket | None, now: float) -> Bucket:
    if network is None:
        return Bucket(level=NETWORK_BURST, at=now)
    network = settled(network, now=now)
    passed_s = max(0.0, now - network.at)
    level = min(NETWORK_BURST, network.level + passed_s / NETWORK_REFILL_S)
    return Bucket(level=level, at=network.at + passed_s)
