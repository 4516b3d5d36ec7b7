"""The app's answers reach the browser as the app meant them, well framed."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp, answer, close, read_body
from tests.instruments.raw_client import Ending
from tests.wire.door import Door


@pytest.mark.parametrize("name", [b"gw", b"__Host-gw", b"__Host-gw-browser", b"gw-lang"])
def test_the_app_cannot_set_our_cookies(app: RawApp, door: Door, name: bytes) -> None:
    """The app's attempt to set or clear a cookie of the gateway does not reach the browser."""
    fields = (
        b"Set-Cookie: a=1; Secure\r\nSet-Cookie: " + name + b"=\r\nset-cookie: b=2; Secure\r\n"
    )
    app.play(b"/steal", [answer(b"x", fields=fields)])

    assert [b"a=1; Secure", b"b=2; Secure"] == door.get(b"/steal").values(b"set-cookie")


@pytest.mark.parametrize("length", [b"", b"Content-Length: 5\r\n"], ids=["until close", "length"])
def test_http10_app(app: RawApp, door: Door, length: bytes) -> None:
    """An app of HTTP/1.0 works, and the browser's connection goes on."""
    app.play(b"/old", [b"HTTP/1.0 200 OK\r\n" + length + b"\r\nhello", close])

    with door.connect() as client:
        seen = client.ask(door.head(b"/old"))
        after = client.ask(door.head(b"/after"))

    assert b"HTTP/1.1 200 OK" == seen.head[:15]
    assert b"hello" == seen.body
    assert after.status == 200


def test_http10_keep_alive(app: RawApp, door: Door) -> None:
    """A client of HTTP/1.0 that asks for keep-alive may go on where the length is known."""
    old = door.head(b"/", fields=b"Connection: Keep-Alive\r\n")
    old = old.replace(b"HTTP/1.1", b"HTTP/1.0")
    app.play(b"/", [answer(b"hello")])

    with door.connect() as client:
        seen = client.ask(old)
        if seen.values(b"connection") == [b"keep-alive"]:
            assert b"hello" == client.ask(old).body
        else:
            assert (b"", Ending.CLOSED) == client.rest()


def test_big_heads_pass(app: RawApp, door: Door) -> None:
    """A head of 30 KB in a single field passes both ways: groupware cookies are that big."""
    big = b"x" * 30_000
    app.play(b"/big", [read_body, answer(b"", fields=b"X-Big: " + big + b"\r\n")])

    seen = door.get(b"/big", fields=b"X-Big: " + big + b"\r\n")

    assert [big] == app.exchanges[0].values(b"x-big")
    assert [big] == seen.values(b"x-big")
