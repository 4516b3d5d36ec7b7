"""One account has one counter, however its name is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.records import NAME_LIMIT, canonical_name
from gateway.rules.spellings import Counted, account_of, row_key

KEY = bytes(range(32))


def found_by(typed: str) -> str | None:
    """The name that a sign-in would look for; None for what can be nobody's."""
    try:
        return canonical_name(typed)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "typed",
    [
        "taro",
        "TARO",
        "  Taro\t",
        "ｔａｒｏ",
        "ＴＡＲＯ　",
        "ta ro",
        "t\u200ba\u200br\u200bo",
        "\u202dtaro\u202c",
        "𝓉𝒶𝓇ℴ",
    ],
)
def test_every_spelling_is_one_account(typed: str) -> None:
    """Case, width, blanks and what nobody sees make no other account."""
    assert "taro" == account_of(typed)


@given(st.text(), st.text(alphabet=" \t\u3000\u2003"), st.booleans())
def test_who_is_found_alike_is_counted_alike(name: str, blanks: str, is_upper: bool) -> None:
    """Every spelling by which a sign-in finds somebody counts for that very person."""
    typed = blanks + (name.upper() if is_upper else name) + blanks
    found = found_by(typed)

    assert found is None or found == account_of(typed) == account_of(found)


def test_blanks_beyond_measure_make_no_other_account() -> None:
    """A name that is typed with a thousand blanks counts for the same account."""
    assert "taro" == account_of(" " * 1000 + "taro")


@pytest.mark.parametrize("typed", ["", " \u3000", "x" * (NAME_LIMIT + 1), "\u200b"])
def test_what_can_be_nobodys_name_is_one_account(typed: str) -> None:
    """Names that nobody can have share one counter."""
    assert "" == account_of(typed)


@given(st.text())
def test_any_text_has_a_key(typed: str) -> None:
    """Whatever is typed, there is a row for it, of 32 bytes."""
    assert 32 == len(row_key(KEY, Counted.ACCOUNT, account_of(typed)))


def test_keys_are_told_apart() -> None:
    """Another name, another kind, and another store have another key."""
    keys = {
        row_key(KEY, Counted.ACCOUNT, "taro"),
        row_key(KEY, Counted.ACCOUNT, "hanako"),
        row_key(KEY, Counted.NETWORK, "taro"),
        row_key(bytes(32), Counted.ACCOUNT, "taro"),
    }

    assert 4 == len(keys)


def test_every_letter_is_counted_as_it_is_found() -> None:
    """There is no letter by which a sign-in finds somebody and another account is counted."""
    letters = [chr(each) for each in range(0x30000)]

    assert [] == [each for each in letters if found_by(each) not in (None, account_of(each))]
