"""
TLS for browsers: 1.2 and 1.3, forward secrecy, modern suites, and nothing else.

Mozilla's "intermediate" profile; the groups of the key agreement come from
`listen/openssl.cnf` (see `gateway.clock`). `ServedCertificate` gives each new connection the
pair that is current: `serve` switches to another one while old connections live on. A peer
has ten seconds to finish its handshake, however slowly it drips its bytes.
"""

from __future__ import annotations

from typing import cast

from OpenSSL import SSL, crypto
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import connectionDone
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions, TLSVersion
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.listen.certificates import Pair

HANDSHAKE_LIMIT_S = 10.0
"""From the TCP connection to the end of the handshake; bytes that drip in do not renew it."""

CIPHERS = AcceptableCiphers.fromOpenSSLCipherString("ECDHE+AESGCM:ECDHE+CHACHA20")
"""For TLS 1.2: ephemeral keys and authenticated encryption only. 1.3 has no other."""

ALPN = (b"http/1.1",)
"""Must be set: Twisted 26.10 answers every client that offers ALPN with an alert otherwise."""


@implementer(IOpenSSLServerConnectionCreator)
class ServedCertificate:
    """What new connections are served with: one pair at a time."""

    def __init__(self, pair: Pair) -> None:
        self._options = _options(pair)

    def serve(self, pair: Pair) -> None:
        """From the next connection on, use this pair. New ticket keys come with it."""
        self._options = _options(pair)

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """The OpenSSL connection for a browser that has just come in."""
        return self._options.serverConnectionForTLS(protocol)


def _options(pair: Pair) -> CertificateOptions:
    options = CertificateOptions(
        privateKey=crypto.PKey.from_cryptography_key(pair.key),
        certificate=crypto.X509.from_cryptography(pair.leaf),
        extraCertChain=[crypto.X509.from_cryptography(each) for each in pair.chain],
        raiseMinimumTo=TLSVersion.TLSv1_2,
        acceptableCiphers=CIPHERS,
        acceptableProtocols=list(ALPN),
        enableSessions=True,
        enableSessionTickets=True,
    )
    options.getContext()  # made now, so that a pair OpenSSL dislikes fails here
    return options


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
