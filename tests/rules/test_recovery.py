"""Recovery codes: drawn, read from what people type, hashed, and counted."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.records import PersonId
from gateway.rules.recovery import (
    ALPHABET,
    CODE_BYTES,
    CODE_TEXT_LIMIT,
    CODES,
    TRY_WINDOW_S,
    Tries,
    canonical_code,
    count_try,
    draw_codes,
    hash_code,
)

TARO, HANAKO = PersonId("0" * 32), PersonId("1" * 32)
CODE = "7K3MQ2XP9T4HWD6Z"
SPELLING = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")

seeds = st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES)


def drawn(*seeds_given: bytes) -> tuple[str, ...]:
    """Codes of these bytes first, then of others."""
    rest = (bytes([255]) * (CODE_BYTES - 1) + bytes([each]) for each in range(200, 256))
    source = itertools.chain(seeds_given, (each for each in rest if each not in seeds_given))
    return draw_codes(lambda size: next(source)[:size])


def test_ten_codes_are_drawn() -> None:
    """A person gets ten different codes at once."""
    assert len(set(drawn())) == CODES == 10


@given(seeds)
def test_a_code_is_spelled_in_four_groups_of_four(seed: bytes) -> None:
    """A code is four groups of four letters, none of which looks like another."""
    assert SPELLING.fullmatch(drawn(seed)[0])


@given(seeds, seeds)
def test_every_bit_counts(one: bytes, other: bytes) -> None:
    """Two codes are spelled alike only if all their 80 bits are alike."""
    assert (one == other) == (drawn(one)[0] == drawn(other)[0])


def test_broken_randomness_is_not_handed_out() -> None:
    """A source of randomness that repeats itself makes no codes at all."""
    with pytest.raises(AssertionError, match="randomness"):
        draw_codes(bytes)


@given(seeds)
def test_what_is_shown_is_read(seed: bytes) -> None:
    """A code that is typed as it is shown is read as what it is."""
    shown = drawn(seed)[0]

    assert shown.replace("-", "") == canonical_code(shown)


def full_width(text: str) -> str:
    """The same, as a Japanese IME types it."""
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("7k3m-q2xp-9t4h-wd6z", id="lower case"),
        pytest.param("7K3MQ2XP9T4HWD6Z", id="no hyphens"),
        pytest.param("  7K3M Q2XP\t9T4H\r\nWD6Z\n", id="blanks and lines"),
        pytest.param("7 K 3 M - Q 2 X P - 9 T 4 H - W D 6 Z", id="blanks everywhere"),
        pytest.param(full_width("7K3M-Q2XP-9T4H-WD6Z"), id="full-width"),
        pytest.param(full_width("7k3m-q2xp-9t4h-wd6z"), id="full-width lower case"),
        pytest.param("7K3MーQ2XPー9T4HーWD6Z", id="long-vowel marks for hyphens"),
        pytest.param("7K3MーQ2XPー9T4HーWD6Z", id="half-width long-vowel marks"),
        pytest.param("7K3M\u2010Q2XP\u20139T4H\u2212WD6Z", id="typographic hyphens"),
        pytest.param("7K3M\u30fbQ2XP\u00b79T4H\uff65WD6Z", id="middle dots"),
        pytest.param("7K3M\u3000Q2XP\u00a09T4H\u200bWD6Z\ufeff", id="unusual blanks"),
        pytest.param("\u202d7K3M-Q2XP-9T4H-WD6Z\u202c", id="direction marks of a copied text"),
    ],
)
def test_what_people_type_is_read_kindly(typed: str) -> None:
    """Width, case, blanks and every kind of hyphen make no difference."""
    assert CODE == canonical_code(typed)


@pytest.mark.parametrize("typed", ["OoQ0-Iil1-LAAA-AAAA", "00Q0-1111-1AAA-AAAA"])
def test_look_alikes_are_read_as_what_was_meant(typed: str) -> None:
    """O is read as 0, I and L as 1, because there is no O, I or L in a code."""
    assert "00Q011111AAAAAAA" == canonical_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("7K3M-Q2XP-9T4H-WD6", id="too short"),
        pytest.param("7K3M-Q2XP-9T4H-WD6ZZ", id="too long"),
        pytest.param("7K3M-Q2XP-9T4H-WD6U", id="a letter of none"),
        pytest.param("7K3M-Q2XP-9T4H-WD6!", id="a sign of none"),
        pytest.param("7K3M-Q2XP-9T4H-WD6\u0416", id="another alphabet"),
        pytest.param("123456", id="a one-time password"),
        pytest.param("\ufdfa" * CODE_TEXT_LIMIT, id="what grows when it is read"),
        pytest.param(CODE + " " * CODE_TEXT_LIMIT, id="endless"),
    ],
)
def test_what_is_no_code_is_none(typed: str) -> None:
    """Anything else is not taken for a code."""
    assert canonical_code(typed) is None


@given(st.text())
def test_any_text_is_a_code_or_none(typed: str) -> None:
    """Whatever is typed, the answer is a code in its one spelling, or none."""
    code = canonical_code(typed)

    assert code is None or (len(code) == 16 and set(code) <= set(ALPHABET))


@given(st.text(alphabet=ALPHABET, min_size=16, max_size=16))
def test_reading_twice_changes_nothing(code: str) -> None:
    """A code that was read is read as itself."""
    assert code == canonical_code(code) == canonical_code(unicodedata.normalize("NFD", code))


def test_a_hash_has_32_bytes() -> None:
    """What is stored of a code is 32 bytes, and not the code."""
    hashed = hash_code(TARO, CODE)

    assert (32, False) == (len(hashed), CODE.encode() in hashed)


def test_a_hash_is_bound_to_its_person() -> None:
    """The same code of two people is stored differently: it opens one account only."""
    assert hash_code(TARO, CODE) != hash_code(HANAKO, CODE)


def test_a_hash_is_bound_to_its_code() -> None:
    """Two codes of one person are stored differently; one code always alike."""
    assert hash_code(TARO, CODE) == hash_code(TARO, CODE) != hash_code(TARO, "0" + CODE[1:])


def test_only_what_was_read_is_hashed() -> None:
    """A code that was not read first is our own mistake, and not hashed."""
    with pytest.raises(AssertionError, match="before"):
        hash_code(TARO, "7K3M-Q2XP-9T4H-WD6Z")


def test_so_many_tries_are_free() -> None:
    """As many tries as the limit says are looked at, and then it is time to wait."""
    tries, waits = None, []
    for _ in range(4):
        tries, wait = count_try(tries, 3, now=100.0)
        waits.append(wait)

    assert [0.0, 0.0, 0.0, TRY_WINDOW_S / 3] == waits


def test_who_waits_may_try_again() -> None:
    """After the seconds that were named, one more try is looked at."""
    tries, wait = count_try(Tries(left=0.0, at=100.0), 3, now=105.0)

    assert 15.0 == pytest.approx(wait)
    assert 0.0 == count_try(tries, 3, now=105.0 + wait + 0.001)[1]


def test_tries_are_not_saved_up() -> None:
    """Who did not try for a day has as many tries as the limit says, not more."""
    tries, _ = count_try(Tries(left=0.0, at=0.0), 3, now=86_400.0)

    assert 2.0 == tries.left


def test_waiting_tries_cost_nothing() -> None:
    """A try that has to wait does not make the wait longer."""
    tries = Tries(left=0.0, at=100.0)
    for moment in range(100, 120):
        tries, _ = count_try(tries, 3, now=float(moment))

    assert 0.0 == count_try(tries, 3, now=120.001)[1]
