"""`Expect: 100-continue`: a body is invited only by somebody who will take it."""

from __future__ import annotations

from tests.instruments.raw_app import RawApp, answer, read_body
from tests.wire.door import Door

EXPECT = b"Expect: 100-continue\r\nContent-Length: 5\r\n"


def test_invited_only_once(app: RawApp, door: Door) -> None:
    """An app that says 100 itself does not make the browser see it twice."""
    app.play(b"/up", [b"HTTP/1.1 100 Continue\r\n\r\n", read_body, answer(b"ok")])

    with door.connect() as client:
        client.send(door.head(b"/up", method=b"PUT", fields=EXPECT))
        first = client.read_head()
        client.send(b"hello")
        final = client.read_answer()

    assert first.startswith(b"HTTP/1.1 100 ")
    assert (200, ()) == (final.status, final.interim)


def test_not_invited_when_body_is_there(app: RawApp, door: Door) -> None:
    """Whoever sends the body without waiting gets the final answer in any case."""
    with door.connect() as client:
        final = client.ask(door.head(b"/up", method=b"PUT", fields=EXPECT) + b"hello")

    assert final.status == 200
    assert b"hello" == app.exchanges[0].body


def test_http10_is_not_invited(app: RawApp, door: Door) -> None:
    """A client of HTTP/1.0 knows no 100 and gets none."""
    with door.connect() as client:
        head = door.head(b"/up", method=b"PUT", fields=EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0")
        client.send(head)
        app.wait_for_exchange(b"/up")
        early = client.hear(within_s=0.1)
        final = client.ask(b"hello")

    assert b"" == early
    assert (200, ()) == (final.status, final.interim)


def test_big_upload_is_refused_before_it_is_sent(app: RawApp, door: Door) -> None:
    """A body over the limit is refused while it is still at the browser."""
    fields = b"Expect: 100-continue\r\nContent-Length: 999999999999\r\n"

    with door.connect() as client:
        final = client.ask(door.head(b"/up", method=b"PUT", fields=fields))

    assert (413, ()) == (final.status, final.interim)
    assert [] == app.exchanges
