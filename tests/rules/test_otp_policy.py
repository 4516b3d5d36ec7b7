"""Who may use one-time passwords, and until when."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.otp_policy import OtpGrant, OtpLeave, leave_of

TODAY = date(2027, 3, 31)
YESTERDAY = date(2027, 3, 30)
TOMORROW = date(2027, 4, 1)

grants = st.builds(
    OtpGrant,
    group=st.sampled_from([None, "sales", "depot"]),
    until=st.none() | st.sampled_from([YESTERDAY, TODAY, TOMORROW]),
)


def leave(*grants: OtpGrant) -> OtpLeave:
    """What these grants mean today for somebody of the group sales."""
    return leave_of(grants, groups=("sales",), today=TODAY)


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        pytest.param([], (False, None), id="nobody"),
        pytest.param([OtpGrant()], (True, None), id="everybody"),
        pytest.param([OtpGrant(group="sales")], (True, None), id="the group"),
        pytest.param([OtpGrant(group="depot")], (False, None), id="another group"),
        pytest.param([OtpGrant(until=TODAY)], (True, TODAY), id="the last day"),
        pytest.param([OtpGrant(until=YESTERDAY)], (False, YESTERDAY), id="since yesterday"),
        pytest.param(
            [OtpGrant(until=YESTERDAY), OtpGrant(group="sales", until=TOMORROW)],
            (True, TOMORROW),
            id="longer for the group",
        ),
        pytest.param(
            [OtpGrant(group="sales"), OtpGrant(until=YESTERDAY)], (True, None), id="without end"
        ),
    ],
)
def test_grants_decide(granted: list[OtpGrant], expected: tuple[bool, date | None]) -> None:
    """The grant that holds longest counts, through its last day; without one, nobody may."""
    assert OtpLeave(is_allowed=expected[0], until=expected[1]) == leave(*granted)


@given(st.lists(grants), grants)
def test_a_further_grant_takes_nothing_away(granted: list[OtpGrant], further: OtpGrant) -> None:
    """Who may may still when somebody is granted more."""
    assert leave(*granted).is_allowed <= leave(*granted, further).is_allowed


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (OtpGrant(until=TOMORROW), 1),
        (OtpGrant(until=TODAY), 0),
        (OtpGrant(until=YESTERDAY), None),
        (OtpGrant(), None),
        (OtpGrant(group="depot"), None),
    ],
)
def test_days_are_counted(granted: OtpGrant, expected: int | None) -> None:
    """The page can say for how many days more it is allowed."""
    assert expected == leave(granted).days_left(TODAY)
