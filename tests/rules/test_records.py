"""Names and tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.records import canonical_name, hash_token


@pytest.mark.parametrize(
    "written", ["hanako", "Hanako", "HANAKO", " hanako ", "ｈａｎａｋｏ", "Ｈanako"]
)
def test_a_person_has_one_name_however_it_is_written(written: str) -> None:
    """Width, case and blanks around a name do not make another person."""
    assert canonical_name(written) == "hanako"


@pytest.mark.parametrize(
    "written", ["", "  ", "a b", "a\nb", "a/b", "a\\b", "<b>", "'x'", "x" * 65]
)
def test_a_name_that_would_confuse_is_refused(written: str) -> None:
    """Blanks, control characters, slashes, quotes and over-long names are refused."""
    with pytest.raises(ValueError, match="a name has"):
        canonical_name(written)


@given(st.text(max_size=80))
def test_a_canonical_name_is_canonical(written: str) -> None:
    """To make a canonical name canonical again changes nothing."""
    try:
        name = canonical_name(written)
    except ValueError:
        return

    assert name == canonical_name(name)


def test_what_is_stored_is_not_the_token() -> None:
    """The stored form of a token is its SHA-256."""
    assert hash_token(b"").hex().startswith("e3b0c44298fc1c14")
