"""
Ties the rooms of the house together: the only module that knows them all.

What a room needs of another it is given here, as a value or a callable. The part that every
process with browsers has is in `dataplane`; with `[listen] workers` from 2 on it runs in
processes of its own (`workers`, `worker`), and this one keeps pages, sessions and the store.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
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
from gateway.config.passkey_policy import read_policy
from gateway.dataplane import SWEEP_EVERY_S, Dataplane, OwnPages, make_pages
from gateway.errors import GatewayError
from gateway.listen.ports import listen, try_to_bind
from gateway.listen.selfsigned import self_signed
from gateway.login.site import LoginSite
from gateway.mail.room import MailRoom
from gateway.proxy.local import STEP_UP_TARGET, SiteExchange
from gateway.proxy.pool import Pool
from gateway.proxy.reach import places
from gateway.rules.attestation import PasskeyPolicy
from gateway.store.live import LiveSessions
from gateway.store.sealing import Sealer, read_keys
from gateway.store.sqlite import SQLiteStore, open_store
from gateway.watch.checks import backends_serve, store_answers
from gateway.watch.health import Check, Health, health_site
from gateway.workers.crew import LATE_S, Crew
from gateway.workers.overseer import Office
from gateway.workers.pages import FarPlane
from gateway.workers.sharing import open_shared
from gateway.workers.spawn import Hiring

T = TypeVar("T")

FLUSH_EVERY_S = 30.0
"""How often the last use of sessions is stored: what a crash makes them look older."""

END_OVER_EVERY_S = 1.5
"""How often sessions that have reached a limit are ended, so that what they have open is cut
within five seconds, a late word of workers included. With a thousand sessions it takes a
millisecond, with a hundred thousand 80, in slices."""

LOOK_ELSEWHERE_EVERY_S = 0.5
"""How often we ask whether another process has ended sessions: half of a second's promise."""


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
        self._ports: list[IListeningPort] = []
        self._rounds: list[tuple[LoopingCall, Deferred[Any]]] = []

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
            self.store,
            clock=self._reactor,
            wall=self._wall,
            limits=self.config.sessions,
            late_s=LATE_S if self._has_workers else 0.0,
        )
        count = await self.sessions.load()
        self.log.info("{count} sessions are open", count=count, event="service.sessions")
        self._pages = make_pages(self.config, self._token_bytes)
        self._mail = MailRoom(
            self.config,
            self._reactor,
            store=self.store,
            languages=self._pages.languages,
            wall=self._wall,
            token_bytes=self._token_bytes,
        )
        self._data_plane = self._make_data_plane(self._make_site())
        await self._listen()
        self._begin_rounds()

    def _open_store(self) -> SQLiteStore:
        sealer = Sealer(read_keys(self.config.key_path), self._token_bytes)
        return open_store(self.config.store_path, sealer, from_thread=self._reactor.callFromThread)

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
            announce=self._mail.announce,
            passkeys=self._passkey_policy(),
        )
        return Site(login.resource(), parsePOSTFormSubmission=False)

    def _passkey_policy(self) -> PasskeyPolicy:
        policy, doubts = read_policy(self.config, now=self._wall())
        for doubt in doubts:
            self.log.warn("{doubt}", doubt=doubt, event="service.passkeys")
        return policy

    @property
    def _has_workers(self) -> bool:
        return self.config.listen.workers > 1

    def _make_data_plane(self, site: Site) -> Dataplane | Crew:
        own_pages = OwnPages(
            to_site=partial(SiteExchange, site=site, in_place=False),
            to_sign_in=partial(SiteExchange, site=site, in_place=True),
            to_step_up=lambda front, head, need: SiteExchange(
                front, head, site, in_place=True, target=STEP_UP_TARGET + need.encode("ascii")
            ),
        )
        if self._has_workers:
            return self._make_crew(own_pages)
        return Dataplane(
            self.config,
            self._reactor,
            sessions=self.sessions,
            pages=self._pages,
            own_pages=own_pages,
            wall=self._wall,
            token_bytes=self._token_bytes,
        )

    def _make_crew(self, own_pages: OwnPages) -> Crew:
        if self.config.tls.mode == "self-signed":
            # Made here once: workers that start at the same time would make several.
            self_signed(self.config, now=self._wall(), token_bytes=self._token_bytes)
        return Crew(
            self.config.listen.workers,
            clock=self._reactor,
            office=Office(
                clock=self._reactor,
                sessions=self.sessions,
                plane=FarPlane(public=self.config.gateway.public),
                to_site=own_pages.to_site,
                to_sign_in=own_pages.to_sign_in,
                to_step_up=own_pages.to_step_up,
            ),
            bind=self._bind,
            hire_for=partial(Hiring, self._reactor, self.config, module="gateway.worker"),
        )

    # Ports

    async def _bind(self) -> Mapping[str, Sequence[IListeningPort]]:
        """The ports for browsers: bound here, accepted from by the workers."""
        settings = self.config.listen
        endpoints = {"https": settings.https, "http": settings.http}
        opened = await open_shared(
            self._reactor,
            {key: each for key, each in endpoints.items() if each},
            settings.workers,
            listen=lambda key, endpoint: listen(self._reactor, key, endpoint, Factory()),
            try_to_bind=try_to_bind,
        )
        self._ports += [port for ports in opened.values() for port in ports]
        return opened

    async def _listen(self) -> None:
        await self._data_plane.open()
        if self.config.listen.health:
            health = "[listen] health", self.config.listen.health, self._health()
            self._ports.append(await listen(self._reactor, *health))

    def _health(self) -> IProtocolFactory:
        checks: dict[str, Check] = {"store": store_answers(self.store)}
        if isinstance(self._data_plane, Crew):
            checks |= self._data_plane.checks() | backends_serve(self._own_pool().backends)
        else:
            checks |= backends_serve(self._data_plane.backends)
        health = Health(
            checks, clock=self._reactor, wall=self._wall, version=version("passkey-gateway")
        )
        return health_site(health, reactor=self._reactor)

    def _own_pool(self) -> Pool:
        """For looking at the app from here, where the workers carry all that goes there."""
        app = self.config.app
        return Pool(places(self.config, self._reactor), self._reactor, connect_s=app.connect_s)

    # Rounds

    def _begin_rounds(self) -> None:
        self._go_round(FLUSH_EVERY_S, lambda: Deferred.fromCoroutine(self._flush()))
        self._go_round(END_OVER_EVERY_S, lambda: Deferred.fromCoroutine(self.sessions.sweep()))
        self._go_round(
            LOOK_ELSEWHERE_EVERY_S, lambda: Deferred.fromCoroutine(self._look_elsewhere())
        )
        self._go_round(SWEEP_EVERY_S, self._data_plane.sweep)

    def _go_round(self, every_s: float, work: Callable[[], object]) -> None:
        rounds = LoopingCall(work)
        rounds.clock = self._reactor
        ended = rounds.start(every_s, now=False).addErrback(self._round_ended)
        self._rounds.append((rounds, ended))

    async def _flush(self) -> None:
        try:
            await self.sessions.flush()
        except GatewayError:
            # They stay in memory and are tried again; the store's own check tells health.
            self.log.failure("writing the sessions' last use", event="service.flush_failed")

    async def _look_elsewhere(self) -> None:
        try:
            count = await self.sessions.look_elsewhere()
        except GatewayError:
            self.log.failure("looking for ended sessions", event="service.look_failed")
            return
        if count:
            self.log.info(
                "{count} sessions were ended by another process",
                count=count,
                event="service.sessions_ended",
            )

    def _round_ended(self, failure: Failure) -> None:
        self.log.failure("a round has ended", failure, event="service.round_ended")

    def stopService(self) -> Deferred[None]:
        """Close the ports, let go of connections, write what is not written."""
        super().stopService()
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        for rounds, ended in self._rounds:
            if rounds.running:
                rounds.stop()
            await ended
        await self._data_plane.close()
        for port in self._ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        await self._mail.close()
        await self._flush()
        await self.store.close()


def _at_once(work: Coroutine[Deferred[Any], Any, T]) -> T:
    """The result of work that does not have to wait."""
    results: list[T] = []
    failures: list[Failure] = []
    Deferred.fromCoroutine(work).addCallbacks(results.append, failures.append)
    for failure in failures:
        failure.raiseException()
    assert results, "the start of the service must not wait"
    return results[0]
