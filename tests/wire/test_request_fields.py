"""What becomes of a request's header fields on their way to the app."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.wire.door import Door


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


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost"])
def test_host_in_capitals(app: RawApp, door: Door, host: str) -> None:
    """The public name in capitals is the same place, and reaches the app in small letters."""
    request = door.head(b"/").replace(b"Host: localhost", b"Host: " + host.encode())

    assert door.ask(request).status == 200
    assert [door.authority] == app.exchanges[0].values(b"host")


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
