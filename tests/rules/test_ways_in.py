"""The coverage report: who has which way in, and whom to talk to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gateway.rules.otp_policy import OtpGrant
from gateway.rules.records import Person, PersonId
from gateway.rules.ways_in import (
    ENDS_SOON_DAYS,
    Concern,
    Coverage,
    Enrolled,
    coverage_of,
    coverage_report,
)

TODAY = date(2027, 3, 31)
EVERYBODY = [OtpGrant()]


def enrolled(
    name: str = "taro",
    *,
    passkeys: int = 0,
    otp: bool = False,
    codes: int = 0,
    groups: tuple[str, ...] = (),
    enabled: bool = True,
) -> Enrolled:
    """Somebody with these ways in."""
    person = Person(
        id=PersonId(name),
        name=name,
        display_name=name,
        user_handle=b"",
        enabled=enabled,
        created=0.0,
        groups=groups,
    )
    return Enrolled(person=person, passkeys=passkeys, has_otp=otp, recovery_codes=codes)


@pytest.mark.parametrize(
    ("passkeys", "otp", "expected"),
    [
        (0, False, Coverage.NEITHER),
        (0, True, Coverage.OTP),
        (1, False, Coverage.PASSKEY),
        (3, True, Coverage.BOTH),
    ],
)
def test_everybody_is_one_of_four(passkeys: int, otp: bool, expected: Coverage) -> None:
    """A person has a passkey, a one-time password, both, or neither."""
    assert expected is coverage_of(enrolled(passkeys=passkeys, otp=otp))


def until(days: int) -> list[OtpGrant]:
    """Everybody may, for so many days more."""
    return [OtpGrant(until=TODAY + timedelta(days=days))]


@pytest.mark.parametrize(
    ("who", "grants", "expected"),
    [
        pytest.param(enrolled(), EVERYBODY, Concern.NOT_ENROLLED, id="nothing"),
        pytest.param(enrolled(otp=True), [], Concern.SHUT_OUT, id="OTP, not allowed"),
        pytest.param(enrolled(otp=True), until(-1), Concern.SHUT_OUT, id="OTP, ended"),
        pytest.param(enrolled(otp=True), until(0), Concern.OTP_ENDS, id="OTP, last day"),
        pytest.param(
            enrolled(otp=True), until(ENDS_SOON_DAYS), Concern.OTP_ENDS, id="OTP, ends soon"
        ),
        pytest.param(enrolled(otp=True), until(ENDS_SOON_DAYS + 1), None, id="OTP, ends one day"),
        pytest.param(enrolled(otp=True), EVERYBODY, None, id="OTP, for good"),
        pytest.param(enrolled(passkeys=1), [], Concern.ONE_PASSKEY, id="one passkey"),
        pytest.param(
            enrolled(passkeys=1, otp=True), [], Concern.ONE_PASSKEY, id="and a useless OTP"
        ),
        pytest.param(enrolled(passkeys=1, otp=True), EVERYBODY, None, id="and a good OTP"),
        pytest.param(enrolled(passkeys=1, codes=1), [], None, id="and a recovery code"),
        pytest.param(enrolled(passkeys=1), EVERYBODY, Concern.ONE_PASSKEY, id="OTP not enrolled"),
        pytest.param(enrolled(passkeys=2), [], None, id="two passkeys"),
        pytest.param(enrolled(enabled=False), [], None, id="disabled"),
    ],
)
def test_whom_to_talk_to(who: Enrolled, grants: list[OtpGrant], expected: Concern | None) -> None:
    """The report names who cannot get in, who soon cannot, and who is one lost phone away."""
    (row,) = coverage_report([who], grants=grants, today=TODAY).rows

    assert expected is row.concern


PEOPLE = [
    enrolled("saburo", otp=True, groups=("depot", "sales")),
    enrolled("hanako", passkeys=2, groups=("sales",)),
    enrolled("jiro", passkeys=1, otp=True, groups=("depot",)),
    enrolled("shiro"),
    enrolled("goro", passkeys=1, groups=("sales",), enabled=False),
]
GRANTS = [OtpGrant(group="depot", until=TODAY)]


def test_the_figures_say_how_far_the_house_has_come() -> None:
    """Only who may sign in counts; the percentage is of passkeys."""
    figures = coverage_report(PEOPLE, grants=GRANTS, today=TODAY).figures

    assert (4, 1, 50) == (figures.people, figures.disabled, figures.with_passkey_percent)
    assert dict.fromkeys(Coverage, 1) == figures.covered
    assert {
        Concern.SHUT_OUT: 0,
        Concern.NOT_ENROLLED: 1,
        Concern.OTP_ENDS: 1,
        Concern.ONE_PASSKEY: 0,
    } == figures.concerns


def test_every_group_has_its_figures() -> None:
    """Who is in several groups counts in each."""
    of_groups = coverage_report(PEOPLE, grants=GRANTS, today=TODAY).of_groups

    assert ["depot", "sales"] == list(of_groups)
    assert [(2, 0, 50), (2, 1, 50)] == [
        (each.people, each.disabled, each.with_passkey_percent) for each in of_groups.values()
    ]


def test_the_list_has_everybody_by_name() -> None:
    """Everybody is in the list once, with what the grants mean for them."""
    rows = coverage_report(PEOPLE, grants=GRANTS, today=TODAY).rows

    assert [
        ("goro", False),
        ("hanako", False),
        ("jiro", True),
        ("saburo", True),
        ("shiro", False),
    ] == [(row.enrolled.person.name, row.leave.is_allowed) for row in rows]


def test_an_empty_house_has_figures() -> None:
    """Where there is nobody, nobody has a passkey."""
    assert 0 == coverage_report([], grants=[], today=TODAY).figures.with_passkey_percent


def test_nearly_everybody_is_not_everybody() -> None:
    """A hundred percent is said only if everybody has a passkey."""
    people = [enrolled(f"name{each}", passkeys=1) for each in range(999)]

    report = coverage_report([*people, enrolled()], grants=[], today=TODAY)

    assert 99 == report.figures.with_passkey_percent
