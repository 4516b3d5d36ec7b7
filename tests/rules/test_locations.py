"""That the app's internal addresses never show, and no other address is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.backends import Backend
from gateway.rules.locations import (
    Names,
    names_for,
    refresh_to_public,
    tags_to_internal,
    to_internal,
    to_public,
)
from gateway.rules.public import parse_origin

PUBLIC = parse_origin("https://gw.example.co.jp")
NAMES = names_for(
    PUBLIC,
    backend_host="127.0.0.1",
    backend_port=8080,
    internal_names=("Groupware.internal", "other.internal:9000"),
    preserve_host=True,
)
REWRITING = names_for(
    PUBLIC,
    backend_host="10.0.0.5",
    backend_port=80,
    internal_names=(),
    preserve_host=False,
)


@pytest.mark.parametrize(
    "origin",
    [
        b"http://127.0.0.1:8080",
        b"https://127.0.0.1:8080",
        b"HTTP://127.0.0.1:8080",
        b"//127.0.0.1:8080",
        b"http://groupware.internal",
        b"https://groupware.internal",
        b"http://GROUPWARE.Internal",
        b"http://groupware.internal:80",
        b"https://groupware.internal:443",
        b"http://groupware.internal:",
        b"http://groupware.internal:8080",
        b"//groupware.internal",
        b"http://other.internal:9000",
        b"http://gw.example.co.jp",
        b"http://gw.example.co.jp:80",
        b"http://gw.example.co.jp:8080",
        b"https://gw.example.co.jp:8080",
    ],
)
@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"/",
        b"/login",
        b"/a%2Fb/../c;d?x=%95%5C&y#cmd=z",
        b"?x",
        b"#y",
        b"//evil.com",
        b"/\\x",
    ],
)
def test_internal_to_public(origin: bytes, rest: bytes) -> None:
    """A redirect to any name of the app becomes one to the gateway, its path to the byte."""
    assert b"https://gw.example.co.jp" + rest == to_public(origin + rest, NAMES)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"/",
        b"/login?next=http://127.0.0.1:8080/",
        b"login",
        b"../x",
        b"?x",
        b"#y",
        b"https://gw.example.co.jp",
        b"https://gw.example.co.jp/x",
        b"HTTPS://GW.example.co.jp:443/x",
        b"//gw.example.co.jp/x",
        b"http://127.0.0.1/",
        b"http://127.0.0.1:80801/",
        b"http://127.0.0.1:808/",
        b"http://127.0.0.1:9000/",
        b"http://groupware.internal:443/",
        b"https://groupware.internal:80/",
        b"http://groupware.internal:9000/",
        b"http://other.internal/",
        b"http://groupware.internal.evil.com/",
        b"http://evilgroupware.internal/",
        b"http://x.groupware.internal/",
        b"http://groupware.internal./",
        b"http://groupware.internal@evil.com/",
        b"http://groupware.internal:8080@evil.com/",
        b"http://user@groupware.internal/",
        b"http://groupware.internal\\@evil.com/",
        b"http://groupware.internal\\.evil.com/",
        b"http://groupware.internal%2eevil.com/",
        b"http:\\\\groupware.internal/",
        b"http:/groupware.internal/",
        b"http:groupware.internal/",
        b"http:///groupware.internal/",
        b"///groupware.internal/",
        b"/\\groupware.internal/",
        b"\\\\groupware.internal/",
        b" http://groupware.internal/",
        b"xhttp://groupware.internal/",
        b"ftp://groupware.internal/",
        b"ws://groupware.internal/",
        b"javascript://groupware.internal/",
        b"mailto:a@groupware.internal",
        b"https://example.com/http://groupware.internal/",
        b"//example.com/",
        b"http://g\xe9/",
    ],
)
def test_other_addresses_untouched(value: bytes) -> None:
    """Every other address is left as it is, look-alikes of the app's names included."""
    assert value == to_public(value, NAMES)


