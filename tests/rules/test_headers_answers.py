"""Which fields of the app's answer travel on to the browser."""

from __future__ import annotations

import pytest

from gateway.rules.headers import from_app
from gateway.rules.locations import names_for
from gateway.rules.names import HOP_BY_HOP
from gateway.rules.public import parse_origin
from gateway.rules.response import parse_response

PUBLIC = parse_origin("https://gw.example.co.jp")
NAMES = names_for(
    PUBLIC,
    backend_host="127.0.0.1",
    backend_port=8080,
    internal_names=("groupware.internal",),
    preserve_host=True,
)


def answered(*lines: bytes) -> list[bytes]:
    """The lines that reach the browser, of an answer with these fields."""
    head = parse_response(b"\r\n".join([b"HTTP/1.1 200 OK", *lines]), method=b"GET")
    return from_app(head, names=NAMES).split(b"\r\n")[1:]


APP = [
    b"Server: Apache",
    b"Date: Sun, 01 Nov 2026 00:00:00 GMT",
    b"content-type: text/html; charset=Shift_JIS",
    b"Content-Disposition: attachment; filename=\x93\xfa.csv",
    b'ETag: W/"x"',
    b"Set-Cookie: a=1; Path=/; Secure",
    b"set-cookie: dnzSid=ACeR..%5COF; path=/cgi-bin; Secure",
    b"Set-Cookie: a=2; Path=/; Secure",
    b"Strict-Transport-Security: max-age=1",
    b"Content-Security-Policy: default-src 'self'",
    b'WWW-Authenticate: Basic realm="x"',
    b"Location: /login?next=http://127.0.0.1:8080/",
    b"X_Odd: kept",
    b"Link: </style.css>; rel=preload",
    b'Clear-Site-Data: "cache", "storage"',
]


def test_answer_kept() -> None:
    """The app's answer reaches the browser as it is: in order, as written, nothing added."""
    assert answered(*APP) == APP


def test_answer_without_fields() -> None:
    """An answer without fields stays without."""
    assert answered() == []


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
def test_hop_by_hop_removed_from_answer(name: bytes) -> None:
    """Fields about the app's own connection do not reach the browser."""
    value = b"chunked" if name == b"transfer-encoding" else b"x"

    assert answered(b"A: 1", name.title() + b": " + value, b"B: 2") == [b"A: 1", b"B: 2"]


def test_length_and_nominated_removed_from_answer() -> None:
    """The length is the gateway's to write, and what Connection names is removed."""
    lines = (
        b"Content-Length: 5",
        b"Connection: X-Hop, Set-Cookie",
        b"x-hop: 1",
        b"Set-Cookie: a=1; Secure",
    )

    assert answered(*lines, b"A: 1") == [b"A: 1"]


def test_our_cookies_removed_from_answer() -> None:
    """The app can neither set nor clear our cookies; its own pass, internal Domains left out."""
    lines = (
        b"Set-Cookie: __Host-gw=evil; Path=/; Secure",
        b"Set-Cookie: a=1; Domain=groupware.internal; Path=/; Secure",
        b"SET-COOKIE: GW =; Max-Age=0",
        b"Set-Cookie: b=2; Secure",
    )

    assert answered(*lines) == [b"Set-Cookie: a=1; Path=/; Secure", b"Set-Cookie: b=2; Secure"]


def test_internal_addresses_mapped() -> None:
    """Redirects to the app's internal names lead to the gateway."""
    lines = (
        b"location: http://groupware.internal:8080/x",
        b"Content-Location: https://127.0.0.1:8080/y",
        b"Refresh: 0; url=http://127.0.0.1:8080/z",
    )

    assert answered(*lines) == [
        b"location: https://gw.example.co.jp/x",
        b"Content-Location: https://gw.example.co.jp/y",
        b"Refresh: 0; url=https://gw.example.co.jp/z",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'"cache"', b'"cache"'),
        (b'"cache","storage"', b'"cache","storage"'),
        (b'"cookies"', None),
        (b'"Cookies"', None),
        (b"cookies", None),
        (b'"cache", "cookies", "storage"', b'"cache", "storage"'),
        (b'"cookies" ,"cache"', b'"cache"'),
        (b'"*"', b'"cache", "storage"'),
        (b'"cache", "*"', b'"cache", "storage"'),
    ],
)
def test_clear_site_data(value: bytes, expected: bytes | None) -> None:
    """The app's own sign-out may clear its caches, but not sign people out of the gateway."""
    wanted = [] if expected is None else [b"Clear-Site-Data: " + expected]

    assert wanted == answered(b"Clear-Site-Data: " + value)
