"""
Request smuggling: some three hundred ways to make two requests of one, and none works.

Each row is sent by somebody who is signed in, who is the dangerous one, and by a stranger;
over TCP and, every third, over TLS. How the network cuts a row is `test_packets`' business.
"""

from __future__ import annotations

import pytest

from tests.corpora import framings, streams
from tests.corpora.attacker import (
    Attacker,
    assert_as_wanted,
    assert_nobody_fooled,
    assert_stranger_gets_nothing,
)
from tests.corpora.cases import Case

CASES = [*framings.CASES, *streams.CASES]
ENOUGH = 150

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_broken = pytest.mark.parametrize("case", streams.BROKEN_CASES, ids=lambda case: case.name)


def test_enough() -> None:
    """The corpus is as large as was promised, and no row stands in it twice."""
    every = [*CASES, *streams.BROKEN_CASES]

    assert len(every) >= ENOUGH
    assert len({case.sent for case in every}) == len({case.name for case in every}) == len(every)


@each_case
def test_signed_in(attacker: Attacker, case: Case) -> None:
    """Somebody who is signed in gets refused, or exactly what was meant."""
    assert_as_wanted(case, attacker.send(case), attacker.door)


@each_case
def test_stranger(attacker: Attacker, case: Case) -> None:
    """A stranger makes the app see nothing."""
    outcome = attacker.send(case, is_signed_in=False)

    assert_stranger_gets_nothing(case, outcome, attacker.door)


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.name)
def test_over_tls(tls_attacker: Attacker, case: Case) -> None:
    """TLS changes nothing."""
    assert_as_wanted(case, tls_attacker.send(case), tls_attacker.door)


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
@each_broken
def test_broken_chunks(attacker: Attacker, case: Case, cut: int) -> None:
    """A body in broken chunks never becomes a whole request, nor what follows it another."""
    at = len(streams.CHUNKED_POST) + cut

    outcome = attacker.send(case, cuts=[at] if cut else [])

    assert_nobody_fooled(outcome, attacker.door)
    assert [] == outcome.seen
    assert len(outcome.readings) <= 1
    assert (b"", True) == (outcome.rest, len(outcome.answers) <= 1)
    assert all(400 <= status < 500 for status in outcome.statuses)


@each_broken
def test_broken_chunks_of_a_stranger(attacker: Attacker, case: Case) -> None:
    """A stranger makes the app see nothing."""
    outcome = attacker.send(case, is_signed_in=False)

    assert_stranger_gets_nothing(case, outcome, attacker.door)
