"""Tokens have one spelling each."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.records import TOKEN_BYTES
from gateway.rules.tokens import decode, encode

TOKENS = st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES)
SPELLED = "A" * 42 + "E"


@given(token=TOKENS)
def test_a_token_survives_the_cookie(token: bytes) -> None:
    """What we put into a cookie or link comes back as it was, as text or as bytes."""
    spelled = encode(token)

    assert token == decode(spelled)
    assert token == decode(spelled.encode("ascii"))


@given(token=TOKENS)
def test_a_spelling_needs_no_quoting(token: bytes) -> None:
    """A token is 43 letters, digits, dashes and underscores: safe in cookies and links."""
    spelled = encode(token)

    assert 43 == len(spelled)
    assert spelled.replace("-", "a").replace("_", "a").isalnum()


@given(text=st.one_of(st.binary(), st.text(), st.binary(min_size=43, max_size=43)))
def test_nothing_that_a_stranger_sends_is_an_error(text: str | bytes) -> None:
    """Whatever a browser sends is a token in its own spelling, or nothing."""
    token = decode(text)

    if token is not None:
        assert encode(token) == (text if isinstance(text, str) else text.decode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(SPELLED[1:], id="too short"),
        pytest.param(SPELLED + "A", id="too long"),
        pytest.param(SPELLED + "=", id="padded"),
        pytest.param(SPELLED[:-1] + "F", id="stray bits at the end"),
        pytest.param(SPELLED[:-1] + "B", id="stray bit at the end"),
        pytest.param("+" + SPELLED[1:], id="base64 and not base64url"),
        pytest.param("/" + SPELLED[1:], id="slash"),
        pytest.param(" " + SPELLED[1:], id="blank"),
        pytest.param(SPELLED + "\n", id="newline after it"),
        pytest.param(SPELLED[:-1] + "\n", id="newline at its end"),
        pytest.param("\x00" + SPELLED[1:], id="NUL"),
        pytest.param("\uff21" + SPELLED[1:], id="full-width letter"),
        pytest.param("\ud800" + SPELLED[1:], id="lone surrogate"),
        pytest.param(SPELLED.encode("utf-16"), id="utf-16"),
        pytest.param(b"\xff" + SPELLED[1:].encode(), id="not ascii"),
        pytest.param("A" * 1_000_000, id="a megabyte"),
    ],
)
def test_other_spellings_are_refused(text: str | bytes) -> None:
    """A damaged, padded, longer or otherwise spelled cookie is no token."""
    assert decode(text) is None


@pytest.mark.parametrize("length", [0, 31, 33])
def test_other_lengths_are_refused(length: int) -> None:
    """Only 256 bits are a token."""
    assert decode(urlsafe_b64encode(b"x" * length).rstrip(b"=")) is None
