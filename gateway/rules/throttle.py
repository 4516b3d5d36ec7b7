"""
How many one-time passwords may be guessed: few a day for each account, from wherever they come.

Theory of operation:

1. A guess is user name, password and code together. Three codes in a million are good at any
   moment, so 33 guesses a day hit with a chance of 1 in 10 000, and that only for somebody who
   has the password already. NIST SP 800-63B-4 3.2.2 would allow 100 in all.
2. A guess is counted **before** it is looked at (`Effect.COUNT` comes before
   `Effect.EVALUATE`), as if it had failed. Only what the store has counted may be evaluated, so
   sixty guesses that come at once are sixty guesses; a crash in between has counted it, too.
   Who turns out to be right gets it back (`Event.PROVED`).
3. Four tries are free. From the fourth failure in a row on each costs a wait, of 30 s at first,
   twice as long each time, and of an hour at most. A guess during a wait is not evaluated, costs
   nothing and is told the remaining time. It is audited all the same.
4. After 50 failures in a row one-time passwords are suspended for the account until its person
   comes in by passkey, or an administrator acts. Nothing here ever concerns passkeys: an attack
   on one way in does not close the other.
5. Success clears the failures in a row and thereby the wait. It does not clear the day's book:
   never more than `BUDGETS` guesses fail in any hour and any day, however often the person
   comes in between. In a row of failures the waits alone keep within the budgets.
6. An account is what `spellings.account_of` makes of a typed name, whether anybody has it or not:
   a name that is nobody's waits and is suspended just the same.
7. Besides, every network has a `networks.Bucket` of failures. Success costs nothing there, either.
8. Times are the wall clock's, since they outlive a restart. A clock that is set back prolongs
   no wait: what lies in the future is moved to now, all of it by the same distance, and **that
   is kept, even if nothing else changes**, so that the wait runs down. Clocks of several
   machines may differ by `SKEW_S`. A clock set forward ends waits; the 50 of rule 4 are counted
   without any clock.

What a caller does: (a) wait for a place among those who may hash, so that nobody is counted who
is then not looked at; (b) read both rows; (c) `ask`; (d) swap both rows for what the ruling says,
if it differs; if that fails, go to (b); (e) if told to evaluate: hash the password and check the
code, both always; (f) if both are right, spend the step; (g) if that succeeded: read, `prove`,
swap, again until it is done. What the store must offer for it, the same on every machine that
shares it:

    class Guesses(Protocol):
        async def guesses(
            self, account: bytes, network: bytes
        ) -> tuple[Account | None, Bucket | None]: ...
            # What is kept under these keys; None where there is no row.

        async def swap_guesses(
            self,
            account: bytes,
            network: bytes,
            *,
            seen: tuple[Account | None, Bucket | None],
            kept: tuple[Account | None, Bucket | None],
        ) -> bool: ...
            # One transaction: if both rows are still what was seen (None: there is none), keep
            # both (None: as before), durably, and True. Else change nothing, and False.

A store whose writes are in one thread may as well call `ask` and `prove` inside its transaction:
then nobody is ever too late. Rows that are idle (`is_idle`, `networks.is_full`) may be forgotten;
rows of names that are nobody's also when they are more than `STRANGERS_KEPT`, the oldest first.
"""

from __future__ import annotations

import enum
import itertools
import math
from dataclasses import dataclass, replace

from gateway.rules import networks
from gateway.rules.networks import SKEW_S, Bucket

HOUR_S = 3_600.0
DAY_S = 86_400.0

FREE_TRIES = 4
"""In a row; three would be few for people, five would be 34 guesses in the first day."""

FIRST_WAIT_S = 30.0
"""NIST SP 800-63B-4 3.2.2 names 30 s to an hour; it is also the time to the next code."""

LONGEST_WAIT_S = HOUR_S
"""The same clause's upper end."""

BUDGETS = ((10, HOUR_S), (33, DAY_S))
"""Guesses that may fail in any such time: 33 a day are a chance of 1 in 10 000."""

SUSPENDED_AFTER = 50
"""Failures in a row; half of the 100 that NIST SP 800-63B-4 3.2.2 allows."""

STRANGERS_KEPT = 100_000
"""Rows of names that are nobody's: some 40 MB on the disk at the very most."""


