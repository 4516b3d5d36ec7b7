"""Few guesses at one account: what each of them costs, and what gives it back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.networks import NETWORK_BURST, NETWORK_REFILL_S, SKEW_S, Bucket
from gateway.rules.throttle import (
    BUDGETS,
    DAY_S,
    HOUR_S,
    LONGEST_WAIT_S,
    SUSPENDED_AFTER,
    TABLE,
    Account,
    Effect,
    Event,
    Ruling,
    Standing,
    ask,
    is_idle,
    prove,
    shown_wait,
    standing_of,
    step,
    wait_after,
    wait_of,
)

NOW = 1_800_000_000.0

NOBODY_YET = Account()
TIRED = Account(failures=7, guesses=(NOW,))
"""Has to wait for 240 s."""
SUSPENDED = Account(failures=SUSPENDED_AFTER, guesses=(NOW,))
LAST = Account(failures=SUSPENDED_AFTER - 1, guesses=(NOW - DAY_S,))
EMPTY = Bucket(level=0.0, at=NOW)


def guessed(account: Account | None, *, now: float = NOW) -> Ruling:
    """A guess from a network that was never seen."""
    return ask(account, None, now=now)


def after(failures: int) -> Account:
    """An account at which so many guesses have failed, each as soon as it was allowed."""
    account, now = NOBODY_YET, NOW
    for _ in range(failures):
        now += wait_of(account, now=now)
        changed = guessed(account, now=now).account
        assert changed is not None
        account = changed
    return account


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(0, 0), (3, 0), (4, 30), (5, 60), (6, 120), (10, 1920), (11, 3600), (50, 3600), (9999, 3600)],
)
def test_waits_grow_from_half_a_minute_to_an_hour(failures: int, expected: float) -> None:
    """Four tries are free; then the waits double, from 30 s to an hour."""
    assert expected == wait_after(failures)


def test_the_schedule_is_ten_in_an_hour_and_33_in_a_day() -> None:
    """Who guesses as fast as possible gets ten guesses in the first hour, 33 in the first day."""
    guesses = after(33).guesses

    assert 10 == sum(each < NOW + HOUR_S for each in guesses)
    assert (33, True) == (len(guesses), guesses[-1] < NOW + DAY_S)
    assert guesses[-1] + HOUR_S >= NOW + DAY_S


def test_a_guess_is_counted_before_it_is_looked_at() -> None:
    """To be looked at is to be counted, first."""
    ruling = guessed(None)

    assert (Effect.COUNT, Effect.EVALUATE) == ruling.effects
    assert Account(failures=1, guesses=(NOW,)) == ruling.account
    assert Bucket(level=NETWORK_BURST - 1, at=NOW) == ruling.network
    assert (NOW, 0.0) == (ruling.counted_at, ruling.wait_s)


def test_a_guess_during_a_wait_is_told_the_wait_and_costs_nothing() -> None:
    """Who guesses too early is told how long to wait, and the wait does not grow."""
    bucket = Bucket(level=5.0, at=NOW)

    ruling = ask(TIRED, bucket, now=NOW + 100)

    assert ((Effect.TELL_WAIT,), 140.0) == (ruling.effects, ruling.wait_s)
    assert (TIRED, bucket, None) == (ruling.account, ruling.network, ruling.counted_at)


@pytest.mark.parametrize("later_s", [0.0, 10 * DAY_S])
def test_fifty_failures_suspend_for_good(later_s: float) -> None:
    """A suspended account stays so, however long one waits."""
    ruling = guessed(SUSPENDED, now=NOW + later_s)

    assert (Effect.TELL_SUSPENDED,) == ruling.effects
    assert (SUSPENDED, None) == (ruling.account, ruling.network)


def test_the_failure_that_suspends_is_announced() -> None:
    """The fiftieth guess is looked at, and tells everybody if it is wrong."""
    ruling = guessed(LAST)

    assert (Effect.COUNT, Effect.EVALUATE, Effect.ANNOUNCE) == ruling.effects
    assert ruling.account is not None
    assert Standing.SUSPENDED is standing_of(ruling.account, now=NOW)


@pytest.mark.parametrize("account", [NOBODY_YET, TIRED, LAST, SUSPENDED])
def test_a_right_guess_clears(account: Account) -> None:
    """Whatever others have failed meanwhile, a right guess leaves no wait behind."""
    counted = replace(account, guesses=(*account.guesses, NOW + 1))

    cleared, bucket = prove(counted, EMPTY, counted_at=NOW + 1, now=NOW + 1)

    assert Account(failures=0, guesses=account.guesses) == cleared
    assert 1.0 <= bucket.level < 1.1
    assert Standing.OPEN is standing_of(cleared, now=NOW + 1)


def test_a_right_guess_at_a_forgotten_row_is_no_error() -> None:
    """A row that was forgotten in between is as good as cleared."""
    cleared, bucket = prove(None, None, counted_at=NOW, now=NOW)

    assert (NOBODY_YET, NETWORK_BURST) == (cleared, bucket.level)


def test_only_the_right_guess_is_given_back() -> None:
    """A success clears the wait, but the failures of others stay in the day's book."""
    account = replace(TIRED, guesses=(NOW - 60, NOW - 30, NOW))

    cleared, _ = prove(account, None, counted_at=NOW - 30, now=NOW)
    assert (NOW - 60, NOW) == cleared.guesses

    unmoved, _ = prove(account, None, counted_at=NOW - 31, now=NOW)
    assert account.guesses == unmoved.guesses


