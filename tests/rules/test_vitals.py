"""What follows from the checks: the worst decides, and only a failure makes it unready."""

from __future__ import annotations

import pytest

from gateway.rules.vitals import (
    CheckResult,
    Finding,
    Gravity,
    Level,
    health_document,
    is_ready,
    may_start,
    worst,
)

GOOD = CheckResult(level=Level.PASS, observed=0.5, unit="ms")
AMISS = CheckResult(level=Level.WARN, output="slow")
BAD = CheckResult(level=Level.FAIL, output="gone")


@pytest.mark.parametrize(
    ("levels", "whole"),
    [
        ([], Level.PASS),
        ([Level.PASS, Level.PASS], Level.PASS),
        ([Level.PASS, Level.WARN], Level.WARN),
        ([Level.FAIL, Level.WARN], Level.FAIL),
    ],
)
def test_the_worst_decides(levels: list[Level], whole: Level) -> None:
    """The whole is as well as its worst part."""
    assert worst(levels) is whole


@pytest.mark.parametrize(("found", "ready"), [(GOOD, True), (AMISS, True), (BAD, False)])
def test_a_warning_does_not_turn_people_away(found: CheckResult, *, ready: bool) -> None:
    """Only a failure takes the gateway out of service."""
    assert is_ready({"store": GOOD, "app": found}) is ready


def test_the_document_is_health_json() -> None:
    """The document has the members of draft-inadarei-api-health-check-06."""
    document = health_document({"store:read": GOOD, "app": BAD}, version="1.2", now=0.0)

    assert document == {
        "status": "fail",
        "version": "1.2",
        "serviceId": "passkey-gateway",
        "checks": {
            "store:read": [
                {
                    "status": "pass",
                    "time": "1970-01-01T00:00:00+00:00",
                    "observedValue": 0.5,
                    "observedUnit": "ms",
                }
            ],
            "app": [{"status": "fail", "time": "1970-01-01T00:00:00+00:00", "output": "gone"}],
        },
    }


@pytest.mark.parametrize(
    ("gravity", "starts"),
    [(Gravity.OK, True), (Gravity.WARNING, True), (Gravity.ERROR, False)],
)
def test_only_an_error_keeps_it_from_starting(gravity: Gravity, *, starts: bool) -> None:
    """Warnings are told, errors stop the start."""
    found = [Finding(gravity=each, key="key", sentence="so") for each in (Gravity.OK, gravity)]

    assert may_start(found) is starts
