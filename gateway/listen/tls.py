"""
TLS for browsers: 1.2 and 1.3, forward secrecy, modern suites, and nothing else.

Mozilla's "intermediate" profile; the groups of the key agreement come from
`listen/openssl.cnf` (see `gateway.clock`). `ServedCertificate` gives each new connection the
pair that is current: `serve` switches to another one while old connections live on. A peer
has ten seconds to finish its handshake, however slowly it drips its bytes.
"""

from __future__ import annotations

from typing import cast

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.listen.certificates import Pair

HANDSHAKE_LIMIT_S = 10.0
"""From the TCP connection to the end of the handshake; bytes that drip in do not renew it."""

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: ephemeral keys and authenticated encryption only. 1.3 has no other."""

HTTP_1_1 = b"http/1.1"

SESSION_CONTEXT = b"gateway"
"""Says whose sessions may be resumed; OpenSSL wants some name."""


@implementer(IOpenSSLServerConnectionCreator)
class ServedCertificate:
    """What new connections are served with: one pair at a time."""

    def __init__(self, pair: Pair) -> None:
        self._context = _context(pair)

    def serve(self, pair: Pair) -> None:
        """From the next connection on, use this pair. New ticket keys come with it."""
        self._context = _context(pair)

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """The OpenSSL connection for a browser that has just come in."""
        return SSL.Connection(self._context, None)


def _context(pair: Pair) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(
        SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION
    )
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # saves memory for each idle connection
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # tickets need no memory here
    context.set_session_id(SESSION_CONTEXT)
    context.use_certificate(pair.leaf)
    for each in pair.chain:
        context.add_extra_chain_cert(each)
    context.use_privatekey(pair.key)
    context.check_privatekey()
    context.set_alpn_select_callback(_choose_protocol)
    context.set_cipher_list(CIPHERS)
    return context


def _choose_protocol(connection: SSL.Connection, offered: list[bytes]) -> bytes:
    """The only one we speak; who does not offer it is refused (RFC 7301 3.2)."""
    return HTTP_1_1 if HTTP_1_1 in offered else b""


class _TimelyTransport(BufferingTLSTransport):
    """Aborts a connection whose handshake is not done in time."""

    _deadline: IDelayedCall | None = None

    def makeConnection(self, transport: ITransport) -> None:
        factory = cast("_TimelyFactory", self.factory)
        self._deadline = factory.clock.callLater(HANDSHAKE_LIMIT_S, self.abortConnection)
        super().makeConnection(transport)

    def _checkHandshakeStatus(self) -> None:  # noqa: N802 - Twisted's private name
        super()._checkHandshakeStatus()
        if self._handshakeDone:
            self._keep()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._keep()
        super().connectionLost(reason)

    def _keep(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()


class _TimelyFactory(TLSMemoryBIOFactory):
    protocol = _TimelyTransport

    def __init__(
        self,
        creator: IOpenSSLServerConnectionCreator,
        wrapped: IProtocolFactory,
        clock: IReactorTime,
    ) -> None:
        super().__init__(creator, isClient=False, wrappedFactory=wrapped, clock=clock)
        self.clock = clock


def tls_factory(
    creator: IOpenSSLServerConnectionCreator, wrapped: IProtocolFactory, clock: IReactorTime
) -> IProtocolFactory:
    """A factory for a plain TCP endpoint that speaks TLS and hands the inside to `wrapped`."""
    return _TimelyFactory(creator, wrapped, clock)
