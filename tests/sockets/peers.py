"""The other end of a connection, in the clear or with TLS; it never waits."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol

from gateway.listen.tls import ServedCertificate
from gateway.sockets.connection import Connection
from gateway.sockets.tcp import ServedTcpConnection
from gateway.sockets.tls import Phase, TlsConnection
from tests.sockets.turns import Turns, tcp_pair

PEER = IPv4Address("TCP", "192.0.2.7", 50_000)
SOME_BYTES = 65536


class Peer:
    """A client in the clear."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.received = b""
        self.is_over = False
        """The server has said that nothing more comes."""
        self.is_reset = False
        self._unsent = b""
        served, self.socket = tcp_pair()
        turns.peers.append(self.socket)
        self.connection = self._connection(served)
        turns.connections.append(self.connection)

    def _connection(self, served: socket.socket) -> Connection:
        return ServedTcpConnection(served, self.turns.lane, PEER)

    def serve(self, protocol: Protocol) -> None:
        """Give the server's end to a protocol."""
        self.connection.serve(protocol)

    def send(self, data: bytes) -> None:
        """Send all of it, as fast as the server takes it."""
        self._unsent += data
        self.turns.until(self._push)

    def _push(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                sent = self._send(self._unsent[:SOME_BYTES])
                self._unsent = self._unsent[sent:]
        return not self._unsent

    def hear(self) -> int:
        """Take what has come; so much it is in all."""
        try:
            while data := self._receive():
                self.received += data
            self.is_over = True
        except BlockingIOError:
            return len(self.received)
        except ConnectionResetError:
            self.is_over = self.is_reset = True
        return len(self.received)

    def hears(self, size: int) -> bytes:
        """What has come, once it is that much."""
        self.turns.until(lambda: self.hear() >= size or self.is_over)
        return self.received

    def hears_the_end(self) -> bytes:
        """All that has come, once there is no more."""
        self.turns.until(lambda: (self.hear(), self.is_over)[1])
        return self.received

    def finish(self) -> None:
        """Say that nothing more comes, and go on listening."""
        self.socket.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        """Be gone without a word more."""
        self.socket.close()

    def _send(self, data: bytes) -> int:
        return self.socket.send(data)

    def _receive(self) -> bytes:
        return self.socket.recv(SOME_BYTES)


class TlsPeer(Peer):
    """A client that speaks TLS; it verifies nothing but what tests ask."""

    def __init__(
        self,
        turns: Turns,
        served: ServedCertificate,
        *,
        context: SSL.Context | None = None,
        session: SSL.Session | None = None,
        most_handshakes: int | None = None,
        transport: Any = None,
    ) -> None:
        self._transport = transport or served.transport(
            turns.lane, most_handshakes=most_handshakes
        )
        super().__init__(turns)
        self.tls = SSL.Connection(context or SSL.Context(SSL.TLS_CLIENT_METHOD), self.socket)
        if session is not None:
            self.tls.set_session(session)
        self.tls.set_connect_state()
        self.tls.set_app_data(None)

    def _connection(self, served: socket.socket) -> Connection:
        connection: Connection = self._transport(served, self.turns.lane, PEER)
        return connection

    def serve(self, protocol: Protocol) -> None:
        """Give the server's end to a protocol, and finish the handshake."""
        super().serve(protocol)
        self.shake_hands()

    def shake_hands(self) -> None:
        """
        Finish the handshake.

        Raises:
            SSL.Error: the server refused.
        """
        self.turns.until(self._has_shaken_hands)
        self.turns.until(self._is_known_to_the_server)

    def _is_known_to_the_server(self) -> bool:
        """On 1.3 the client is ready before the server has heard its last message."""
        connection = self.connection
        assert isinstance(connection, TlsConnection)
        return connection._phase is not Phase.HANDSHAKE or not connection.connected

    def _has_shaken_hands(self) -> bool:
        try:
            self.tls.do_handshake()
        except (SSL.WantReadError, SSL.WantWriteError):
            return False
        return True

    def finish(self) -> None:
        """Say goodbye in TLS's way, and go on listening."""
        self.tls.shutdown()

    def _send(self, data: bytes) -> int:
        try:
            return self.tls.send(data)
        except (SSL.WantReadError, SSL.WantWriteError):
            raise BlockingIOError from None

    def _receive(self) -> bytes:
        try:
            return self.tls.recv(SOME_BYTES)
        except (SSL.WantReadError, SSL.WantWriteError):
            raise BlockingIOError from None
        except SSL.ZeroReturnError:
            return b""
        except SSL.SysCallError as error:
            raise ConnectionResetError(*error.args) from None
