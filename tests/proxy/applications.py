"""Backends on real sockets in this process, and requests that can be awaited."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IOpenSSLServerConnectionCreator
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from zope.interface import implementer

from gateway.config import load
from gateway.proxy.back import Fault
from gateway.proxy.pool import Pool
from gateway.proxy.reach import places
from tests.instruments.certificates import Leaf
from tests.proxy.pools import OK, Asker

LOOP = cast(PosixReactorBase, reactor)
CONNECT_S = 5.0


class _Answering(Protocol):
    """Answers every request at once, unless its app is silent or hangs up."""

    def connectionMade(self) -> None:
        cast(Application, self.factory).connections.add(self)

    def dataReceived(self, data: bytes) -> None:
        app = cast(Application, self.factory)
        app.asked += data.count(b"GET ")
        app.last = data
        if app.hangs_up:
            cast(Any, self.transport).abortConnection()
        elif not app.is_silent and self.transport is not None:
            self.transport.write(OK)

    def connectionLost(self, reason: object = None) -> None:
        cast(Application, self.factory).connections.discard(self)


class Application(Factory):
    """One backend, in this process."""

    noisy = False
    protocol = _Answering

    def __init__(self, leaf: Leaf | None = None, *, interface: str = "127.0.0.1") -> None:
        self.connections: set[_Answering] = set()
        self.asked = 0
        self.last = b""
        self.is_silent = False
        self.hangs_up = False
        self._leaf = leaf
        self._interface = interface
        self.port_number = 0
        self.listen()

    def listen(self) -> None:
        """Take connections, the second time at the same port."""
        if self._leaf is None:
            port = LOOP.listenTCP(self.port_number, self, interface=self._interface)
        else:
            context = _Serving(self._leaf)
            port = LOOP.listenSSL(self.port_number, self, context, interface=self._interface)
        self._port: IListeningPort = port
        self.port_number = port.getHost().port

    async def die(self) -> None:
        """Take no more connections, and break off those that are there."""
        await maybeDeferred(self._port.stopListening)
        for each in tuple(self.connections):
            cast(Any, each.transport).abortConnection()


@implementer(IOpenSSLServerConnectionCreator)
class _Serving:
    """Shows that certificate."""

    def __init__(self, leaf: Leaf) -> None:
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.use_certificate(load_pem_x509_certificates(leaf.chain)[0])
        key = load_pem_private_key(leaf.private_key, None)
        self._context.use_privatekey(cast(EllipticCurvePrivateKey, key))

    def serverConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:  # noqa: N803
        """One more connection."""
        return SSL.Connection(self._context)


class Waiting(Asker):
    """A request that can be awaited, and that asks again as `proxy.exchange` does."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool
        self._has_repeated = False
        self.done: Deferred[None] = Deferred()

    def pieces(self, pieces: list[bytes], *, is_last: bool) -> None:
        """At the answer's end somebody is told."""
        super().pieces(pieces, is_last=is_last)
        if is_last:
            self.done.callback(None)

    def failed(self, fault: Fault, *, got_nothing: bool) -> None:
        """A GET that got nothing is asked once more."""
        if self.back is not None and got_nothing and not self._has_repeated:
            self._has_repeated = True
            self._pool.find(cast(Any, self), is_fresh=True)
            return
        super().failed(fault, got_nothing=got_nothing)
        self.done.callback(None)


async def asked(pool: Pool) -> Waiting:
    """A request, with what came of it."""
    asker = Waiting(pool)
    pool.find(cast(Any, asker))
    await asker.done.addTimeout(20, LOOP)
    return asker


async def turns(count: int = 3) -> None:
    """Let the reactor do what is at hand."""
    for _ in range(count):
        await deferLater(LOOP, 0.001)


class Setting:
    """Configured backends, and what is to be closed after the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.apps: list[Application] = []
        self.pools: list[Pool] = []

    def app(self, leaf: Leaf | None = None, *, interface: str = "127.0.0.1") -> Application:
        """One more backend."""
        self.apps.append(Application(leaf, interface=interface))
        return self.apps[-1]

    def pool(self, *urls: str, clock: Any = LOOP, more: str = "") -> Pool:
        """The pool that this configuration makes."""
        path = self.directory / "gateway.toml"
        listed = ", ".join(f'"{each}"' for each in urls)
        path.write_text(
            f'[gateway]\nurl = "https://gw.example.test"\n[[app]]\nurl = [{listed}]\n{more}\n'
        )
        pool = Pool(places(load(path), LOOP), clock, connect_s=CONNECT_S)
        self.pools.append(pool)
        return pool

    async def close(self) -> None:
        """Leave nothing behind."""
        for pool in self.pools:
            pool.close()
        for app in self.apps:
            await app.die()
        await turns()
