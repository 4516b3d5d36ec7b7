"""That our cookies stay ours, and the app's stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.cookies import (
    ALL_OURS,
    clear_cookie,
    cookie_names,
    cookie_values,
    for_browser,
    set_cookie,
    without_ours,
)

INTERNAL = frozenset({b"127.0.0.1", b"groupware.internal", b"[::1]"})
PUBLIC = b"gw.example.co.jp"


def passed_on(value: bytes, *, is_secure: bool = True) -> bytes | None:
    """A Set-Cookie of the app as the browser gets it."""
    return for_browser(value, internal_hosts=INTERNAL, public_host=PUBLIC, is_secure=is_secure)


def test_names() -> None:
    """Over https our cookies have the __Host- prefix, on http://localhost they have not."""
    secure, plain = cookie_names(is_secure=True), cookie_names(is_secure=False)

    assert ("__Host-gw", "__Host-gw-browser", "__Host-gw-lang") == (
        secure.session,
        secure.browser,
        secure.language,
    )
    assert ("gw", "gw-browser", "gw-lang") == (plain.session, plain.browser, plain.language)
    assert len(ALL_OURS) == 6


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], []),
        ([b"a=1"], []),
        ([b"__Host-gw=T"], [b"T"]),
        ([b"a=1; __Host-gw=T; b=2"], [b"T"]),
        ([b"a=1;__Host-gw=T;b=2"], [b"T"]),
        ([b"a=1;\t__Host-gw = T ;b=2"], [b"T"]),
        ([b"a=1", b"__Host-gw=T"], [b"T"]),
        ([b"__Host-gw=T; __Host-gw=U"], [b"T", b"U"]),
        ([b"__Host-gw=T", b"__Host-gw=T"], [b"T", b"T"]),
        ([b"__Host-gw="], [b""]),
        ([b"__Host-gw=a=b"], [b"a=b"]),
        ([b'__Host-gw="T"'], [b'"T"']),
        ([b"__Host-gw"], []),
        ([b"__host-gw=T"], []),
        ([b"=__Host-gw=T"], []),
        ([b"__Host-gw-lang=ja"], []),
        ([b"x__Host-gw=T"], []),
        ([b"a=__Host-gw=T"], []),
        ([b"a=1, __Host-gw=T"], []),
        ([b"gw=T"], []),
    ],
)
def test_values(headers: list[bytes], expected: list[bytes]) -> None:
    """A session is looked for under its exact name only, and every copy of it is seen."""
    assert expected == cookie_values(headers, b"__Host-gw")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", b""),
        (b"a=1; b=2", b"a=1; b=2"),
        (b"a=1;b=2 ;  c=", b"a=1;b=2 ;  c="),
        (b"_xsrf=2|ab|cd|12; dnzSid=ACeR..%5COFx", b"_xsrf=2|ab|cd|12; dnzSid=ACeR..%5COFx"),
        (b'a="x y"; b=\x93\xfa', b'a="x y"; b=\x93\xfa'),
        (b"__Host-gw=T", b""),
        (b"__Host-gw=T;", b""),
        (b"__Host-gw=T; a=1", b"a=1"),
        (b"a=1; __Host-gw=T", b"a=1"),
        (b"a=1; __Host-gw=T; b=2", b"a=1; b=2"),
        (b"a=1;__Host-gw=T;b=2", b"a=1;b=2"),
        (b"a=1; __Host-gw=T; b=2 ;c=;d", b"a=1; b=2 ;c=;d"),
        (b"__Host-gw=T; __Host-gw-browser=B; a=1; __Host-gw-lang=ja", b"a=1"),
        (b"gw=T; gw-browser=B; gw-lang=ja; a=1", b"a=1"),
        (b"gw=T; __Host-gw=T; a=1; gw=U", b"a=1"),
        (b"GW=T; __HOST-GW=T; a=1", b"a=1"),
        (b"gw =T; \tgw\t= T; a=1", b"a=1"),
        (b"gw; a=1", b"a=1"),
        (b"=gw=T; a=1", b"a=1"),
        (b" = gw=T; a=1", b"a=1"),
        (b"gw2=1; xgw=2; gw_lang=3; a=gw", b"gw2=1; xgw=2; gw_lang=3; a=gw"),
        (b"a=__Host-gw; b=gw=x", b"a=__Host-gw; b=gw=x"),
        (b"__Secure-gw=1", b"__Secure-gw=1"),
        (b"a=1;; b=2", b"a=1;; b=2"),
    ],
)
def test_without_ours(value: bytes, expected: bytes) -> None:
    """The app gets its cookies to the byte, and none of ours in any spelling."""
    assert expected == without_ours(value)


PAIRS = st.lists(
    st.sampled_from([b"a=1", b"b=", b"c", b"gw=T", b"__Host-gw=S", b"GW-lang=x", b"", b"=gw=1"]),
)


@given(PAIRS, st.sampled_from([b";", b"; ", b" ;\t"]))
def test_none_of_ours_is_left(pairs: list[bytes], between: bytes) -> None:
    """However cookies are mixed, none of ours is left and all of the app's are, in order."""
    left = [each.strip() for each in without_ours(between.join(pairs)).split(b";")]

    theirs = [each for each in pairs if each in (b"a=1", b"b=", b"c")]
    assert theirs == [each for each in left if each]


