"""
TLS directly on the socket, for connections that browsers open.

Theory of operation. OpenSSL reads and writes the descriptor itself: no BIO in memory, no second
protocol. A small request is two calls. Twisted's TLSMemoryBIOProtocol costs 40 µs more.

    HANDSHAKE   both sides agree; what the protocol writes waits
    OPEN        bytes pass
    GOODBYE     close_notify is sent and our half closed: what comes is thrown away
    FAILED      OpenSSL has given up: nothing is left but the end

Rules, beyond those of `connection`:
1. A piece is written whole or not at all (SSL_MODE_ENABLE_PARTIAL_WRITE off, see `fit`). One
   that the kernel did not take is given to SSL_write again, with more after it perhaps, and
   never with anything before it (SSL_write(3), ACCEPT_MOVING_WRITE_BUFFER).
2. Every goodbye is bounded: `GOODBYE_S` after it the socket is torn down.
3. Trouble with TLS is the peer's affair: the connection ends, nothing but a debug line says so.
4. After a fatal error no call to OpenSSL follows (SSL_get_error(3)), and none once the socket
   is closed: its number may be somebody else's.
"""

from __future__ import annotations

import contextlib
import enum
import socket
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IHandshakeListener, INegotiated, ISSLTransport
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.sockets.addresses import Address
from gateway.sockets.connection import Connection
from gateway.sockets.ends import Incoming, Loop, Outgoing, Why
from gateway.sockets.handshakes import Handshakes

RECORD_BYTES = 16 * 1024
"""The most that a record holds (RFC 8446 5.1). Reading as much leaves nothing in OpenSSL."""

READ_BYTES = 64 * 1024
"""What is read at once while whole records come: somebody is sending a long body."""

PIECE_BYTES = 64 * 1024
"""What is handed to OpenSSL at once: four records."""

GOODBYE_S = 5.0
"""For the peer to close, after our close_notify. Clients that never do are common."""

PARTIAL_WRITE = 0x1
"""SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets and does not name: SSL_write would return
after each record."""


