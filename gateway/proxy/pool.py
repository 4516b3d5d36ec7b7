"""The pool of connections to the app: the one used last is used again first."""

from __future__ import annotations

from typing import cast

from twisted.internet import error
from twisted.internet.interfaces import IAddress, IReactorTCP, IReactorTime
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from gateway.proxy.back import Back, Exchange, Fault

POOL_IDLE_S = 4.0
"""How long an idle connection is kept: below the 5 s after which common app servers (Apache,
Node, gunicorn) close theirs, so that a request seldom meets a connection that is dying."""

POOL_IDLE_LIMIT = 64
"""Idle connections that are kept; more are closed at once."""


class _Opening(ClientFactory):
    """One attempt to connect."""

    noisy = False

    def __init__(self, pool: Pool, exchange: Exchange) -> None:
        self._pool = pool
        self._exchange = exchange

    def buildProtocol(self, addr: IAddress | None) -> Back:
        """The connection for the request that waits."""
        return Back(self._pool, self._exchange)

    def clientConnectionFailed(self, connector: object, reason: Failure) -> None:
        """Say how it failed."""
        fault = Fault.UNREACHABLE if reason.check(error.TimeoutError) else Fault.REFUSED
        self._exchange.failed(fault, got_nothing=False)


class Pool:
    """The connections to one app: the one used last is used again first."""

    def __init__(
        self, reactor: IReactorTCP, clock: IReactorTime, *, host: str, port: int, connect_s: float
    ) -> None:
        self._reactor = reactor
        self._now = clock.seconds
        self._host = host
        self._port = port
        self._connect_s = connect_s
        self._idle: list[Back] = []

    def find(self, exchange: Exchange, *, is_fresh: bool = False) -> None:
        """
        Give the exchange a connection by calling `connected`, perhaps at once.

        Args:
            exchange: who asks; `failed` is called when there is none to be had.
            is_fresh: nothing from the pool: the last one from there was dead.
        """
        while self._idle and not is_fresh:
            back = self._idle.pop()
            if self._now() - back.idle_since < POOL_IDLE_S:
                exchange.connected(back)
                return
            back.retire()
        opening = _Opening(self, exchange)
        self._reactor.connectTCP(
            self._host, self._port, opening, timeout=cast(int, self._connect_s)
        )

    def keep(self, back: Back) -> None:
        """Take a connection back."""
        back.idle_since = self._now()
        self._idle.append(back)
        if len(self._idle) > POOL_IDLE_LIMIT:
            self._idle[0].retire()

    def forget(self, back: Back) -> None:
        """The connection is gone."""
        if back in self._idle:
            self._idle.remove(back)

    def answered(self, back: Back, status: int) -> None:
        """A final answer's head came."""

    def failed(self, back: Back, fault: Fault) -> None:
        """The backend broke off in the midst of a request."""

    def sweep(self) -> None:
        """Close what has been idle for too long."""
        limit = self._now() - POOL_IDLE_S
        for back in [each for each in self._idle if each.idle_since <= limit]:
            back.retire()

    def close(self) -> None:
        """Close every idle connection."""
        for back in tuple(self._idle):
            back.retire()
