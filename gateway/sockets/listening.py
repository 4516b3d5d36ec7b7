"""
Accepting connections from a listening socket, ours or inherited.

When descriptors run out (accept(2): EMFILE, ENFILE) the queue of the kernel would fill, and a
level-triggered poll would spin. So each port keeps one descriptor in reserve; it gives it up
for a moment to accept and close what is waiting. Those clients are turned away at once; those
who are in go on. If even that fails, the port rests for a second.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable

from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReadDescriptor,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.sockets.addresses import Address, address_of
from gateway.sockets.connection import Connection
from gateway.sockets.ends import Loop, SocketEnd, Why
from gateway.sockets.tcp import ServedTcpConnection

ACCEPTS_AT_ONCE = 32
"""Then the connections that are there have their turn, and other workers their share."""

REST_S = 1.0
"""Before accept is tried again, when not even the reserve has helped."""

CALM_S = 60.0
"""Without anybody turned away, the shortage counts as over and may be told again."""

_SHORTAGE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Transport = Callable[[socket.socket, Loop, Address], Connection]


def listening_socket(interface: str, port: int, backlog: int) -> socket.socket:
    """
    A socket that listens; "" is every IPv4 address, "::" is every address.

    Raises:
        OSError: the system refuses.
    """
    numeric = socket.AI_NUMERICHOST | socket.AI_PASSIVE
    [(family, kind, number, _, address), *_] = socket.getaddrinfo(
        interface or "0.0.0.0",  # noqa: S104 - what the administrator asked for
        port,
        type=socket.SOCK_STREAM,
        flags=numeric,
    )
    sock = socket.socket(family, kind, number)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def inherited_socket(descriptor: int) -> socket.socket:
    """
    A listening socket that another process opened; from now on it is ours to close.

    Raises:
        OSError: it is not a socket.
    """
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)
    return sock


@implementer(IListeningPort, IReadDescriptor)
class Port(SocketEnd):
    """A listening socket whose connections are given to a factory."""

    log = Logger()

    def __init__(
        self,
        sock: socket.socket,
        factory: IProtocolFactory,
        loop: Loop,
        *,
        transport: Transport = ServedTcpConnection,
    ) -> None:
        super().__init__(sock, address_of(""))
        self.factory = factory
        self._loop = loop
        self._transport = transport
        self._reserve = Reserve()
        self._is_listening = False
        self._shed = 0
        self._shed_at = -CALM_S

    def startListening(self) -> None:  # noqa: N802 - Twisted's name
        """Accept from now on."""
        self.factory.doStart()
        self._reserve.take()
        self.startReading()

    def startReading(self) -> None:  # noqa: N802 - Twisted's name
        """Accept again."""
        if self.socket is not None:
            self._is_listening = True
            self._loop.addReader(self)

    def stopReading(self) -> None:  # noqa: N802 - Twisted's name
        """Accept nothing, and leave the clients in the kernel's queue, for others perhaps."""
        self._is_listening = False
        self._loop.removeReader(self)

    def stopListening(self) -> None:  # noqa: N802 - Twisted's name
        """Let go of the port. What other processes have of it stays with them."""
        if self.socket is not None:
            self.stopReading()
            sock, self.socket = self.socket, None
            sock.close()
            self._reserve.release()
            self.factory.doStop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The lane or the reactor ends."""
        self.stopListening()

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Tell who is speaking, in a log that asks for it."""
        return type(self.factory).__name__

    def doRead(self) -> Why:
        """Accept who is waiting."""
        for _ in range(ACCEPTS_AT_ONCE):
            if self.socket is None:
                return
            try:
                sock, peer = self.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORTAGE:
                    self._turn_away(error)
                    return
                continue  # gone before we came, or forbidden by a packet filter: accept(2)
            self._begin(sock, address_of(peer))

    def _begin(self, sock: socket.socket, peer: Address) -> None:
        try:
            protocol = self.factory.buildProtocol(peer)
            if protocol is None:  # the factory does not want this client
                sock.close()
            else:
                self._transport(sock, self._loop, peer).serve(protocol)
        except Exception:  # noqa: BLE001 - it concerns this client only
            self.log.failure("a connection could not begin", event="sockets.failed")
            sock.close()

    # Shortage

    def _turn_away(self, error: OSError) -> None:
        self._tell(error)
        if not self._close_waiting():
            self._rest()

    def _close_waiting(self) -> bool:
        """Accept and close; whether that could be done."""
        self._reserve.release()
        try:
            for _ in range(ACCEPTS_AT_ONCE):
                if self.socket is not None:
                    self.socket.accept()[0].close()
                    self._shed += 1
        except BlockingIOError:
            return self._reserve.take()
        except OSError:
            self._reserve.take()
            return False
        return self._reserve.take()

    def _rest(self) -> None:
        self._loop.removeReader(self)
        self._loop.callLater(REST_S, self._resume)

    def _resume(self) -> None:
        if self._is_listening:
            self._reserve.take()
            self.startReading()

    def _tell(self, error: OSError) -> None:
        """Once, until there was a calm."""
        now = self._loop.seconds()
        if now - self._shed_at >= CALM_S:
            self.log.error(
                "no more connections can be taken: {reason}. New clients are turned away. "
                "Allow the service more descriptors (LimitNOFILE=, ulimit -n); "
                "{count} turned away before this",
                reason=os.strerror(error.errno or errno.EMFILE),
                count=self._shed,
                event="sockets.shortage",
            )
        self._shed_at = now


class Reserve:
    """A descriptor that is held for nothing but to be given up in need."""

    def __init__(self) -> None:
        self._held: int | None = None

    def take(self) -> bool:
        """Hold one, if there is one to be had."""
        if self._held is None:
            try:
                self._held = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return False
        return True

    def release(self) -> None:
        """Give it up."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)