class Phase(enum.Enum):
    """How far TLS is."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    GOODBYE = "goodbye"
    FAILED = "failed"


def fit(context: SSL.Context) -> None:
    """Set in a context what connections here build on."""
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # no buffers while nothing happens
    context.clear_mode(PARTIAL_WRITE)


@implementer(ISSLTransport, INegotiated)
class TlsConnection(Connection):
    """A connection on TLS, the server's side."""

    __slots__ = ("_goodbye", "_handshakes", "_phase", "_reads_once_written", "_tls")

    answers_after_end = True

    def __init__(
        self,
        sock: socket.socket,
        loop: Loop,
        peer: Address,
        *,
        context: SSL.Context,
        handshakes: Handshakes,
    ) -> None:
        super().__init__(sock, loop, peer)
        self._tls: Any = SSL.Connection(context, sock)
        self._tls.set_accept_state()
        self._phase = Phase.HANDSHAKE
        self._is_eager = False
        self._reads_once_written = False
        self._goodbye: Any = None
        self._handshakes = handshakes
        handshakes.begin(self)

    # Reading

    def doRead(self) -> Why:
        """Hand on what has come."""
        if self._phase is not Phase.OPEN:
            return self._read_otherwise()
        try:
            data = self._tls.recv(RECORD_BYTES)
        except SSL.WantReadError:
            return None
        except SSL.Error as error:
            return self._read_failed(error)
        why = None
        if len(data) == RECORD_BYTES:
            data, why = self._read_on(data)
        self.protocol.dataReceived(data)
        return why

    def _read_on(self, first: bytes) -> tuple[bytes, Why]:
        """After a full record there are more."""
        records = [first]
        for _ in range(READ_BYTES // RECORD_BYTES - 1):
            try:
                records.append(self._tls.recv(RECORD_BYTES))
            except SSL.WantReadError:
                break
            except SSL.Error as error:
                return b"".join(records), self._read_failed(error)
        return b"".join(records), None

    def _read_failed(self, error: SSL.Error) -> Why:
        if isinstance(error, SSL.ZeroReturnError):
            return self._input_ended()
        if isinstance(error, SSL.WantWriteError):
            # A key update (RFC 8446 4.6.3) is to be answered, and there is no room.
            super().pauseProducing()
            self._reads_once_written = True
            self._watch_to_write()
            return None
        return CONNECTION_LOST

    def _read_otherwise(self) -> Why:
        if self._phase is Phase.HANDSHAKE:
            return self._shake_hands()
        if self._phase is Phase.FAILED or self.socket is None:
            return CONNECTION_LOST
        try:
            return None if self.socket.recv(READ_BYTES) else CONNECTION_DONE
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST

    def readConnectionLost(self, reason: Failure) -> None:
        """The peer has said goodbye."""
        if self._phase is Phase.GOODBYE:
            self.connectionLost(reason)
        else:
            super().readConnectionLost(reason)

    def pauseProducing(self) -> None:
        """Read no more."""
        self._reads_once_written = False
        super().pauseProducing()

    # The handshake

    def _shake_hands(self) -> Why:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self._watch_no_more()
            return None
        except SSL.WantWriteError:
            self._watch_to_write()
            return None
        except SSL.Error as error:
            # Later ends are not worth a line: half of all browsers leave without a goodbye.
            self.log.debug("no TLS with {peer}: {error!r}", peer=self._peer, error=error)
            return CONNECTION_LOST
        self._phase = Phase.OPEN
        self._handshakes.end(self)
        self._begin()
        return None

    def _begin(self) -> None:
        if self.disconnecting:
            super().pauseProducing()
        if self._unsent or self.disconnecting:
            self._watch_to_write()
        else:
            self._rest()
        if IHandshakeListener.providedBy(self.protocol):
            self.protocol.handshakeCompleted()

    # Writing

    def write(self, data: bytes) -> None:
        """Send, or keep until it can be sent."""
        if self._is_eager and 0 < len(data) <= RECORD_BYTES:
            if (held := self._loop.held) is not None:
                self._hold(data, held)
                return
            try:
                self._tls.send(data)
            except SSL.WantWriteError:
                self._keep(data)
            except SSL.Error:
                self._write_failed()
        else:
            self._write_long(memoryview(data))

    def _write_long(self, data: memoryview) -> None:
        """Cut; and try at once, lest the producer be stopped without need."""
        pieces = [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)]
        if self._is_eager and pieces:
            self.cork(1)
            try:
                while pieces:
                    self._tls.send(pieces[0])
                    del pieces[0]
            except SSL.WantWriteError:
                pass  # the rest waits
            except SSL.Error:
                self._write_failed()
                return
            self.cork(0)
        for piece in pieces:
            self._keep(piece)

    def doWrite(self) -> Why:
        """Send what waits; then do what waited for that."""
        if self._phase is Phase.HANDSHAKE:
            return self._shake_hands()
        if self._phase is Phase.FAILED:
            return CONNECTION_LOST
        if self._reads_once_written:
            self._reads_once_written = False
            self.resumeProducing()
        return super().doWrite()

    def _send_one(self, piece: bytes | memoryview) -> int:
        try:
            return int(self._tls.send(piece)) if self._phase is Phase.OPEN else 0
        except SSL.Error:  # full; or broken, which the next try tells
            return 0

    def _send_unsent(self) -> Why:
        is_long = self._unsent_bytes > RECORD_BYTES
        if is_long:
            self.cork(1)
        why = self._send_pieces()
        if is_long:
            self.cork(0)
        return why

    def _send_pieces(self) -> Why:
        while self._unsent:
            piece = self._next_piece()
            try:
                self._tls.send(piece)
            except SSL.WantWriteError:
                return None
            except SSL.Error:
                self._write_failed()
                return CONNECTION_LOST
            del self._unsent[0]
            self._unsent_bytes -= len(piece)
        return None

    def _next_piece(self) -> bytes | memoryview:
        """Small pieces go together, as one record with one tag."""
        first = self._unsent[0]
        count, size = 1, len(first)
        for piece in self._unsent[1:]:
            size += len(piece)
            if size > RECORD_BYTES:
                break
            count += 1
        if count > 1:
            first = b"".join(self._unsent[:count])
            self._unsent[:count] = [first]
        return first

    def _write_failed(self) -> None:
        """The next event tells; until then nothing may be asked of OpenSSL (rule 4)."""
        self._phase = Phase.FAILED
        self._outgoing = Outgoing.BROKEN
        self._unsent.clear()
        self._unsent_bytes = 0
        self._watch_to_write()

    def _rest(self) -> None:
        super()._rest()
        self._is_eager = self._is_eager and self._phase is Phase.OPEN

    # Ends

    def loseConnection(self) -> None:
        """Say goodbye once all is sent."""
        if self._phase is not Phase.HANDSHAKE:
            super().loseConnection()
        elif self._unsent or self.producer is not None:
            self.disconnecting = True  # after the handshake, whose time is limited
        else:
            self.abortConnection()

    def loseWriteConnection(self) -> None:
        """Say goodbye: TLS 1.2 has no half-closed connections (RFC 5246 7.2.1)."""
        self.loseConnection()

    def _finish(self) -> Why:
        try:
            self._tls.shutdown()
        except SSL.WantWriteError:
            return None
        except SSL.Error:
            return CONNECTION_LOST
        self._phase = Phase.GOODBYE
        self._watch_no_more()
        self._tls = None  # who never closes costs as little as can be
        if self._incoming is Incoming.ENDED or self.socket is None:
            return CONNECTION_DONE
        with contextlib.suppress(OSError):  # gone: reading tells
            self.socket.shutdown(socket.SHUT_WR)
        self._goodbye = self._loop.callLater(GOODBYE_S, self.abortConnection)
        self._incoming = Incoming.ON
        self._loop.addReader(self)
        return None

    def _let_go(self) -> None:
        super()._let_go()
        self._handshakes.end(self)
        if self._goodbye is not None and self._goodbye.active():
            self._goodbye.cancel()
        self._tls = None

    # About the connection

    def getPeerCertificate(self) -> Any:  # noqa: N802 - Twisted's name
        """Tell the certificate that the client has shown, as OpenSSL.crypto.X509, or None."""
        return None if self._tls is None else self._tls.get_peer_certificate()

    @property
    def negotiatedProtocol(self) -> bytes | None:  # noqa: N802 - Twisted's name
        """What ALPN came to (RFC 7301); None if the client did not ask."""
        return None if self._tls is None else self._tls.get_alpn_proto_negotiated() or None
