"""
Listening sockets among workers: each has a queue of its own, and an eye on those of the others.

The main process opens one socket for each worker on the same port (SO_REUSEPORT, Linux 3.9):
the kernel gives each new connection to one of them by a hash of its addresses, so all
workers have as much to do, however busy the machine is. One queue for all would not do that:
whoever wakes up first takes the whole burst, and connections live long (measured: 64 to 0).

A queue of its own is lost if its worker is stuck or dead. So every worker has the other
sockets too, and ten times a second takes what is waiting there: those who work leave nothing
behind, so whatever is found has waited for somebody who does not. And the main process keeps
them all: when a worker is replaced, its queue is where it was.

What cannot be opened twice (a UNIX socket) is one queue for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IReactorTime,
    IReadDescriptor,
)
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall
from twisted.internet.tcp import makeBinding
from twisted.logger import Logger
from zope.interface import implementer

from gateway.config.endpoints import TcpEndpoint, parse_endpoint
from gateway.errors import GatewayError

LOOK_EVERY_S = 0.1
"""How often the others' queues are looked into: a system call for each."""


class Listen(Protocol):
    """`listen.ports.listen`, for this reactor and a factory that is never used."""

    async def __call__(self, key: str, endpoint: str) -> IListeningPort:
        """A port. Raises GatewayError."""
        ...


class TryToBind(Protocol):
    """`listen.ports.try_to_bind`."""

    def __call__(self, key: str, endpoint: str) -> None:
        """Raises GatewayError when somebody is there already."""
        ...


async def open_shared(
    reactor: Any,
    endpoints: Mapping[str, str],
    count: int,
    *,
    listen: Listen,
    try_to_bind: TryToBind,
) -> dict[str, list[IListeningPort]]:
    """
    Ports that hold sockets for so many workers and accept nothing here; by key of `[listen]`.

    Raises:
        GatewayError: its text is a sentence for the administrator.
    """
    opened: dict[str, list[IListeningPort]] = {}
    for key, endpoint in endpoints.items():
        name, parsed = f"[listen] {key}", parse_endpoint(endpoint)
        if isinstance(parsed, TcpEndpoint):
            # SO_REUSEPORT would let a second gateway of this user in: so ask without it.
            try_to_bind(name, endpoint)
            opened[key] = _open_tcp(reactor, name, parsed, count)
        else:
            opened[key] = [await listen(name, endpoint)]
        for port in opened[key]:
            cast("FileDescriptor", port).stopReading()
    return opened


def _open_tcp(reactor: Any, name: str, endpoint: TcpEndpoint, count: int) -> list[IListeningPort]:
    ports: list[IListeningPort] = []
    number = endpoint.port
    for _ in range(count):
        binding = makeBinding(endpoint.interface, number, reuseAddress=True, reusePort=True)
        try:
            port = reactor.listenTCP(binding, _NOBODY, endpoint.backlog)
        except CannotListenError as error:
            for each in ports:
                each.stopListening()
            raise GatewayError(f"{name}: the system refuses: {error.socketError}") from None
        ports.append(port)
        number = port.getHost().port
    return ports


_NOBODY = Factory()
"""For ports that accept nothing."""
_NOBODY.noisy = False


def descriptors(opened: Mapping[str, Sequence[IListeningPort]]) -> list[tuple[str, int]]:
    """The sockets to hand over, each with its key."""
    return [
        (key, int(cast("FileDescriptor", port).fileno()))
        for key, ports in opened.items()
        for port in ports
    ]


@implementer(IListeningPort)
class SharedPort:
    """One worker's part of a listener: its own port, and those of the others."""

    log = Logger()

    def __init__(
        self, own: IListeningPort, others: Sequence[IListeningPort], clock: IReactorTime
    ) -> None:
        self._own = own
        self._others = others
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def startListening(self) -> None:  # noqa: N802 - Twisted's name
        """Look after the others; all ports are listening already."""
        for port in self._others:
            cast("FileDescriptor", port).stopReading()
        self._looking.start(LOOK_EVERY_S, now=False).addErrback(
            lambda failure: self.log.failure("looking after the others", failure)
        )

    def _look(self) -> None:
        for port in self._others:
            IReadDescriptor(port).doRead()

    def stopListening(self) -> Deferred[None] | None:  # noqa: N802 - Twisted's name
        """Accept no more; the sockets live on in the main process."""
        if self._looking.running:
            self._looking.stop()
        for port in self._others:
            port.stopListening()
        stopped: Deferred[None] | None = self._own.stopListening()
        return stopped

    def getHost(self) -> IAddress:
        """Where we listen."""
        return self._own.getHost()
