"""
The coverage report: which people have a passkey, a one-time password, both, or neither.

Theory. An administrator wants to see how far the house has come on its way to passkeys, and whom
to talk to next: who cannot get in today, who will not be able to when a grant for one-time
passwords ends, and whose only passkey is the only way. Only people who may sign in count in the
figures; who is disabled is a figure of their own.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.rules.otp_policy import OtpGrant, OtpLeave, leave_of
from gateway.rules.records import Person

ENDS_SOON_DAYS = 30
"""From when on the end of a grant is a reason to talk to somebody: a month of office days."""


class Coverage(enum.StrEnum):
    """What somebody has enrolled."""

    PASSKEY = "passkey"
    OTP = "otp"
    BOTH = "both"
    NEITHER = "neither"


class Concern(enum.StrEnum):
    """Why somebody should be talked to; the most urgent is named first."""

    SHUT_OUT = "shut-out"
    """Has enrolled something, and none of it opens the door today."""
    NOT_ENROLLED = "not-enrolled"
    OTP_ENDS = "otp-ends"
    """Has nothing but a one-time password, which is allowed for `ENDS_SOON_DAYS` at most."""
    ONE_PASSKEY = "one-passkey"
    """One passkey, no recovery code, and nothing else: one lost phone away from the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What the store knows of one person's ways in."""

    person: Person
    passkeys: int
    has_otp: bool
    """A one-time password that was confirmed, whether allowed or not."""
    recovery_codes: int
    """Unused ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list."""

    enrolled: Enrolled
    coverage: Coverage
    leave: OtpLeave
    concern: Concern | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The same in numbers; of people who may sign in, but for `disabled`."""

    people: int
    disabled: int
    covered: Mapping[Coverage, int]
    concerns: Mapping[Concern, int]

    @property
    def with_passkey_percent(self) -> int:
        """Of all who may sign in, how many have a passkey; rounded down, so 100 is everybody."""
        having = self.covered[Coverage.PASSKEY] + self.covered[Coverage.BOTH]
        return 100 * having // self.people if self.people else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """Everything at once, and the same figures for each group."""

    figures: Figures
    of_groups: Mapping[str, Figures]
    """By the groups' names, sorted; who is in several groups counts in each."""
    rows: Sequence[Row]
    """Everybody, by name, disabled people too."""


def coverage_report(
    everybody: Iterable[Enrolled], *, grants: Sequence[OtpGrant], today: date
) -> CoverageReport:
    """
    Who has what.

    Args:
        everybody: in any order.
        grants: what `[otp]` in the configuration says.
        today: in the time zone of the configuration.
    """
    ordered = sorted(everybody, key=lambda each: each.person.name)
    rows = [_row(each, grants, today) for each in ordered]
    groups = sorted({group for each in ordered for group in each.person.groups})
    of_groups = {
        group: _figures([row for row in rows if group in row.enrolled.person.groups])
        for group in groups
    }
    return CoverageReport(figures=_figures(rows), of_groups=of_groups, rows=rows)


def coverage_of(enrolled: Enrolled) -> Coverage:
    """What somebody has enrolled, allowed or not."""
    if enrolled.passkeys:
        return Coverage.BOTH if enrolled.has_otp else Coverage.PASSKEY
    return Coverage.OTP if enrolled.has_otp else Coverage.NEITHER


def _row(enrolled: Enrolled, grants: Sequence[OtpGrant], today: date) -> Row:
    coverage = coverage_of(enrolled)
    leave = leave_of(grants, groups=enrolled.person.groups, today=today)
    concern = _concern(enrolled, coverage, leave, today) if enrolled.person.enabled else None
    return Row(enrolled=enrolled, coverage=coverage, leave=leave, concern=concern)


def _concern(
    enrolled: Enrolled, coverage: Coverage, leave: OtpLeave, today: date
) -> Concern | None:
    if coverage is Coverage.NEITHER:
        return Concern.NOT_ENROLLED
    if coverage is Coverage.OTP:
        return _concern_of_otp(leave, today)
    has_another_way = leave.is_allowed and enrolled.has_otp
    is_only_one = enrolled.passkeys == 1 and not enrolled.recovery_codes
    return Concern.ONE_PASSKEY if is_only_one and not has_another_way else None


def _concern_of_otp(leave: OtpLeave, today: date) -> Concern | None:
    if not leave.is_allowed:
        return Concern.SHUT_OUT
    days_left = leave.days_left(today)
    return Concern.OTP_ENDS if days_left is not None and days_left <= ENDS_SOON_DAYS else None


def _figures(rows: Sequence[Row]) -> Figures:
    counted = [row for row in rows if row.enrolled.person.enabled]
    covered = Counter(row.coverage for row in counted)
    concerns = Counter(row.concern for row in counted)
    return Figures(
        people=len(counted),
        disabled=len(rows) - len(counted),
        covered={each: covered[each] for each in Coverage},
        concerns={each: concerns[each] for each in Concern},
    )
