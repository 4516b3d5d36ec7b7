"""A browser's TLS in memory, joined to a server's protocol without a socket."""

from __future__ import annotations

import contextlib

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection

LONGEST_RECORD = 65536


class Browser:
    """One connection of a client that speaks TLS; nothing is verified but what tests ask."""

    def __init__(
        self,
        factory: IProtocolFactory,
        clock: Clock,
        *,
        context: SSL.Context | None = None,
        session: SSL.Session | None = None,
    ) -> None:
        self.tls = SSL.Connection(context or SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        if session is not None:
            self.tls.set_session(session)
        self.tls.set_connect_state()
        self._clock = clock
        self.received_bytes = 0
        """What came from the server, TLS and all."""
        self.transport = StringTransportWithDisconnection()
        server = factory.buildProtocol(IPv4Address("TCP", "192.0.2.7", 50000))
        assert server is not None
        self.server = server
        self.transport.protocol = server
        server.makeConnection(self.transport)

    def shake_hands(self) -> None:
        """
        Finish the handshake.

        Raises:
            SSL.Error: the server refused.
        """
        for _ in range(8):
            try:
                self.tls.do_handshake()
            except SSL.WantReadError:
                self.exchange()
            else:
                self.exchange()
                return
        raise AssertionError("the handshake does not come to an end")

    def send(self, plain: bytes) -> None:
        """Send something through TLS."""
        self.tls.send(plain)
        self.exchange()

    def received(self) -> bytes:
        """What the server has sent through TLS since."""
        self._clock.advance(0)  # the server gathers small writes
        self.exchange()
        try:
            return self.tls.recv(LONGEST_RECORD)
        except SSL.WantReadError:
            return b""

    def exchange(self) -> None:
        """Carry the bytes that wait on either side to the other."""
        with contextlib.suppress(SSL.WantReadError):
            while True:
                self.server.dataReceived(self.tls.bio_read(LONGEST_RECORD))
        waiting = self.transport.value()
        self.transport.clear()
        self.received_bytes += len(waiting)
        if waiting:
            self.tls.bio_write(waiting)
