"""
The way to a backend: its endpoint, whom TLS trusts there, and what a failure means.

https to the app is verified or not used: the chain against the system's trust store or
`[[app]] ca`, the name against the url's host or `[[app]] server_name`. There is no switch that
turns this off. A wrong certificate is a sentence for the administrator.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from twisted.internet import defer, error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.proxy.back import Fault
from gateway.rules.backends import Backend

ATTEMPT_DELAY_S = 0.1
"""Before the next address of a name is tried too: RFC 8305 8 wants 0.1 s at least and
recommends 0.25 s for the internet; a backend is near, and localhost is often two addresses of
which one is refused."""

ADDRESS_REMEMBERED_S = 30.0
"""How long the address that answered for a name is used without asking again: a look-up costs
a thread, and DNS of backends changes by hand."""

UNTRUSTED = Fault.UNTRUSTED
"""What a wrong certificate is told as (502)."""

_OURS = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN)
)
"""Our machine has run out of something: no fault of the backend."""

_LATE = (error.TimeoutError, error.ConnectingCancelledError, defer.CancelledError)

_ALERTS = {
    42: "its certificate is bad",
    43: "its certificate is of an unsupported kind",
    44: "its certificate was revoked",
    45: "its certificate has expired or is not valid yet",
    48: "its certificate comes from an authority that is not trusted here",
}
"""RFC 8446 6.2: what our own TLS tells the backend when it refuses the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One backend and the way to it."""

    name: str
    """What messages call it."""
    authority: bytes
    """What Host says to it where the app is to see its own name."""
    weight: int
    endpoint: IStreamClientEndpoint
    """With `trust`, its protocols are told of the end of the handshake (IHandshakeListener)."""
    trust: Trust | None = None
    """Whom TLS believes; None = no TLS."""
    probe: bytes = b""
    """The request that shows whether it is well; b"" = to connect is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a backend was not reached."""

    fault: Fault
    why: str
    """A clause for the administrator: "nobody listens there"."""
    is_ours: bool = False
    """Whether the backend has nothing to do with it."""


@implementer(IOpenSSLClientConnectionCreator)
class Trust:
    """Verifies chain and name of a backend's certificate, and knows what was wrong."""

    def __init__(self, name: str, authorities: Any) -> None:
        self.name = name
        self._options: Any = optionsForClientTLS(name, trustRoot=authorities)
        self._alert = 0

    def clientConnectionForTLS(
        self,
        tlsProtocol: object,  # noqa: N803 - Twisted's
    ) -> SSL.Connection:
        """Begin one connection."""
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        connection.set_info_callback(self._informed)
        return connection

    def _informed(self, _: SSL.Connection, where: int, code: int) -> None:
        if where == SSL.SSL_CB_WRITE_ALERT:
            self._alert = code & 0xFF

    def complaint(self) -> str:
        """What was wrong with the certificate that was refused just now."""
        alert, self._alert = self._alert, 0
        return _ALERTS.get(alert, "its certificate cannot be verified")


@implementer(IStreamClientEndpoint)
class RememberingEndpoint:
    """A host name whose address is asked for once in a while: happy eyeballs (RFC 8305) then."""

    def __init__(self, reactor: Any, host: str, port: int, *, clock: IReactorTime) -> None:
        self._reactor = reactor
        self._port = port
        self._now = clock.seconds
        self._by_name = HostnameEndpoint(reactor, host, port, attemptDelay=ATTEMPT_DELAY_S)
        self._by_address: IStreamClientEndpoint | None = None
        self._until = 0.0

    def connect(
        self,
        protocolFactory: IProtocolFactory,  # noqa: N803 - Twisted's
    ) -> Deferred[Any]:
        """Connect to the address that answered last, or ask for it."""
        if self._by_address is not None and self._now() < self._until:
            connecting = self._by_address.connect(protocolFactory)
            return connecting.addErrback(self._forget)
        return self._by_name.connect(protocolFactory).addCallback(self._remember)

    def _remember(self, protocol: IProtocol) -> IProtocol:
        transport = protocol.transport if isinstance(protocol, Protocol) else None
        if transport is not None:
            host = getattr(ITransport(transport).getPeer(), "host", "")
            self._by_address = _by_address(self._reactor, host, self._port)
            self._until = self._now() + ADDRESS_REMEMBERED_S
        return protocol

    def _forget(self, failure: Failure) -> Failure:
        self._by_address = None
        return failure


