"""The path and query that the app sees are the ones that the browser sent, to the byte."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.wire.door import Door, assert_app_saw_nothing

KEPT = [
    b"/",
    b"/a%2Fb",
    b"/a%2fb",
    b"/a;b=c",
    b"/a;jsessionid=1",
    b"/a;jsessionid=1?x=2",
    b"//a//b",
    b"/a/../b",
    b"/a/./b",
    b"/%2e%2e/",
    b"/a/%2e%2e/b",
    b"/a/%2E%2E/b",
    b"/.gateway",
    b"//.gateway/",
    b"/%2egateway/account",
    b"/.GATEWAY/",
    b"/%93%FA",
    b"/%7Euser/",
    b"/~user/",
    b"/a?",
    b"/a;?",
    b"/?",
    b"/a??b=?",
    b"/a?x=1&x=2&x",
    b"/a?x=a+b%20c",
    b"/a?http://other.example/",
    b"/a%",
    b"/a%zz",
    b"/a%00b",
    b"/a'b()!|\"\\^`{}$&*+,=:@[]<>",
    b"/cgi-bin/dneo.cgi?cmd=%93%FA%96%7B&hyo=%95%5C&m=%8E%E8%91%B1",
    b"/search?q=\x83\\\x8a|".replace(b"\x83", b"%83").replace(b"\x8a", b"%8A"),
    "/検索?語=表示|ソ".encode("cp932").replace("検索".encode("cp932"), b"search"),
    b"/" + b"x" * 8000,
]

REFUSED = {
    "fragment": b"/a#b",
    "fragment behind a query": b"/a?b#c",
    "eight-bit path": b"/\x93\xfa",
    "eight-bit path before a query": b"/\x95\\?q",
    "DEL": b"/a\x7f",
    "control character": b"/a\x01",
    "NUL": b"/a\x00b",
    "tab": b"/a\tb",
    "blank": b"/a b",
    "bare CR": b"/a\rb",
    "bare LF": b"/a\nX-Injected: 1",
    "no slash": b"a",
    "empty": b"",
    "asterisk": b"*",
    "absolute form": b"http://localhost/a",
    "absolute form of another host": b"http://other.example/a",
    "authority form": b"localhost:80",
}


@pytest.mark.parametrize("target", KEPT, ids=lambda target: target[:40].decode("latin-1"))
def test_kept(app: RawApp, door: Door, target: bytes) -> None:
    """A path and query reach the app byte for byte, however they are spelled."""
    answer = door.get(target)

    assert answer.status == 200
    assert [target] == [each.target for each in app.exchanges]


@pytest.mark.parametrize("target", REFUSED.values(), ids=REFUSED.keys())
def test_refused(app: RawApp, door: Door, target: bytes) -> None:
    """A request target that two readers could take differently gets 400, and no app sees it."""
    since = app.received_count

    with door.connect() as client:
        answer = client.ask(door.head(target))
        rest = client.rest()

    assert answer.status == 400
    assert rest == (b"", "closed")
    assert_app_saw_nothing(app, door, since=since)
