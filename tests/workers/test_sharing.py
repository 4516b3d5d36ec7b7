"""Listening sockets among workers, over real loopback sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from gateway.listen.ports import PortError, listen, try_to_bind
from gateway.workers.sharing import LOOK_EVERY_S, SharedPort, descriptors, open_shared
from tests.instruments.gateway_process import free_port

LOOP = cast(PosixReactorBase, reactor)
CLIENTS = 64
WORKERS = 3


class Counting(Factory):
    """Counts who came."""

    noisy = False
    protocol = Protocol

    def __init__(self) -> None:
        self.count = 0

    def buildProtocol(self, addr: object) -> Protocol:
        """One more."""
        self.count += 1
        return Protocol()


async def opened(endpoint: str, count: int = WORKERS) -> dict[str, list[IListeningPort]]:
    """The ports as the main process holds them."""
    return await open_shared(
        reactor,
        {"http": endpoint},
        count,
        listen=lambda key, text: listen(reactor, key, text, Factory()),
        try_to_bind=try_to_bind,
    )


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Connections, closed at the end."""
    with ExitStack() as stack:
        yield stack


def connect(clients: ExitStack, number: int, count: int) -> None:
    """So many clients come."""
    for _ in range(count):
        clients.enter_context(socket.create_connection(("127.0.0.1", number)))


def number_of(ports: dict[str, list[IListeningPort]]) -> int:
    """The number of the port that all of them share."""
    address = ports["http"][0].getHost()
    assert isinstance(address, IPv4Address)
    return address.port


async def soon() -> None:
    """One turn of the reactor and what is ready in it."""
    turned: Deferred[None] = Deferred()
    LOOP.callLater(0.01, turned.callback, None)
    await turned


@pytest_twisted.ensureDeferred
async def test_every_worker_has_its_part(clients: ExitStack) -> None:
    """A burst of connections is spread over all workers, and the one that is stuck loses none."""
    ports = await opened(f"tcp:{free_port()}:interface=127.0.0.1")
    connect(clients, number_of(ports), CLIENTS)
    factories = [Counting() for _ in range(WORKERS)]
    working = [
        LOOP.adoptStreamPort(number, socket.AF_INET, factory)
        for (_, number), factory in zip(descriptors(ports)[1:], factories[1:], strict=True)
    ]
    await soon()

    served = [factory.count for factory in factories]
    assert 0 == served[0]
    assert all(CLIENTS / 10 < count for count in served[1:])

    clock = Clock()
    stuck = LOOP.adoptStreamPort(descriptors(ports)[0][1], socket.AF_INET, factories[1])
    shared = SharedPort(working[0], [stuck], clock)
    shared.startListening()
    while sum(factory.count for factory in factories) < CLIENTS:
        clock.advance(LOOK_EVERY_S)
    assert CLIENTS == sum(factory.count for factory in factories)

    shared.stopListening()
    for port in (*working[1:], *ports["http"]):
        port.stopListening()
    await soon()


@pytest_twisted.ensureDeferred
async def test_a_second_gateway_is_refused() -> None:
    """A port that one gateway shares among its workers cannot be shared by another gateway."""
    endpoint = f"tcp:{free_port()}:interface=127.0.0.1"
    ports = await opened(endpoint)

    with pytest.raises(PortError, match="another program listens"):
        await opened(endpoint)

    for port in ports["http"]:
        port.stopListening()
    await soon()


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_is_one_for_all(tmp_path: Path) -> None:
    """What can be opened only once is held once, and handed to every worker."""
    ports = await opened(f"unix:{tmp_path}/gw.sock")

    assert 1 == len(descriptors(ports))
    port = ports["http"][0]
    assert isinstance(port, FileDescriptor)
    stopped = port.stopListening()
    if stopped is not None:
        await stopped
