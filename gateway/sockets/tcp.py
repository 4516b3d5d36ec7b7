"""TCP (and UNIX) connections: see `connection` for the rules; here is the way to the kernel."""

from __future__ import annotations

import errno
import socket

from twisted.internet.main import CONNECTION_LOST

from gateway.sockets.addresses import Address
from gateway.sockets.connection import Connection
from gateway.sockets.ends import HELD_BYTES, Loop, Why

READ_BYTES = 64 * 1024
"""What is read at once: whole requests, and most answers."""

LONG_READ_BYTES = 256 * 1024
"""In a long body: a quarter more MB/s than by 64 KiB (measured), for a quarter less CPU."""

PIECES_AT_ONCE = 64
"""Handed to sendmsg(2), which takes 1024 (IOV_MAX)."""

_BUFFER = memoryview(bytearray(READ_BYTES))
"""What is read goes here first: to make room for 64 KiB each time costs more than the copy of
what has come, mostly less than one. Nothing stays here: one thread reads, and copies at once."""

_LATER = (errno.ENOBUFS, errno.ENOMEM)
"""The kernel is short of memory just now."""


class TcpConnection(Connection):
    """A connection in the clear; to the app, as it stands."""

    __slots__ = ("_is_long", "_recv", "_recv_into", "_send")

    def __init__(self, sock: socket.socket, loop: Loop, peer: Address) -> None:
        super().__init__(sock, loop, peer)
        self._send = sock.send
        self._recv = sock.recv
        self._recv_into = sock.recv_into
        self._is_long = False

    def doRead(self) -> Why:
        """Hand on what has come; the more, the more there was the last time."""
        if self._is_long:
            return self._read_long()
        try:
            count = self._recv_into(_BUFFER)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not count:
            return self._input_ended()
        self._is_long = count == READ_BYTES
        self.protocol.dataReceived(_BUFFER[:count].tobytes())
        return None

    def _read_long(self) -> Why:
        try:
            data = self._recv(LONG_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return self._input_ended()
        self._is_long = len(data) >= READ_BYTES
        self.protocol.dataReceived(data)
        return None

    def write(self, data: bytes) -> None:
        """Send, or keep until it can be sent."""
        if not self._is_eager:
            self._keep(data)
            return
        held = self._loop.held
        if held is not None and 0 < len(data) <= HELD_BYTES:
            self._hold(data, held)
            return
        sent = self._send_one(data)
        if sent != len(data):
            self._keep(memoryview(data)[sent:])

    def _send_one(self, piece: bytes | memoryview) -> int:
        try:
            return self._send(piece)
        except OSError:  # full; or broken, which the next try tells
            return 0

    def _send_unsent(self) -> Why:
        try:
            sent = self._send_pieces()
        except BlockingIOError:
            return None
        except OSError as error:
            return None if error.errno in _LATER else self._output_broke()
        self._drop(sent)
        return None

    def _send_pieces(self) -> int:
        if len(self._unsent) == 1 or self.socket is None:
            return self._send(self._unsent[0])
        return self.socket.sendmsg(self._unsent[:PIECES_AT_ONCE])


class ServedTcpConnection(TcpConnection):
    """A connection in the clear that a browser opened."""

    __slots__ = ()

    answers_after_end = True
