"""That no spelling of a path escapes its entry (facts of Apache, IIS, Tomcat, Node, PHP ...)."""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import normpath
from urllib.parse import unquote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.rules.entries import Entry, Require, Verdict
from gateway.rules.policy import Policy
from tests.rules.requests import judged, person

SITE = Policy(
    [
        Entry(require=Require.NONE, paths=("/public/",)),
        Entry(require=Require.DENY, paths=("/admin/", "/経理/", "/report.cgi")),
    ]
)

_REFUSED = """
/admin /admin/ /admin/x /admin?x /admin/?x=/public/ /Admin/x /ADMIN/x /aDmIn
/%61dmin/x /%61%64%6D%69%6e/x /admi%6E /admin%2fx /admin%2Fx /%2fadmin/x /%2Fadmin%2Fx
/%2561dmin/x /%252fadmin/x /admin%252fx /%25252e%25252e/admin/x
//admin/x ///admin/x //x/admin/x /./admin/x /%2e/admin/x /x/../admin/x /x/%2e%2e/admin/x
/x/.%2e/admin/x /x/%2E./admin/x /../admin/x /../../admin /x/..%2fadmin/x /x%2f..%2fadmin/x
/x/..\\admin /x\\..\\admin/x \\admin/x /\\admin/x /%5cadmin/x /%5Cadmin%5Cx /admin\\x
/x%5c..%5cadmin
/admin;/x /admin;jsessionid=1/x /;/admin/x /;a=b/admin/x /x/..;/admin/x /x/..;a=b/admin/x
/admin%3bx/y /%3b/admin/x /admin%3fx /admin%23x /admin%3Fx/y /admin. /admin./x /admin../x
/admin%20 /admin%20/x /admin%20./x /admin...%20 /admin::$DATA /admin:$i30:$INDEX_ALLOCATION/x
/admin%00 /admin%00.png /admin/%00 /%00/admin /admin%0a /admin%0d%0aX:y /admin%09/x
/%c0%afadmin/x /%c0%ae%c0%ae/admin /%e0%80%afadmin /%93%FA/admin /admin%ff
/%u0061dmin/x /%u002fadmin/x /x/%u002e%u002e/admin /ADMINI~1/x /admin~1/x
/%EF%BC%8Fadmin/x /x/%E2%80%A5/admin/x /%EF%BD%81dmin/x /admin%EF%BC%9Bx/y /x%C2%A5..%C2%A5admin
/ad%C2%ADmin/x /ad%E2%80%8Bmin/x /(S(x))/admin/x /(A(x)F(y))/admin /x/(S(x))/../admin/x
/public/../admin/x /public/%2e%2e/admin/x /public/..%2fadmin/x /public/..;/admin/x
/public/..%5cadmin/x /public/..\\admin/x /public%2f..%2fadmin/x /public//../../admin/x
/public/x/../../admin/x /public/%252e%252e/admin/x /public/..%c0%afadmin /public/.%00./admin
/public/....//admin/x /public/..%20/admin/x /public/..%3b/admin/x /public;/../admin/x
/report.cgi /report.cgi/x /report.cgi/public/ /REPORT.CGI /report.cgi;x /report.cgi. /report%2ecgi
/report.cgi%20 /report.cgi::$DATA /report.cgi/../report.cgi
/%E7%B5%8C%E7%90%86/x /%e7%b5%8c%e7%90%86 /x/../%E7%B5%8C%E7%90%86/
/%25E7%25B5%258C%25E7%2590%2586/
/%u7d4c%u7406/x /%8C%6F%97%9D/x /%8Co%97%9D/
"""
OF_A_REFUSED_PATH = [each for each in _REFUSED.split() if each.startswith("/")]


def test_the_table_is_long() -> None:
    """The table holds the spellings that are known to have been used."""
    assert len(set(OF_A_REFUSED_PATH)) >= 110


@pytest.mark.parametrize("spelling", OF_A_REFUSED_PATH)
def test_no_spelling_of_a_refused_path_passes(spelling: str) -> None:
    """However a refused path is spelled, it is refused, to strangers and to people."""
    assert Verdict.DENY == judged(SITE, spelling).verdict
    assert Verdict.DENY == judged(SITE, spelling, who=person()).verdict


