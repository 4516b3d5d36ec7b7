"""Ports: bound as the configuration says, and each refusal told in a sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from gateway.config.endpoints import parse_endpoint
from gateway.listen.ports import PortError, listen, refusal, try_to_bind
from gateway.listen.tls import ServedCertificate
from tests.instruments.certificates import Authority
from tests.listen.pairs import pair
from tests.sockets.turns import Ear, Turns


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


class StubbornReactor(MemoryReactorClock):
    """Refuses every port."""

    def listenTCP(  # noqa: N802 - Twisted's name
        self, port: int, factory: object, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Refuse."""
        raise CannotListenError("", port, OSError(errno.EADDRINUSE, "in use"))

    def listenUNIX(  # noqa: N802 - Twisted's name
        self,
        address: str,
        factory: object,
        backlog: int = 50,
        mode: int = 0o660,
        wantPID: bool = False,  # noqa: N803
    ) -> IListeningPort:
        """Refuse."""
        raise OSError(errno.ENOENT, "No such file or directory")


def bound(reactor: MemoryReactorClock, endpoint: str) -> list[object]:
    """What listening at that endpoint came to."""
    results: list[object] = []
    work = listen(reactor, "[listen] https", endpoint, Factory())
    Deferred.fromCoroutine(work).addBoth(results.append)
    return results


@pytest.mark.parametrize(
    ("endpoint", "interface"),
    [
        ("tcp:443", ""),
        ("tcp:443:interface=127.0.0.1", "127.0.0.1"),
        (r"tcp:443:interface=\:\:", "::"),
    ],
)
def test_a_tcp_endpoint_is_bound(endpoint: str, interface: str) -> None:
    """Port, address and a queue for busy moments are what the endpoint says."""
    reactor = MemoryReactorClock()

    bound(reactor, endpoint)

    [(port, _, backlog, at)] = reactor.tcpServers
    assert (port, at, backlog) == (443, interface, 1024)


def test_a_unix_endpoint_is_bound() -> None:
    """A UNIX socket has the mode that the endpoint says."""
    reactor = MemoryReactorClock()

    bound(reactor, "unix:/run/gw.sock:mode=600")

    [(address, _, _, mode, wants_pid)] = reactor.unixServers
    assert (address, mode, wants_pid) == ("/run/gw.sock", 0o600, True)


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("tcp:443", "another program listens on port 443"),
        ("unix:/run/gw.sock", "no directory /run"),
    ],
)
def test_a_refusal_is_told_in_a_sentence(endpoint: str, reason: str) -> None:
    """Key, endpoint and reason are named; there is no traceback to read."""
    [failure] = bound(StubbornReactor(), endpoint)

    error = getattr(failure, "value", None)
    assert isinstance(error, PortError)
    assert str(error).startswith(f'[listen] https = "{endpoint}": ')
    assert reason in str(error)


@pytest.mark.parametrize(
    ("endpoint", "number", "reason"),
    [
        ("tcp:443", errno.EACCES, "CAP_NET_BIND_SERVICE"),
        ("tcp:8443", errno.EACCES, "the system refuses"),
        ("tcp:1:interface=192.0.2.1", errno.EADDRNOTAVAIL, "no address 192.0.2.1"),
        ("tcp:1", errno.ENOBUFS, "the system refuses"),
        ("unix:/run/gw.sock", errno.EACCES, "may not write in /run"),
        ("unix:/run/gw.sock", errno.ENAMETOOLONG, "the system refuses"),
        ("unix:/run/gw.sock", errno.EADDRINUSE, "another program"),
    ],
)
def test_every_refusal_says_what_to_do(endpoint: str, number: int, reason: str) -> None:
    """What the system answers is put into words for an administrator."""
    cause = OSError(number, os.strerror(number))

    assert reason in refusal("[listen] https", endpoint, parse_endpoint(endpoint), cause).reason


def test_a_free_port_can_be_tried() -> None:
    """Trying a port leaves it free."""
    try_to_bind("[listen] https", "tcp:0:interface=127.0.0.1")


def test_a_taken_port_is_noticed_before_the_start(taken: int) -> None:
    """A port in use is known before anything was opened."""
    with pytest.raises(PortError, match=f"port {taken}") as caught:
        try_to_bind("[listen] https", f"tcp:{taken}:interface=127.0.0.1")

    assert caught.value.is_taken


def test_an_address_of_another_machine_is_noticed() -> None:
    """An address that this machine does not have is named."""
    with pytest.raises(PortError, match=r"no address 192\.0\.2\.1"):
        try_to_bind("[listen] https", "tcp:0:interface=192.0.2.1")


def test_a_unix_socket_can_be_tried(tmp_path: Path) -> None:
    """A socket's place is good when its directory is there and nobody listens yet."""
    try_to_bind("[listen] health", f"unix:{tmp_path}/gw.sock")

    assert list(tmp_path.iterdir()) == []


