"""What becomes of a request's header fields on their way to the app."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.wire.door import Door

HOP_BY_HOP = {
    "Connection": b"keep-alive, x-mine",
    "Keep-Alive": b"timeout=5",
    "Proxy-Connection": b"keep-alive",
    "TE": b"trailers",
    "Trailer": b"X-Sum",
    "Upgrade": b"h2c",
    "HTTP2-Settings": b"AAMAAABkAAQAAP__",
    "Proxy-Authorization": b"Basic YTpi",
    "Proxy-Authenticate": b"Basic",
    "X-Mine": b"1",
}


def test_repeated_fields_keep_order_and_spelling(app: RawApp, door: Door) -> None:
    """Fields that stand twice arrive twice, in order, with their spelling and odd values."""
    sent = [
        (b"X-Dup", b"1"),
        (b"x-dUP", b"2"),
        (b"X-Empty", b""),
        (b"X-Dup", b"3"),
        (b"X-Latin", b"caf\xe9 \x93\xfa"),
        (b"X-Quoted", b'a="b; c", d'),
        (b"Authorization", b"Basic YTpi"),
        (b"Destination", door.origin + b"/b"),
    ]

    door.get(b"/", fields=b"".join(b"%b: %b\r\n" % pair for pair in sent))

    names = {name.lower() for name, _ in sent}
    seen = [pair for pair in app.exchanges[0].fields if pair[0].lower() in names]
    assert sent == seen


def test_two_cookie_fields_become_one(app: RawApp, door: Door) -> None:
    """Two Cookie fields reach the app as one, joined by "; ", and without the gateway's own."""
    fields = b"Cookie: a=1; b=2|..|..\r\nCookie: c=ACeR..%5COF..; empty=\r\n"

    door.get(b"/", fields=fields)

    cookies = app.exchanges[0].values(b"cookie")
    assert [b"a=1; b=2|..|..; c=ACeR..%5COF..; empty="] == cookies


@pytest.mark.parametrize(
    "name",
    [
        b"gw",
        b"gw-browser",
        b"gw-lang",
        b"__Host-gw",
        b"__Host-gw-browser",
        b"__Host-gw-lang",
    ],
)
def test_cookies_of_the_gateway_stay(app: RawApp, door: Door, name: bytes) -> None:
    """No cookie of the gateway, by any of its names, ever reaches the app."""
    own = b"" if name == b"gw" else name + b"=canary; "

    door.get(b"/", fields=b"Cookie: a=1; " + own + b"b=2\r\n")

    assert [b"a=1; b=2"] == app.exchanges[0].values(b"cookie")
    assert b"gw" not in b"".join(app.exchanges[0].values(b"cookie"))
    assert door.cookie.partition(b"=")[2] not in app.exchanges[0].head


def test_no_cookie_field_without_cookies_of_the_app(app: RawApp, door: Door) -> None:
    """A browser with the gateway's cookie alone sends the app no Cookie field at all."""
    door.get(b"/")

    assert [] == app.exchanges[0].values(b"cookie")


def test_host_is_the_public_name(app: RawApp, door: Door) -> None:
    """The app sees the public host and port in Host, once."""
    door.get(b"/")

    assert [door.authority] == app.exchanges[0].values(b"host")


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost"])
def test_host_in_capitals(app: RawApp, door: Door, host: str) -> None:
    """The public name in capitals is the same place, and reaches the app in small letters."""
    request = door.head(b"/").replace(b"Host: localhost", b"Host: " + host.encode())

    assert door.ask(request).status == 200
    assert [door.authority] == app.exchanges[0].values(b"host")


@pytest.mark.parametrize("name", HOP_BY_HOP)
def test_hop_by_hop_fields_end_here(app: RawApp, door: Door, name: str) -> None:
    """A field that is meant for the next machine only, or named in Connection, goes no further."""
    fields = b"Connection: x-mine\r\nX-Mine: 1\r\n"
    fields += b"%b: %b\r\n" % (name.encode(), HOP_BY_HOP[name])

    assert door.get(b"/", fields=fields).status == 200
    seen = app.exchanges[0]
    assert [] == seen.values(name.encode())
    assert [] == seen.values(b"x-mine")


def test_connection_cannot_name_what_the_app_needs(app: RawApp, door: Door) -> None:
    """Naming Host, Cookie or the forwarding fields in Connection does not take them away."""
    named = b"host, cookie, content-length, x-forwarded-for, x-forwarded-proto, x-forwarded-host"
    fields = b"Cookie: a=1\r\nConnection: " + named + b"\r\n"

    answer = door.ask(door.post(b"/", b"hello", fields=fields))

    if answer.status == 200:
        seen = app.exchanges[0]
        for name in (b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"):
            assert 1 == len(seen.values(name))
        assert b"hello" == seen.body
    else:
        assert answer.status == 400
        assert [] == app.exchanges
