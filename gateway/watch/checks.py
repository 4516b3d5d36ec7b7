"""What the running service checks about itself; each check answers within moments."""

from __future__ import annotations

from typing import Any

from twisted.internet import error
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol

from gateway.rules.records import PersonId
from gateway.rules.vitals import CheckResult, Level
from gateway.store.interface import Store
from gateway.watch.health import Check

APP_CONNECT_S = 1.5
"""Less than the time-out of a check, so that this check can say itself what is wrong."""


class _Visit(Protocol):
    """Comes, and goes."""

    def connectionMade(self) -> None:
        ITransport(self.transport).loseConnection()


class _Knock(Factory):
    noisy = False
    protocol = _Visit


def store_answers(store: Store) -> Check:
    """Whether the store can be read."""

    async def check() -> CheckResult:
        await store.person(PersonId(""))
        return CheckResult(level=Level.PASS)

    return check


def app_accepts(reactor: Any, host: str, port: int) -> Check:
    """
    Whether the app takes connections; people's own requests meet it the same way.

    A warning and no failure: the gateway is ready to say "502" in people's language, and
    taking it out of service would help nobody.
    """

    async def check() -> CheckResult:
        endpoint = HostnameEndpoint(reactor, host.encode("idna"), port, APP_CONNECT_S)
        try:
            await endpoint.connect(_Knock())
        except (error.ConnectError, OSError) as trouble:
            return CheckResult(level=Level.WARN, output=f"{host}:{port}: {trouble}")
        return CheckResult(level=Level.PASS)

    return check
