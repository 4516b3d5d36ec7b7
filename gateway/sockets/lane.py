"""
The lane: many connections carried by the reactor as one.

For each event of each connection a reactor sets up a log context, looks after its timers and
its threads: some ten microseconds, as much as a whole small request may cost us. The lane is
one reader on the reactor, an epoll of its own (epoll(7): an epoll descriptor can be watched by
another epoll); when it becomes readable it serves all its descriptors in a tight loop, for a
few milliseconds at most, and gives the turn back. It uses public interfaces only, and works
on every reactor that can watch a descriptor.

To the transports on it, and to Twisted's endpoints, the lane is their reactor: it watches
descriptors, listens and connects, and hands everything else on to the real one. Its one
promise: whatever a connection does, an exception included, ends at worst that connection.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable
from typing import Any

from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConnector,
    IHalfCloseableDescriptor,
    IProtocolFactory,
    IReactorFDSet,
    IReactorTCP,
    IReactorTime,
    IReadDescriptor,
    IWriteDescriptor,
)
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.protocol import ClientFactory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import alsoProvides, implementer, providedBy

from gateway.sockets.connecting import Connecting, is_numeric
from gateway.sockets.connection import Connection
from gateway.sockets.listening import Port, listening_socket

TURN_S = 0.005
"""For so long the lane serves its connections before timers, threads and signals have their
turn again."""

AWAIT_S = 0.001
"""For so long it waits for what comes next, before it gives the turn back: an app's answer, the
browser's next request. A turn of the reactor costs more than the wait for a quick app, and
epoll_wait(2) knows nothing shorter."""

BATCH = 32
"""Events between two looks at the clock. One may be a whole TLS handshake, of some 0.7 ms."""

READABLE = getattr(select, "EPOLLIN", 1)
WRITABLE = getattr(select, "EPOLLOUT", 4)

_ENDS: dict[type, Failure] = {
    ConnectionDone: Failure(CONNECTION_DONE),
    ConnectionLost: Failure(CONNECTION_LOST),
}
"""Made once: a failure takes a while to make, and these say nothing about their place."""

Descriptor = Any
"""IReadDescriptor, IWriteDescriptor, or both."""


@implementer(IReactorFDSet, IReactorTCP, IReactorTime, IReadDescriptor)
class Lane:
    """Watches descriptors in the place of the reactor that it runs on."""

    log = Logger()

    def __init__(self, reactor: Any, *, turn_s: float = TURN_S) -> None:
        """
        Put it on a reactor.

        Args:
            reactor: the real one.
            turn_s: how long it serves its connections in one turn of the reactor; 0 = once
                each, for connections that push towards others which are not on the lane.
        """
        self._turn_s = turn_s
        self.reactor = reactor
        alsoProvides(self, *providedBy(reactor))
        self._has_epoll = hasattr(select, "epoll") and IReactorFDSet.providedBy(reactor)
        self._is_over = False
        self._epoll: Any = None
        self._watched: dict[int, Descriptor] = {}
        self._masks: dict[int, int] = {}
        self._stale: set[int] = set()
        self.held: list[Connection] | None = None
        """While a batch is served: who has written something small."""

    def __getattr__(self, name: str) -> Any:
        """Time, threads, name resolution: all that is not about descriptors."""
        return getattr(self.reactor, name)

    def start(self) -> None:
        """Begin to watch. On a system without epoll the reactor does it itself."""
        if self._has_epoll and self._epoll is None:
            self._epoll = select.epoll()
            self.reactor.addReader(self)

    def stop(self) -> None:
        """Watch no more; who is still here is told that the connection is lost."""
        if self._epoll is not None:
            self.reactor.removeReader(self)
            self.connectionLost(_ENDS[ConnectionLost])

    # What endpoints ask of a reactor

    def listenTCP(  # noqa: N802 - Twisted's name
        self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """
        Listen; connections are on this lane.

        Raises:
            CannotListenError: the system refuses.
        """
        try:
            sock = listening_socket(interface, port, backlog)
        except OSError as error:
            raise CannotListenError(interface, port, error) from error
        listening = Port(sock, factory, self)
        listening.startListening()
        return listening

    def connectTCP(  # noqa: N802 - Twisted's name
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: Any = None,  # noqa: N803 - Twisted's name
    ) -> IConnector:
        """Connect; the connection is on this lane, if it is to an address and from any."""
        if bindAddress is not None or not is_numeric(host):
            connector: IConnector = self.reactor.connectTCP(
                host, port, factory, timeout, bindAddress
            )
            return connector
        connecting = Connecting(host, port, factory, timeout, self)
        connecting.connect()
        return connecting

    # What transports ask of a reactor

    def addReader(self, reader: IReadDescriptor) -> None:  # noqa: N802 - Twisted's name
        """Call `doRead` when there is something to read."""
        self._add(reader, READABLE)

    def addWriter(self, writer: IWriteDescriptor) -> None:  # noqa: N802 - Twisted's name
        """Call `doWrite` when there is room to write."""
        self._add(writer, WRITABLE)

    def removeReader(self, reader: IReadDescriptor) -> None:  # noqa: N802 - Twisted's name
        """Call `doRead` no more."""
        self._remove(reader, READABLE)

    def removeWriter(self, writer: IWriteDescriptor) -> None:  # noqa: N802 - Twisted's name
        """Call `doWrite` no more."""
        self._remove(writer, WRITABLE)

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:  # noqa: N802 - Twisted's name
        """Watch nothing any more; what was watched is returned."""
        gone = list(self._watched.values())
        for descriptor in gone:
            self._remove(descriptor, READABLE | WRITABLE)
        return gone

    def getReaders(self) -> list[IReadDescriptor]:  # noqa: N802 - Twisted's name
        """Tell who is watched for reading."""
        return self._watched_for(READABLE)

    def getWriters(self) -> list[IWriteDescriptor]:  # noqa: N802 - Twisted's name
        """Tell who is watched for writing."""
        return self._watched_for(WRITABLE)

    def _watched_for(self, bit: int) -> list[Any]:
        return [self._watched[fd] for fd, mask in self._masks.items() if mask & bit]

    def _add(self, descriptor: Descriptor, bit: int) -> None:
        if self._epoll is None:
            self._add_elsewhere(descriptor, bit)
            return
        fd = descriptor.fileno()
        if self._watched.get(fd) is not descriptor:
            self._register(fd, bit)
            self._watched[fd] = descriptor
            self._masks[fd] = bit
        elif not self._masks[fd] & bit:
            mask = self._masks[fd] | bit
            self._epoll.modify(fd, mask)
            self._masks[fd] = mask

    def _register(self, fd: int, mask: int) -> None:
        try:
            self._epoll.register(fd, mask)
        except FileExistsError:  # its last owner closed a copy of it without a word to us
            self._epoll.modify(fd, mask)

    def _remove(self, descriptor: Descriptor, bits: int) -> None:
        if self._epoll is None:
            self._remove_elsewhere(descriptor, bits)
            return
        fd = self._number_of(descriptor)
        mask = self._masks.get(fd, 0)
        left = mask & ~bits
        if left == mask or self._watched.get(fd) is not descriptor:
            return
        if left:
            self._epoll.modify(fd, left)
            self._masks[fd] = left
            return
        del self._watched[fd], self._masks[fd]
        # The next owner of this number must not get what this batch still says about it.
        self._stale.add(fd)
        with contextlib.suppress(OSError):  # closed already: then the kernel has forgotten it
            self._epoll.unregister(fd)

    def _number_of(self, descriptor: Descriptor) -> int:
        """Its number, also of one that was closed before it was removed."""
        fd: int = descriptor.fileno()
        if fd >= 0:
            return fd
        return next((fd for fd, each in self._watched.items() if each is descriptor), -1)

    def _add_elsewhere(self, descriptor: Descriptor, bit: int) -> None:
        """Without an epoll of our own: the reactor watches, or, once stopped, nobody does."""
        assert self._is_over or not self._has_epoll, "the lane has not been started"
        if not self._has_epoll:
            add = self.reactor.addReader if bit == READABLE else self.reactor.addWriter
            add(descriptor)

    def _remove_elsewhere(self, descriptor: Descriptor, bits: int) -> None:
        if self._has_epoll:
            return
        if bits & READABLE:
            self.reactor.removeReader(descriptor)
        if bits & WRITABLE:
            self.reactor.removeWriter(descriptor)

    # What the reactor asks of a reader

    def fileno(self) -> int:
        """Tell the epoll's own descriptor."""
        return -1 if self._epoll is None else int(self._epoll.fileno())

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Tell who is speaking, in a log that asks for it."""
        return "lane"

    def doRead(self) -> None:
        """Serve who is ready, until nobody is or the turn is over."""
        if self._epoll is None:
            return
        seconds: Callable[[], float] = self.reactor.seconds
        poll = self._epoll.poll
        await_s = AWAIT_S if self._turn_s else 0.0
        until = seconds() + self._turn_s
        while events := poll(await_s, BATCH):
            held: list[Connection] = []
            self.held = held
            self._serve(events)
            self.held = None
            self._release(held)
            if self._epoll is None or seconds() >= until:
                return

    def _serve(self, events: list[tuple[int, int]]) -> None:
        watched, stale = self._watched, self._stale
        stale.clear()
        for fd, event in events:
            descriptor = watched.get(fd)
            if descriptor is None or fd in stale:
                continue
            try:
                if event == READABLE:
                    why = descriptor.doRead()
                else:
                    why = self._serve_other(descriptor, fd, event)
            except BaseException as error:  # noqa: BLE001 - it must not end other connections
                self.log.failure("a connection failed", event="sockets.failed")
                why = error
            if why:
                self._end(descriptor, why, is_read=True)

    def _release(self, held: list[Connection]) -> None:
        for connection in held:
            try:
                why: object = connection.release()
            except Exception as error:  # noqa: BLE001 - it must not end other connections
                self.log.failure("a connection failed", event="sockets.failed")
                why = error
            if why:
                self._end(connection, why, is_read=False)

    def _serve_other(self, descriptor: Descriptor, fd: int, event: int) -> object:
        """Whatever is not plain reading, in the order of Twisted's reactors."""
        mask = self._masks[fd]
        if not event & mask:  # an error or a hang-up, and nothing that would tell more
            return CONNECTION_DONE if mask & READABLE else CONNECTION_LOST
        if event & mask & READABLE:
            why: object = descriptor.doRead()
            if why:
                return why
            if self._watched.get(fd) is not descriptor or fd in self._stale:
                return None
        if event & self._masks[fd] & WRITABLE:
            why = descriptor.doWrite()
            if why:
                self._end(descriptor, why, is_read=False)
        return None

    def _end(self, descriptor: Descriptor, why: object, *, is_read: bool) -> None:
        """End a connection; one that can be half-closed lives on after the end of its input."""
        reason = _ENDS.get(type(why)) or Failure(why)
        is_half = is_read and isinstance(why, ConnectionDone)
        try:
            self.removeReader(descriptor)
            if is_half and IHalfCloseableDescriptor.providedBy(descriptor):
                descriptor.readConnectionLost(reason)
            else:
                self.removeWriter(descriptor)
                descriptor.connectionLost(reason)
        except Exception:  # noqa: BLE001 - it must not end other connections
            self.log.failure("ending a connection", event="sockets.failed")

    def connectionLost(self, reason: Failure) -> None:
        """The lane or the whole reactor ends: so do all connections on it."""
        self._is_over = True
        gone = self.removeAll()
        epoll, self._epoll = self._epoll, None
        if epoll is not None:
            epoll.close()
        for descriptor in gone:
            try:
                descriptor.connectionLost(reason)
            except Exception:  # noqa: BLE001 - it must not keep the others from ending
                self.log.failure("ending a connection", event="sockets.failed")
