"""What both sides ask of a transport: TCP, or TLS on it, in Twisted's words."""

from __future__ import annotations

import fcntl
import struct
import termios
from typing import Protocol

from twisted.internet.interfaces import IAddress


class Wire(Protocol):
    """A connection that can be written to, slowed down, and closed in three ways."""

    def write(self, data: bytes) -> None:
        """Send, or keep until it can be sent."""

    def pauseProducing(self) -> None:
        """Read no more."""

    def resumeProducing(self) -> None:
        """Read on."""

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Let this one be slowed down by what is not yet sent."""

    def unregisterProducer(self) -> None:
        """It need not be slowed down any more."""

    def loseConnection(self) -> None:
        """Close once all is sent."""

    def loseWriteConnection(self) -> None:
        """Close our half once all is sent (TCP only)."""

    def abortConnection(self) -> None:
        """Close at once; what is not sent is lost."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Send small pieces at once (RFC 896 off)."""

    def getPeer(self) -> IAddress:
        """Tell who is at the other end."""
        ...

    def getHost(self) -> IAddress:
        """Tell which of our addresses was reached."""
        ...


def unsent_bytes(transport: object) -> int:
    """Bytes that the kernel has not been acknowledged; -1 where that cannot be asked."""
    while (inner := getattr(transport, "transport", None)) is not None:
        transport = inner
    socket = getattr(transport, "socket", None)
    if socket is None:
        return -1
    return int(struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0])
