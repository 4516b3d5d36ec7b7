"""The requests of the benchmark are those of real browsers, and not one a million times."""

from __future__ import annotations

import h11
import pytest

from benchmarks.browsing import COUNTER, REQUESTS, Site, pool

SITE = Site(scheme="https", authority="localhost:8443", cookie="__Host-gw", path="/1k/")
TOKENS = [f"token{number}" for number in range(1000)]


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """Those of a thousand people."""
    return pool(SITE, TOKENS)


def test_each_is_a_whole_request_that_an_independent_parser_reads(requests: list[str]) -> None:
    """Every request is well-formed HTTP/1.1, has 13 fields or more and some 800 bytes."""
    for each in requests[:200]:
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(each.replace(COUNTER, "17").encode())
        request = connection.next_event()

        assert isinstance(request, h11.Request)
        assert len(request.headers) >= 13
        assert isinstance(connection.next_event(), h11.EndOfMessage)
        assert 600 < len(each) < 1000


def test_a_fifth_never_comes_again(requests: list[str]) -> None:
    """One request in five has a new number in its query and in a cookie each time."""
    counted = [each for each in requests if COUNTER in each]

    assert len(requests) / 5 == len(counted)
    assert {2} == {each.count(COUNTER) for each in counted}


def test_everybody_takes_part(requests: list[str]) -> None:
    """A thousand people send four requests each, with their own session."""
    senders = [each.partition("__Host-gw=")[2].partition(";")[0] for each in requests]

    assert {4} == {senders.count(token) for token in TOKENS}


def test_header_blocks_differ(requests: list[str]) -> None:
    """Who remembers whole header blocks finds few of them again."""
    blocks = {each.partition("\r\n")[2] for each in requests}

    assert len(blocks) > 0.9 * REQUESTS


def test_one_person_repeats_himself() -> None:
    """One browser's header blocks do come again, as they do in life."""
    blocks = {each.partition("\r\n")[2] for each in pool(SITE, TOKENS[:1])}

    assert len(blocks) < 0.05 * REQUESTS


def test_the_same_in_every_run(requests: list[str]) -> None:
    """Two runs can be compared: they send the same."""
    assert requests == pool(SITE, TOKENS)
