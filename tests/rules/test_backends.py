"""Which backend is asked, which is left alone, and how it comes back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.backends import (
    FAULTS_LIMIT,
    FIRST_SHARE,
    ILLS_LIMIT,
    REST_LIMIT_S,
    REST_S,
    SLOW_START_S,
    TABLE,
    Backend,
    Event,
    Standing,
    State,
    Turns,
    happened,
    least_bad,
    settled,
    share,
)

OUTER = (Event.ANSWERED, Event.FAULT, Event.WELL, Event.ILL)
"""What the pool tells; the others are worked out."""

happenings = st.lists(st.tuples(st.sampled_from(OUTER), st.floats(0.0, 60.0)), max_size=60)
weights = st.lists(st.integers(1, 20), min_size=2, max_size=6)


def after(*events: Event, now: float = 100.0, standing: Standing | None = None) -> Standing:
    """What is known after these events at one moment."""
    standing = standing or Standing()
    for event in events:
        standing = happened(standing, event, now=now)
    return standing


def down(now: float = 100.0) -> Standing:
    """A backend that has just been put DOWN for the first time."""
    return after(*[Event.FAULT] * FAULTS_LIMIT, now=now)


def returning(now: float = 100.0) -> Standing:
    """A backend that has just begun its slow start."""
    return after(Event.WELL, now=now, standing=down(now - REST_S))


# Health


def test_every_pair_is_in_the_table() -> None:
    """There is no state in which something that happens has no meaning."""
    assert set(itertools.product(State, Event)) == set(TABLE)


def test_faults_in_a_row_put_it_down() -> None:
    """Two are borne; with the third it is left alone for ten seconds."""
    assert State.UP is after(*[Event.FAULT] * (FAULTS_LIMIT - 1)).state
    assert (State.DOWN, 100.0 + REST_S) == (down().state, down().until)


def test_an_answer_between_makes_up_for_faults() -> None:
    """Only faults in a row count."""
    events = [Event.FAULT, Event.FAULT, Event.ANSWERED] * 5

    assert State.UP is after(*events).state


def test_a_good_probe_does_not_make_up_for_faults() -> None:
    """A port that accepts while every request breaks does not keep a backend in service."""
    events = [Event.FAULT, Event.WELL] * FAULTS_LIMIT

    assert State.DOWN is after(*events).state


def test_ill_probes_in_a_row_put_it_down() -> None:
    """An app that asks for rest by its health path is left alone, though it answers people."""
    events = [Event.ILL, Event.ANSWERED] * ILLS_LIMIT

    assert State.DOWN is after(*events).state


def test_a_good_probe_between_makes_up_for_ill_ones() -> None:
    """One lost probe now and then is chance."""
    assert State.UP is after(*[Event.ILL, Event.WELL] * 5).state


@pytest.mark.parametrize("sign", [Event.WELL, Event.ANSWERED])
def test_down_lasts_its_time(sign: Event) -> None:
    """What is heard before the rest is over changes nothing; after it, it begins to return."""
    resting = down()

    assert resting == happened(resting, sign, now=resting.until - 0.1)
    assert State.RETURNING is happened(resting, sign, now=resting.until).state


def test_a_fault_on_the_way_back_puts_it_down_for_longer() -> None:
    """Ten, twenty, forty, eighty, a hundred and sixty seconds, and no more."""
    rests, standing, now = [], down(), 100.0
    for _ in range(7):
        rests.append(standing.until - standing.since)
        now = standing.until
        standing = after(Event.WELL, Event.FAULT, now=now, standing=standing)

    assert [10, 20, 40, 80, 160, 160, 160] == rests


def test_who_is_all_the_way_back_has_no_past() -> None:
    """The next time it is put down it is for the shortest time again."""
    back = settled(returning(), now=100.0 + SLOW_START_S)

    assert Standing() == back
    assert back.is_untroubled


def test_coming_back_takes_its_time() -> None:
    """The share is a tenth at first, a half in the middle, the whole at the end."""
    standing = returning()

    shares = [share(standing, now=100.0 + at) for at in (0, SLOW_START_S / 2, SLOW_START_S)]

    assert [FIRST_SHARE, 0.5, 1.0] == shares


@given(st.lists(st.floats(0.0, 60.0), min_size=2))
def test_the_share_never_shrinks_on_the_way_back(ages: list[float]) -> None:
    """Slow start goes up only."""
    shares = [share(returning(), now=100.0 + age) for age in sorted(ages)]

    assert sorted(shares) == shares


@given(happenings)
def test_whatever_happens_the_share_is_one(happenings: list[tuple[Event, float]]) -> None:
    """The share is from 0 to 1 over any history, 0 only while DOWN, and DOWN has an end."""
    standing, now = Standing(), 0.0
    for event, pause in happenings:
        now += pause
        standing = happened(standing, event, now=now)
        part = share(standing, now=now)
        assert 0.0 <= part <= 1.0
        assert (part == 0.0) == (standing.state is State.DOWN)
        assert standing.until - standing.since <= REST_LIMIT_S
        assert standing.faults < FAULTS_LIMIT
        assert standing.ills < ILLS_LIMIT


@given(happenings)
def test_good_news_brings_anybody_back(happenings: list[tuple[Event, float]]) -> None:
    """Whatever has happened, a backend that works again has its whole share in the end."""
    standing, now = Standing(), 0.0
    for event, pause in happenings:
        now += pause
        standing = happened(standing, event, now=now)

    standing = happened(standing, Event.WELL, now=now + REST_LIMIT_S)
    standing = settled(standing, now=now + REST_LIMIT_S + SLOW_START_S)

    assert State.UP is standing.state


def test_the_least_bad_is_the_one_that_may_return_first() -> None:
    """With all of them down, the one whose time is over first is tried."""
    assert 1 == least_bad([down(now=103.0), down(now=100.0), down(now=101.0)])


# Turns


def test_turns_interleave() -> None:
    """Weights 3 and 1 do not mean three in a row each time round, nor one for ever."""
    turns = Turns(2)

    chosen = [turns.choose([3.0, 1.0], [0, 0]) for _ in range(8)]

    assert 6 == chosen.count(0)
    assert 1 in chosen[:4]
    assert 1 in chosen[4:]


@given(weights, st.integers(1, 300))
def test_idle_backends_share_by_weight(weights: list[int], count: int) -> None:
    """Over any number of requests nobody is more than one request off its share."""
    turns, served = Turns(len(weights)), [0] * len(weights)

    for _ in range(count):
        chosen = turns.choose([float(each) for each in weights], [0] * len(weights))
        assert chosen is not None
        served[chosen] += 1

    parts = [each / weight for each, weight in zip(served, weights, strict=True)]
    assert max(parts) - min(parts) <= 1 / min(weights) + 1e-6


@given(weights, st.integers(1, 300))
def test_what_is_under_way_is_shared_by_weight(weights: list[int], count: int) -> None:
    """Requests that never end pile up nowhere more than by weight."""
    turns, busy = Turns(len(weights)), [0] * len(weights)

    for _ in range(count):
        chosen = turns.choose([float(each) for each in weights], busy)
        assert chosen is not None
        busy[chosen] += 1

    parts = [each / weight for each, weight in zip(busy, weights, strict=True)]
    assert max(parts) - min(parts) <= 1 / min(weights) + 1e-6


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from([0.0, 0.1, 1.0, 5.0]), min_size=3, max_size=3)),
        max_size=50,
    )
)
def test_who_has_no_weight_is_not_asked(rounds: list[tuple[list[float]]]) -> None:
    """A backend that is DOWN gets nothing, and somebody is asked as long as anybody may be."""
    turns = Turns(3)
    for (now,) in rounds:
        chosen = turns.choose(now, [0, 0, 0])

        assert (chosen is None) == (not any(now))
        assert chosen is None or now[chosen] > 0


def test_missed_turns_are_lost() -> None:
    """Who was busy, or away, for a thousand requests is not given a thousand in a row after."""
    turns = Turns(2)
    for _ in range(1000):
        assert 0 == turns.choose([1.0, 1.0], [0, 1])

    after = [turns.choose([1.0, 1.0], [0, 0]) for _ in range(10)]

    assert 5 <= after.count(1) <= 6


def test_the_idle_go_before_the_busy() -> None:
    """Weight counts for how much one may carry, not for being asked while others are idle."""
    assert 1 == Turns(2).choose([10.0, 1.0], [1, 0])


# What a backend is called


@pytest.mark.parametrize(
    ("backend", "name", "authority"),
    [
        (Backend(scheme="http", host="10.0.0.5", port=80), "10.0.0.5:80", "10.0.0.5"),
        (Backend(scheme="https", host="10.0.0.5", port=80), "10.0.0.5:80", "10.0.0.5:80"),
        (Backend(scheme="https", host="a.example", port=443), "a.example:443", "a.example"),
        (Backend(scheme="http", host="::1", port=8080), "[::1]:8080", "[::1]:8080"),
    ],
)
def test_what_a_backend_is_called(backend: Backend, name: str, authority: str) -> None:
    """Messages always have the port; Host has it where it is not the scheme's own."""
    assert (name, authority) == (backend.name, backend.authority)
    assert f"{backend.scheme}://{authority}" == backend.url