@pytest.mark.parametrize("account", [NOBODY_YET, TIRED, LAST, SUSPENDED])
def test_a_passkey_clears(account: Account) -> None:
    """Who comes in by passkey may use a one-time password again at once."""
    cleared, effects = step(account, Event.PASSKEY_USED, now=NOW)

    assert ((Effect.CLEAR,), account.guesses) == (effects, cleared.guesses)
    assert Standing.OPEN is standing_of(cleared, now=NOW)


@pytest.mark.parametrize("account", [NOBODY_YET, TIRED, LAST, SUSPENDED])
def test_an_administrator_lifts_everything(account: Account) -> None:
    """After an administrator's act it is as if nobody had ever guessed."""
    assert (NOBODY_YET, (Effect.CLEAR, Effect.FORGET)) == step(account, Event.RELEASED, now=NOW)


@pytest.mark.parametrize(("most", "period_s"), BUDGETS)
def test_budgets_hold_though_failures_are_cleared(most: int, period_s: float) -> None:
    """However often the person comes in between, so many failures in that time are all."""
    spread_s = period_s / most / 2
    account = Account(guesses=tuple(NOW + each * spread_s for each in range(most)))
    now = account.guesses[-1]

    assert Standing.WAITING is standing_of(account, now=now)
    assert pytest.approx(NOW + period_s - now) == guessed(account, now=now).wait_s
    assert Standing.OPEN is standing_of(account, now=NOW + period_s)


def test_a_network_without_failures_in_hand_waits() -> None:
    """From a network that has failed too often, no account is tried, and none is charged."""
    ruling = ask(NOBODY_YET, EMPTY, now=NOW + 5)

    assert ((Effect.TELL_WAIT,), None) == (ruling.effects, ruling.counted_at)
    assert (NETWORK_REFILL_S - 5, NOBODY_YET, EMPTY) == (
        ruling.wait_s,
        ruling.account,
        ruling.network,
    )


def test_a_refusal_of_a_stranger_is_not_written() -> None:
    """Where nothing is kept, a refusal keeps nothing."""
    ruling = ask(None, EMPTY, now=NOW)

    assert (None, EMPTY) == (ruling.account, ruling.network)


@given(st.integers(4, 49), st.floats(min_value=SKEW_S * 1.01, max_value=1e9))
def test_a_clock_that_is_set_back_prolongs_no_wait(failures: int, back_s: float) -> None:
    """After the clock was set back the wait is its own length at most, and it runs down."""
    account = Account(failures=failures, guesses=(NOW - 50.0, NOW))
    now = NOW - back_s

    ruling = ask(account, Bucket(level=5.0, at=NOW), now=now)

    assert pytest.approx(wait_after(failures), rel=1e-6) == ruling.wait_s
    assert ruling.account is not None
    assert (account != ruling.account, now) == (True, ruling.account.guesses[-1])
    assert Bucket(level=5.0, at=now) == ruling.network
    later = now + wait_after(failures) + 0.001
    assert Effect.EVALUATE in ask(ruling.account, ruling.network, now=later).effects


def test_machines_whose_clocks_differ_a_little_agree() -> None:
    """A machine that is some seconds behind counts on, and moves nothing."""
    account = Account(failures=1, guesses=(NOW,))

    ruling = guessed(account, now=NOW - SKEW_S)

    assert Account(failures=2, guesses=(NOW, NOW)) == ruling.account
    assert 240.0 == guessed(TIRED, now=NOW - SKEW_S).wait_s


@given(st.lists(st.floats(min_value=-3 * DAY_S, max_value=3 * DAY_S), max_size=300))
def test_no_clock_gives_more_than_fifty(jumps: list[float]) -> None:
    """However the clock is moved, fifty failures in a row are all there are."""
    account, now, looked_at = NOBODY_YET, NOW, 0
    for jump in jumps:
        now += jump
        ruling = guessed(account, now=now)
        looked_at += Effect.EVALUATE in ruling.effects
        assert ruling.account is not None
        account = ruling.account
        assert wait_of(account, now=now) <= DAY_S

    assert looked_at <= SUSPENDED_AFTER
    assert len(account.guesses) <= 33


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (NOBODY_YET, True),
        (Account(guesses=(NOW - DAY_S,)), True),
        (Account(guesses=(NOW - DAY_S + 1,)), False),
        (Account(failures=1), False),
        (SUSPENDED, False),
    ],
)
def test_only_what_says_nothing_is_forgotten(account: Account, expected: bool) -> None:
    """A row may be dropped if it is as if it had never been."""
    assert expected is is_idle(account, now=NOW)


def test_a_shown_wait_is_never_too_short() -> None:
    """Who waits the seconds that were shown may try again."""
    assert [0, 1, 30, 31] == [shown_wait(each) for each in (0.0, 0.01, 30.0, 30.2)]


def test_no_effect_on_a_wait_looks_at_anything() -> None:
    """The table lets a guess be looked at only if it is counted, and only where it is open."""
    looking = {key for key, effects in TABLE.items() if Effect.EVALUATE in effects}

    assert {(Standing.OPEN, Event.GUESSED), (Standing.LAST_CHANCE, Event.GUESSED)} == looking
    assert all(TABLE[key][0] is Effect.COUNT for key in looking)
    assert LONGEST_WAIT_S == HOUR_S
