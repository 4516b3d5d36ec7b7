"""One-time passwords: read from what people type, accepted once, and never an older one."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.otp import (
    CODE_TEXT_LIMIT,
    DRIFT_LIMIT_STEPS,
    LESSONS,
    NEVER,
    STEP_S,
    Check,
    OtpState,
    Outcome,
    canonical_code,
    check,
    code_of,
    is_clock_behind,
    lifted,
    step_at,
    told,
)
from gateway.rules.otp_secrets import base32

SECRET = b"12345678901234567890"
"""Of RFC 6238 appendix B."""

NOW = 1_800_000_000.0
"""The start of a step."""

FRESH = OtpState()

TWIN_STEP = 910_737
"""A step that happens to have the same code as the next one."""

seconds = st.integers(min_value=0, max_value=2_000_000_000)
steps = st.integers(min_value=0, max_value=70_000_000)
secrets = st.binary(min_size=14, max_size=64)


def tried(state: OtpState, *, shown_at: float, at: float) -> Check:
    """The code that a phone shows at the one time, typed at the other (seconds after NOW)."""
    return check(SECRET, code_of(SECRET, step_at(NOW + shown_at)), state, now=NOW + at)


def after(*offsets: int) -> OtpState:
    """What is remembered after codes so many steps ahead of our clock, a minute apart or more."""
    state = FRESH
    for minute, offset in enumerate(offsets):
        found = tried(state, shown_at=offset * STEP_S + 120 * minute, at=120 * minute)
        assert Outcome.ACCEPTED is found.outcome
        state = found.state
    return state


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(now: int, expected: str) -> None:
    """Our codes are the last six digits of the vectors in RFC 6238 appendix B."""
    assert expected[-6:] == code_of(SECRET, step_at(now))


@pytest.mark.skipif(shutil.which("oathtool") is None, reason="oathtool is not installed")
@pytest.mark.parametrize("secret", [SECRET, bytes(range(14)), b"\xff" * 64])
def test_codes_are_those_of_another_program(secret: bytes) -> None:
    """Another client, oathtool, shows the codes that we expect, for every length of secret."""
    command = ["oathtool", "--totp", "-b", "-w", "20", f"--now=@{NOW:.0f}", base32(secret)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    assert shown == [code_of(secret, step_at(NOW) + each) for each in range(21)]


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("123456", id="plain"),
        pytest.param("１２３４５６", id="full-width"),
        pytest.param("123 456", id="as apps show it"),
        pytest.param("　１２３　４５６　", id="full-width blanks"),
        pytest.param("123-456", id="hyphen"),
        pytest.param("１２３ー４５６", id="long-vowel mark"),
        pytest.param("１２３－４５６", id="full-width hyphen"),
        pytest.param("123−456", id="minus"),
        pytest.param("123\u2010456", id="typographic hyphen"),
        pytest.param("1 2 3 4 5 6", id="blanks everywhere"),
        pytest.param("\t123456\r\n", id="pasted with a line end"),
        pytest.param("\u200b123\u2060456\ufeff", id="what nobody sees"),
        pytest.param("\u202d123456\u202c", id="direction marks"),
        pytest.param("123.456", id="dot"),
        pytest.param("１２３４５６。", id="full stop"),
        pytest.param("𝟏𝟐𝟑𝟒𝟓𝟔", id="bold digits"),
    ],
)
def test_a_code_is_read_kindly(typed: str) -> None:
    """Width, blanks, hyphens and line ends make no difference."""
    assert "123456" == canonical_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("12345", id="five"),
        pytest.param("1234567", id="seven"),
        pytest.param("12345a", id="a letter"),
        pytest.param("+12345", id="a sign"),
        pytest.param("١٢٣٤٥٦", id="other digits"),
        pytest.param("一二三四五六", id="Chinese numerals"),
        pytest.param("123456" + " " * CODE_TEXT_LIMIT, id="endless"),
        pytest.param("\ufdfa" * CODE_TEXT_LIMIT, id="what grows when it is read"),
    ],
)
def test_what_is_no_code_is_wrong(typed: str) -> None:
    """Anything but six digits is no code, and no error either."""
    assert canonical_code(typed) is None
    assert Check(outcome=Outcome.WRONG, state=FRESH) == check(SECRET, typed, FRESH, now=NOW)


@given(st.text(), secrets, seconds)
def test_any_text_is_judged(typed: str, secret: bytes, now: int) -> None:
    """Whatever is typed, at whatever time, the answer is one of three."""
    assert check(secret, typed, FRESH, now=now).outcome in Outcome


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (-2, Outcome.WRONG),
        (-1, Outcome.ACCEPTED),
        (0, Outcome.ACCEPTED),
        (1, Outcome.ACCEPTED),
        (2, Outcome.WRONG),
    ],
)
@pytest.mark.parametrize("into_step", [0.0, 29.999])
def test_one_step_to_either_side_is_good(offset: int, expected: Outcome, into_step: float) -> None:
    """The codes of three steps are good, and no others."""
    assert expected is tried(FRESH, shown_at=offset * STEP_S, at=into_step).outcome


def test_the_sequence_of_the_facts() -> None:
    """A day's use: used codes stay used, later ones are good, those from before are not."""
    sequence = [
        (0, 1, Outcome.ACCEPTED),
        (0, 20, Outcome.SPENT),
        (0, 45, Outcome.SPENT),
        (30, 31, Outcome.ACCEPTED),
        (-30, 31, Outcome.WRONG),
        (60, 31, Outcome.ACCEPTED),
        (60, 61, Outcome.SPENT),
    ]
    state, outcomes = FRESH, []
    for shown_at, at, _ in sequence:
        found = tried(state, shown_at=shown_at, at=at)
        state = found.state
        outcomes.append(found.outcome)

    assert [expected for _, _, expected in sequence] == outcomes


