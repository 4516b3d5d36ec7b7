"""
`[otp]`: who may use one-time passwords, and until when.

Theory. Passkeys are the rule (NIST SP 800-63B-4 2.2.2: a phishing-resistant way shall be offered),
one-time passwords the exception that an administrator grants: to everybody, or to groups, for good
or until a date. A grant holds through its last day, as people read a calendar, in the time zone of
the configuration. Where several grants concern somebody, the one that holds longest counts. No
grant: not allowed.

Nothing is deleted when a grant ends: what was enrolled works again if it is prolonged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpGrant:
    """A permission to use one-time passwords."""

    group: str | None = None
    """Canonical name of the group that has it; None = everybody."""
    until: date | None = None
    """The last day; None = no end is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpLeave:
    """What the grants mean for one person on one day."""

    is_allowed: bool
    until: date | None
    """The last day, past or to come; None where there is no end, or never was a grant."""

    def days_left(self, today: date) -> int | None:
        """Days after today on which it is still allowed; None without an end, or after it."""
        if not self.is_allowed or self.until is None:
            return None
        return (self.until - today).days


def leave_of(grants: Iterable[OtpGrant], *, groups: Iterable[str], today: date) -> OtpLeave:
    """
    Whether somebody may use one-time passwords today.

    Args:
        grants: what the configuration says.
        groups: canonical names of the person's groups.
        today: in the time zone of the configuration.
    """
    member_of = {None, *groups}
    ends = [grant.until or date.max for grant in grants if grant.group in member_of]
    if not ends:
        return OtpLeave(is_allowed=False, until=None)
    last = max(ends)
    return OtpLeave(is_allowed=today <= last, until=None if last == date.max else last)