def test_a_unix_socket_without_a_directory_is_noticed(tmp_path: Path) -> None:
    """The missing directory is named."""
    with pytest.raises(PortError, match="there is no directory"):
        try_to_bind("[listen] health", f"unix:{tmp_path}/run/gw.sock")


def test_a_unix_socket_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    """A socket on which another program answers is not taken over."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/gw.sock")
        other.listen()

        with pytest.raises(PortError, match="another program") as caught:
            try_to_bind("[listen] health", f"unix:{tmp_path}/gw.sock")

    assert caught.value.is_taken


def test_a_unix_socket_left_behind_is_no_hindrance(tmp_path: Path) -> None:
    """After a crash the old socket file is in the way of nobody."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/gw.sock")

    try_to_bind("[listen] health", f"unix:{tmp_path}/gw.sock")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_unix_socket_in_a_foreign_directory_is_noticed(tmp_path: Path) -> None:
    """A directory in which this user may not write is named."""
    tmp_path.chmod(0o500)

    with pytest.raises(PortError, match="may not write"):
        try_to_bind("[listen] health", f"unix:{tmp_path}/gw.sock")


class Greeter(Ear):
    """Says hello."""

    def connectionMade(self) -> None:
        """Say it."""
        assert self.transport is not None
        self.transport.write(b"hello")
        self.transport.loseConnection()


@pytest.fixture
def turns() -> Iterator[Turns]:
    """A lane that the test turns by hand."""
    turns = Turns()
    yield turns
    turns.end()


def on_lane(
    turns: Turns,
    endpoint: str,
    *,
    tls: ServedCertificate | None = None,
    adopt_fd: int | None = None,
) -> IListeningPort:
    """A port of the lane with a greeter behind it."""
    results: list[IListeningPort] = []
    factory = Factory.forProtocol(Greeter)
    factory.noisy = False
    work = listen(turns.lane, "[listen] https", endpoint, factory, tls=tls, adopt_fd=adopt_fd)
    failures: list[Failure] = []
    Deferred.fromCoroutine(work).addCallbacks(results.append, failures.append)
    for failure in failures:
        failure.raiseException()
    return results[0]


def heard(turns: Turns, address: tuple[str, int] | str, *, is_tls: bool) -> bytes:
    """What a client of that port hears."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    client = socket.socket(family)
    turns.peers.append(client)
    client.connect(address)
    client.setblocking(False)  # noqa: FBT003 - the standard library's
    parts: list[bytes] = []
    receive: Callable[[int], bytes] = client.recv
    if is_tls:
        tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), client)
        tls.set_connect_state()
        receive = tls.recv

    def hears() -> bool:
        with contextlib.suppress(BlockingIOError, SSL.WantReadError):
            parts.append(receive(100))
        return b"".join(parts) == b"hello"

    turns.until(hears)
    client.close()
    turns.turn()
    return b"".join(parts)


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_a_port_on_a_lane_serves(turns: Turns, authority: Authority, is_tls: bool) -> None:
    """The data plane's ports are on the lane, with TLS or without."""
    tls = ServedCertificate(pair(authority)) if is_tls else None
    port = on_lane(turns, "tcp:0:interface=127.0.0.1", tls=tls)
    at = cast(IPv4Address, port.getHost())

    assert heard(turns, (at.host, at.port), is_tls=is_tls) == b"hello"
    port.stopListening()


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_a_unix_socket_on_a_lane_serves(
    turns: Turns, authority: Authority, tmp_path: Path, is_tls: bool
) -> None:
    """So are its UNIX sockets, which are cleaned up as Twisted does it."""
    tls = ServedCertificate(pair(authority)) if is_tls else None
    port = on_lane(turns, f"unix:{tmp_path}/gw.sock:mode=600", tls=tls)

    said = heard(turns, f"{tmp_path}/gw.sock", is_tls=is_tls)
    mode = (tmp_path / "gw.sock").stat().st_mode & 0o777
    port.stopListening()
    turns.turn()

    assert (said, mode) == (b"hello", 0o600)
    assert list(tmp_path.iterdir()) == []


def test_an_inherited_socket_is_adopted(turns: Turns) -> None:
    """A worker serves from the socket that the first process has bound."""
    first = socket.create_server(("127.0.0.1", 0))
    address = first.getsockname()

    port = on_lane(turns, "tcp:443", adopt_fd=first.detach())

    assert heard(turns, address, is_tls=False) == b"hello"
    port.stopListening()


def test_a_refusal_on_a_lane_is_told_in_a_sentence(turns: Turns, taken: int) -> None:
    """A port in use is told as on any reactor."""
    with pytest.raises(PortError, match=f"another program listens on port {taken}") as caught:
        on_lane(turns, f"tcp:{taken}:interface=127.0.0.1")

    assert caught.value.is_taken


def test_a_unix_socket_that_is_taken_is_told(turns: Turns, tmp_path: Path) -> None:
    """So is a UNIX socket's missing directory."""
    with pytest.raises(PortError, match="no directory"):
        on_lane(turns, f"unix:{tmp_path}/run/gw.sock")
