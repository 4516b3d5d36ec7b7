"""
How many connections and requests are taken on, in all and from one address.

Theory. One address may be one attacker, or an office, a phone carrier, a conference room: many
people whose browsers open six connections each. So who is signed in is counted generously, and
who is not, strictly; and nothing here ever locks an address out: it waits some seconds.

1. A connection beyond a limit is closed before its TLS handshake: the handshake is what costs.
2. A request without a session takes a token from its address's bucket; without a token it is
   answered 429 (RFC 6585 4). Requests with a session take none.
3. When most connections are in use the gateway is crowded: connections that wait for their next
   request are closed early, and who is not signed in is answered 503 (RFC 9110 15.6.4), so that
   those who are can work on.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

CROWDED_SHARE = 0.9
"""Of all connections: from here on strangers wait and idle connections are closed early."""

BURST_S = 20.0
"""An address that was quiet may send the requests of so many seconds at once: a sign-in page
with its parts is about twelve requests, and at nine o'clock many people open it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the configuration allows."""

    connections: int
    per_address: int
    """Connections from one address."""
    strangers_per_address: int
    """Connections from one address over which nobody has signed in."""
    strangers_rate: float
    """Requests a second from one address without a session."""

    @property
    def burst(self) -> float:
        """How many such requests may come at once."""
        return self.strangers_rate * BURST_S


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """
    Whom an address belongs to: IPv4 as it is, IPv6 by its first 64 bits.

    Every home has a whole /64 (RFC 6177), and picks addresses in it as it likes.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False).network_address)


def may_enter(limits: Limits, *, total: int, of_address: int, strangers: int) -> bool:
    """
    Whether one more connection is taken.

    Args:
        limits: what is allowed.
        total: connections that are open now.
        of_address: those from the same address.
        strangers: those of them over which nobody has signed in.
    """
    return (
        total < limits.connections
        and of_address < limits.per_address
        and strangers < limits.strangers_per_address
    )


def is_crowded(limits: Limits, *, total: int) -> bool:
    """Whether the gateway should make room."""
    return total >= limits.connections * CROWDED_SHARE


@dataclass(frozen=True, slots=True)
class Bucket:
    """The tokens of one address."""

    level: float
    at: float
    """Seconds on the monotonic clock."""


def take(bucket: Bucket | None, limits: Limits, *, now: float) -> tuple[Bucket, float]:
    """
    Take a token, if there is one: the bucket after it, and how many seconds to wait (0 = go on).

    Args:
        bucket: None for an address that was not seen lately: its bucket is full.
        limits: what is allowed.
        now: seconds on the monotonic clock.
    """
    if bucket is None:
        level = limits.burst
    else:
        level = min(limits.burst, bucket.level + (now - bucket.at) * limits.strangers_rate)
    if level >= 1:
        return Bucket(level - 1, now), 0.0
    return Bucket(level, now), (1 - level) / limits.strangers_rate
