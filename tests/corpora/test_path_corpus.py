"""
Path confusion: what is not exactly our prefix never reaches our pages, what is never the app.

The path that was checked is the path that is forwarded, to the byte.
"""

from __future__ import annotations

import re

import pytest

from tests.corpora.attacker import (
    Attacker,
    Outcome,
    assert_as_wanted,
    assert_stranger_gets_nothing,
)
from tests.corpora.cases import Case, Passed, Seen
from tests.corpora.paths import CASES, KEPT_CASES, OURS_CASES
from tests.rules.http1_readers import eight_bits_away

ENOUGH = 100
IS_HEALTH = re.compile(rb"GET /\.gateway/health[ ?]").match


def test_enough() -> None:
    """The corpus is as large as was promised, and no row stands in it twice."""
    assert len(CASES) >= ENOUGH
    assert len({case.sent for case in CASES}) == len(CASES)


def lines_of(outcome: Outcome) -> list[bytes]:
    """The request lines in the raw bytes at the app, but for the markers."""
    lines = re.findall(rb"^[A-Z]+ [^\n]* HTTP/1\.1\r$", outcome.raw, re.MULTILINE)
    return [line[:-1] for line in lines if not re.search(rb" /(marker|in-step) ", line)]


def expected_of(case: Case, attacker: Attacker) -> Case:
    """The row as h11 shows its target: without eight bits, and with our own name in it."""
    if not isinstance(case.wanted, Passed):
        return case
    target = case.wanted.requests[0].target.replace(b"<host>", attacker.door.authority)
    wanted = Passed((Seen(b"GET", eight_bits_away(target)),))
    return Case(name=case.name, sent=case.sent, wanted=wanted, why=case.why)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_signed_in(attacker: Attacker, case: Case) -> None:
    """A signed-in person's path reaches the app as it is, or our pages, or nobody."""
    outcome = attacker.send(case)

    assert_as_wanted(expected_of(case, attacker), outcome, attacker.door)
    line = case.sent.partition(b"\r\n")[0].replace(b"<host>", attacker.door.authority)
    assert ([line] if isinstance(case.wanted, Passed) else []) == lines_of(outcome)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_stranger(attacker: Attacker, case: Case) -> None:
    """A stranger's path reaches nobody, but for the one health address."""
    outcome = attacker.send(case, is_signed_in=False)

    if IS_HEALTH(case.sent):
        assert [200] == outcome.statuses
        assert ([], b"") == (outcome.readings, outcome.rest)
    else:
        assert_stranger_gets_nothing(case, outcome, attacker.door)


@pytest.mark.parametrize("case", KEPT_CASES, ids=lambda case: case.name)
def test_not_one_of_our_pages(attacker: Attacker, case: Case) -> None:
    """To a stranger every path of the app is the same: 401, the same words, no page of ours."""
    plain = Case(name="", sent=b"GET /x HTTP/1.1\r\n<me>\r\n", wanted=case.wanted, why="")

    answers = [attacker.send(each, is_signed_in=False).answers for each in (plain, case)]

    assert (answers[0][0].status, answers[0][0].body) == (answers[1][0].status, answers[1][0].body)


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.name)
def test_over_tls(tls_attacker: Attacker, case: Case) -> None:
    """TLS changes nothing."""
    outcome = tls_attacker.send(case)

    assert_as_wanted(expected_of(case, tls_attacker), outcome, tls_attacker.door)


@pytest.mark.parametrize("method", [b"POST", b"HEAD", b"PUT", b"PROPFIND", b"OPTIONS"])
@pytest.mark.parametrize("case", OURS_CASES[::4], ids=lambda case: case.name)
def test_other_methods_inside(attacker: Attacker, case: Case, method: bytes) -> None:
    """No method carries what is below our prefix to the app."""
    sent = method + case.sent.removeprefix(b"GET")
    other = Case(name=case.name, sent=sent, wanted=case.wanted, why=case.why)

    assert_as_wanted(other, attacker.send(other), attacker.door)
