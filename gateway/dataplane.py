"""
Ties the data plane together: what every process that carries requests has, pages or not.

Data's way through: socket, `listen` (TLS), `proxy.front` (frame, find the session),
`rules.access`, then either `proxy.back` (the app) or our own pages. Who answers for our own
pages is handed in: the Site in this process, or the process that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.protocol import Factory

from gateway.config import Config
from gateway.listen.certificates import read_files
from gateway.listen.ports import listen
from gateway.listen.selfsigned import self_signed
from gateway.listen.tls import ServedCertificate, tls_factory
from gateway.pages.failure import failure_page
from gateway.pages.render import Pages
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.exchange import AppExchange, AppLink
from gateway.proxy.front import Front
from gateway.proxy.plane import Exchange, Plane
from gateway.proxy.pool import Pool
from gateway.proxy.refusal import RefusalExchange, Refusals
from gateway.rules.access import decide, lead_to_https
from gateway.rules.cookies import cookie_names
from gateway.rules.http1 import RequestHead
from gateway.rules.locations import names_for
from gateway.store.live import LiveSessions

SWEEP_EVERY_S = 1.0
"""How often idle connections to the app are looked at."""

ToExchange = Callable[[Front, RequestHead], Exchange]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPages:
    """Who answers for the gateway's own pages."""

    to_site: ToExchange
    """What begins with our prefix."""
    to_sign_in: ToExchange
    """The sign-in page in the place of the app's."""


class DataPlane:
    """The listeners for browsers, and the way to the app."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        sessions: LiveSessions,
        pages: Pages,
        own_pages: OwnPages,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
    ) -> None:
        self._config = config
        self._reactor = reactor
        self._sessions = sessions
        self._own_pages = own_pages
        self._wall = wall
        self._token_bytes = token_bytes
        self._refusals = Refusals(config.gateway.public, partial(failure_page, pages))
        self._deadlines = Deadlines(reactor)
        self._link = self._link_to_app()
        self._ports: list[IListeningPort] = []

    async def open(self) -> None:
        """
        Bind the ports for browsers.

        Raises:
            GatewayError: its text is a sentence for the administrator.
        """
        settings, clock = self._config.listen, self._reactor
        if settings.https:
            inside = _Fronts(self._plane(is_tls=True))
            await self._bind("https", settings.https, tls_factory(self._served(), inside, clock))
        if settings.http:
            await self._bind("http", settings.http, self._http_factory())
        self._deadlines.start()

    async def close(self) -> None:
        """Close the ports and let go of all connections."""
        for port in self._ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        self._deadlines.stop()
        for front in self._deadlines.connections():
            front.cut()
        self._link.pool.close()

    def sweep(self) -> None:
        """Close what has been idle for too long: to be called every `SWEEP_EVERY_S`."""
        self._link.pool.sweep()

    def _http_factory(self) -> IProtocolFactory:
        plane = self._plane(is_tls=False)
        if self._config.listen.https:
            return _Fronts(replace(plane, decide=lead_to_https))
        return _Fronts(plane)

    def _served(self) -> ServedCertificate:
        now = self._wall()
        if self._config.tls.mode == "files":
            return ServedCertificate(read_files(self._config, now=now))
        return ServedCertificate(self_signed(self._config, now=now, token_bytes=self._token_bytes))

    async def _bind(self, key: str, endpoint: str, factory: IProtocolFactory) -> None:
        self._ports.append(await listen(self._reactor, f"[listen] {key}", endpoint, factory))

    def _link_to_app(self) -> AppLink:
        app, public = self._config.app, self._config.gateway.public
        return AppLink(
            pool=Pool(
                self._reactor,
                self._reactor,
                host=app.backend_host,
                port=app.backend_port,
                connect_s=app.connect_s,
            ),
            public=public,
            authority=_host_for(self._config),
            names=names_for(
                public,
                backend_host=app.backend_host,
                backend_port=app.backend_port,
                internal_names=app.internal_names,
                preserve_host=app.preserve_host,
            ),
            max_body_bytes=app.max_body_bytes,
            connect_s=app.connect_s,
            first_byte_s=app.first_byte_s,
            idle_s=app.idle_s,
        )

    def _plane(self, *, is_tls: bool) -> Plane:
        public, refusals = self._config.gateway.public, self._refusals
        return Plane(
            public=public,
            is_tls=is_tls,
            session_cookie=cookie_names(public.is_secure).session.encode("ascii"),
            deadlines=self._deadlines,
            sessions=self._sessions,
            decide=partial(decide, public=public),
            failure=refusals.failure,
            to_app=partial(AppExchange, link=self._link),
            to_site=self._own_pages.to_site,
            to_sign_in=self._own_pages.to_sign_in,
            to_refusal=lambda front, head, decision: RefusalExchange(
                front, head, refusals, decision
            ),
            later=lambda call: self._reactor.callLater(0, call),
        )


class _Fronts(Factory):
    """Makes the browser's side of each connection."""

    noisy = False

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def buildProtocol(self, addr: object) -> Front:
        return Front(self._plane)


def _host_for(config: Config) -> bytes:
    """What Host says to the app: the public name, unless the app insists on its own."""
    app = config.app
    if app.preserve_host:
        return config.gateway.public.authority.encode("ascii")
    host = f"[{app.backend_host}]" if ":" in app.backend_host else app.backend_host
    return f"{host}:{app.backend_port}".encode("ascii")