class Standing(enum.Enum):
    """Where an account is; derived from what is kept of it, and the time."""

    OPEN = "open"
    LAST_CHANCE = "last-chance"
    """Open, and one more failure suspends."""
    WAITING = "waiting"
    SUSPENDED = "suspended"


class Event(enum.Enum):
    """What can happen to it."""

    GUESSED = "guessed"
    """Somebody asks that a guess be looked at."""
    PROVED = "proved"
    """A guess that was counted has turned out to be right, password, code and all."""
    PASSKEY_USED = "passkey-used"
    """Its person came in by passkey."""
    RELEASED = "released"
    """An administrator has lifted everything."""


class Effect(enum.Enum):
    """What is to be done, in that order."""

    COUNT = "count"
    """Keep it as failed, durably, before anything else."""
    EVALUATE = "evaluate"
    """Look at it, once it is counted."""
    ANNOUNCE = "announce"
    """If it turns out wrong: tell the person and the administrators of the suspension."""
    TELL_WAIT = "tell-wait"
    TELL_SUSPENDED = "tell-suspended"
    GIVE_BACK = "give-back"
    """Strike the guess that was right from the day's book."""
    CLEAR = "clear"
    """No failures in a row any more."""
    FORGET = "forget"
    """The day's book, too."""


TABLE: dict[tuple[Standing, Event], tuple[Effect, ...]] = {
    (Standing.OPEN, Event.GUESSED): (Effect.COUNT, Effect.EVALUATE),
    (Standing.LAST_CHANCE, Event.GUESSED): (Effect.COUNT, Effect.EVALUATE, Effect.ANNOUNCE),
    (Standing.WAITING, Event.GUESSED): (Effect.TELL_WAIT,),
    (Standing.SUSPENDED, Event.GUESSED): (Effect.TELL_SUSPENDED,),
    # The guess was counted while that was allowed; what others have failed since is no matter.
    (Standing.OPEN, Event.PROVED): (Effect.GIVE_BACK, Effect.CLEAR),
    (Standing.LAST_CHANCE, Event.PROVED): (Effect.GIVE_BACK, Effect.CLEAR),
    (Standing.WAITING, Event.PROVED): (Effect.GIVE_BACK, Effect.CLEAR),
    (Standing.SUSPENDED, Event.PROVED): (Effect.GIVE_BACK, Effect.CLEAR),
    (Standing.OPEN, Event.PASSKEY_USED): (Effect.CLEAR,),
    (Standing.LAST_CHANCE, Event.PASSKEY_USED): (Effect.CLEAR,),
    (Standing.WAITING, Event.PASSKEY_USED): (Effect.CLEAR,),
    (Standing.SUSPENDED, Event.PASSKEY_USED): (Effect.CLEAR,),
    (Standing.OPEN, Event.RELEASED): (Effect.CLEAR, Effect.FORGET),
    (Standing.LAST_CHANCE, Event.RELEASED): (Effect.CLEAR, Effect.FORGET),
    (Standing.WAITING, Event.RELEASED): (Effect.CLEAR, Effect.FORGET),
    (Standing.SUSPENDED, Event.RELEASED): (Effect.CLEAR, Effect.FORGET),
}

assert set(TABLE) == set(itertools.product(Standing, Event)), "the table lacks a pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is kept of the guesses at one account."""

    failures: int = 0
    """In a row, those that are being looked at included."""
    guesses: tuple[float, ...] = ()
    """When each guess of the last day was counted, oldest first; not those that were right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What becomes of a guess."""

    account: Account | None
    network: Bucket | None
    """Both are to be kept if either differs from what was read, whatever else is to be done."""
    effects: tuple[Effect, ...]
    wait_s: float
    """Seconds until the next guess may be looked at; of no meaning with TELL_SUSPENDED."""
    counted_at: float | None
    """Under which time it was counted; None if it was not. `prove` wants it."""


