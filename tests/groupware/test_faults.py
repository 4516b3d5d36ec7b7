"""Misbehaviour on demand: each way in which an app can break in front of a proxy."""

from __future__ import annotations

import socket

import pytest

from tests.groupware.running import Groupware
from tests.instruments.raw_client import Ending, RawClient

ASK = b"GET /bench/download?bytes=100000 HTTP/1.1\r\n\r\n"


def test_cut_off_in_mid_body(groupware: Groupware, client: RawClient) -> None:
    """The connection closes after so many bytes of a longer answer."""
    groupware.fault("cut", after_bytes=5000)
    client.send(ASK)

    seen, ending = client.rest()

    assert len(seen) == 5000
    assert ending is Ending.CLOSED


def test_closed_without_an_answer(groupware: Groupware, client: RawClient) -> None:
    """The connection closes before the first byte."""
    groupware.fault("cut")
    client.send(ASK)

    assert client.rest() == (b"", Ending.CLOSED)


def test_reset_in_mid_body(groupware: Groupware, client: RawClient) -> None:
    """The connection is torn down by a TCP reset."""
    groupware.fault("reset", after_bytes=5000)
    client.send(ASK)

    seen, ending = client.rest()

    assert len(seen) == 5000
    assert ending is Ending.RESET


def test_silence_in_mid_body(groupware: Groupware, client: RawClient) -> None:
    """The app says nothing more and keeps the connection."""
    groupware.fault("silence", after_bytes=5000)
    client.send(ASK)
    client.read_exactly(5000)

    assert client.hear(within_s=0.1) == b""
    assert len(groupware.connections(still_open=1).open) == 1


def test_nonsense(groupware: Groupware, client: RawClient) -> None:
    """The app sends something that is not HTTP."""
    groupware.fault("nonsense")
    client.send(ASK)

    seen, _ = client.rest()

    assert not seen.startswith(b"HTTP/")


def test_a_slow_first_byte(groupware: Groupware, client: RawClient) -> None:
    """The whole answer comes late."""
    groupware.fault("slow", seconds=0.3)
    client.send(ASK)

    assert client.hear(within_s=0.1) == b""
    assert len(client.read_answer().body) == 100000


def test_any_bytes_can_be_the_answer(groupware: Groupware, client: RawClient) -> None:
    """A test can write the answer itself, byte by byte."""
    groupware.fault("raw", raw="HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Raw: \x95\x5c\r\n\r\nab")
    client.send(ASK)

    assert client.rest()[0].endswith(b"X-Raw: \x95\x5c\r\n\r\nab")


def test_an_early_refusal_comes_before_the_body(groupware: Groupware, client: RawClient) -> None:
    """The app answers when only the head is in, and reads on without a reset."""
    refusal = "HTTP/1.1 413 Too Big\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    groupware.fault("raw", raw=refusal, early=True, then="linger")
    client.send(b"POST /bench/upload HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
    answer = client.read_answer()
    client.send(b"x" * 500000)

    assert answer.status == 413


def test_a_fault_strikes_so_many_times_and_on_its_path_only(
    groupware: Groupware, client: RawClient
) -> None:
    """Other addresses stay well, and so does the spoiled one afterwards."""
    groupware.fault("raw", path="/bench/chunked", raw="HTTP/1.0 500 no\r\n\r\n", times=2)
    statuses = []
    for target in ("empty", "chunked", "chunked", "chunked"):
        with RawClient(groupware.port) as one:
            answer = one.ask(f"GET /bench/{target} HTTP/1.1\r\n\r\n".encode())
            statuses.append(answer.status)

    assert statuses == [204, 500, 500, 200]


def test_faults_can_be_taken_back(groupware: Groupware, client: RawClient) -> None:
    """Clearing makes the app well again."""
    groupware.fault("cut", times=0)

    groupware.clear()

    assert client.ask(ASK).status == 200


def test_an_unknown_fault_is_refused(groupware: Groupware) -> None:
    """A slip in a test shows at once."""
    with pytest.raises(AssertionError, match="hiccup"):
        groupware.fault("hiccup")


def test_the_app_can_be_down_and_up_again(groupware: Groupware) -> None:
    """Connections are refused, then taken on the same port."""
    groupware.refuse_connections()
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", groupware.port))
    finally:
        groupware.accept_connections()

    with RawClient(groupware.port) as client:
        assert client.ask(ASK).status == 200
