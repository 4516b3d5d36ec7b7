"""
What the gateway finds out about itself, and what follows from it.

Two kinds of finding: a `CheckResult` is the state of something while the service runs, told
as application/health+json (draft-inadarei-api-health-check-06); a `Finding` is a line of
`gateway check`, told to an administrator, with what to do next. The worst one decides.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How well something is, in the words of the draft (section 3.1)."""

    PASS = "pass"  # noqa: S105 - not a password
    WARN = "warn"
    FAIL = "fail"


_ORDER = (Level.PASS, Level.WARN, Level.FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check of the running service found."""

    level: Level
    output: str = ""
    """Why it is not a pass; a sentence without secrets."""
    observed: float | None = None
    unit: str = ""


def worst(levels: Iterable[Level]) -> Level:
    """The state of the whole."""
    return max(levels, key=_ORDER.index, default=Level.PASS)


def is_ready(results: Mapping[str, CheckResult]) -> bool:
    """Whether people may be sent here: nothing fails, though something may be amiss."""
    return worst(each.level for each in results.values()) is not Level.FAIL


def health_document(
    results: Mapping[str, CheckResult], *, version: str, now: float
) -> dict[str, object]:
    """The body of application/health+json; check names read `component:measurement`."""
    moment = dt.datetime.fromtimestamp(now, dt.UTC).isoformat(timespec="seconds")
    return {
        "status": worst(each.level for each in results.values()).value,
        "version": version,
        "serviceId": "passkey-gateway",
        "checks": {name: [_entry(each, moment)] for name, each in results.items()},
    }


def _entry(result: CheckResult, moment: str) -> dict[str, object]:
    entry: dict[str, object] = {"status": result.level.value, "time": moment}
    if result.observed is not None:
        entry |= {"observedValue": result.observed, "observedUnit": result.unit}
    if result.level is not Level.PASS:
        entry["output"] = result.output
    return entry


class Gravity(enum.StrEnum):
    """What a finding before the start means for the start."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `gateway check`."""

    gravity: Gravity
    key: str
    """The setting it is about, as in `[tls] certificate`."""
    sentence: str
    next_step: str = ""
    """What to do about it; empty when all is well."""


def may_start(findings: Iterable[Finding]) -> bool:
    """Whether nothing stands in the way of the service."""
    return all(each.gravity is not Gravity.ERROR for each in findings)