@pytest.mark.parametrize(
    "spelling",
    [
        "/public",
        "/public/",
        "/public/a.css",
        "/public/a%20b.css",
        "/public/%E7%B5%8C%E7%90%86",
        "/public//a",
        "/public/a;v=1",
        "/public/a%2Fb",
        "/public/a/../b",
        "/public/a+b(1).png",
        "/public/100%25",
        "/publi%63/a",
        "/public/%E8%B3%87%E6%96%99%EF%BC%8F%EF%BC%91.pdf",
        "/public/a?x=../../admin",
    ],
)
def test_honest_spellings_stay_open(spelling: str) -> None:
    """What every reader takes for a public path is public."""
    assert Verdict.OPEN == judged(SITE, spelling).verdict


@pytest.mark.parametrize(
    "spelling",
    [
        "/Public/a",
        "//public/a",
        "/public/../a",
        "/x/../public/a",
        "/public%2fa",
        "/%2e/public",
        "/a%2fb",
    ],
)
def test_what_only_some_read_as_public_is_not(spelling: str) -> None:
    """A path that some app takes for something else is not opened by the public entry."""
    assert judged(SITE, spelling).verdict is Verdict.SIGN_IN
    assert judged(SITE, spelling, who=person()).verdict is Verdict.OPEN


def test_a_doubt_is_told() -> None:
    """The reason says when the spelling is what decided."""
    assert "several ways" in judged(SITE, "/x/../admin", who=person()).reason
    assert "several ways" not in judged(SITE, "/admin/", who=person()).reason


def test_long_paths_are_judged_alike() -> None:
    """A path too long to be remembered is judged like the others."""
    assert Verdict.DENY == judged(SITE, "/admin/" + "a" * 600, who=person()).verdict
    assert Verdict.DENY == judged(SITE, "/" + "a" * 2000, who=person()).verdict


def _segments(path: str) -> str:
    """`.` and `..` resolved, slashes merged."""
    clean = normpath(f"/{path.lstrip('/')}")
    return f"{clean}/" if path.endswith(("/", "/.", "/..")) and clean != "/" else clean


def _utf8(path: str) -> str | None:
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None


def apache(path: str) -> str | None:
    """Decodes once, refuses `%2F`, merges slashes, resolves dots."""
    seen = None if "%2f" in path.lower() else _utf8(path)
    return None if seen is None or "\0" in seen else _segments(seen)


def raw_router(path: str) -> str:
    """Compares what is left when unreserved characters are decoded."""
    return re.sub("%(2[DdEe]|[46][1-9A-Fa-f]|[57][0-9Aa]|3[0-9]|5[Ff]|7[Ee])", _character, path)


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def tomcat(path: str) -> str | None:
    """Drops parameters, decodes, resolves dots."""
    seen = _utf8(re.sub(";[^/]*", "", path))
    return None if seen is None else _segments(seen)


def iis(path: str) -> str | None:
    """Decodes, takes both slashes, sees neither case nor trailing dots and blanks."""
    seen = _utf8(path)
    if seen is None:
        return None
    parts = seen.replace("\\", "/").lower().split("/")
    return _segments(
        "/".join(each if each in (".", "..") else each.rstrip(". ") for each in parts)
    )


def node(path: str) -> str | None:
    """`new URL(target, base).pathname`, decoded."""
    path = path.replace("\\", "/")
    path = re.sub("^//+[^/]*", "", path) or "/"
    parts = [re.sub("%2e", ".", each, flags=re.IGNORECASE) for each in path.split("/")]
    kept: list[str] = []
    for part in parts[1:]:
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    return _utf8("/" + "/".join(kept))


def twice(path: str) -> str | None:
    """A proxy that decodes in front of an app that decodes."""
    seen = _utf8(path)
    again = None if seen is None else _utf8(seen)
    return None if again is None else _segments(again)


def c_program(path: str) -> str | None:
    """Decodes, and reads up to NUL."""
    seen = _utf8(path)
    return None if seen is None else _segments(seen.partition("\0")[0])