@given(st.binary(max_size=80))
def test_any_bytes_elsewhere(value: bytes) -> None:
    """No bytes at all make the mapping fail."""
    assert to_public(b"http://groupware.internal/" + value, NAMES).endswith(b"/" + value)
    assert to_internal(to_public(value, NAMES), NAMES) == to_public(value, NAMES)
    assert refresh_to_public(value, REWRITING) == refresh_to_public(value, REWRITING)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0; url=http://127.0.0.1:8080/x", b"0; url=https://gw.example.co.jp/x"),
        (b"5;URL=http://127.0.0.1:8080", b"5;URL=https://gw.example.co.jp"),
        (b"5 ; Url = http://127.0.0.1:8080/", b"5 ; Url = https://gw.example.co.jp/"),
        (b"5, url=//127.0.0.1:8080/", b"5, url=https://gw.example.co.jp/"),
        (b"5 http://127.0.0.1:8080/", b"5 https://gw.example.co.jp/"),
        (b"0.5;http://127.0.0.1:8080/", b"0.5;https://gw.example.co.jp/"),
        (b"0; url='http://127.0.0.1:8080'", b"0; url='https://gw.example.co.jp'"),
        (b'0; url="http://127.0.0.1:8080/x" y', b'0; url="https://gw.example.co.jp/x" y'),
        (b'0; url="http://127.0.0.1:8080/x', b'0; url="https://gw.example.co.jp/x'),
        (b"5", b"5"),
        (b"5; url=/x", b"5; url=/x"),
        (b"5; url=http://127.0.0.1:8080.evil.com/", b"5; url=http://127.0.0.1:8080.evil.com/"),
        (b"soon; url=http://127.0.0.1:8080/", b"soon; url=http://127.0.0.1:8080/"),
        (b"", b""),
    ],
)
def test_refresh(value: bytes, expected: bytes) -> None:
    """The address within a Refresh is mapped as that of a redirect."""
    assert expected == refresh_to_public(value, NAMES)


def test_public_port() -> None:
    """With a port in the public address, that very authority is mapped, and no other."""
    names = names_for(
        parse_origin("http://localhost:8080"),
        backend_host="localhost",
        backend_port=9000,
        internal_names=(),
        preserve_host=True,
    )

    assert to_public(b"https://localhost:8080/x", names) == b"http://localhost:8080/x"
    assert to_public(b"http://localhost:9000/x", names) == b"http://localhost:8080/x"
    assert to_public(b"http://localhost/x", names) == b"http://localhost/x"


def test_backend_on_own_port() -> None:
    """A backend on port 80 or 443 is known without its port, too."""
    assert to_public(b"http://10.0.0.5/x", REWRITING) == b"https://gw.example.co.jp/x"
    assert to_public(b"http://10.0.0.5:80/x", REWRITING) == b"https://gw.example.co.jp/x"


def test_backend_on_ipv6() -> None:
    """An IPv6 address of the backend is known in brackets."""
    names = names_for(
        PUBLIC,
        backend_host="::1",
        backend_port=8080,
        internal_names=(),
        preserve_host=False,
    )

    assert to_public(b"http://[::1]:8080/x", names) == b"https://gw.example.co.jp/x"
    assert b"[::1]" in names.hosts
    assert names.believed == "http://[::1]:8080"


SEVERAL = names_for(
    PUBLIC,
    backends=(
        Backend(scheme="https", host="10.0.0.5", port=8443),
        Backend(scheme="https", host="app2.internal", port=443),
    ),
    internal_names=("groupware.internal",),
    preserve_host=False,
    server_name="app.example.jp",
)


@pytest.mark.parametrize(
    "origin",
    [
        b"https://10.0.0.5:8443",
        b"http://10.0.0.5:8443",
        b"https://app2.internal",
        b"https://app2.internal:443",
        b"http://app2.internal",
        b"//app2.internal",
        b"https://app.example.jp",
        b"https://app.example.jp:8443",
        b"https://groupware.internal:8443",
        b"https://groupware.internal:443",
        b"https://gw.example.co.jp:8443",
    ],
)
def test_every_backend_is_internal(origin: bytes) -> None:
    """Whichever backend answers, and by whichever of its names: the address is made public."""
    assert b"https://gw.example.co.jp/x?y" == to_public(origin + b"/x?y", SEVERAL)


