"""Whole attacks, played through: many at once, from everywhere, all day long."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.networks import Bucket
from gateway.rules.throttle import (
    BUDGETS,
    DAY_S,
    SUSPENDED_AFTER,
    Account,
    Effect,
    Event,
    ask,
    prove,
    standing_of,
    step,
)

NOW = 1_800_000_000.0

Rows = tuple[Account | None, Bucket | None]


@dataclass
class Ledger:
    """A store of what is kept, with the compare-and-swap that the rules want; it outlives all."""

    accounts: dict[str, Account] = field(default_factory=dict)
    networks: dict[str, Bucket] = field(default_factory=dict)
    looked_at: list[float] = field(default_factory=list)
    """When guesses that fail were evaluated."""

    def rows(self, account: str, network: str) -> Rows:
        """What is kept."""
        return self.accounts.get(account), self.networks.get(network)

    def swap(self, account: str, network: str, *, seen: Rows, kept: Rows) -> bool:
        """Keep both if both are still what was seen."""
        if self.rows(account, network) != seen:
            return False
        if kept[0] is not None:
            self.accounts[account] = kept[0]
        if kept[1] is not None:
            self.networks[network] = kept[1]
        return True

    def guess(
        self, account: str, network: str, now: float, *, is_right: bool = False
    ) -> Generator[None, None, bool]:
        """One guess, which others may overtake wherever it yields; whether it was looked at."""
        while True:
            seen = self.rows(account, network)
            yield
            ruling = ask(*seen, now=now)
            kept = (ruling.account, ruling.network)
            if kept == seen or self.swap(account, network, seen=seen, kept=kept):
                break
        if ruling.counted_at is None:
            return False
        yield
        if not is_right:
            self.looked_at.append(now)
            return True
        while True:
            seen = self.rows(account, network)
            yield
            kept = prove(*seen, counted_at=ruling.counted_at, now=now)
            if self.swap(account, network, seen=seen, kept=kept):
                return True


def finish(guess: Generator[None, None, bool]) -> bool:
    """A guess by itself, with nobody in between."""
    while True:
        try:
            next(guess)
        except StopIteration as end:
            return bool(end.value)


def race(guesses: list[Generator[None, None, bool]], chance: random.Random) -> int:
    """All at once, in an order of chance; how many were looked at."""
    looked_at = 0
    while guesses:
        each = chance.choice(guesses)
        try:
            next(each)
        except StopIteration as end:
            looked_at += bool(end.value)
            guesses.remove(each)
    return looked_at


def assert_within_budgets(looked_at: list[float]) -> None:
    """Never more in any hour or day than the budgets say."""
    ordered = sorted(looked_at)
    for most, period_s in BUDGETS:
        for first, beyond in zip(ordered, ordered[most:], strict=False):
            assert beyond - first >= period_s


@given(st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_sixty_guesses_at_once_are_sixty_guesses(chance: random.Random) -> None:
    """Of sixty guesses that arrive together from fifty networks, four are looked at."""
    ledger = Ledger()

    looked_at = race(
        [ledger.guess("taro", f"network {each % 50}", NOW) for each in range(60)], chance
    )

    assert 4 == looked_at == ledger.accounts["taro"].failures
    assert 4 == sum(60 - each.level for each in ledger.networks.values())


@given(st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_a_right_guess_among_wrong_ones_clears_once(chance: random.Random) -> None:
    """The person who comes in during an attack gives no guess back but their own."""
    ledger = Ledger()
    right = ledger.guess("taro", "office", NOW, is_right=True)
    wrong = [ledger.guess("taro", f"network {each}", NOW) for each in range(60)]

    race([right, *wrong], chance)

    assert len(ledger.looked_at) == len(ledger.accounts["taro"].guesses) <= BUDGETS[0][0]


@pytest.mark.parametrize("networks", [1, 50])
def test_a_day_of_guessing_is_33_guesses(networks: int) -> None:
    """Ten tries a minute all day long, from one network or fifty: 10 in an hour, 33 in a day."""
    ledger = Ledger()
    for each in range(int(DAY_S / 6)):
        finish(ledger.guess("taro", f"network {each % networks}", NOW + 6 * each))

    assert_within_budgets(ledger.looked_at)
    assert 33 == len(ledger.looked_at)
    assert 10 == sum(each < NOW + 3600 for each in ledger.looked_at)


def test_a_person_who_signs_in_gives_an_attacker_nothing() -> None:
    """Though the person comes in every ten minutes, by passkey, 33 guesses a day are all."""
    ledger = Ledger()
    for each in range(int(2 * DAY_S / 60)):
        now = NOW + 60 * each
        finish(ledger.guess("taro", f"network {each % 50}", now))
        if each % 10 == 9:
            cleared, _ = step(ledger.accounts["taro"], Event.PASSKEY_USED, now=now)
            ledger.accounts["taro"] = cleared

    assert_within_budgets(ledger.looked_at)
    assert 66 == len(ledger.looked_at)


def test_a_siege_ends_in_suspension() -> None:
    """Who goes on for a week has had fifty guesses, and then none any more."""
    ledger = Ledger()
    for each in range(int(7 * DAY_S / 600)):
        finish(ledger.guess("taro", "far away", NOW + 600 * each))

    assert SUSPENDED_AFTER == len(ledger.looked_at)


def test_one_network_cannot_try_everybody() -> None:
    """One network that tries ten thousand names in an hour gets 60 + 180 of them looked at."""
    ledger = Ledger()
    looked_at = sum(
        finish(ledger.guess(f"name {each}", "far away", NOW + 0.36 * each))
        for each in range(10_000)
    )

    assert 60 + 3600 / 20 - 1 <= looked_at <= 60 + 3600 / 20


def test_an_office_behind_one_address_works_on() -> None:
    """Three hundred people come in within a minute; every tenth mistypes once before."""
    ledger = Ledger()
    for each in range(300):
        if each % 10 == 0:
            assert finish(ledger.guess(f"name {each}", "office", NOW + each / 5))
        assert finish(ledger.guess(f"name {each}", "office", NOW + each / 5, is_right=True))


@given(
    st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=2 * 3600),
            st.sampled_from(["wrong", "right", "passkey"]),
        ),
        max_size=200,
    )
)
def test_budgets_hold_in_any_window(moments: list[tuple[float, str]]) -> None:
    """Whatever comes in between, failures stay within the budgets of any hour and any day."""
    ledger, now = Ledger(), NOW
    for passed_s, what in moments:
        now += passed_s
        if what == "passkey":
            account = ledger.accounts.get("taro", Account())
            ledger.accounts["taro"] = step(account, Event.PASSKEY_USED, now=now)[0]
        else:
            finish(ledger.guess("taro", "a network", now, is_right=what == "right"))

    assert_within_budgets(ledger.looked_at)


def test_a_guess_that_was_cut_off_is_counted() -> None:
    """A machine that dies while it looks at a guess has counted it."""
    ledger = Ledger()
    for _ in range(4):
        guess = ledger.guess("taro", "a network", NOW)
        next(guess)
        next(guess)  # counted, and now it dies
        guess.close()

    seen = ledger.rows("taro", "a network")
    assert (Effect.TELL_WAIT,) == ask(*seen, now=NOW).effects
    assert "waiting" == standing_of(ledger.accounts["taro"], now=NOW).value
