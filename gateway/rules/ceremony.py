"""
One WebAuthn ceremony, from the challenge that we give to the answer that comes back.

Theory of operation:

1. A ceremony is born when a browser asks for options. It is bound to that browser (by the
   hash of its cookie), to one purpose and, for a registration, to what allows it: an
   invitation, or a session.
2. Its challenge is its only name: random, never given twice, never guessed
   (WebAuthn 13.4.3 wants 16 bytes; we give `CHALLENGE_BYTES`).
3. Whatever comes back with its challenge ends it, before anything else of the answer is
   looked at: a challenge opens one door, once, or none.
4. An answer from another browser, for another purpose, or allowed by something else is
   refused, and ends the ceremony too: its challenge is known where it should not be.
5. A ceremony lives `CEREMONY_LIFETIME_S` by the monotonic clock: no wall clock that is
   moved makes it older or younger.
6. A challenge that is not open is told as expired, whether it was used, outlived, crowded
   out or made up: a stranger learns nothing, and a person does the right thing, again.

`TABLE` holds every pair of state and event; an assert at import says so. There are two
states only, because what is over is forgotten: what is not in the table of open
ceremonies is CLOSED.
"""

from __future__ import annotations

import enum
import itertools

from gateway.rules.records import Ceremony, Purpose, TokenHash

CEREMONY_LIFETIME_S = 300.0
"""Seconds that an answer may take: WebAuthn 15.1 recommends 300 000 ms where UV is required."""

CHALLENGE_BYTES = 32
"""Random bytes of a challenge: twice what WebAuthn 13.4.3 wants."""

CEREMONIES_LIMIT = 20_000
"""Open ceremonies in all: about 10 MB. At 20 sign-ins a second 6 000 are open at most."""

CEREMONIES_PER_BROWSER = 8
"""Open ceremonies of one browser: a few tabs, each with a button pressed and autofill armed."""


class Way(enum.StrEnum):
    """The button that a person pressed; it decides what the browser offers first."""

    ANY = "any"
    AUTOFILL = "autofill"
    THIS_DEVICE = "this-device"
    PHONE = "phone"
    SECURITY_KEY = "security-key"


HINTS: dict[Way, list[str]] = {
    Way.ANY: [],
    Way.AUTOFILL: [],
    Way.THIS_DEVICE: ["client-device"],
    Way.PHONE: ["hybrid"],
    Way.SECURITY_KEY: ["security-key"],
}
"""WebAuthn 5.8.7. Firefox and Safari ignore them and show their general dialog."""


class State(enum.Enum):
    """Where a ceremony is."""

    CLOSED = "closed"
    OPEN = "open"


class Event(enum.Enum):
    """What can happen to it."""

    BEGUN = "begun"
    """A browser asked for options."""
    ANSWERED = "answered"
    """Its answer came: from the right browser, for the right purpose, in time."""
    ANSWERED_LATE = "answered-late"
    """An answer came after the lifetime."""
    ANSWERED_ASTRAY = "answered-astray"
    """An answer came from another browser, for another purpose, or allowed by something else."""
    OUTLIVED = "outlived"
    """Its lifetime is over and nobody answered."""
    CROWDED_OUT = "crowded-out"
    """It is the oldest and there are too many."""


class Effect(enum.Enum):
    """What is to be done."""

    REMEMBER = "remember"
    VERIFY = "verify"
    REFUSE = "refuse"
    REFUSE_AS_EXPIRED = "refuse-as-expired"
    FORGET = "forget"
    NOTHING = "nothing"


TABLE: dict[tuple[State, Event], tuple[State, Effect]] = {
    (State.CLOSED, Event.BEGUN): (State.OPEN, Effect.REMEMBER),
    (State.CLOSED, Event.ANSWERED): (State.CLOSED, Effect.REFUSE_AS_EXPIRED),
    (State.CLOSED, Event.ANSWERED_LATE): (State.CLOSED, Effect.REFUSE_AS_EXPIRED),
    (State.CLOSED, Event.ANSWERED_ASTRAY): (State.CLOSED, Effect.REFUSE_AS_EXPIRED),
    (State.CLOSED, Event.OUTLIVED): (State.CLOSED, Effect.NOTHING),
    (State.CLOSED, Event.CROWDED_OUT): (State.CLOSED, Effect.NOTHING),
    # The same challenge drawn twice: randomness is broken, so neither may be finished.
    (State.OPEN, Event.BEGUN): (State.CLOSED, Effect.REFUSE),
    (State.OPEN, Event.ANSWERED): (State.CLOSED, Effect.VERIFY),
    (State.OPEN, Event.ANSWERED_LATE): (State.CLOSED, Effect.REFUSE_AS_EXPIRED),
    (State.OPEN, Event.ANSWERED_ASTRAY): (State.CLOSED, Effect.REFUSE),
    (State.OPEN, Event.OUTLIVED): (State.CLOSED, Effect.FORGET),
    (State.OPEN, Event.CROWDED_OUT): (State.CLOSED, Effect.FORGET),
}

assert set(TABLE) == set(itertools.product(State, Event)), "the table lacks a pair"


def is_outlived(ceremony: Ceremony, *, now: float) -> bool:
    """Whether nobody may answer any more; `now` is in seconds by the monotonic clock."""
    return not 0 <= now - ceremony.begun < CEREMONY_LIFETIME_S


def classify_answer(
    ceremony: Ceremony,
    *,
    browser: TokenHash,
    purpose: Purpose,
    invitation: TokenHash | None,
    now: float,
) -> Event:
    """Which event an answer is that carries this ceremony's challenge."""
    if is_outlived(ceremony, now=now):
        return Event.ANSWERED_LATE
    asked = (ceremony.browser, ceremony.purpose, ceremony.invitation)
    return Event.ANSWERED if asked == (browser, purpose, invitation) else Event.ANSWERED_ASTRAY


def step(state: State, event: Event) -> tuple[State, Effect]:
    """The table's answer."""
    return TABLE[state, event]