@pytest.mark.parametrize(
    "value", [b"https://10.0.0.5/x", b"https://10.0.0.5:443/x", b"https://app2.internal:8444/x"]
)
def test_other_ports_of_backends_are_not_internal(value: bytes) -> None:
    """What else runs on a backend's machine is not the app."""
    assert value == to_public(value, SEVERAL)


def test_the_backend_that_is_asked_is_believed_in() -> None:
    """Destination names the backend that gets it, where the app is given its own name."""
    backends = tuple(Backend(scheme="https", host=each, port=443) for each in ("a", "b"))
    names = names_for(
        PUBLIC, backends=backends, internal_names=(), preserve_host=False, asked=backends[1]
    )

    assert b"https://b/x" == to_internal(b"https://gw.example.co.jp/x", names)
    assert b"https://10.0.0.5:8443/x" == to_internal(b"https://gw.example.co.jp/x", SEVERAL)


def test_a_certificate_for_the_public_name_changes_nothing() -> None:
    """An app whose certificate has the public name is called by that name rightly."""
    backends = (Backend(scheme="https", host="10.0.0.5", port=443),)
    public = parse_origin("https://gw.example.co.jp:8443")
    plain, named = (
        names_for(public, backends=backends, internal_names=(), preserve_host=True, server_name=n)
        for n in ("", "gw.example.co.jp")
    )

    assert plain.internal == named.internal
    assert {b"10.0.0.5"} == named.hosts


def test_hosts_for_cookies() -> None:
    """The hosts whose Domain is dropped from cookies are all but the public one."""
    assert {b"127.0.0.1", b"groupware.internal", b"other.internal"} == NAMES.hosts


def test_plain_names() -> None:
    """Names can be given as they are, without a configuration."""
    names = Names(public=PUBLIC, internal=frozenset({"APP:81"}))

    assert to_public(b"http://app:81/", names) == b"https://gw.example.co.jp/"
    assert names.hosts == {b"app"}


@pytest.mark.parametrize(
    "value",
    [b"https://gw.example.co.jp/b", b"http://127.0.0.1:8080/b", b"/b", b"https://other/b", b""],
)
def test_destination_kept(value: bytes) -> None:
    """As long as the app is given the public Host, WebDAV's Destination reaches it as sent."""
    assert value == to_internal(value, NAMES)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"https://gw.example.co.jp/b%2Fc?x", b"http://10.0.0.5/b%2Fc?x"),
        (b"HTTPS://GW.example.co.jp:443/b", b"http://10.0.0.5/b"),
        (b"https://gw.example.co.jp", b"http://10.0.0.5"),
        (b"http://gw.example.co.jp/b", b"http://gw.example.co.jp/b"),
        (b"https://gw.example.co.jp:8443/b", b"https://gw.example.co.jp:8443/b"),
        (b"https://gw.example.co.jp.evil.com/b", b"https://gw.example.co.jp.evil.com/b"),
        (b"https://x@gw.example.co.jp/b", b"https://x@gw.example.co.jp/b"),
        (b"//gw.example.co.jp/b", b"//gw.example.co.jp/b"),
        (b"/b", b"/b"),
    ],
)
def test_destination_mapped(value: bytes, expected: bytes) -> None:
    """An app that is given its own name as Host gets Destination under that name."""
    assert expected == to_internal(value, REWRITING)


def test_tags_mapped() -> None:
    """The addresses in WebDAV's If follow Destination; lock tokens and the rest stay."""
    value = (
        b'<https://gw.example.co.jp/a> (<opaquelocktoken:1> ["e"]) <https://other/b> (Not <x:y>)'
    )

    expected = value.replace(b"https://gw.example.co.jp", b"http://10.0.0.5")
    assert expected == tags_to_internal(value, REWRITING)
    assert value == tags_to_internal(value, NAMES)
