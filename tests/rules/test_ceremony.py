"""The life of one ceremony: `gateway.rules.ceremony`."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.ceremony import (
    CEREMONY_LIFETIME_S,
    HINTS,
    TABLE,
    Effect,
    Event,
    State,
    Way,
    classify_answer,
    is_outlived,
    step,
)
from gateway.rules.records import Ceremony, Purpose, TokenHash

BROWSER = TokenHash(b"b" * 32)
INVITATION = TokenHash(b"i" * 32)


def ceremony(*, begun: float = 1000.0, purpose: Purpose = Purpose.SIGN_IN) -> Ceremony:
    """A ceremony of `BROWSER`."""
    return Ceremony(
        challenge=b"c" * 32, purpose=purpose, browser=BROWSER, invitation=None, begun=begun
    )


def test_every_pair_of_state_and_event_has_an_answer() -> None:
    """Nothing can happen to a ceremony that the table does not decide."""
    assert set(TABLE) == set(itertools.product(State, Event))


def test_only_one_event_lets_an_answer_be_verified() -> None:
    """An answer is looked at only if it is the right browser's, in time, to an open ceremony."""
    pairs = [pair for pair, (_, effect) in TABLE.items() if effect is Effect.VERIFY]

    assert pairs == [(State.OPEN, Event.ANSWERED)]


@pytest.mark.parametrize("event", [each for each in Event if each is not Event.BEGUN])
def test_whatever_happens_to_an_open_ceremony_closes_it(event: Event) -> None:
    """A challenge is good for one answer, right or wrong."""
    state, _ = step(State.OPEN, event)

    assert state is State.CLOSED


@given(st.lists(st.sampled_from(Event)))
def test_no_course_of_events_verifies_twice(events: list[Event]) -> None:
    """Between two verified answers a ceremony was begun anew."""
    state, verified = State.CLOSED, 0
    for event in events:
        state, effect = step(state, event)
        verified = 0 if effect is Effect.REMEMBER else verified + (effect is Effect.VERIFY)

        assert verified <= 1


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0.0, False), (CEREMONY_LIFETIME_S - 0.001, False), (CEREMONY_LIFETIME_S, True), (-1, True)],
)
def test_a_ceremony_lives_five_minutes(age_s: float, expected: bool) -> None:
    """After five minutes, to the instant, nobody may answer; nor before it began."""
    assert expected is is_outlived(ceremony(), now=1000.0 + age_s)


@pytest.mark.parametrize(
    ("browser", "purpose", "invitation", "age_s", "expected"),
    [
        (BROWSER, Purpose.SIGN_IN, None, 1, Event.ANSWERED),
        (BROWSER, Purpose.SIGN_IN, None, 300, Event.ANSWERED_LATE),
        (TokenHash(b"x" * 32), Purpose.SIGN_IN, None, 1, Event.ANSWERED_ASTRAY),
        (BROWSER, Purpose.ENROLMENT, None, 1, Event.ANSWERED_ASTRAY),
        (BROWSER, Purpose.SIGN_IN, INVITATION, 1, Event.ANSWERED_ASTRAY),
    ],
    ids=["right", "late", "other browser", "other purpose", "other invitation"],
)
def test_an_answer_belongs_to_one_browser_purpose_and_invitation(
    browser: TokenHash,
    purpose: Purpose,
    invitation: TokenHash | None,
    age_s: float,
    expected: Event,
) -> None:
    """A challenge answered by anybody else, or for anything else, is astray."""
    event = classify_answer(
        ceremony(), browser=browser, purpose=purpose, invitation=invitation, now=1000.0 + age_s
    )

    assert expected is event


def test_every_way_has_its_hints() -> None:
    """Each button says which authenticator the browser is to offer first."""
    assert set(Way) == set(HINTS)
