"""
Ties the data plane together: what every process that carries requests has, pages or not.

Data's way through: socket, `listen` (TLS), `proxy.front` (frame, find the session),
`rules.access`, then either `proxy.back` (the app) or our own pages. Who answers for our own
pages is handed in: the Site in this process, or the process that has it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.internet.threads import deferToThreadPool

from gateway.config import Config
from gateway.listen.certificates import read_files
from gateway.listen.descriptors import allow_descriptors
from gateway.listen.ports import listen
from gateway.listen.renewal import Renewal
from gateway.listen.selfsigned import self_signed
from gateway.listen.tls import ServedCertificate
from gateway.pages.assets import load_assets
from gateway.pages.failure import failure_page
from gateway.pages.languages import Language, load_languages
from gateway.pages.render import Pages
from gateway.proxy.connections import Connections
from gateway.proxy.crowd import Crowd
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.exchange import AppExchange
from gateway.proxy.front import Front
from gateway.proxy.link import AppLink
from gateway.proxy.plane import Exchange, Plane
from gateway.proxy.pool import Pool
from gateway.proxy.reach import places
from gateway.proxy.reception import Reception
from gateway.proxy.refusal import RefusalExchange, Refusals
from gateway.proxy.remembered import GENERATION_S, Remembered
from gateway.rules.access import Decide, lead_to_https, rule_of
from gateway.rules.activity import Activity
from gateway.rules.admission import Limits
from gateway.rules.cookies import cookie_names
from gateway.rules.entries import Require, Standing
from gateway.rules.http1 import RequestHead
from gateway.rules.locations import names_for
from gateway.rules.policy import Policy
from gateway.sockets.lane import Lane
from gateway.store.table import LiveSession, SessionTable

SWEEP_EVERY_S = 1.0
"""How often idle connections to the app are looked at."""

DESCRIPTORS_EACH = 1.5
SPARE_DESCRIPTORS = 128
"""Some of the browsers' connections need one to the app at the same time; the store, the logs
and the rest need some."""

STRANGERS_PART = 6
"""So many connections a browser opens to one host in HTTP/1.1: the share of those over which
nobody has signed in yet."""


class Listen(Protocol):
    """`listen.ports.listen`, or what takes up sockets that are there already."""

    def __call__(
        self,
        lane: Lane,
        key: str,
        endpoint: str,
        factory: IProtocolFactory,
        /,
        *,
        tls: ServedCertificate | None,
    ) -> Awaitable[IListeningPort]:
        """A port. Raises GatewayError."""
        ...


ToExchange = Callable[[Front, RequestHead], Exchange]
ToStepUp = Callable[[Front, RequestHead, Require], Exchange]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPages:
    """Who answers for the gateway's own pages."""

    to_site: ToExchange
    """What begins with our prefix."""
    to_sign_in: ToExchange
    """The sign-in page in the place of the app's."""
    to_step_up: ToStepUp
    """The page for those who are to be verified anew, in the place of the app's."""


def make_pages(config: Config, token_bytes: Callable[[int], bytes]) -> Pages:
    """The company's pages: a process without a store needs them to say what is wrong."""
    gateway = config.gateway
    return Pages(
        public=gateway.public,
        gateway_name=gateway.name,
        languages=load_languages(Language(gateway.language)),
        assets=load_assets(config.look),
        token_bytes=token_bytes,
        look=config.look,
    )


