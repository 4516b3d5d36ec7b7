"""Style, script and pictures: what a browser's cache and a download manager ask for."""

from __future__ import annotations

import gzip

from tests.groupware.running import PROGRAM
from tests.instruments.raw_client import Answer, RawClient

PICTURE = b"/dneores/dneo/images/hills.svg"
CONTENT = (PROGRAM / "static" / "images" / "hills.svg").read_bytes()


def ask(client: RawClient, *lines: bytes) -> Answer:
    """Ask for the picture."""
    return client.ask(b"\r\n".join([b"GET " + PICTURE + b" HTTP/1.1", *lines, b"", b""]))


def test_a_file_comes_with_its_validators(client: RawClient) -> None:
    """The picture has a type, an ETag and a date."""
    answer = ask(client)

    assert answer.body == CONTENT
    assert answer.values(b"Content-Type") == [b"image/svg+xml"]
    assert len(answer.values(b"ETag") + answer.values(b"Last-Modified")) == 2


def test_a_known_file_is_304_without_a_body(client: RawClient) -> None:
    """The browser's copy is still good, by ETag or by date."""
    first = ask(client)

    by_tag = ask(client, b"If-None-Match: " + first.values(b"ETag")[0])
    by_date = ask(client, b"If-Modified-Since: " + first.values(b"Last-Modified")[0])

    assert [(304, b""), (304, b"")] == [(one.status, one.body) for one in (by_tag, by_date)]
    assert by_tag.values(b"ETag") == first.values(b"ETag")


def test_a_file_is_packed_for_who_takes_it(client: RawClient) -> None:
    """Gzip has an ETag of its own."""
    plain, packed = ask(client), ask(client, b"Accept-Encoding: gzip, deflate, br")

    assert packed.values(b"Content-Encoding") == [b"gzip"]
    assert gzip.decompress(packed.body) == CONTENT
    assert packed.values(b"ETag") != plain.values(b"ETag")


def test_ranges_from_the_front_and_from_the_end(client: RawClient) -> None:
    """A download can be taken up again."""
    size = len(CONTENT)
    middle, tail = ask(client, b"Range: bytes=10-19"), ask(client, b"Range: bytes=-5")

    assert (206, CONTENT[10:20]) == (middle.status, middle.body)
    assert middle.values(b"Content-Range") == [f"bytes 10-19/{size}".encode()]
    assert (206, CONTENT[-5:]) == (tail.status, tail.body)


def test_a_range_behind_the_end_is_416(client: RawClient) -> None:
    """The size is told instead."""
    answer = ask(client, b"Range: bytes=999999-")

    assert answer.status == 416
    assert answer.values(b"Content-Range") == [f"bytes */{len(CONTENT)}".encode()]


def test_no_other_file_can_be_had(client: RawClient) -> None:
    """A path that climbs out of the directory leads nowhere."""
    answer = client.ask(b"GET /dneores/dneo/../settings.py HTTP/1.1\r\n\r\n")

    assert answer.status == 404
