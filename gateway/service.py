"""
Ties the rooms of the house together: the only module that knows them all.

Data's way through: socket, `listen` (TLS), `proxy.front` (frame, find the session),
`rules.access`, then either `proxy.back` (the app) or `proxy.local` (our pages). What a room
needs of another it is given here, as a value or a callable.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import lru_cache, partial
from importlib.metadata import version
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
)
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Site

from gateway.config import Config
from gateway.errors import GatewayError
from gateway.listen.certificates import read_files
from gateway.listen.ports import listen
from gateway.listen.selfsigned import self_signed
from gateway.listen.tls import ServedCertificate, tls_factory
from gateway.login.site import LoginSite
from gateway.pages.assets import load_assets
from gateway.pages.failure import failure_page
from gateway.pages.languages import Language, load_languages
from gateway.pages.render import Pages
from gateway.proxy.back import Pool
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.exchange import AppExchange, AppLink
from gateway.proxy.front import Front
from gateway.proxy.local import SiteExchange
from gateway.proxy.plane import Plane
from gateway.proxy.refusal import RefusalExchange, Refusals
from gateway.rules.access import decide, lead_to_https
from gateway.rules.cookies import cookie_names
from gateway.rules.http1 import FieldBlock, parse_block
from gateway.rules.locations import names_for
from gateway.store.live import LiveSessions
from gateway.store.sealing import Sealer, read_keys
from gateway.store.sqlite import SQLiteStore, open_store
from gateway.watch.checks import app_accepts, store_answers
from gateway.watch.health import Health, health_site

T = TypeVar("T")

FLUSH_EVERY_S = 30.0
"""How often the last use of sessions is stored: what a crash makes them look older."""

SWEEP_EVERY_S = 1.0
"""How often idle connections to the app are looked at."""

REMEMBERED_BLOCKS = 2048
"""Exact header blocks whose meaning is remembered: a browser repeats its own from request to
request. Only a pure function of the bytes is kept; the session is looked up each time."""

REMEMBERED_BYTES = 4096
REMEMBERED_FIELDS = 40
"""Larger blocks are not: what a stranger can make us keep is bounded, to some 20 MB."""


def build(
    config: Config,
    reactor: Any,
    *,
    wall: Callable[[], float] = time.time,
    token_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> GatewayService:
    """The whole gateway as one service. Nothing is opened before it is started."""
    return GatewayService(config, reactor, wall=wall, token_bytes=token_bytes)


class GatewayService(Service):
    """Opens the store and the ports at start, closes them at stop."""

    log = Logger()

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
    ) -> None:
        self.config = config
        self._reactor = reactor
        self._wall = wall
        self._token_bytes = token_bytes
        self._deadlines = Deadlines(reactor)
        self._ports: list[IListeningPort] = []
        self._rounds: list[LoopingCall] = []

    def startService(self) -> None:
        """
        Open everything. Nothing here waits, so what goes wrong is known on return.

        Raises:
            GatewayError: its text is a sentence for the administrator.
        """
        super().startService()
        _at_once(self._open())

    async def _open(self) -> None:
        self.store = self._open_store()
        self.sessions = LiveSessions(
            self.store, clock=self._reactor, wall=self._wall, limits=self.config.sessions
        )
        count = await self.sessions.load()
        self.log.info("{count} sessions are open", count=count, event="service.sessions")
        self._link = self._link_to_app()
        self._pages = self._make_pages()
        self._site = self._make_site()
        await self._listen()
        self._begin_rounds()

    def _open_store(self) -> SQLiteStore:
        sealer = Sealer(read_keys(self.config.key_path), self._token_bytes)
        return open_store(self.config.store_path, sealer, from_thread=self._reactor.callFromThread)

    def _link_to_app(self) -> AppLink:
        app, public = self.config.app, self.config.gateway.public
        return AppLink(
            pool=Pool(
                self._reactor,
                self._reactor,
                host=app.backend_host,
                port=app.backend_port,
                connect_s=app.connect_s,
            ),
            public=public,
            authority=_host_for(self.config),
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

    def _make_pages(self) -> Pages:
        gateway = self.config.gateway
        return Pages(
            public=gateway.public,
            gateway_name=gateway.name,
            languages=load_languages(Language(gateway.language)),
            assets=load_assets(),
            token_bytes=self._token_bytes,
        )

    def _make_site(self) -> Site:
        login = LoginSite(
            pages=self._pages,
            store=self.store,
            sessions=self.sessions,
            clock=self._reactor,
            wall=self._wall,
            token_bytes=self._token_bytes,
            aside=lambda work: deferToThreadPool(
                self._reactor, self._reactor.getThreadPool(), work
            ),
        )
        return Site(login.resource(), parsePOSTFormSubmission=False)

    def _plane(self, *, is_tls: bool) -> Plane:
        public = self.config.gateway.public
        refusals = Refusals(public, partial(failure_page, self._pages))
        return Plane(
            public=public,
            is_tls=is_tls,
            session_cookie=cookie_names(public.is_secure).session.encode("ascii"),
            deadlines=self._deadlines,
            sessions=self.sessions,
            decide=partial(decide, public=public),
            parse_block=_remembering(parse_block),
            failure=refusals.failure,
            to_app=partial(AppExchange, link=self._link),
            to_site=partial(SiteExchange, site=self._site, in_place=False),
            to_sign_in=partial(SiteExchange, site=self._site, in_place=True),
            to_refusal=lambda front, head, decision: RefusalExchange(
                front, head, refusals, decision
            ),
            later=lambda call: self._reactor.callLater(0, call),
        )

    # Ports

    async def _listen(self) -> None:
        settings, clock = self.config.listen, self._reactor
        if settings.https:
            inside = _Fronts(self._plane(is_tls=True))
            await self._bind("https", settings.https, tls_factory(self._served(), inside, clock))
        if settings.http:
            await self._bind("http", settings.http, self._http_factory())
        if settings.health:
            await self._bind("health", settings.health, self._health())
        self._deadlines.start()

    def _http_factory(self) -> IProtocolFactory:
        plane = self._plane(is_tls=False)
        if self.config.listen.https:
            return _Fronts(replace(plane, decide=lead_to_https))
        return _Fronts(plane)

    def _served(self) -> ServedCertificate:
        now = self._wall()
        if self.config.tls.mode == "files":
            return ServedCertificate(read_files(self.config, now=now))
        return ServedCertificate(self_signed(self.config, now=now, token_bytes=self._token_bytes))

    def _health(self) -> IProtocolFactory:
        app = self.config.app
        checks = {
            "store": store_answers(self.store),
            "app": app_accepts(self._reactor, app.backend_host, app.backend_port),
        }
        health = Health(
            checks, clock=self._reactor, wall=self._wall, version=version("passkey-gateway")
        )
        return health_site(health, reactor=self._reactor)

    async def _bind(self, key: str, endpoint: str, factory: IProtocolFactory) -> None:
        self._ports.append(await listen(self._reactor, f"[listen] {key}", endpoint, factory))

    # Rounds

    def _begin_rounds(self) -> None:
        self._go_round(FLUSH_EVERY_S, lambda: Deferred.fromCoroutine(self._flush()))
        self._go_round(SWEEP_EVERY_S, self._link.pool.sweep)

    def _go_round(self, every_s: float, work: Callable[[], object]) -> None:
        rounds = LoopingCall(work)
        rounds.clock = self._reactor
        self._rounds.append(rounds)
        rounds.start(every_s, now=False).addErrback(self._round_ended)

    async def _flush(self) -> None:
        try:
            await self.sessions.flush()
        except GatewayError:
            # They stay in memory and are tried again; the store's own check tells health.
            self.log.failure("writing the sessions' last use", event="service.flush_failed")

    def _round_ended(self, failure: Failure) -> None:
        self.log.failure("a round has ended", failure, event="service.round_ended")

    def stopService(self) -> Deferred[None]:
        """Close the ports, let go of connections, write what is not written."""
        super().stopService()
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        for rounds in self._rounds:
            rounds.stop()
        for port in self._ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        self._deadlines.stop()
        for front in self._deadlines.connections():
            front.cut()
        self._link.pool.close()
        await self._flush()
        await self.store.close()


class _Fronts(Factory):
    """Makes the browser's side of each connection."""

    noisy = False

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def buildProtocol(self, addr: object) -> Front:
        return Front(self._plane)


def _remembering(parse: Callable[[bytes], FieldBlock]) -> Callable[[bytes], FieldBlock]:
    remembered = lru_cache(REMEMBERED_BLOCKS)(parse)

    def parse_or_remember(block: bytes) -> FieldBlock:
        is_usual = len(block) <= REMEMBERED_BYTES and block.count(b"\r\n") <= REMEMBERED_FIELDS
        return remembered(block) if is_usual else parse(block)

    return parse_or_remember


def _host_for(config: Config) -> bytes:
    """What Host says to the app: the public name, unless the app insists on its own."""
    app = config.app
    if app.preserve_host:
        return config.gateway.public.authority.encode("ascii")
    host = f"[{app.backend_host}]" if ":" in app.backend_host else app.backend_host
    return f"{host}:{app.backend_port}".encode("ascii")


def _at_once(work: Coroutine[Deferred[Any], Any, T]) -> T:
    """The result of work that does not have to wait."""
    results: list[T] = []
    failures: list[Failure] = []
    Deferred.fromCoroutine(work).addCallbacks(results.append, failures.append)
    for failure in failures:
        failure.raiseException()
    assert results, "the start of the service must not wait"
    return results[0]
