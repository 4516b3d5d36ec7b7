"""The gateway password: long, not what everybody tries, and typed in any way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.passwords import (
    LEAST_LENGTH,
    LEAST_LENGTH_FLOOR,
    TYPED_LIMIT,
    WORDS,
    Flaw,
    flaw_of,
    prepared,
    words_of,
)

CONTEXT = ("yamada.jiro", "山田 次郎", "jiro@example.co.jp", "Sample Trading", "gw.example.co.jp")
GOOD = "correct horse battery staple"

printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(GOOD, id="a passphrase"),
        pytest.param("xk7-Qm2-vB9-Lp", id="from a password manager"),
        pytest.param("482915730264", id="digits only: nothing is composed"),
        pytest.param("hfkwnqzjtuvb", id="letters only"),
        pytest.param("ねこがやねでおどるよる", id="Japanese"),
        pytest.param("dragon monkey summer tokyo", id="four common words"),
        pytest.param("password-of-the-seventh-cat", id="a common word within"),
        pytest.param("yamadas cat climbs trees", id="a name within"),
        pytest.param("x" + "a" * 12 + "y", id="not quite repeated"),
        pytest.param("a" * 200 + "Zk4" * 5 + "q", id="long"),
    ],
)
def test_good_passwords_are_taken(typed: str) -> None:
    """What is long, and nobody else would try, is taken whatever it is made of."""
    assert flaw_of(typed, context=CONTEXT, least_length=11) is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", Flaw.TOO_SHORT),
        ("xk7-Qm2-vB9", Flaw.TOO_SHORT),
        ("x" * (TYPED_LIMIT + 1), Flaw.TOO_LONG),
        ("tab\tin the midst", Flaw.UNREADABLE),
        ("line\nin the midst", Flaw.UNREADABLE),
        ("unassigned \U0003fffd here", Flaw.UNREADABLE),
        ("private \ue000 use here", Flaw.UNREADABLE),
        ("lone \ud800 surrogate", Flaw.UNREADABLE),
        ("line separator\u2028here", Flaw.UNREADABLE),
        ("aaaaaaaaaaaaaaaa", Flaw.SIMPLE),
        ("abcabcabcabcab", Flaw.SIMPLE),
        ("12121212121212", Flaw.SIMPLE),
        ("            ", Flaw.SIMPLE),
        ("123456789012", Flaw.SIMPLE),
        ("1234567890-^", Flaw.SIMPLE),
        ("098765432109", Flaw.SIMPLE),
        ("abcdefghijklmnop", Flaw.SIMPLE),
        ("qwertyuiop@[asd", Flaw.SIMPLE),
        ("1qaz2wsx3edc4rfv", Flaw.SIMPLE),
        ("1Q2W3E4R5T6Y", Flaw.SIMPLE),
        ("いろはにほへとちりぬるを", Flaw.SIMPLE),
        ("password2026", Flaw.EXPECTED),
        ("Password2026!", Flaw.EXPECTED),
        ("P@ssw0rd!2026", Flaw.EXPECTED),
        ("ｐａｓｓｗｏｒｄ２０２６", Flaw.EXPECTED),
        ("p455w0rd-p455w0rd", Flaw.EXPECTED),
        ("passwordpasswordpasswordpasswordpassword", Flaw.EXPECTED),
        ("!!admin123admin", Flaw.EXPECTED),
        ("qwertyuiop12", Flaw.EXPECTED),
        ("desknetsneo2026", Flaw.EXPECTED),
        ("Sakura-2026-04", Flaw.EXPECTED),
        ("Welcome2Tokyo", Flaw.EXPECTED),
        ("パスワードパスワード１２", Flaw.EXPECTED),
        ("yamadajiro01", Flaw.EXPECTED),
        ("Jiro.Yamada.1985", Flaw.EXPECTED),
        ("山田次郎19850412", Flaw.EXPECTED),
        ("sampletrading1", Flaw.EXPECTED),
        ("Sample-Trading-2026", Flaw.EXPECTED),
        ("3xample3xample", Flaw.EXPECTED),
        ("株式会社1234567890", Flaw.EXPECTED),
    ],
)
def test_bad_passwords_are_told_apart(typed: str, expected: Flaw) -> None:
    """Who may not have a password is told which of five reasons it is."""
    assert expected is flaw_of(typed, context=CONTEXT)


def test_length_counts_what_is_hashed() -> None:
    """Code points are counted in the one form: half-width kana with their marks are fewer."""
    twelve = "ｶﾞｷﾞｸﾞｹﾞｺﾞｻﾞ"

    assert (12, 6) == (len(twelve), len(prepared(twelve) or ""))
    assert Flaw.TOO_SHORT is flaw_of(twelve)


@pytest.mark.parametrize("least", [LEAST_LENGTH_FLOOR, LEAST_LENGTH, 20])
def test_the_least_length_is_the_configurations(least: int) -> None:
    """So many code points are enough, one less is not."""
    typed = "xk7-Qm2-vB9-Lp5-zT3-Wd8"

    assert flaw_of(typed[:least], least_length=least) is None
    assert Flaw.TOO_SHORT is flaw_of(typed[: least - 1], least_length=least)


def test_any_way_of_typing_is_one_password() -> None:
    """Full width, composed or not, and every kind of blank: one password."""
    spellings = ["ｃａｆé　ｎｏｉｒ", "cafe\u0301 noir", "café\u00a0noir", "caf\u00e9\u1680noir"]

    assert {"café noir"} == {prepared(each) for each in spellings}


@pytest.mark.parametrize("typed", ["Café noir", " café noir", "café noir ", "café  noir"])
def test_case_and_blanks_matter(typed: str) -> None:
    """Case, and blanks within and at the ends, are part of a password."""
    assert prepared("café noir") != prepared(typed)


@pytest.mark.parametrize("typed", ["", "x" * (TYPED_LIMIT + 1), "a\0b", "\x7f"])
def test_what_has_no_form_is_none(typed: str) -> None:
    """What can be nobody's password has no form to be hashed."""
    assert prepared(typed) is None


@given(st.text())
def test_the_form_is_stable(typed: str) -> None:
    """Whatever is typed has one form, which is its own form, or none; and it can be hashed."""
    form = prepared(typed)

    assert form is None or form == prepared(form) == unicodedata.normalize("NFKC", form)
    assert form is None or len(form.encode()) > 0


@given(st.text())
def test_any_text_is_judged(typed: str) -> None:
    """Whatever is typed, it is good and has a form, or there is a reason."""
    assert flaw_of(typed, context=CONTEXT) is not None or prepared(typed) is not None


@given(st.text(alphabet=printable, max_size=80), st.sampled_from(sorted(WORDS)))
def test_judging_is_quick_whatever_is_typed(typed: str, word: str) -> None:
    """Words over and over, with anything after them, are judged without ado."""
    assert flaw_of((word * 40)[:150] + typed) in (None, *Flaw)


def test_words_of_a_person_and_company() -> None:
    """Names are tried whole and in parts; what is too short is in every other word."""
    words = words_of(CONTEXT)

    assert {"yamada", "jiro", "yamadajiro", "山田次郎", "example", "sampletrading"} <= words
    assert not {"co", "jp", "gw", ""} & words
