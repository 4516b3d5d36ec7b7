"""A lane for each test, and peers in the clear and with TLS, for what both must keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gateway.listen.tls import ServedCertificate
from tests.instruments.certificates import Authority
from tests.listen.pairs import pair
from tests.sockets.peers import Peer, TlsPeer
from tests.sockets.turns import Turns


@pytest.fixture
def turns() -> Iterator[Turns]:
    """A lane that the test turns by hand."""
    turns = Turns()
    yield turns
    turns.end()


@pytest.fixture(scope="session")
def served(authority: Authority) -> ServedCertificate:
    """What browsers are shown."""
    return ServedCertificate(pair(authority))


@pytest.fixture(params=["tcp", "tls"])
def connect(
    request: pytest.FixtureRequest, turns: Turns, served: ServedCertificate
) -> Callable[[], Peer]:
    """Opens connections, in the clear or with TLS."""

    def open_one() -> Peer:
        return Peer(turns) if request.param == "tcp" else TlsPeer(turns, served)

    return open_one


@pytest.fixture
def peer(connect: Callable[[], Peer]) -> Peer:
    """One connection."""
    return connect()
