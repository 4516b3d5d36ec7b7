"""
The half of a connection that we write: what the kernel has not taken yet waits here.

`connection` has the rules. Whoever writes more than goes out is slowed down (`IConsumer`).
"""

from __future__ import annotations

import abc
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.interfaces import IProducer
from twisted.internet.main import CONNECTION_DONE

from gateway.sockets.addresses import Address
from gateway.sockets.ends import HIGH_WATER_BYTES, Loop, Outgoing, SocketEnd, Why

if TYPE_CHECKING:
    from gateway.sockets.connection import Connection

_OVER = (Outgoing.CLOSED, Outgoing.BROKEN)


class Sending(SocketEnd, abc.ABC):
    """What is written, and what waits for all to be sent."""

    __slots__ = (
        "_is_eager",
        "_is_held",
        "_is_producer_paused",
        "_is_producer_pulled",
        "_is_watched_to_write",
        "_loop",
        "_outgoing",
        "_unsent",
        "_unsent_bytes",
        "connected",
        "disconnecting",
        "producer",
    )

    def __init__(self, sock: socket.socket, loop: Loop, peer: Address) -> None:
        super().__init__(sock, peer)
        self.connected = True
        self.disconnecting = False
        self.producer: Any = None
        self._loop = loop
        self._unsent: list[bytes | memoryview] = []
        self._unsent_bytes = 0
        self._outgoing = Outgoing.OPEN
        self._is_eager = True
        self._is_held = False
        self._is_watched_to_write = False
        self._is_producer_paused = False
        self._is_producer_pulled = False

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Send, or keep until it can be sent."""

    @abc.abstractmethod
    def _send_one(self, piece: bytes | memoryview) -> int:
        """Try to send; how many bytes the kernel took."""

    @abc.abstractmethod
    def _send_unsent(self) -> Why:
        """Send of what waits as much as goes; what is returned is the reason of an end."""

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send several pieces."""
        self.write(b"".join(iovec))

    def _keep(self, piece: bytes | memoryview) -> None:
        if not piece or self._outgoing in _OVER or not self.connected:
            return
        self._unsent.append(piece)
        self._unsent_bytes += len(piece)
        if not self._is_held:
            self._watch_to_write()
        self._slow_producer()

    def _hold(self, piece: bytes, held: list[Connection]) -> None:
        """Keep it until the lane has served the others of its batch."""
        self._unsent.append(piece)
        self._unsent_bytes += len(piece)
        self._is_eager = False
        self._is_held = True
        held.append(cast("Connection", self))

    def release(self) -> Why:
        """Send what was held; what is returned is the reason of an end. The lane calls it."""
        self._is_held = False
        if not self.connected or self._is_watched_to_write:
            return None
        if len(self._unsent) == 1 and self._is_calm():  # nearly always
            sent = self._send_one(self._unsent[0])
            if sent == self._unsent_bytes:
                self._unsent.clear()
                self._unsent_bytes = 0
                self._is_eager = True
                return None
            self._drop(sent)
        if self._unsent:
            why = self._send_unsent()
            if why is not None or self._outgoing is Outgoing.BROKEN:
                return why
        if self._unsent:
            self._watch_to_write()
            return None
        return self._all_sent()

    def _drop(self, sent: int) -> None:
        """Forget so many bytes, which the kernel has taken."""
        self._unsent_bytes -= sent
        whole = 0
        for piece in self._unsent:
            if sent < len(piece):
                break
            sent -= len(piece)
            whole += 1
        del self._unsent[:whole]
        if sent:
            self._unsent[0] = memoryview(self._unsent[0])[sent:]

    def _is_calm(self) -> bool:
        """Whether nothing waits for the moment when all is sent."""
        is_open = self._outgoing is Outgoing.OPEN and not self.disconnecting
        return is_open and self.producer is None

    def _watch_to_write(self) -> None:
        self._is_eager = False
        if not self._is_watched_to_write:
            self._is_watched_to_write = True
            self._loop.addWriter(self)

    def _watch_no_more(self) -> None:
        if self._is_watched_to_write:
            self._is_watched_to_write = False
            self._loop.removeWriter(self)

    def doWrite(self) -> Why:
        """Send what waits; then do what waited for that."""
        if self._unsent:
            why = self._send_unsent()
            if why is not None or self._unsent or not self._is_watched_to_write:
                return why
        return self._all_sent()

    def _all_sent(self) -> Why:
        if self.producer is not None and (self._is_producer_pulled or self._is_producer_paused):
            self._rest()
            self._is_producer_paused = False
            self.producer.resumeProducing()
            return None
        if self.disconnecting and self.producer is None:
            return self._finish()
        self._rest()
        if self._outgoing is Outgoing.CLOSING:
            self._close_half()
        return None

    def _rest(self) -> None:
        """Nothing waits: what is written next may go at once."""
        self._watch_no_more()
        is_open = self._outgoing is Outgoing.OPEN and self.connected
        self._is_eager = is_open and not self.disconnecting and not self._is_producer_pulled

    def _finish(self) -> Why:
        """All is sent, and the connection is to end."""
        return CONNECTION_DONE

    @abc.abstractmethod
    def _close_half(self) -> None:
        """All is sent that was written before our half was to be closed."""

    # Producers

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Let this one be slowed down by what is not yet sent."""
        if self.producer is not None:
            raise RuntimeError(f"{self.producer!r} is registered, {producer!r} cannot be")
        if not self.connected:
            producer.stopProducing()
            return
        self.producer = producer
        self._is_producer_paused = False
        self._is_producer_pulled = not streaming
        if streaming:
            self._slow_producer()
        else:
            self._is_eager = False
            producer.resumeProducing()  # type: ignore[attr-defined]  # IPullProducer's

    def _slow_producer(self) -> None:
        if self.producer is None or self._is_producer_pulled or self._is_producer_paused:
            return
        if self._unsent_bytes > HIGH_WATER_BYTES:
            self._is_producer_paused = True
            self.producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """It need not be slowed down any more."""
        self.producer = None
        self._is_producer_pulled = self._is_producer_paused = False
        if not self.connected:
            return
        if self.disconnecting or self._outgoing is Outgoing.CLOSING:
            self._watch_to_write()
        elif not self._unsent:
            self._rest()
