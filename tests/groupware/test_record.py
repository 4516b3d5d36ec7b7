"""What the pretend groupware tells about what it received: every byte, nothing cleaned up."""

from __future__ import annotations

import hashlib

from tests.groupware.running import Groupware
from tests.instruments.raw_client import RawClient


def test_the_request_line_and_headers_are_kept_to_the_byte(
    groupware: Groupware, client: RawClient
) -> None:
    """Order, case, repeated names, odd blanks and 8-bit bytes are all in the record."""
    client.ask(
        b"GET /bench/echo/%2e%2E/a;b=c?k=\x95\x5c HTTP/1.1\r\nhOST: x\r\n"
        b"X-Dup: 1\r\nX-Dup:  2\r\nX-Raw: \x8e\xa9\r\n\r\n"
    )

    received = groupware.record(requests=1)[0]

    assert received.target == "/bench/echo/%2e%2E/a;b=c?k=\x95\x5c"
    assert received.headers == ("hOST: x", "X-Dup: 1", "X-Dup:  2", "X-Raw: \x8e\xa9")


def test_a_body_is_kept_as_length_and_hash(groupware: Groupware, client: RawClient) -> None:
    """A body with a length is counted and hashed."""
    body = bytes(range(256)) * 1000
    client.ask(b"POST /bench/upload HTTP/1.1\r\nContent-Length: 256000\r\n\r\n" + body)

    received = groupware.record(requests=1)[0]

    assert received.body_bytes == 256000
    assert received.body_sha256 == hashlib.sha256(body).hexdigest()
    assert received.body_beginning == body[:65536].decode("latin-1")


def test_a_chunked_body_is_kept_without_its_framing(
    groupware: Groupware, client: RawClient
) -> None:
    """Chunks, extensions and trailers are understood; the content is what counts."""
    client.ask(
        b"PUT /bench/upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"
    )

    received = groupware.record(requests=1)[0]

    assert (received.body_beginning, received.trailers) == ("abcde", ("X-Sum: 1",))


def test_a_head_is_on_record_while_its_body_is_on_the_way(
    groupware: Groupware, client: RawClient
) -> None:
    """A test can see that a proxy passes the head and the first bytes on at once."""
    client.send(b"POST /bench/upload HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345")

    received = groupware.record(heads=1, body_bytes=5)[0]

    assert received.body_bytes == 5


def test_a_sender_who_leaves_in_mid_body_is_on_record(groupware: Groupware) -> None:
    """A body that never came whole is told apart from one that did."""
    with RawClient(groupware.port) as client:
        client.send(b"POST /bench/upload HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345")
        groupware.record(body_bytes=5)
    groupware.connections(still_open=0)

    assert groupware.record()[0].body_state == "broken"


def test_requests_on_one_connection_share_its_number(
    groupware: Groupware, client: RawClient
) -> None:
    """A test can see whether a proxy uses its connections again."""
    for _ in range(2):
        client.ask(b"GET /bench/echo HTTP/1.1\r\n\r\n")
    with RawClient(groupware.port) as other:
        other.ask(b"GET /bench/echo HTTP/1.1\r\n\r\n")

    numbers = [received.connection for received in groupware.record(requests=3)]

    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[0] + 1


def test_connections_are_counted_and_their_end_can_be_awaited(groupware: Groupware) -> None:
    """A test can wait until a proxy has closed what it opened."""
    before = groupware.connections(still_open=0).total
    with RawClient(groupware.port) as client:
        client.ask(b"GET /bench/echo HTTP/1.1\r\n\r\n")
        while_open = groupware.connections(still_open=1)
    after = groupware.connections(still_open=0)

    assert while_open.open == (before + 1,)
    assert after.total == before + 1


def test_clearing_forgets_requests(groupware: Groupware, client: RawClient) -> None:
    """Each test starts with an empty record."""
    client.ask(b"GET /bench/echo HTTP/1.1\r\n\r\n")
    groupware.record(requests=1)

    groupware.clear()

    assert groupware.record() == []
