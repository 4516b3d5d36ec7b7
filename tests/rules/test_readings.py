"""What a path can be read as, and what a pattern covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.patterns import PATTERN_LIMIT, checked_pattern, folded, matcher
from gateway.rules.readings import LENGTH_LIMIT, READINGS_LIMIT, readings


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/",
        "/a.b/c-d_e~f/g@h,i='j'!k$l&m*n",
        "/.well-known/x",
        "/cgi-bin/dneo/dneo.cgi/certify/",
        "/~sato/x",
        "/wiki/File:Picture.jpg",
        "/v1.2..3/x",
        "/a(b)",
    ],
)
def test_an_ordinary_path_has_one_reading(path: str) -> None:
    """What every app reads in the same way is read in one way."""
    assert (path,) == readings(path.encode("ascii"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/%E7%B5%8C%E7%90%86/%61%2Etxt", "/経理/a.txt"),
        (b"/Mr.%20Sato/%28x%29", "/Mr. Sato/(x)"),
        (b"/100%", "/100%"),
        (b"/a%zz", "/a%zz"),
    ],
)
def test_needless_escapes_make_no_difference(path: bytes, expected: str) -> None:
    """A character without a role in paths means the same escaped or not (RFC 3986 6.2.2.2)."""
    assert (expected,) == readings(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/a%2fb", {"/a%2Fb", "/a/b"}),
        (b"/a%252fb", {"/a%252fb", "/a%2fb", "/a/b"}),
        (b"/a;x=1/b", {"/a;x=1/b", "/a/b"}),
        (b"/a//b", {"/a//b", "/a/b"}),
        (b"//a/b", {"//a/b", "/a/b", "/b"}),
        (b"//", {"//", "/"}),
        (b"/a/./b", {"/a/./b", "/a/b"}),
        (b"/a/../b", {"/a/../b", "/b"}),
        (b"/../b/..", {"/../b/..", "/"}),
        (b"/a/b/..", {"/a/b/..", "/a/"}),
        (b"/a\\b", {"/a\\b", "/a/b"}),
        (b"/a./b%20", {"/a./b ", "/a/b"}),
        (b"/a/...", {"/a/...", "/a/..", "/"}),
        (b"/a/%20/b", {"/a/ /b", "/a/./b", "/a/b"}),
        (b"/a.asp::$DATA", {"/a.asp::$DATA", "/a.asp"}),
        (b"/a%3fb%23c", {"/a%3Fb%23c", "/a?b#c", "/a"}),
        (b"/(S(x))/a", {"/(S(x))/a", "/a"}),
        (b"/(S(x))", {"/(S(x))", "/"}),
        (b"/a+b", {"/a+b", "/a b"}),
        (b"/a%u002fb", {"/a%u002fb", "/a/b"}),
        (b"/a%EF%BC%8Fb", {"/a\N{FULLWIDTH SOLIDUS}b", "/a/b"}),
        (b"/a%C2%A5b", {"/a\N{YEN SIGN}b", "/a\\b", "/a/b"}),
        (b"/a%C2%ADb", {"/a\N{SOFT HYPHEN}b", "/ab"}),
    ],
)
def test_readings_of_a_doubtful_path(path: bytes, expected: set[str]) -> None:
    """Whatever some server makes of a path is among its readings."""
    assert expected == set(readings(path) or ())


@pytest.mark.parametrize(
    "path",
    [
        b"/%93%FA",
        b"/%c0%af",
        b"/a%00",
        b"/a%0d%0a",
        b"/a%2500",
        b"/%25%30%30",
        b"/%C2%85",
        b"/%ud800",
        b"/%2593%25FA",
        b"/ADMINI~1/x",
        b"/x/report~1.htm",
        b"/a" * (LENGTH_LIMIT // 2) + b"a",
        b"/" + b"%61" * (LENGTH_LIMIT + 1),
        b"/" + b"%E7%B5%8C" * (LENGTH_LIMIT + 1),
        b"//a/%5c..;/%2e%2e/;b/%252f%20.",
    ],
)
def test_an_unclear_path(path: bytes) -> None:
    """What may be anything is not guessed at."""
    assert readings(path) is None


PIECES = "/ a . .. ;x %2f %5c %25 %3b + // ( %20 %3f"


@given(st.lists(st.sampled_from(PIECES.split()), max_size=40))
def test_there_are_never_many_readings(parts: list[str]) -> None:
    """However a path is spelled, its readings are few, and each is a path."""
    found = readings(f"/{''.join(parts)}".encode("ascii")) or ()

    assert len(found) <= READINGS_LIMIT
    assert all(each.startswith("/") for each in found)


@pytest.mark.parametrize(
    ("pattern", "covered", "perhaps", "not_covered"),
    [
        ("/report", ["/report"], ["/report/", "/report/x", "/REPORT"], ["/reports", "/", "/x"]),
        ("/a/", ["/a", "/a/", "/a/b/c"], ["/A/b"], ["/ab", "/", "/b/a/"]),
        ("/経理/", ["/経理", "/経理/x"], [], ["/経", "/x"]),
        ("/*.cgi", ["/a.cgi", "/.cgi"], ["/a.cgi/x", "/A.CGI"], ["/b/a.cgi", "/a.cgix"]),
        ("/*/x", ["/a/x", "//x"], ["/a/x/y"], ["/x", "/a/b/x"]),
        ("/a*b*c", ["/abc", "/axbbxcc", "/a*b*c"], ["/abc/"], ["/acb", "/ab/c"]),
        ("/**/x", ["/x", "/a/x", "/a/b/x"], ["/a/x/y"], ["/ax"]),
        ("/a/**/*.php", ["/a/x.php", "/a/b/c/.php"], ["/a/x.php/y"], ["/x.php", "/a/b/c"]),
        ("/a/**/", ["/a", "/a/b/c"], [], ["/b"]),
        ("/a.b", ["/a.b"], [], ["/aXb"]),
    ],
)
def test_what_a_pattern_covers(
    pattern: str, covered: list[str], perhaps: list[str], not_covered: list[str]
) -> None:
    """A pattern covers what its documentation says."""
    certain, possible = matcher([checked_pattern(pattern)])

    assert covered == [each for each in (*covered, *perhaps, *not_covered) if certain(each)]
    assert [*covered, *perhaps] == [
        each for each in (*covered, *perhaps, *not_covered) if possible(folded(each))
    ]


@pytest.mark.parametrize(
    ("one", "other"), [("/ＡＢ", "/ab"), ("/Straße", "/STRASSE"), ("/ｶﾞ", "/ガ")]
)
def test_width_and_case_are_the_same_perhaps(one: str, other: str) -> None:
    """Neither case nor width make two paths surely different."""
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("report", 'begins with "/"'),
        ("", 'begins with "/"'),
        ("/" + "a" * PATTERN_LIMIT, str(PATTERN_LIMIT)),
        ("/%E7%B5%8C/", "as people read it"),
        ("/a/../b", "in the same way"),
        ("/a//b", "in the same way"),
        ("/a;b", "in the same way"),
        ("/a\\b", "in the same way"),
        ("/a?b=c", "in the same way"),
        ("/a#b", "in the same way"),
        ("/a./", "in the same way"),
        ("/a b ", "in the same way"),
        ("/a+b", "in the same way"),
        ("/これは？", "in the same way"),
        ("/a\nb", "in the same way"),
        ("/ADMINI~1/", "in the same way"),
        ("/a**", "once at most"),
        ("/a/**", "once at most"),
        ("/**/a/**/b", "once at most"),
    ],
)
def test_a_pattern_that_could_mislead_is_refused(pattern: str, wanted: str) -> None:
    """A pattern that no request would fit for certain is a mistake, and says so."""
    with pytest.raises(ValueError, match=wanted):
        checked_pattern(pattern)


def test_a_pattern_may_come_from_a_mac() -> None:
    """Letters and their marks written apart are the same pattern."""
    assert "/が/" == checked_pattern("/か\N{COMBINING KATAKANA-HIRAGANA VOICED SOUND MARK}/")
