"""The pretend groupware's HTTP: the framings and manners a proxy has to get along with."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.groupware.running import Groupware, download_sha256
from tests.instruments.raw_client import Ending, RawClient

LINES = "ひとつ\nふたつ\nみっつ\n".encode()


def test_chunked_answers(client: RawClient) -> None:
    """An answer of unknown length comes in chunks, and the connection goes on."""
    answer = client.ask(b"GET /bench/chunked HTTP/1.1\r\n\r\n")

    assert answer.values(b"Transfer-Encoding") == [b"chunked"]
    assert answer.body == LINES
    assert client.ask(b"GET /bench/empty HTTP/1.1\r\n\r\n").status == 204


def test_answers_that_end_by_closing(client: RawClient) -> None:
    """Neither length nor chunks: the end of the connection is the end of the answer."""
    client.send(b"GET /bench/close HTTP/1.1\r\n\r\n")
    head = client.read_head()

    assert b"content-length" not in head.lower()
    assert client.rest() == (LINES, Ending.CLOSED)


def test_http_1_0_answers(client: RawClient) -> None:
    """An old server says HTTP/1.0 and closes."""
    client.send(b"GET /bench/http10 HTTP/1.1\r\n\r\n")

    assert client.read_head().startswith(b"HTTP/1.0 200 OK\r\n")
    assert client.rest() == ("古い返事\n".encode(), Ending.CLOSED)


def test_an_http_1_0_request_is_never_answered_in_chunks(client: RawClient) -> None:
    """A client of 1996 would not understand chunks."""
    client.send(b"GET /bench/chunked HTTP/1.0\r\n\r\n")

    assert b"chunked" not in client.read_head()
    assert client.rest() == (LINES, Ending.CLOSED)


def test_204_has_no_framing_at_all(client: RawClient) -> None:
    """No content, no length, no chunks."""
    answer = client.ask(b"GET /bench/empty HTTP/1.1\r\n\r\n")

    assert answer.status == 204
    assert answer.values(b"Content-Length") + answer.values(b"Transfer-Encoding") == []


def test_head_tells_the_length_and_sends_nothing(client: RawClient) -> None:
    """HEAD has the headers of GET, and the connection goes on."""
    answer = client.ask(b"HEAD /bench/download?bytes=1000 HTTP/1.1\r\n\r\n", method=b"HEAD")

    assert answer.values(b"Content-Length") == [b"1000"]
    assert client.ask(b"GET /bench/empty HTTP/1.1\r\n\r\n").status == 204


def test_100_continue_is_sent_before_the_body(client: RawClient) -> None:
    """A sender that asks first is told to go on, then answered."""
    client.send(
        b"POST /bench/upload HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    go_on = client.read_head()
    client.send(b"abc")

    assert go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert json.loads(client.read_answer().body)["bytes"] == 3


def test_without_interest_in_the_body_no_100_is_sent(client: RawClient) -> None:
    """A refusal comes alone, and the connection ends, for the body never came."""
    client.send(b"POST /bench/early HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")

    assert client.read_answer().interim == ()
    assert client.rest() == (b"", Ending.CLOSED)


def test_an_answer_may_come_before_the_body(groupware: Groupware, client: RawClient) -> None:
    """The refusal of an upload is sent while the upload is still coming."""
    client.send(b"POST /bench/early HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc")
    answer = client.read_answer()
    client.send(b"def")

    assert answer.status == 413
    assert groupware.record(requests=1)[0].body_beginning == "abcdef"


def test_early_hints_come_before_the_answer(client: RawClient) -> None:
    """103 with a Link, then 200."""
    answer = client.ask(b"GET /bench/early-hints HTTP/1.1\r\n\r\n")

    assert answer.status == 200
    assert answer.interim[0].startswith(b"HTTP/1.1 103 ")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_big_downloads_are_known_content(client: RawClient, framing: str) -> None:
    """A download of N bytes is the same for everybody, so that a test can compare."""
    size = 3_000_001
    answer = client.ask(
        f"GET /bench/download?bytes={size}&framing={framing} HTTP/1.1\r\n\r\n".encode()
    )

    assert len(answer.body) == size
    assert hashlib.sha256(answer.body).hexdigest() == download_sha256(size)


def test_a_trickle_comes_byte_by_byte(client: RawClient) -> None:
    """A slow app sends its answer in drops."""
    client.send(b"GET /bench/trickle?pieces=3&pause=0.02 HTTP/1.1\r\n\r\n")
    client.read_head()

    assert [client.hear(within_s=5) for _ in range(3)] == [b".", b".", b"."]


def test_a_slow_export_answers_in_the_end(client: RawClient) -> None:
    """Nothing comes for a while, then everything."""
    client.send(b"GET /bench/slow?seconds=0.3 HTTP/1.1\r\n\r\n")

    assert client.hear(within_s=0.1) == b""
    assert client.read_answer().body == "お待たせしました\n".encode()


def test_a_held_poll_stops_when_the_browser_leaves(groupware: Groupware) -> None:
    """The app's end of a connection closes soon after the other one."""
    with RawClient(groupware.port) as client:
        client.send(b"GET /bench/poll?seconds=60 HTTP/1.1\r\n\r\n")
        groupware.record(heads=1)

    assert groupware.connections(still_open=0).open == ()


def test_server_sent_events(client: RawClient) -> None:
    """Events come one by one on an open answer."""
    answer = client.ask(b"GET /bench/events?count=2&pause=0.01 HTTP/1.1\r\n\r\n")

    assert answer.values(b"Content-Type") == [b"text/event-stream"]
    assert answer.body == "id: 0\ndata: 知らせ 0\n\nid: 1\ndata: 知らせ 1\n\n".encode()


def test_what_is_not_http_gets_400(client: RawClient) -> None:
    """Garbage is refused and the connection closed."""
    client.send(b"\x16\x03\x01\x02\r\n\r\n")

    seen, ending = client.rest()

    assert seen.startswith(b"HTTP/1.1 400 ")
    assert ending is Ending.CLOSED


def test_an_idle_connection_is_closed_like_apache_does(groupware: Groupware) -> None:
    """A proxy that keeps connections for later meets an app that has closed them."""
    with Groupware("--keep-alive-seconds", "0.1") as app, RawClient(app.port) as client:
        client.ask(b"GET /bench/empty HTTP/1.1\r\n\r\n")

        assert client.rest() == (b"", Ending.CLOSED)
