"""
Connecting to an address: what `connectTCP` of a reactor does, with connections of our own.

Names are not looked up here: Twisted's HostnameEndpoint does that, and comes here with each
address. A connection attempt may succeed or fail at once; the factory is told in a later turn
all the same, as with Twisted's own.
"""

from __future__ import annotations

import enum
import errno
import os
import socket
from typing import Any

from twisted.internet import error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IConnector, IWriteDescriptor
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.sockets.addresses import Address, address_of
from gateway.sockets.ends import Loop, Why
from gateway.sockets.tcp import TcpConnection

_UNDER_WAY = (0, errno.EINPROGRESS, errno.EAGAIN)


def is_numeric(host: str) -> bool:
    """Whether it is an address rather than a name."""
    return isIPAddress(host) or isIPv6Address(host)


class AppConnection(TcpConnection):
    """A connection that we opened; its factory is told when it ends."""

    __slots__ = ("_connecting",)

    def __init__(self, sock: socket.socket, connecting: Connecting) -> None:
        super().__init__(sock, connecting.loop, connecting.getDestination())
        self._connecting: Connecting | None = connecting

    def connectionLost(self, reason: Failure) -> None:
        """It is over: tell the protocol, then the factory."""
        connecting, self._connecting = self._connecting, None
        super().connectionLost(reason)
        if connecting is not None:
            connecting.lost(reason)


class Stage(enum.Enum):
    """How far a connection is."""

    IDLE = "not begun, or over"
    TRYING = "asked for"
    MADE = "there"


@implementer(IConnector, IWriteDescriptor)
class Connecting:
    """One connection to one address, from the first attempt on."""

    def __init__(
        self, host: str, port: int, factory: ClientFactory[Any], timeout_s: float, loop: Loop
    ) -> None:
        self.loop = loop
        self.factory = factory
        self._timeout_s = timeout_s
        self._destination, self._family, self._target = _resolve(host, port)
        self._stage = Stage.IDLE
        self._is_factory_started = False
        self._socket: socket.socket | None = None
        self._deadline: Any = None
        self._connection: AppConnection | None = None

    def connect(self) -> None:
        """
        Begin to connect; once more, if that has failed or ended.

        Raises:
            RuntimeError: it is connected, or about to be.
        """
        if self._stage is not Stage.IDLE:
            raise RuntimeError("the connection is there or on its way")
        self._stage = Stage.TRYING
        if not self._is_factory_started:
            self._is_factory_started = True
            self.factory.doStart()
        refusal = self._try()
        delay_s = self._timeout_s if refusal is None else 0.0
        why = refusal or error.TimeoutError()
        self._deadline = self.loop.callLater(delay_s, self._fail, why)
        self.factory.startedConnecting(self)

    def _try(self) -> Exception | None:
        """Ask the kernel; what it refused at once is returned."""
        try:
            self._socket = socket.socket(self._family, socket.SOCK_STREAM)
            self._socket.setblocking(False)  # noqa: FBT003 - the standard library's
        except OSError as reason:
            return error.ConnectBindError(reason.errno, reason.strerror)
        number = self._socket.connect_ex(self._target)
        if number not in _UNDER_WAY:
            return _meaning(number)
        self.loop.addWriter(self)
        return None

    # What the loop tells

    def fileno(self) -> int:
        """Tell the descriptor."""
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Tell who is speaking, in a log that asks for it."""
        return type(self.factory).__name__

    def doWrite(self) -> Why:
        """The attempt has come to an end: look which."""
        sock = self._socket
        if sock is None:
            return
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._fail(_meaning(number))
        elif sock.getsockname() == sock.getpeername():
            # Nobody listens there, and the kernel chose that very port for our own end.
            self._fail(_meaning(errno.ECONNREFUSED))
        else:
            self._arrive()

    def connectionLost(self, reason: Failure) -> None:
        """The lane or the reactor ends."""
        self._fail(error.ConnectError(string=reason.getErrorMessage()))

    def _arrive(self) -> None:
        protocol = self.factory.buildProtocol(self._destination)
        sock = self._let_go()
        if sock is None:
            return
        self._stage = Stage.MADE
        self._connection = AppConnection(sock, self)
        self._connection.serve(Protocol() if protocol is None else protocol)
        if protocol is None:
            self._connection.loseConnection()

    def _let_go(self) -> socket.socket | None:
        """The attempt is over; its socket is the caller's."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self.loop.removeWriter(self)
        sock, self._socket = self._socket, None
        return sock

    def _fail(self, why: Exception) -> None:
        if self._stage is not Stage.TRYING:
            return
        sock = self._let_go()
        if sock is not None:
            sock.close()
        self._stage = Stage.IDLE
        self.factory.clientConnectionFailed(self, Failure(why))
        self._stop_factory()

    def lost(self, reason: Failure) -> None:
        """The connection that was made is gone."""
        self._connection = None
        self._stage = Stage.IDLE
        self.factory.clientConnectionLost(self, reason)
        self._stop_factory()

    def _stop_factory(self) -> None:
        if self._stage is Stage.IDLE:  # it may have connected once more
            self._is_factory_started = False
            self.factory.doStop()

    # What others ask of a connector

    def stopConnecting(self) -> None:  # noqa: N802 - Twisted's name
        """
        Try no longer.

        Raises:
            NotConnectingError: it does not.
        """
        if self._stage is not Stage.TRYING:
            raise error.NotConnectingError
        self._fail(error.UserError())

    def disconnect(self) -> None:
        """Try no longer, or close what is there."""
        if self._stage is Stage.TRYING:
            self.stopConnecting()
        elif self._connection is not None:
            self._connection.loseConnection()

    def getDestination(self) -> Any:  # noqa: N802 - Twisted's name
        """Tell the address: an IAddress."""
        return self._destination


def _resolve(host: str, port: int) -> tuple[Address, int, Any]:
    """A numeric address as Twisted and as the kernel want it."""
    [(family, _, _, _, target), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    return address_of(target), family, target


def _meaning(number: int) -> Exception:
    meaning: Exception = error.getConnectError((number, os.strerror(number)))
    return meaning