@pytest.mark.parametrize("typed", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}"])
def test_a_used_code_stays_used_however_it_is_typed(typed: str) -> None:
    """No other spelling makes another code of a used one."""
    code = code_of(SECRET, step_at(NOW))
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)

    for spelling in (code, wide):
        found = check(SECRET, typed.format(spelling), after(0), now=NOW + 5)
        assert Outcome.SPENT is found.outcome


def test_an_older_code_is_spent_by_a_later_one() -> None:
    """Once the next code was used, the one before it is of no use to whoever saw it."""
    assert Outcome.SPENT is tried(after(1), shown_at=0, at=0).outcome


@given(st.lists(st.tuples(seconds, st.integers(-3, 3)), max_size=30))
def test_no_code_is_accepted_twice_whatever_the_clock_does(
    moments: list[tuple[int, int]],
) -> None:
    """However the clock jumps, to and fro, the steps that are accepted only grow."""
    state, accepted = FRESH, [NEVER]
    for now, offset in moments:
        step = max(step_at(now) + offset, 0)
        found = check(SECRET, code_of(SECRET, step), state, now=now)
        if found.outcome is Outcome.ACCEPTED:
            accepted.append(found.state.last_step)
        state = found.state

    assert sorted(set(accepted)) == accepted
    assert state.last_step == accepted[-1]


def test_one_code_of_two_steps_is_used_once() -> None:
    """Where two steps happen to have one code, using it spends both."""
    code, now = code_of(SECRET, TWIN_STEP), float(TWIN_STEP * STEP_S)
    assert code == code_of(SECRET, TWIN_STEP + 1)

    found = check(SECRET, code, FRESH, now=now)

    assert (Outcome.ACCEPTED, TWIN_STEP + 1) == (found.outcome, found.state.last_step)
    spent = OtpState(last_step=TWIN_STEP)
    assert Check(outcome=Outcome.SPENT, state=spent) == check(SECRET, code, spent, now=now)