class Dataplane:
    """The listeners for browsers, and the way to the app."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        sessions: SessionTable,
        pages: Pages,
        own_pages: OwnPages,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        listen: Listen = listen,
    ) -> None:
        self._listen = listen
        self._config = config
        self._reactor = reactor
        self._lane = Lane(reactor)
        self._sessions = sessions
        self._own_pages = own_pages
        self._wall = wall
        self._token_bytes = token_bytes
        self._refusals = Refusals(config.gateway.public, partial(failure_page, pages))
        self._deadlines = Deadlines(reactor)
        self._remembered = Remembered()
        self._turned = reactor.seconds()
        self._crowd = Crowd(_limits(config), now=reactor.seconds)
        self._link = self._link_to_app()
        self._rule = rule_of(
            Policy(config.access, app=config.app.name),
            public=config.gateway.public,
            standing_of=self._standing_of,
        )
        self._activity = Activity(idle_s=config.sessions.idle_s, background=config.background)
        self._ports: list[IListeningPort] = []
        self._renewal: Renewal | None = None

    async def open(self) -> None:
        """
        Bind the ports for browsers.

        Raises:
            GatewayError: its text is a sentence for the administrator.
        """
        settings = self._config.listen
        self._lane.start()
        if settings.https:
            served = self._served()
            fronts = _Fronts(self._plane(self._rule, is_tls=True))
            await self._bind("https", settings.https, fronts, tls=served)
            self._renewal = self._renewal_of(served)
            self._renewal.start()
        if settings.http:
            await self._bind("http", settings.http, self._http_factory())
        self._deadlines.start()

    async def close(self) -> None:
        """Close the ports and let go of all connections."""
        if self._renewal is not None:
            self._renewal.stop()
        for port in self._ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        self._deadlines.stop()
        for front in self._deadlines.connections():
            front.cut()
        self._link.pool.close()
        self._lane.stop()

    def connections(self) -> int:
        """How many browsers are connected."""
        return len(self._deadlines)

    @property
    def backends(self) -> tuple[Connections, ...]:
        """Whom the app consists of, for those who ask how they are."""
        return self._link.pool.backends

    def sweep(self) -> None:
        """Close and forget what has been idle for too long: to be called every `SWEEP_EVERY_S`."""
        self._link.pool.sweep()
        if self._reactor.seconds() - self._turned >= GENERATION_S:
            self._turned = self._reactor.seconds()
            self._remembered.turn()

    def _http_factory(self) -> IProtocolFactory:
        rule = lead_to_https if self._config.listen.https else self._rule
        return _Fronts(self._plane(rule, is_tls=False))

    def _served(self) -> ServedCertificate:
        now = self._wall()
        if self._config.tls.mode == "files":
            return ServedCertificate(read_files(self._config, now=now))
        return ServedCertificate(self_signed(self._config, now=now, token_bytes=self._token_bytes))

    def _renewal_of(self, served: ServedCertificate) -> Renewal:
        return Renewal(
            self._config,
            served,
            clock=self._reactor,
            wall=self._wall,
            token_bytes=self._token_bytes,
            aside=partial(deferToThreadPool, self._reactor, self._reactor.getThreadPool()),
        )

    async def _bind(
        self,
        key: str,
        endpoint: str,
        factory: IProtocolFactory,
        *,
        tls: ServedCertificate | None = None,
    ) -> None:
        listening = self._listen(self._lane, f"[listen] {key}", endpoint, factory, tls=tls)
        self._ports.append(await listening)

    def _link_to_app(self) -> AppLink:
        app, public = self._config.app, self._config.gateway.public
        return AppLink(
            pool=Pool(
                places(self._config, self._lane),
                self._reactor,
                connect_s=app.connect_s,
                connections=app.connections,
            ),
            public=public,
            authority=public.authority.encode("ascii") if app.preserve_host else b"",
            names=names_for(
                public,
                backends=app.backends,
                internal_names=app.internal_names,
                preserve_host=app.preserve_host,
                server_name=app.server_name,
            ),
            max_body_bytes=app.max_body_bytes,
            connect_s=app.connect_s,
            first_byte_s=app.first_byte_s,
            idle_s=app.idle_s,
        )

    def _plane(self, rule: Decide[LiveSession], *, is_tls: bool) -> Plane:
        reception = self._reception(rule)
        return Plane(
            public=self._config.gateway.public,
            is_tls=is_tls,
            deadlines=self._deadlines,
            crowd=self._crowd,
            parse_block=self._remembered,
            failure=self._refusals.failure,
            receive=reception,
            recognise=reception.recognise,
            later=lambda call: self._reactor.callLater(0, call),
        )

    def _standing_of(self, live: LiveSession) -> Standing:
        return Standing(
            name=live.person.name,
            groups=live.person.groups,
            method=live.method,
            is_device_bound=live.is_device_bound,
            verified_s=self._reactor.seconds() - live.verified,
        )

    def _reception(self, rule: Decide[LiveSession]) -> Reception:
        cookies = cookie_names(self._config.gateway.public.is_secure)
        return Reception(
            sessions=self._sessions,
            session_cookie=cookies.session.encode("ascii"),
            activity=self._activity,
            now=self._reactor.seconds,
            crowd=self._crowd,
            decide=rule,
            remembered=self._remembered,
            names=self._link.names,
            to_app=partial(AppExchange, link=self._link),
            to_site=self._own_pages.to_site,
            to_sign_in=self._own_pages.to_sign_in,
            to_step_up=self._own_pages.to_step_up,
            to_refusal=partial(RefusalExchange, self._refusals),
        )


class _Fronts(Factory):
    """Makes the browser's side of each connection."""

    noisy = False

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def buildProtocol(self, addr: object) -> Front:
        return Front(self._plane)


def _limits(config: Config) -> Limits:
    """
    The configured limits, or less where the system does not allow so many open files.

    With workers each has its share of all connections. What one address may do is counted in
    each worker by itself: its connections land on any of them.
    """
    listen = config.listen
    possible = int((allow_descriptors() - SPARE_DESCRIPTORS) / DESCRIPTORS_EACH)
    return Limits(
        connections=max(1, min(listen.connections // listen.workers, possible)),
        per_address=listen.connections_per_address,
        strangers_per_address=max(1, listen.connections_per_address // STRANGERS_PART),
        strangers_rate=listen.strangers_rate,
    )
