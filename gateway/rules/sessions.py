"""
How long a session lasts: NIST SP 800-63B-4 section 5.2 asks for both limits.

Ages come in as durations, so that the caller chooses the clock that measures them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """What `[sessions]` in the configuration says."""

    idle_s: float
    """Seconds without a request after which a session is over."""
    lifetime_s: float
    """Seconds after sign-in at which a session is over, however busy it is."""


def is_over(*, age_s: float, idle_s: float, limits: SessionLimits) -> bool:
    """Whether a session of that age, unused for so long, has reached either limit."""
    return age_s >= limits.lifetime_s or idle_s >= limits.idle_s
