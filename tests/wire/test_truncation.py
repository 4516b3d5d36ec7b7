"""An app that breaks off is never shown as a complete answer."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Ending
from tests.wire.door import Door


def test_cut_upload(app: RawApp, door: Door) -> None:
    """A browser that leaves in mid upload never makes the app see a complete request."""
    for fields, part in (
        (b"Content-Length: 100\r\n", b"x" * 50),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"),
    ):
        app.forget()
        with door.connect() as client:
            client.send(door.head(b"/part", method=b"POST", fields=fields), part)
            exchange = app.wait_for_exchange(b"/part")
        assert exchange.connection.is_over.wait(10)
        assert not exchange.is_whole.is_set()


@pytest.mark.parametrize(
    "rest",
    [b"zz\r\n", b"-1\r\n", b"5\r\nhelloXX", b"0x5\r\nhello", b"FFFFFFFFFFFFFFFFF\r\n"],
)
def test_broken_upload(app: RawApp, door: Door, rest: bytes) -> None:
    """An upload whose chunks break is given up: 4xx or a cut, and never whole at the app."""
    fields = b"Transfer-Encoding: chunked\r\n"

    with door.connect() as client:
        client.send(door.head(b"/bad", method=b"POST", fields=fields), b"5\r\nhello\r\n")
        exchange = app.wait_for_exchange(b"/bad")
        client.send(rest)
        seen, ending = client.rest()

    assert ending in (Ending.CLOSED, Ending.RESET)
    assert seen == b"" or seen[9:12] in (b"400", b"413")
    assert exchange.connection.is_over.wait(10)
    assert not exchange.is_whole.is_set()