def _by_address(reactor: Any, host: str, port: int) -> IStreamClientEndpoint | None:
    if isIPAddress(host):
        return TCP4ClientEndpoint(reactor, host, port)
    return TCP6ClientEndpoint(reactor, host, port) if isIPv6Address(host) else None


def endpoint_for(backend: Backend, reactor: Any, trust: Trust | None) -> IStreamClientEndpoint:
    """How to connect: by address or name, with TLS or without."""
    endpoint = _by_address(reactor, backend.host, backend.port)
    if endpoint is None:
        endpoint = RememberingEndpoint(reactor, backend.host, backend.port, clock=reactor)
    return endpoint if trust is None else wrapClientTLS(trust, endpoint)


def places(config: Config, reactor: Any) -> tuple[Place, ...]:
    """
    The backends of the configuration.

    Raises:
        ConfigError: `[[app]] ca` cannot be used.
    """
    app, public = config.app, config.gateway.public
    authorities = authorities_of(config)
    found = []
    for backend in app.backends:
        trust = None
        if backend.scheme == "https":
            trust = Trust(app.server_name or backend.host, authorities)
        host = public.authority if app.preserve_host else backend.authority
        found.append(
            Place(
                name=backend.name,
                authority=backend.authority.encode("ascii"),
                weight=backend.weight,
                endpoint=endpoint_for(backend, reactor, trust),
                trust=trust,
                probe=_probe(app.health, host) if app.health else b"",
            )
        )
    return tuple(found)


def _probe(path: str, host: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: passkey-gateway health\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


def authorities_of(config: Config) -> Any:
    """
    Whom `[[app]] ca` says to trust, for Twisted; None = the system's trust store.

    Raises:
        ConfigError: the file cannot be used.
    """
    path = config.app.ca
    if path is None:
        return None
    try:
        found = load_pem_x509_certificates(path.read_bytes())
    except OSError as trouble:
        seen = f"{path}: {trouble.strerror}"
        raise ConfigError(str(config.path), "[[app]] ca", seen, "a readable PEM file") from None
    except ValueError:
        wanted = "PEM certificates of the authority that the app's certificate comes from"
        raise ConfigError(str(config.path), "[[app]] ca", str(path), wanted) from None
    certificates = [Certificate(crypto.X509.from_cryptography(each)) for each in found]
    return trustRootFromCertificates(certificates)


def trouble_of(failure: Failure, trust: Trust | None) -> Trouble:
    """What a failure to reach a backend means."""
    if failure.check(*_LATE):
        return Trouble(fault=Fault.UNREACHABLE, why="it does not answer in time")
    if failure.check(error.ConnectionRefusedError):
        return Trouble(fault=Fault.REFUSED, why="nobody listens there")
    if failure.check(error.DNSLookupError):
        return Trouble(fault=Fault.REFUSED, why="its name is not known")
    if trust is not None and failure.check(VerificationError):
        return Trouble(fault=UNTRUSTED, why=f"its certificate is not for {trust.name}")
    if trust is not None and failure.check(SSL.Error):
        return _tls_trouble(failure, trust)
    if trust is not None and failure.check(error.ConnectionLost, error.ConnectionDone):
        return Trouble(fault=Fault.REFUSED, why="it closed the connection instead of TLS")
    reason = failure.value
    is_ours = getattr(reason, "osError", None) in _OURS
    fault = Fault.BUSY if is_ours else Fault.REFUSED
    return Trouble(fault=fault, why=f"no connection ({reason})", is_ours=is_ours)


def _tls_trouble(failure: Failure, trust: Trust) -> Trouble:
    words = str(failure.value)
    if "certificate verify failed" in words:
        return Trouble(fault=UNTRUSTED, why=trust.complaint())
    return Trouble(fault=Fault.REFUSED, why=f"no TLS with it ({_plain(failure.value)})")


def _plain(reason: object) -> str:
    """OpenSSL's own words: the last part of its error queue's first entry."""
    queue = getattr(reason, "args", ((),))[0]
    return str(queue[0][-1]) if queue and isinstance(queue, list) else type(reason).__name__