def ask(account: Account | None, network: Bucket | None, *, now: float) -> Ruling:
    """
    What becomes of a guess that has just come in.

    Args:
        account: what is kept of the account; None for nothing.
        network: the same of the network that it comes from.
        now: POSIX seconds by the wall clock.
    """
    wait_s = networks.wait_of(network, now=now)
    if wait_s > 0:
        return _refusal(account, network, (Effect.TELL_WAIT,), wait_s, now)
    changed, effects = step(account or Account(), Event.GUESSED, now=now)
    if Effect.COUNT not in effects:
        return _refusal(account, network, effects, wait_of(changed, now=now), now)
    return Ruling(
        account=changed,
        network=networks.charged(network, now=now),
        effects=effects,
        wait_s=0.0,
        counted_at=changed.guesses[-1],
    )


def prove(
    account: Account | None, network: Bucket | None, *, counted_at: float, now: float
) -> tuple[Account, Bucket]:
    """What is to be kept once a counted guess has turned out to be right."""
    changed, _ = step(account or Account(), Event.PROVED, now=now, counted_at=counted_at)
    return changed, networks.repaid(network, now=now)


def step(
    account: Account, event: Event, *, now: float, counted_at: float | None = None
) -> tuple[Account, tuple[Effect, ...]]:
    """
    The table's answer, and the account after it.

    Args:
        account: what is kept of it.
        event: what has happened.
        now: POSIX seconds by the wall clock.
        counted_at: for PROVED, under which time the guess was counted.
    """
    account = _moved(account, now)
    effects = TABLE[standing_of(account, now=now), event]
    if Effect.COUNT in effects:
        account = _counted(account, now)
    if Effect.GIVE_BACK in effects:
        account = _given_back(account, counted_at)
    if Effect.CLEAR in effects:
        account = replace(account, failures=0)
    if Effect.FORGET in effects:
        account = Account()
    return account, effects


def standing_of(account: Account, *, now: float) -> Standing:
    """Where the account is."""
    if account.failures >= SUSPENDED_AFTER:
        return Standing.SUSPENDED
    if wait_of(account, now=now) > 0:
        return Standing.WAITING
    is_last = account.failures == SUSPENDED_AFTER - 1
    return Standing.LAST_CHANCE if is_last else Standing.OPEN


def wait_of(account: Account, *, now: float) -> float:
    """Seconds until a guess may be looked at again, suspended or not; 0 = now."""
    account = _moved(account, now)
    if not account.guesses:
        return 0.0
    latest = account.guesses[-1]
    ends = [latest + wait_after(account.failures)]
    ends += [
        account.guesses[-most] + period_s
        for most, period_s in BUDGETS
        if len(account.guesses) >= most
    ]
    return max(0.0, max(ends) - max(now, latest))


def wait_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    if failures < FREE_TRIES:
        return 0.0
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (min(failures, SUSPENDED_AFTER) - FREE_TRIES))


def shown_wait(wait_s: float) -> int:
    """The same for people: whole seconds, never too few."""
    return math.ceil(wait_s)


def is_idle(account: Account, *, now: float) -> bool:
    """Whether an account may be forgotten: it is as if nobody had ever guessed."""
    latest = account.guesses[-1] if account.guesses else -math.inf
    return account.failures == 0 and now - latest >= DAY_S


def _counted(account: Account, now: float) -> Account:
    recent = tuple(each for each in account.guesses if now - each < DAY_S)
    latest = max((now, *recent))
    return Account(failures=account.failures + 1, guesses=(*recent, latest))


def _given_back(account: Account, counted_at: float | None) -> Account:
    """Where its time is not there any more (the clock was set back) the guess stays counted."""
    guesses = list(account.guesses)
    if counted_at in guesses:
        guesses.remove(counted_at)
    return replace(account, guesses=tuple(guesses))


def _moved(account: Account, now: float) -> Account:
    """The account, moved into the past where a clock that was set back makes it the future."""
    too_late_s = account.guesses[-1] - now if account.guesses else 0.0
    if too_late_s <= SKEW_S:
        return account
    return replace(account, guesses=tuple(each - too_late_s for each in account.guesses))


def _refusal(
    account: Account | None,
    network: Bucket | None,
    effects: tuple[Effect, ...],
    wait_s: float,
    now: float,
) -> Ruling:
    """Nothing changes, and nothing is written, unless the clock was set back."""
    return Ruling(
        account=account and _moved(account, now),
        network=network and networks.settled(network, now=now),
        effects=effects,
        wait_s=wait_s,
        counted_at=None,
    )
