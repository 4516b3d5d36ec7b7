"""Accepting: from sockets of ours and inherited ones, and when descriptors run out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from gateway.sockets.addresses import address_of
from gateway.sockets.listening import REST_S, Port, inherited_socket, listening_socket
from tests.sockets.turns import Ear, Turns

ROOT = Path(__file__).parents[2]


class Ears(Factory):
    """Keeps the protocols that it makes."""

    noisy = False

    def __init__(self) -> None:
        self.made: list[Ear] = []
        self.addresses: list[IAddress | None] = []
        self.stopped = 0

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Make one."""
        self.addresses.append(addr)
        self.made.append(Ear())
        return self.made[-1]

    def stopFactory(self) -> None:  # noqa: N802 - Twisted's name
        """Remember."""
        self.stopped += 1


@pytest.fixture
def ears() -> Ears:
    """Who answers."""
    return Ears()


def client(turns: Turns, port: Port | IListeningPort) -> socket.socket:
    """Somebody who connects."""
    address = port.getHost()
    assert isinstance(address, IPv4Address | IPv6Address)
    connected = socket.create_connection((address.host, address.port))
    turns.peers.append(connected)
    return connected


def opened(turns: Turns, ears: Factory, *, transport: object = None) -> Port:
    """A port on loopback."""
    sock = listening_socket("127.0.0.1", 0, 10)
    options = {} if transport is None else {"transport": transport}
    port = Port(sock, ears, turns.lane, **options)  # type: ignore[arg-type]  # a fake
    port.startListening()
    return port


def test_clients_are_given_to_the_factory(turns: Turns, ears: Ears) -> None:
    """Each client gets a protocol, which is told who it is."""
    port = opened(turns, ears)
    clients = [client(turns, port) for _ in range(3)]
    turns.until(lambda: len(ears.made) == 3)

    clients[0].send(b"hello")
    turns.until(lambda: ears.made[0].heard)

    assert verifyObject(IListeningPort, port)
    assert ears.made[0].heard == b"hello"
    assert ears.addresses[0] == IPv4Address("TCP", *clients[0].getsockname())


def test_ipv6_and_ipv4_share_a_port(turns: Turns, ears: Ears) -> None:
    """A port on :: serves both, and IPv4 clients are told as such."""
    port = turns.lane.listenTCP(0, ears, interface="::")
    number = port.getHost().port

    for host in ("127.0.0.1", "::1"):
        turns.peers.append(socket.create_connection((host, number)))
        turns.until(lambda: len(ears.made) == len(turns.peers))

    assert [type(each) for each in ears.addresses] == [IPv4Address, IPv6Address]
    assert getattr(ears.addresses[0], "host", "") == "127.0.0.1"


@pytest.mark.parametrize(
    ("told", "address"),
    [
        (("192.0.2.1", 80), IPv4Address("TCP", "192.0.2.1", 80)),
        (("::ffff:192.0.2.1", 80, 0, 0), IPv4Address("TCP", "192.0.2.1", 80)),
        (("2001:db8::1", 80, 0, 0), IPv6Address("TCP", "2001:db8::1", 80)),
        (("fe80::1", 80, 0, 1), IPv6Address("TCP", "fe80::1%lo", 80, 0, 1)),
        (("fe80::1", 80, 0, 99999), IPv6Address("TCP", "fe80::1%99999", 80, 0, 99999)),
        ("", UNIXAddress(None)),
        ("/run/gw.sock", UNIXAddress("/run/gw.sock")),
    ],
)
def test_addresses_are_told_in_twisteds_words(told: object, address: object) -> None:
    """What the kernel tells of a peer is what the protocols get."""
    assert address_of(told) == address


def test_a_closed_port_takes_nobody(turns: Turns, ears: Ears) -> None:
    """After the port was closed clients are refused, and who is in goes on."""
    port = opened(turns, ears)
    inside = client(turns, port)
    turns.until(lambda: ears.made)
    address = inside.getpeername()

    port.stopListening()
    port.stopListening()
    inside.send(b"hello")
    turns.until(lambda: ears.made[0].heard)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    assert ears.stopped == 1


def test_a_factory_may_refuse(turns: Turns) -> None:
    """A client that the factory does not want is closed at once."""

    class Closed(Factory):
        noisy = False

        def buildProtocol(self, addr: IAddress | None) -> None:
            return None

    refused = client(turns, opened(turns, Closed()))
    turns.turn()

    assert refused.recv(10) == b""


