"""
What every connection has: a socket with its options, and two addresses.

`Loop` is what connections ask of a reactor; the lane is one.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import socket
import struct
from typing import Any, Protocol

from gateway.sockets.addresses import Address, address_of

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: close sends RST, and drops what is not sent (socket(7))."""

Why = Any
"""The reason of an end, as reactors take it: an exception. Twisted's interfaces say Failure."""


class Loop(Protocol):
    """What a connection asks of the lane."""

    held: list[Any] | None
    """While a batch is served: the connections whose small pieces go at its end."""

    def addReader(self, reader: Any) -> None:  # noqa: N802 - Twisted's name
        """Call `doRead` when there is something to read."""

    def removeReader(self, reader: Any) -> None:  # noqa: N802 - Twisted's name
        """Call `doRead` no more."""

    def addWriter(self, writer: Any) -> None:  # noqa: N802 - Twisted's name
        """Call `doWrite` when there is room to write."""

    def removeWriter(self, writer: Any) -> None:  # noqa: N802 - Twisted's name
        """Call `doWrite` no more."""

    def callLater(self, delay: float, callable: Any, *args: Any) -> Any:  # noqa: A002, N802
        """Call something in a later turn."""

    def seconds(self) -> float:
        """Tell the time, monotonic."""
        ...


CORK = getattr(socket, "TCP_CORK", None)
"""Linux gathers what several calls write (tcp(7)): one for each record, and a fifth less CPU."""

HIGH_WATER_BYTES = 64 * 1024
"""With more than this waiting, in addition to the kernel's own buffer, producers must wait."""

HELD_BYTES = 16 * 1024
"""Larger pieces are not held: they keep the other side busy by themselves."""


class Incoming(enum.Enum):
    """The half that we read."""

    ON = "watched"
    PAUSED = "not read until resumed"
    ENDED = "the peer has closed it"


class Outgoing(enum.Enum):
    """The half that we write."""

    OPEN = "open"
    CLOSING = "to be closed once all is sent"
    CLOSED = "closed by us"
    BROKEN = "the peer takes nothing any more"


class SocketEnd:
    """Our end of a connection."""

    __slots__ = ("_host", "_peer", "socket")

    def __init__(self, sock: socket.socket, peer: Address) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the standard library's
        self.socket: socket.socket | None = sock
        """None once it is closed."""
        self._peer = peer
        self._host: Address | None = None

    def getPeer(self) -> Any:
        """Tell who is at the other end: an IAddress."""
        return self._peer

    def getHost(self) -> Any:
        """
        Tell which of our addresses was reached: an IAddress.

        Raises:
            OSError: the connection is closed, and nobody asked before.
        """
        if self._host is None:
            if self.socket is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._host = address_of(self.socket.getsockname())
        return self._host

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Send small pieces at once (RFC 896 off)."""
        self._set(socket.IPPROTO_TCP, socket.TCP_NODELAY, enabled)

    def getTcpNoDelay(self) -> bool:  # noqa: N802 - Twisted's name
        """Tell whether small pieces are sent at once."""
        return self._get(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802 - Twisted's name
        """Let the kernel ask now and then whether the peer is still there."""
        self._set(socket.SOL_SOCKET, socket.SO_KEEPALIVE, enabled)

    def getTcpKeepAlive(self) -> bool:  # noqa: N802 - Twisted's name
        """Tell whether the kernel asks."""
        return self._get(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    def cork(self, is_on: int) -> None:
        """Gather what is written from 1 to 0."""
        if CORK is not None and self.socket is not None:
            with contextlib.suppress(OSError):  # a UNIX socket has no such thing
                self.socket.setsockopt(socket.IPPROTO_TCP, CORK, is_on)

    def _set(self, level: int, option: int, enabled: bool) -> None:
        if self.socket is not None:
            with contextlib.suppress(OSError):  # a UNIX socket has no such thing
                self.socket.setsockopt(level, option, enabled)

    def _get(self, level: int, option: int) -> bool:
        return self.socket is not None and bool(self.socket.getsockopt(level, option))

    def fileno(self) -> int:
        """Tell the descriptor; -1 once it is closed."""
        return -1 if self.socket is None else self.socket.fileno()


def close(sock: socket.socket, *, is_reset: bool) -> None:
    """Close a socket; with a reset the peer cannot take what came for the whole."""
    with contextlib.suppress(OSError):  # the peer was quicker
        if is_reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()
