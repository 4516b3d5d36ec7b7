"""
A connection as Twisted's protocols want it, on the shortest way to the kernel.

Theory of operation. `write` asks the kernel at once. Twisted's own transports put what is
written into a buffer, ask the reactor to watch, and write in a later turn: some 20 µs for
each answer. Only what the kernel does not take waits here, and only then is anything watched.
Small pieces written while the lane serves a batch are held until its end: one wake-up for all.

Rules:
1. What was written before `loseConnection` or `loseWriteConnection` is sent before the end.
   After `loseConnection` writes are taken until all is sent, and a registered producer is
   waited for.
2. `connectionLost` is never called from within `write`, `loseConnection` or `abortConnection`.
3. A connection that cannot be written to may still have something to say: an app that has
   answered before it read everything. What it sent is read to the end first, and the end is
   then told as a loss, so that nobody takes what came for the whole.
4. As a producer a connection pauses when its consumer has died, where Twisted's would hang up:
   who was uploading to an app that died is still to be told so.
5. A client that has closed its half gets what was written for it by then. A protocol that has
   more to say after that provides `IHalfCloseableProtocol`.
"""

from __future__ import annotations

import abc
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableDescriptor,
    IHalfCloseableProtocol,
    IProtocol,
    IPushProducer,
    IReadWriteDescriptor,
    ITCPTransport,
)
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.sockets.addresses import Address
from gateway.sockets.ends import Incoming, Loop, Outgoing, Why, close
from gateway.sockets.sending import Sending


@implementer(
    ITCPTransport, IConsumer, IPushProducer, IReadWriteDescriptor, IHalfCloseableDescriptor
)
class Connection(Sending):
    """What TCP and TLS on it have in common."""

    log = Logger()

    __slots__ = ("__weakref__", "_incoming", "protocol")

    answers_after_end = False
    """Whether the peer's end of input leaves time for what is unsent (rule 5)."""

    def __init__(self, sock: socket.socket, loop: Loop, peer: Address) -> None:
        super().__init__(sock, loop, peer)
        self.protocol: Any = None
        self._incoming = Incoming.PAUSED

    def serve(self, protocol: IProtocol) -> None:
        """Begin: from now on the protocol is told what happens."""
        self.attach(protocol)
        self._tell(partial(protocol.makeConnection, self))

    def attach(self, protocol: IProtocol) -> None:
        """The first half of `serve`, for a port of Twisted's, which does the second."""
        self.protocol = protocol
        self.resumeProducing()

    # Reading

    @abc.abstractmethod
    def doRead(self) -> Why:
        """Hand on what has come; what is returned is the reason of an end."""

    def _input_ended(self) -> Why:
        return CONNECTION_LOST if self._outgoing is Outgoing.BROKEN else CONNECTION_DONE

    def readConnectionLost(self, reason: Failure) -> None:
        """The peer has closed its half; the reactor reads no more."""
        self._incoming = Incoming.ENDED
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self._tell(self.protocol.readConnectionLost)
            if self._outgoing is Outgoing.CLOSED:
                self.loseConnection()
        elif self.answers_after_end and self._unsent:
            producer, self.producer = self.producer, None
            if producer is not None:  # rule 5: nothing more than was written by now
                producer.stopProducing()
            self.loseConnection()
        else:
            self.connectionLost(reason)

    def _tell(self, news: Callable[[], None]) -> None:
        try:
            news()
        except Exception:  # noqa: BLE001 - whatever it is, it ends this connection only
            self.log.failure("a connection failed", event="sockets.failed")
            self.connectionLost(Failure())

    def writeConnectionLost(self, reason: Failure) -> None:
        """Twisted's reactors never call this."""
        self.connectionLost(reason)

    def pauseProducing(self) -> None:
        """Read no more."""
        if self._incoming is Incoming.ON:
            self._incoming = Incoming.PAUSED
            self._loop.removeReader(self)

    def resumeProducing(self) -> None:
        """Read on."""
        if self._incoming is Incoming.PAUSED and self.connected and not self.disconnecting:
            self._incoming = Incoming.ON
            self._loop.addReader(self)

    def stopProducing(self) -> None:
        """Nobody takes what is read any more (rule 4)."""
        self.pauseProducing()

    # Ends

    def _output_broke(self) -> Why:
        """Rule 3: what the peer said before is still to be read."""
        self._outgoing = Outgoing.BROKEN
        self._unsent.clear()
        self._unsent_bytes = 0
        self._watch_no_more()
        is_heard = self._incoming is not Incoming.ENDED and not self.disconnecting
        return None if is_heard else CONNECTION_LOST

    def loseConnection(self) -> None:
        """Close once all is sent (rule 1)."""
        if self.connected and not self.disconnecting:
            self.pauseProducing()
            self.disconnecting = True
            self._watch_to_write()

    def loseWriteConnection(self) -> None:
        """Close our half once all is sent."""
        if self.connected and self._outgoing is Outgoing.OPEN:
            self._outgoing = Outgoing.CLOSING
            self._watch_to_write()

    def _close_half(self) -> None:
        self._outgoing = Outgoing.CLOSED
        if self.socket is not None:
            with contextlib.suppress(OSError):  # gone: reading tells
                self.socket.shutdown(socket.SHUT_WR)
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self._tell(self.protocol.writeConnectionLost)
        if self._incoming is Incoming.ENDED:
            self.loseConnection()

    def abortConnection(self) -> None:
        """Close at once; what is not sent is lost."""
        if self.connected:
            self._let_go()
            self._loop.callLater(0, self.connectionLost, Failure(ConnectionAborted()))

    def connectionLost(self, reason: Failure) -> None:
        """It is over: close, and tell who has to know. Called by the reactor or the lane."""
        if self.socket is None:
            return
        self._let_go()
        sock, self.socket = self.socket, None
        close(sock, is_reset=reason.check(ConnectionAborted) is not None)
        producer, self.producer = self.producer, None
        protocol, self.protocol = self.protocol, None
        try:
            if producer is not None:
                producer.stopProducing()
        finally:
            if protocol is not None:
                protocol.connectionLost(reason)

    def _let_go(self) -> None:
        """Neither read nor write any more."""
        self.pauseProducing()
        self._watch_no_more()
        self.connected = self._is_eager = False
        self._unsent.clear()
        self._unsent_bytes = 0

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Tell who is speaking, in a log that asks for it."""
        return type(self.protocol).__name__
