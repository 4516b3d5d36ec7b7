"""
134 spellings of Transfer-Encoding that some server somewhere takes for "chunked".

Each is sent twice: with a body that makes a reader of the length wait or go wrong, and with
one that does so for a reader of chunks. Either the gateway refuses, or it and the app agree.
"""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Ending
from tests.wire.door import Door

BYTES = b"\x01\x04\x08\x09\x0a\x0b\x0c\x0d\x1f\x20\x7f\xa0\xff"

NAME, VALUE = b"Transfer-Encoding", b"chunked"


def spellings() -> dict[str, bytes]:
    """Every spelling by a name; each is one or more whole lines."""
    found = {
        "leading blank": b" " + NAME + b": " + VALUE + b"\r\n",
        "tab behind the colon": NAME + b":\t" + VALUE + b"\r\n",
        "tabs on both sides": NAME + b"\t:\t" + VALUE + b"\r\n",
        "blank before the colon": NAME + b" : " + VALUE + b"\r\n",
    }
    for byte in BYTES:
        odd, more = bytes([byte]), b"X: x\r\n"
        lines = {
            "behind the colon": NAME + b":" + odd + VALUE + b"\r\n",
            "before the colon": NAME + odd + b": " + VALUE + b"\r\n",
            "before the name": odd + NAME + b": " + VALUE + b"\r\n",
            "behind the value": NAME + b": " + VALUE + odd + b"\r\n",
            "in another field": b"X: x" + odd + NAME + b": " + VALUE + b"\r\n",
            "between two fields": NAME + b": " + VALUE + odd + more,
            "in another field, CR": b"X: x\r" + odd + NAME + b": " + VALUE + b"\r\n",
            "between two fields, CR": NAME + b": " + VALUE + b"\r" + odd + more,
            "in another field, LF": b"X: x" + odd + b"\n" + NAME + b": " + VALUE + b"\r\n",
            "between two fields, LF": NAME + b": " + VALUE + odd + b"\n" + more,
        }
        found |= {f"{byte:02x} {where}": line for where, line in lines.items()}
    return found


SPELLINGS = spellings()

assert len(SPELLINGS) == 134

PLAIN = {f"{byte:02x} in another field" for byte in b"\x09\x20\xa0\xff"}
"""Here the words stand in the midst of another field's value, for every reader."""

BODIES = {
    "length rules": (b"Content-Length: 5\r\n", b"0\r\n\r\n"),
    "chunks rule": (b"Content-Length: 6\r\n", b"0\r\n\r\nX"),
    "a request inside": (
        b"Content-Length: 4\r\n",
        b"1f\r\nGET /smuggled HTTP/1.1\r\nX: 1234\r\n0\r\n\r\n",
    ),
}


@pytest.mark.parametrize("body", BODIES)
def test_refused(app: RawApp, either_door: Door, body: str) -> None:
    """No odd spelling of Transfer-Encoding beside a length reaches the app at all."""
    length, sent = BODIES[body]
    for spelling in sorted(SPELLINGS.keys() - PLAIN):
        fields = SPELLINGS[spelling] + length
        with either_door.connect() as client:
            client.send(either_door.head(b"/x", method=b"POST", fields=fields) + sent)
            answer, rest = client.read_answer(), client.rest()

        assert (400, (b"", Ending.CLOSED)) == (answer.status, rest), spelling

    assert [] == app.exchanges


@pytest.mark.parametrize("body", ["length rules", "chunks rule"])
def test_plain(app: RawApp, either_door: Door, body: str) -> None:
    """Where the words are a part of another field, the length rules at both ends."""
    length, sent = BODIES[body]
    for spelling in sorted(PLAIN):
        app.forget()
        fields = SPELLINGS[spelling] + length
        with either_door.connect() as client:
            client.send(either_door.head(b"/x", method=b"POST", fields=fields) + sent)
            client.send(either_door.head(b"/second"))
            statuses = [client.read_answer().status for _ in range(2)]

        assert [200, 200] == statuses, spelling
        assert [(b"/x", sent), (b"/second", b"")] == [
            (each.target, each.body) for each in app.exchanges
        ]


@pytest.mark.parametrize("spelling", sorted(SPELLINGS.keys() - PLAIN))
def test_alone(app: RawApp, door: Door, spelling: str) -> None:
    """An odd spelling without a length is refused, or the app gets clean chunks."""
    fields = SPELLINGS[spelling]
    with door.connect() as client:
        client.send(door.head(b"/x", method=b"POST", fields=fields) + b"0\r\n\r\n")
        client.send(door.head(b"/second"))
        status = client.read_answer().status
        if status == 200:
            assert client.read_answer().status == 200

    if status == 200:
        exchange = app.exchanges_of(b"/x")[0]
        assert [b"chunked"] == exchange.values(b"transfer-encoding")
        assert b"" == exchange.body
    else:
        assert status == 400
        assert [] == app.exchanges