def cgi(path: str) -> str | None:
    """The program ends where its name does; the rest is PATH_INFO."""
    seen = apache(path)
    return seen and re.sub(r"(?<=\.cgi)/.*", "", seen)


def late_query(path: str) -> str:
    """Decodes first and looks for the query then."""
    return unquote(path, errors="replace").partition("?")[0]


APPS: tuple[Callable[[str], str | None], ...] = (
    apache,
    raw_router,
    tomcat,
    iis,
    node,
    twice,
    c_program,
    cgi,
    late_query,
)
PATHS = ("/admin/", "/admin/report", "/public/", "/app.cgi", "/", "/admin/app.cgi")
_PIECES = """
/ // admin ADMIN public report app.cgi x . .. %2e %2F %5c \\ ;x %3b %25 2f 2e %00 %c0%af
%20 + %61dmin :$DATA ~1 %u002f %3f %ff %E7%B5%8C (S(x)) 5c
"""

entries = st.lists(
    st.builds(
        Entry,
        require=st.sampled_from(Require),
        paths=st.lists(st.sampled_from(PATHS), min_size=1, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=4,
)
targets = st.lists(st.sampled_from(_PIECES.split()), max_size=10).map(
    lambda parts: "/" + "".join(parts)
)


def plainly(listed: list[Entry], path: str) -> Entry | None:
    """The first entry for a path, read as simply as the documentation says it."""
    for entry in listed:
        for pattern in entry.paths:
            folder = pattern.rstrip("/")
            if path in (pattern, folder) or (pattern.endswith("/") and path.startswith(pattern)):
                return entry
    return None


def strictness(entry: Entry | None, *, is_stranger: bool) -> Verdict:
    """What that entry alone says."""
    if entry is not None and entry.require is Require.DENY:
        return Verdict.DENY
    if is_stranger:
        is_open = entry is not None and entry.require is Require.NONE
        return Verdict.OPEN if is_open else Verdict.SIGN_IN
    bound = entry is not None and entry.require is Require.DEVICE_BOUND
    return Verdict.STEP_UP if bound else Verdict.OPEN


@given(listed=entries, target=targets, is_stranger=st.booleans())
@example(
    listed=[Entry(require=Require.DENY, paths=("/admin/",))],
    target="/x/..;/admin",
    is_stranger=True,
)
def test_no_app_reads_a_path_that_would_be_ruled_on_more_strictly(
    listed: list[Entry], target: str, is_stranger: bool
) -> None:
    """Whatever an app makes of a target, the ruling is at least as strict as for that."""
    ruled = judged(Policy(listed), target, who=None if is_stranger else person()).verdict

    for app in APPS:
        seen = app(target)
        if seen is not None:
            assert ruled >= strictness(plainly(listed, seen), is_stranger=is_stranger), (
                app.__name__
            )


@st.composite
def spellings(draw: st.DrawFn, path: str) -> str:
    """Another way to write a path that many an app reads as that path."""
    written = []
    ways: tuple[str, ...]
    for character in path[1:]:
        if character == "/":
            ways = ("/", "//", "/./", "/x/../", "%2f", "%2F", "\\", "%5c", "/%2e/", ";p/", "%252f")
        else:
            code = f"{ord(character):02x}"
            ways = (character, character, f"%{code}", f"%{code.upper()}", f"%25{code}")
        written.append(draw(st.sampled_from(ways)))
    start = draw(st.sampled_from(("/", "//", "/./", "/x/../", "/%2e/", "/;a/", "//x/", "/%5c")))
    return start + "".join(written)


@given(
    listed=entries,
    spelled=st.sampled_from(("/admin/x", "/admin/report", "/public/x", "/app.cgi")).flatmap(
        lambda path: spellings(path).map(lambda spelled: (path, spelled))
    ),
    is_stranger=st.booleans(),
)
def test_no_spelling_is_ruled_on_more_laxly_than_the_plain_one(
    listed: list[Entry], spelled: tuple[str, str], is_stranger: bool
) -> None:
    """Nobody gains anything by writing a path in another way."""
    who = None if is_stranger else person()
    plain, spelling = spelled
    policy = Policy(listed)

    assert judged(policy, spelling, who=who).verdict >= judged(policy, plain, who=who).verdict
