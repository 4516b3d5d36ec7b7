"""
One-time passwords (TOTP, RFC 6238): how a typed code is read, and which one is accepted.

Theory of operation:

1. Time is cut into steps of 30 s, and an authenticator app shows one code for each. At any
   moment the codes of three steps are good, never more (RFC 6238 5.2): the one where we believe
   the phone's clock to be, its predecessor and its successor.
2. Where the phone's clock is, is learned (RFC 6238 6): `LESSONS` sign-ins in a row from the same
   edge of the window move the window by one step; never further than `DRIFT_LIMIT_STEPS` from
   our own clock. One slow typist is no lesson, so the window does not swing to and fro.
3. An accepted step is spent, and with it every earlier one (NIST SP 800-63B-4 3.1.4.2: only
   once). What is remembered is the step, not what was typed, so no other spelling of a code is
   another code. The last step only grows: not a restart, nor a restored back-up (`lifted`), nor
   a clock that is set back makes a used code good again.
4. A code that is right, but spent, is told apart from a wrong one only to somebody who has just
   shown the right password (`told`). To everybody else they look the same.
5. All codes of the window are made and compared in constant time, whichever of them fits.

Its promise: no code is accepted twice. `check` only proposes the new state: of two callers with
the same code the store's test-and-set lets one through, who loses is told SPENT:
`UPDATE … SET last_step = new WHERE person = … AND secret = … AND last_step < new`.

It must not know of passwords, of limits on guesses (`throttle`), or of how a secret is kept.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass, replace
from hmac import compare_digest

import pyotp

from gateway.rules.otp_secrets import base32

STEP_S = 30
"""Seconds for which an app shows one code: the default of RFC 6238 4.1, and all that every common
app knows."""

DIGITS = 6
"""Of a code: Google Authenticator and Okta Verify know no other."""

WINDOW_STEPS = 1
"""To either side: at most one step for the way is recommended (RFC 6238 5.2). Three codes in a
million are good at any moment: one guess hits with a chance of 3 in 1 000 000."""

DRIFT_LIMIT_STEPS = 1
"""How far a phone's clock may be learned to be off: phones set theirs by the network, so more is
no drift, but a clock that was set by hand."""

LESSONS = 3
"""Sign-ins in a row from one edge of the window that make a drift. Who is slow now and then comes
from the late edge now and then, and must not lose the early one by it."""

CODE_TEXT_LIMIT = 64
"""Characters that are looked at: a code with a blank after every digit has eleven."""

DASHES = frozenset("\u2212\u2043\u30fc\u2500\u2501\u00b7\u30fb_.,\u3001\u3002")
"""
What people put between groups of digits and is of another category than Pd: minus, the long-vowel
mark (the hyphen key under a Japanese IME), rules, dots, and the comma and stop of either script.
"""

NEVER = -1
"""The last step of somebody who has never used a code."""

_NO_CODE = "-" * DIGITS
"""Compared in place of what is no code: the same work, and never right."""

_code = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII).fullmatch


class Outcome(enum.StrEnum):
    """What becomes of a typed code."""

    ACCEPTED = "accepted"
    """Right, and not spent: the state that comes with it has to be kept by test-and-set."""
    SPENT = "spent"
    """The code was right, but its step, or a later one, was used: wait for the next."""
    WRONG = "wrong"
    """Anything else, also what is no code at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpState:
    """What is remembered of the codes of one secret."""

    last_step: int = NEVER
    """The latest step that was accepted."""
    drift_steps: int = 0
    """How far the phone's clock was learned to be ahead of ours."""
    lean: int = 0
    """Sign-ins in a row from the late edge of the window (negative) or the early one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check has found."""

    outcome: Outcome
    state: OtpState
    """The state to keep; as it was unless the code was accepted."""


def canonical_code(typed: str) -> str | None:
    """
    The six ASCII digits that a person meant; None for what is no code.

    Full-width digits of an IME, blanks, hyphens and what nobody sees make no difference.
    """
    if len(typed) > CODE_TEXT_LIMIT:
        return None
    digits = "".join(each for each in unicodedata.normalize("NFKC", typed) if not _is_gap(each))
    return digits if _code(digits) else None


def step_at(now: float) -> int:
    """The step of that time (POSIX seconds): T of RFC 6238 4.2."""
    return int(now // STEP_S)


def code_of(secret: bytes, step: int) -> str:
    """The code that an app with that secret (14 bytes or more) shows in that step."""
    return pyotp.HOTP(base32(secret), digits=DIGITS).at(step)


def check(secret: bytes, typed: str, state: OtpState, *, now: float) -> Check:
    """
    Judge what somebody typed.

    Args:
        secret: as it was enrolled, 14 bytes or more.
        typed: as it came from the form.
        state: what the store remembers of this secret.
        now: POSIX seconds by the wall clock.
    """
    code = canonical_code(typed) or _NO_CODE
    here = step_at(now) + state.drift_steps
    window = [max(here + each, 0) for each in range(-WINDOW_STEPS, WINDOW_STEPS + 1)]
    hits = [compare_digest(code, code_of(secret, step)) for step in window]
    matching = [step for step, is_hit in zip(window, hits, strict=True) if is_hit]
    if not matching:
        return Check(outcome=Outcome.WRONG, state=state)
    # By chance two steps may have one code: it is one code all the same, used once.
    if min(matching) <= state.last_step:
        return Check(outcome=Outcome.SPENT, state=state)
    return Check(outcome=Outcome.ACCEPTED, state=_after(state, max(matching), here))


def told(outcome: Outcome, *, is_password_right: bool) -> Outcome:
    """What somebody may be told: nothing about the code without the right password."""
    return outcome if is_password_right else Outcome.WRONG


def lifted(state: OtpState, *, now: float) -> OtpState:
    """
    The state for a store that was restored from a back-up.

    It may have been made before the last sign-in: so whatever code can have been accepted up to
    now counts as spent. People wait for a minute at most, or two where the phone is behind.
    """
    return replace(state, last_step=max(state.last_step, _furthest_step(now)))


def is_clock_behind(state: OtpState, *, now: float) -> bool:
    """
    Whether our clock was set back, or was wrong at the last sign-in: that one lies in the future.

    Codes are SPENT until the clock has caught up; the administrator wants to know.
    """
    return state.last_step > _furthest_step(now)


def _after(state: OtpState, step: int, here: int) -> OtpState:
    """What is remembered once that step was accepted, where `here` was the window's middle."""
    side = (step > here) - (step < here)
    lean = state.lean + side if state.lean * side > 0 else side
    drift = state.drift_steps
    if abs(lean) >= LESSONS:
        drift = min(max(drift + side, -DRIFT_LIMIT_STEPS), DRIFT_LIMIT_STEPS)
        lean = 0
    return OtpState(last_step=step, drift_steps=drift, lean=lean)


def _furthest_step(now: float) -> int:
    """The latest step that any phone's code can be of and be accepted."""
    return step_at(now) + DRIFT_LIMIT_STEPS + WINDOW_STEPS


def _is_gap(letter: str) -> bool:
    """Blanks, hyphens, and what nobody sees."""
    category = unicodedata.category(letter)
    return category[0] == "Z" or category in ("Pd", "Cf", "Cc") or letter in DASHES
