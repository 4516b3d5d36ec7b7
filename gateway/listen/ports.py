"""
The ports: bound by endpoint string, and each refusal of the system told in a sentence.

`listen` binds within the reactor; `try_to_bind` does it for a moment without one, so that
`gateway check` and the start can tell before anything else has happened.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from twisted.internet import unix
from twisted.internet.endpoints import (
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IReactorTCP,
    IReactorUNIX,
    IStreamServerEndpoint,
)

from gateway.config.endpoints import Endpoint, TcpEndpoint, UnixEndpoint, parse_endpoint
from gateway.errors import GatewayError
from gateway.listen.tls import ServedCertificate
from gateway.sockets.addresses import address_of
from gateway.sockets.connection import Connection
from gateway.sockets.lane import Lane
from gateway.sockets.listening import Port, Transport, inherited_socket, listening_socket
from gateway.sockets.tcp import ServedTcpConnection

PRIVILEGED_BELOW = 1024
"""Linux's net.ipv4.ip_unprivileged_port_start, unless it was changed."""


class PortError(GatewayError):
    """A port cannot be bound. `is_taken` when somebody else has it."""

    def __init__(self, key: str, endpoint: str, reason: str, *, is_taken: bool = False) -> None:
        self.reason = reason
        self.is_taken = is_taken
        super().__init__(f'{key} = "{endpoint}": {reason}')


async def listen(
    reactor: object,
    key: str,
    endpoint: str,
    factory: IProtocolFactory,
    *,
    tls: ServedCertificate | None = None,
    adopt_fd: int | None = None,
) -> IListeningPort:
    """
    Bind an endpoint; nothing here waits.

    Args:
        reactor: a lane, whose ports speak TLS where asked; or any reactor, for plain ports.
        key: for the message, as in `[listen] https`.
        endpoint: Twisted's endpoint string.
        factory: makes the protocols.
        tls: what browsers are shown; None = in the clear.
        adopt_fd: a listening socket that was inherited; it is ours to close from now on.

    Raises:
        PortError: the system refused; the sentence says why and what to do.
    """
    parsed = parse_endpoint(endpoint)
    try:
        if isinstance(reactor, Lane):
            return _listen_on_lane(reactor, parsed, factory, tls=tls, adopt_fd=adopt_fd)
        assert tls is None, "TLS needs a lane"
        assert adopt_fd is None, "an inherited socket needs a lane"
        return await server_endpoint(reactor, parsed).listen(factory)
    except CannotListenError as error:
        cause: object = error.socketError
    except OSError as error:  # a TCP port on a lane; a UNIX socket's directory, its lock
        cause = error
    raise refusal(key, endpoint, parsed, cause)


def _listen_on_lane(
    lane: Lane,
    endpoint: Endpoint,
    factory: IProtocolFactory,
    *,
    tls: ServedCertificate | None,
    adopt_fd: int | None,
) -> IListeningPort:
    transport = ServedTcpConnection if tls is None else tls.transport(lane)
    if adopt_fd is not None:
        sock = inherited_socket(adopt_fd)
    elif isinstance(endpoint, TcpEndpoint):
        sock = listening_socket(endpoint.interface, endpoint.port, endpoint.backlog)
    else:
        return _listen_unix(lane, endpoint, factory, transport)
    port = Port(sock, factory, lane, transport=transport)
    port.startListening()
    return port


def _listen_unix(
    lane: Lane, endpoint: UnixEndpoint, factory: IProtocolFactory, transport: Transport
) -> IListeningPort:
    """Twisted's own port, for its lock and its cleaning up, with connections of ours."""

    def begin(
        sock: socket.socket, protocol: IProtocol, address: object, *rest: object
    ) -> Connection:
        connection = transport(sock, lane, address_of(""))
        connection.attach(protocol)
        return connection

    path = endpoint.address.encode()
    port = unix.Port(path, factory, endpoint.backlog, endpoint.mode, lane, endpoint.lockfile)
    port.transport = begin  # type: ignore[assignment]  # any callable: see tcp.Port
    port.startListening()
    return port


def server_endpoint(reactor: object, endpoint: Endpoint) -> IStreamServerEndpoint:
    """Twisted's endpoint for ours."""
    if isinstance(endpoint, UnixEndpoint):
        unix = IReactorUNIX(reactor)
        return UNIXServerEndpoint(
            unix, endpoint.address, endpoint.backlog, endpoint.mode, endpoint.lockfile
        )
    kind = TCP6ServerEndpoint if ":" in endpoint.interface else TCP4ServerEndpoint
    return kind(IReactorTCP(reactor), endpoint.port, endpoint.backlog, endpoint.interface)


def try_to_bind(key: str, endpoint: str) -> None:
    """
    Bind and let go at once; nothing listens in between.

    Raises:
        PortError: it would not work; the sentence says why and what to do.
    """
    parsed = parse_endpoint(endpoint)
    try:
        if isinstance(parsed, TcpEndpoint):
            _try_tcp(parsed)
        else:
            _try_unix(parsed)
    except OSError as error:
        raise refusal(key, endpoint, parsed, error) from None


def _try_tcp(endpoint: TcpEndpoint) -> None:
    family = socket.AF_INET6 if ":" in endpoint.interface else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((endpoint.interface, endpoint.port))
        probe.listen(1)  # two may bind with SO_REUSEADDR, one may listen


def _try_unix(endpoint: UnixEndpoint) -> None:
    directory = Path(endpoint.address).parent
    if not directory.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(endpoint.address)
        except (FileNotFoundError, ConnectionRefusedError):
            return  # nobody is there; a socket left behind by a crash is replaced
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def refusal(key: str, text: str, endpoint: Endpoint, cause: object) -> PortError:
    """What the system's refusal means, and what to do about it."""
    number = cause.errno if isinstance(cause, OSError) else None
    if isinstance(endpoint, TcpEndpoint):
        reason = _tcp_reason(endpoint, number)
    else:
        reason = _unix_reason(endpoint, number)
    is_taken = number == errno.EADDRINUSE
    return PortError(key, text, reason or f"the system refuses: {cause}", is_taken=is_taken)


def _tcp_reason(endpoint: TcpEndpoint, number: int | None) -> str:
    port = endpoint.port
    if number == errno.EADDRINUSE:
        look = f"see which: ss -ltnp 'sport = :{port}'"
        return f"another program listens on port {port} ({look})"
    if number == errno.EACCES and port < PRIVILEGED_BELOW:
        return (
            f"this user may not bind port {port}: give the service "
            "CAP_NET_BIND_SERVICE, or take a port from 1024 on"
        )
    if number == errno.EADDRNOTAVAIL:
        return f"this machine has no address {endpoint.interface} (see: ip address)"
    return ""


def _unix_reason(endpoint: UnixEndpoint, number: int | None) -> str:
    directory = Path(endpoint.address).parent
    if number == errno.EADDRINUSE:
        return "another program listens there"
    if number == errno.ENOENT:
        return f"there is no directory {directory}"
    if number == errno.EACCES:
        return f"this user may not write in {directory}"
    return ""