def test_a_clock_at_the_beginning_of_time_is_no_error() -> None:
    """A machine that believes it is 1970 judges codes, too."""
    code = code_of(SECRET, 0)

    found = check(SECRET, code, OtpState(drift_steps=-1), now=0.0)

    assert (Outcome.ACCEPTED, 0) == (found.outcome, found.state.last_step)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_drifting_phone_is_followed(side: int) -> None:
    """After some sign-ins in a row from one edge, a clock that is a step further off is good."""
    state = after(*[side] * LESSONS)

    assert OtpState(last_step=state.last_step, drift_steps=side, lean=0) == state
    outcomes = [
        tried(state, shown_at=6000 + offset * STEP_S, at=6000).outcome
        for offset in (-2, -1, 0, 1, 2)
    ]
    good = {side - 1, side, side + 1}
    assert [
        Outcome.ACCEPTED if offset in good else Outcome.WRONG for offset in (-2, -1, 0, 1, 2)
    ] == outcomes


@pytest.mark.parametrize("offsets", [(1, 1), (1, 1, 0, 1, 1), (-1, -1, 1, -1, -1), (0,) * 9])
def test_who_is_slow_now_and_then_is_not_followed(offsets: tuple[int, ...]) -> None:
    """A few slow sign-ins do not move the window."""
    assert 0 == after(*offsets).drift_steps


@pytest.mark.parametrize("side", [-1, 1])
def test_a_drift_is_followed_one_step_at_most(side: int) -> None:
    """A phone whose clock runs away is not followed further than one step."""
    assert side * DRIFT_LIMIT_STEPS == after(*[side] * LESSONS, *[side * 2] * 9).drift_steps


def test_a_phone_that_was_put_right_is_followed_back() -> None:
    """A drift is unlearned as it was learned."""
    assert 0 == after(*[1] * LESSONS, *[0] * LESSONS).drift_steps


@given(st.lists(st.integers(-2, 2), max_size=40))
def test_never_more_than_three_codes_are_good(offsets: list[int]) -> None:
    """Whatever was learned, three steps of all are good at any moment."""
    state, minute = FRESH, 0
    for minute, offset in enumerate(offsets):
        state = tried(state, shown_at=300 * minute + offset * STEP_S, at=300 * minute).state

    at = 300 * (minute + 2)
    found = [tried(state, shown_at=at + each * STEP_S, at=at).outcome for each in range(-5, 6)]

    assert 3 == found.count(Outcome.ACCEPTED)


def test_a_restored_back_up_makes_no_used_code_good() -> None:
    """After a restore, no code that anybody can have used before it is accepted."""
    backed_up = after(*[1] * LESSONS)
    used = tried(backed_up, shown_at=6000 + 2 * STEP_S, at=6000)
    assert Outcome.ACCEPTED is used.outcome

    restored = lifted(backed_up, now=NOW + 6000)

    again = tried(restored, shown_at=6000 + 2 * STEP_S, at=6000)
    assert Outcome.SPENT is again.outcome
    assert Outcome.ACCEPTED is tried(restored, shown_at=6120, at=6120).outcome


def test_a_restore_never_lowers_the_last_step() -> None:
    """A restore on a machine whose clock is behind forgets nothing."""
    state = after(0)

    assert state == lifted(state, now=0.0)


def test_a_clock_that_was_set_back_is_noticed() -> None:
    """Codes stay used, and the administrator can be told why nobody gets in."""
    state = after(0)

    assert Outcome.SPENT is tried(state, shown_at=-29, at=-29).outcome
    assert [False, False, True] == [is_clock_behind(state, now=NOW - each) for each in (0, 60, 61)]


@pytest.mark.parametrize("outcome", Outcome)
def test_only_who_knows_the_password_learns_of_the_code(outcome: Outcome) -> None:
    """Without the right password, a right code and a wrong one look the same."""
    assert Outcome.WRONG is told(outcome, is_password_right=False)
    assert outcome is told(outcome, is_password_right=True)
