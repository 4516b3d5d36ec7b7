"""The values of the configuration: durations, sizes, endpoints, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.endpoints import TcpEndpoint, UnixEndpoint, parse_endpoint
from gateway.config.kinds import parse_backend, read_duration, read_size
from gateway.rules.backends import Backend


def outcome(read: Callable[[str], object], text: str) -> object:
    """What a reader makes of a text, or the reason why it refuses it."""
    try:
        return read(text)
    except ValueError as refusal:
        return str(refusal)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("30m", 1800), ("1h30m", 5400), ("7d", 604800)],
)
def test_a_duration_is_understood(text: str, seconds: float) -> None:
    """Durations are written with their unit."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize("value", ["", "5", "5 s", "-5s", "0s", "1y", "1.5h", 5, True, "५s"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A bare number has no unit, and guesses are not made."""
    with pytest.raises(ValueError, match="duration"):
        read_duration(value)


@pytest.mark.parametrize(
    ("text", "size"), [("1B", 1), ("64KB", 65536), ("500 MB", 524288000), ("2gb", 2**31)]
)
def test_a_size_is_understood(text: str, size: int) -> None:
    """Sizes are powers of 1024, as file managers show them."""
    assert read_size(text) == size


@pytest.mark.parametrize("value", ["", "5", "0GB", "2GiB", "-1GB", 5])
def test_what_is_no_size_is_refused(value: object) -> None:
    """A size without a unit, or of nothing, is refused."""
    with pytest.raises(ValueError, match="size"):
        read_size(value)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp:443", TcpEndpoint(port=443, interface="", backlog=1024)),
        ("tcp:port=1:backlog=5", TcpEndpoint(port=1, interface="", backlog=5)),
        ("tcp:1:interface=localhost", TcpEndpoint(port=1, interface="127.0.0.1", backlog=1024)),
        (r"tcp:1:interface=\:\:1", TcpEndpoint(port=1, interface="::1", backlog=1024)),
        (
            "unix:/run/a.sock:mode=600:lockfile=0",
            UnixEndpoint(address="/run/a.sock", mode=0o600, lockfile=False, backlog=1024),
        ),
        (
            r"unix:address=/run/a\:b",
            UnixEndpoint(address="/run/a:b", mode=0o660, lockfile=True, backlog=1024),
        ),
    ],
)
def test_an_endpoint_is_understood(text: str, endpoint: object) -> None:
    """Endpoint strings read as Twisted's do."""
    assert parse_endpoint(text) == endpoint


@given(st.text(alphabet="tcpunix:=\\0189./[]portinterface", max_size=40) | st.text(max_size=20))
def test_no_endpoint_breaks_the_reader(text: str) -> None:
    """Whatever is written in place of an endpoint is understood or refused with a reason."""
    assert outcome(parse_endpoint, text)


@given(st.text(alphabet="htps:/[]@.#?%a1:", max_size=30) | st.text(max_size=20))
def test_no_backend_breaks_the_reader(text: str) -> None:
    """Whatever is written in place of the app's address is understood or refused."""
    assert outcome(parse_backend, text)


@given(st.text(alphabet="htp:/[]@.a1", max_size=20).map("http://{}".format))
def test_a_backend_is_a_host_and_a_port(text: str) -> None:
    """What is understood as the app's address can be connected to: no blanks, no brackets."""
    found = outcome(parse_backend, text)

    if isinstance(found, Backend):
        assert re.fullmatch(r"[a-z0-9_.:-]+", found.host)
        assert 1 <= found.port <= 65535
        assert parse_backend(found.url) == found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("udp:1", "an endpoint"),
        ("tcp", "an endpoint"),
        ("tcp:1:127.0.0.1", "an endpoint"),
        ("tcp:1:colour=red", "an endpoint"),
        ("tcp:1:interface=eth0", "an IP address"),
        ("tcp:1:backlog=0", "backlog="),
        ("unix:run/gw.sock", "absolute path"),
        ("unix:/run/gw.sock:mode=rw", "octal"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(text: str, wanted: str) -> None:
    """A wrong endpoint is refused with what is wanted in its place."""
    with pytest.raises(ValueError, match=wanted):
        parse_endpoint(text)
