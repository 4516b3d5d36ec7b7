"""
Everything that an app in somebody else's twisted.web tree needs, as one service.

The connections to the app are kept and swept, and time limits are looked after, from
`startService` to `stopService`. docs/embedding.md shows it at work.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.web.resource import IResource

from gateway.proxy.deadlines import Deadlines
from gateway.proxy.link import AppLink
from gateway.proxy.pool import Pool
from gateway.proxy.reach import Place, Trust, endpoint_for
from gateway.proxy.resource import AppResource
from gateway.proxy.streaming import StreamingSite
from gateway.rules.backends import Backend
from gateway.rules.locations import names_for
from gateway.rules.public import DEFAULT_PORTS, parse_origin

SWEEP_EVERY_S = 1.0
"""How often idle connections to the app are looked at."""

MAX_BODY_BYTES = 2 << 30
CONNECT_S = 5.0
FIRST_BYTE_S = 300.0
IDLE_S = 60.0
"""As the gateway's own defaults: exports of groupware are slow to begin."""


class AppService(Service):
    """
    The way to one app.

    Args:
        reactor: connects, and keeps the time.
        app: the app's address, such as `http://127.0.0.1:8000`.
        public: by which origin browsers know it, such as `https://www.example.jp`.
        preserve_host: whether the app sees the public name in Host, or its own.
        max_body_bytes: an upload that is larger is 413.
        connect_s: for the connection to the app.
        first_byte_s: for the answer to begin, and between two pieces of it.
        idle_s: between two pieces of an upload.

    Raises:
        ValueError: an address is not one.
    """

    def __init__(
        self,
        reactor: Any,
        app: str,
        public: str,
        *,
        preserve_host: bool = True,
        max_body_bytes: int = MAX_BODY_BYTES,
        connect_s: float = CONNECT_S,
        first_byte_s: float = FIRST_BYTE_S,
        idle_s: float = IDLE_S,
    ) -> None:
        backend, origin = _backend(app), parse_origin(public)
        trust = Trust(backend.host, None) if backend.scheme == "https" else None
        place = Place(
            name=backend.name,
            authority=backend.authority.encode("ascii"),
            weight=1,
            endpoint=endpoint_for(backend, reactor, trust),
            trust=trust,
        )
        self._reactor = reactor
        self.deadlines = Deadlines(reactor)
        self._pool = Pool((place,), reactor, connect_s=connect_s)
        self._link = AppLink(
            pool=self._pool,
            public=origin,
            authority=origin.authority.encode("ascii") if preserve_host else place.authority,
            names=names_for(
                origin, backends=(backend,), internal_names=(), preserve_host=preserve_host
            ),
            max_body_bytes=max_body_bytes,
            connect_s=connect_s,
            first_byte_s=first_byte_s,
            idle_s=idle_s,
        )
        self._sweeping = LoopingCall(self._pool.sweep)
        self._sweeping.clock = reactor

    def resource(self, **arguments: Any) -> AppResource:
        """The app, to be put into a tree; the arguments are those of `AppResource`."""
        return AppResource(self._link, self.deadlines, **arguments)

    def site(self, root: IResource, **arguments: Any) -> StreamingSite:
        """A Site for that tree; the arguments are those of `StreamingSite`."""
        return StreamingSite(root, self.deadlines, self._reactor, **arguments)

    def startService(self) -> None:
        """Begin to keep the time."""
        super().startService()
        self.deadlines.start()
        looking = self._sweeping.start(SWEEP_EVERY_S, now=False)
        looking.addErrback(lambda why: why.raiseException())

    def stopService(self) -> None:
        """Cut what is still going on, and let go of the app."""
        super().stopService()
        self._sweeping.stop()
        self.deadlines.stop()
        for connection in self.deadlines.connections():
            connection.cut()
        self._pool.close()


def _backend(url: str) -> Backend:
    parts = urlsplit(url)
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or not is_bare:
        raise ValueError(f"{url!r}: an address such as http://127.0.0.1:8000 is wanted")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Backend(scheme=parts.scheme, host=parts.hostname, port=port)