def test_a_clumsy_factory_harms_one_client(turns: Turns) -> None:
    """An exception in making a protocol closes that connection and is logged."""

    class Clumsy(Factory):
        noisy = False

        def buildProtocol(self, addr: IAddress | None) -> None:
            raise LookupError("clumsy")

    refused = client(turns, opened(turns, Clumsy()))
    with capturedLogs() as logs:
        turns.turn()

    assert refused.recv(10) == b""
    assert len(logs) == 1


def test_a_port_that_is_taken_is_told(turns: Turns, ears: Ears) -> None:
    """Twisted's endpoints hear of it in the way that they know."""
    port = opened(turns, ears)

    with pytest.raises(CannotListenError):
        turns.lane.listenTCP(port.getHost().port, ears, interface="127.0.0.1")


def test_an_inherited_socket_is_shared(turns: Turns, ears: Ears) -> None:
    """Two processes accept from one socket; when one lets go the other goes on."""
    ours = opened(turns, ears)
    theirs = Port(inherited_socket(os.dup(ours.fileno())), ears, turns.lane)
    theirs.startListening()

    ours.stopListening()
    client(turns, theirs)
    turns.until(lambda: ears.made)

    assert not os.get_inheritable(theirs.fileno())


def test_a_held_port_leaves_clients_to_others(turns: Turns, ears: Ears) -> None:
    """Who binds for others reads nothing from the port, and closes nothing."""
    port = opened(turns, ears)
    port.stopReading()
    client(turns, port)
    turns.turn()
    before = len(ears.made)

    port.startReading()
    turns.until(lambda: ears.made)

    assert before == 0


class Exhausted:
    """A listening socket of a system that has run out of descriptors altogether."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.is_short = True
        self.asked = 0

    def accept(self) -> object:
        """Refuse, for a while."""
        self.asked += 1
        if self.is_short:
            raise OSError(23, "Too many open files in system")
        return self._real.accept()

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_a_port_rests_when_even_the_reserve_is_no_help(turns: Turns, ears: Ears) -> None:
    """The process does not spin on a queue that it cannot empty; a second later it tries."""
    port = opened(turns, ears)
    exhausted = Exhausted(port.socket)  # type: ignore[arg-type]  # it is there
    port.socket = exhausted  # type: ignore[assignment]  # a fake
    client(turns, port)

    with capturedLogs() as logs:
        for _ in range(5):
            turns.turn()
    asked, exhausted.is_short = exhausted.asked, False
    turns.advance(REST_S)
    turns.until(lambda: ears.made)

    assert asked == 2
    assert ["sockets.shortage"] == [event.get("event") for event in logs]


def test_a_client_that_left_in_the_queue_is_passed_over(turns: Turns, ears: Ears) -> None:
    """An error that concerns one client does not end the port."""
    port = opened(turns, ears)
    real = port.socket
    assert real is not None

    class Fickle(Exhausted):
        def accept(self) -> object:
            self.asked += 1
            if self.asked == 1:
                raise ConnectionAbortedError(103, "Software caused connection abort")
            return self._real.accept()

    port.socket = Fickle(real)  # type: ignore[assignment]  # a fake
    client(turns, port)
    turns.until(lambda: ears.made)

    assert len(ears.made) == 1


SHORTAGE = """
import os, resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from twisted.logger import capturedLogs
from tests.sockets.test_listening import Ears, opened
from tests.sockets.turns import Turns

turns, ears = Turns(), Ears()
port = opened(turns, ears)
spare = os.open(os.devnull, os.O_RDONLY)
address = (port.getHost().host, port.getHost().port)
clients = []
with capturedLogs() as logs:
    try:
        while True:
            clients.append(socket.create_connection(address, timeout=2))
            turns.turn()
    except OSError as error:
        print("full", error.errno)
    os.close(spare)  # room for one more client, and none for its connection here
    print("served", len(ears.made) > 5)
    turned_away = 0
    for _ in range(20):
        late = socket.create_connection(address, timeout=2)
        turns.turn()
        turned_away += late.recv(10) == b""
        late.close()
    print("turned away", turned_away > 15)
    clients[0].send(b"still here")
    turns.until(lambda: ears.made[0].heard)
    print("heard", ears.made[0].heard.decode())
    for each in clients[5:]:
        each.close()
    for _ in range(5):
        turns.turn()
    before = len(ears.made)
    back = socket.create_connection(address, timeout=2)
    turns.until(lambda: len(ears.made) > before)
    print("recovered")
print("told", sum(event.get("event") == "sockets.shortage" for event in logs))
"""


def test_without_descriptors_load_is_shed() -> None:
    """New clients are turned away at once, who is in is served, and it is told once."""
    done = subprocess.run(
        [sys.executable, "-c", SHORTAGE],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.splitlines() == [
        "full 24",
        "served True",
        "turned away True",
        "heard still here",
        "recovered",
        "told 1",
    ], done.stderr