@pytest.mark.parametrize(
    "value",
    [
        b"a=1",
        b"a=1; Path=/; HttpOnly; Secure; SameSite=Lax",
        b"a=;path=/cgi-bin/dneo;expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"a=gw=1; Path=/",
        b"gw2=1",
        b"__Host-app=1; Path=/; Secure",
        b"a=1; Domain=example.co.jp",
        b"a=1; Domain=gw.example.co.jp; Path=/",
        b"a=1; Domain=evil-groupware.internal",
        b"a=1; Domain=",
        b"a=1; X-Domain=groupware.internal",
        b"a=Domain=groupware.internal",
        b"a=1 ;  Path = / ;",
        b"x" * 4104,
    ],
)
def test_set_cookie_of_the_app_kept(value: bytes) -> None:
    """What the app sets reaches the browser to the byte."""
    assert value == passed_on(value, is_secure=False)


@pytest.mark.parametrize("name", sorted(ALL_OURS))
@pytest.mark.parametrize(
    "spelling",
    [
        b"%b=x",
        b"%b=",
        b"%b",
        b"%b =x",
        b" %b=x",
        b"\t%b\t=x; Path=/",
        b"=%b=x",
        b" = %b=x",
        b"==%b",
    ],
)
def test_set_cookie_of_ours_dropped(name: bytes, spelling: bytes) -> None:
    """The app can neither set nor clear a cookie of ours, in any spelling and case."""
    for each in (name, name.upper(), name.replace(b"__host-", b"__Host-")):
        assert passed_on(spelling % each + b"; Max-Age=0") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a=1; Domain=groupware.internal", b"a=1"),
        (b"a=1; Domain=.groupware.internal; Path=/x", b"a=1; Path=/x"),
        (b"a=1;DOMAIN = Groupware.INTERNAL ;HttpOnly", b"a=1;HttpOnly"),
        (b"a=1; domain=127.0.0.1; domain=.groupware.internal", b"a=1"),
        (b"a=1; domain=[::1]; Secure", b"a=1; Secure"),
    ],
)
def test_internal_domain_dropped(value: bytes, expected: bytes) -> None:
    """A Domain that only the app knows is left out, so that the browser takes the cookie."""
    assert expected == passed_on(value, is_secure=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a=1; Domain=corp.local", b"a=1"),
        (b"a=1; Domain=.corp.local", b"a=1"),
        (b"a=1; Domain=app.corp.local", b"a=1"),
        (b"a=1; Domain=p.corp.local", b"a=1; Domain=p.corp.local"),
        (b"a=1; Domain=example.co.jp", b"a=1; Domain=example.co.jp"),
        (b"a=1; Domain=elsewhere.test", b"a=1; Domain=elsewhere.test"),
    ],
)
def test_parent_of_an_internal_domain(value: bytes, expected: bytes) -> None:
    """A Domain above the app's own name goes too, unless the public name lies below it."""
    hosts = frozenset({b"app.corp.local", b"old.example.co.jp"})

    assert expected == for_browser(
        value, internal_hosts=hosts, public_host=PUBLIC, is_secure=False
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a=1", b"a=1; Secure"),
        (b"a=1; Path=/", b"a=1; Path=/; Secure"),
        (b"a=1; secure", b"a=1; secure"),
        (b"a=1;SECURE ;HttpOnly", b"a=1;SECURE ;HttpOnly"),
        (b"a=1; Path=/secure", b"a=1; Path=/secure; Secure"),
        (b"secure=1", b"secure=1; Secure"),
        (b"a=1; SameSite=None", b"a=1; SameSite=None; Secure"),
        (b"a=1; Domain=groupware.internal", b"a=1; Secure"),
    ],
)
def test_secure_is_added(value: bytes, expected: bytes) -> None:
    """Over https no cookie of the app may ever travel in the clear."""
    assert expected == passed_on(value)


def test_our_set_cookie() -> None:
    """Our cookies are for us alone: HttpOnly, SameSite=Lax, the whole site, Secure on https."""
    secure = set_cookie("__Host-gw", "a-_Z9", is_secure=True, max_age_s=60)
    plain = set_cookie("gw", "T", is_secure=False, max_age_s=None)

    assert secure == "__Host-gw=a-_Z9; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
    assert plain == "gw=T; Path=/; HttpOnly; SameSite=Lax"


def test_clear() -> None:
    """A cookie of ours is taken away by an empty one that is over at once."""
    expected = "__Host-gw=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
    assert expected == clear_cookie("__Host-gw", is_secure=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("other", "x"),
        ("gw", "a b"),
        ("gw", "a;b"),
        ("gw", "a\r\nX: y"),
        ("gw", "a\n"),
        ("gw", "é"),
    ],
)
def test_only_plain_cookies_are_set(name: str, value: str) -> None:
    """We set no cookie under another name, and none with a value that would need quoting."""
    with pytest.raises(AssertionError):
        set_cookie(name, value, is_secure=True, max_age_s=None)
