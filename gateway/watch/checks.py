"""What the running service checks about itself; each check answers within moments."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from gateway.rules.records import PersonId
from gateway.rules.vitals import CheckResult, Level
from gateway.store.interface import Store
from gateway.watch.health import Check

APP_CONNECT_S = 1.5
"""Less than the time-out of a check, so that this check can say itself what is wrong."""


class Backend(Protocol):
    """One of the places where the app runs, as the data plane knows it."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def in_words(self) -> str:
        """Why it is not asked as usual; "" when it is."""
        ...

    def visit(self, limit_s: float) -> Awaitable[str]:
        """Look what is wrong with it; "" if nothing."""
        ...


def store_answers(store: Store) -> Check:
    """Whether the store can be read."""

    async def check() -> CheckResult:
        await store.person(PersonId(""))
        return CheckResult(level=Level.PASS)

    return check


def backends_serve(backends: Sequence[Backend]) -> dict[str, Check]:
    """The checks of all backends: `app` where there is one, else `app:HOST:PORT` for each."""
    if len(backends) == 1:
        return {"app": backend_serves(backends[0])}
    return {f"app:{each.name}": backend_serves(each) for each in backends}


def backend_serves(backend: Backend) -> Check:
    """
    Whether a backend is well, and is given its whole share of the requests.

    A warning and no failure, even where all of them are down: the gateway is ready to say "502"
    in people's language, and taking it out of service would help nobody.
    """

    async def check() -> CheckResult:
        trouble = await backend.visit(APP_CONNECT_S) or backend.in_words
        if trouble:
            return CheckResult(level=Level.WARN, output=f"{backend.name}: {trouble}")
        return CheckResult(level=Level.PASS)

    return check
