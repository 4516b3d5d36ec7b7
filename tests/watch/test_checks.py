"""What the running service checks about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.posixbase import PosixReactorBase

from gateway.rules.vitals import Level
from gateway.store.memory import MemoryStore
from gateway.watch.checks import backends_serve, store_answers

LOOP = cast(PosixReactorBase, reactor)


@pytest_twisted.ensureDeferred
async def test_a_store_that_answers_is_well() -> None:
    """The store is well when it can be read."""
    result = await store_answers(MemoryStore())()

    assert Level.PASS == result.level


@dataclass
class Place:
    """A backend whose state the test says."""

    name: str
    found: str = ""
    in_words: str = ""

    async def visit(self, limit_s: float) -> str:
        """What is found there."""
        return self.found


@pytest_twisted.ensureDeferred
async def test_every_backend_is_told_by_name() -> None:
    """Health has a line for each backend: what is wrong with it, or why it is left alone."""
    checks = backends_serve(
        [
            Place("10.0.0.1:80"),
            Place("10.0.0.2:80", found="nobody listens there"),
            Place("10.0.0.3:80", in_words="left alone after failures, for 8 s more"),
        ]
    )

    results = {name: await check() for name, check in checks.items()}

    assert ["app:10.0.0.1:80", "app:10.0.0.2:80", "app:10.0.0.3:80"] == list(results)
    assert ["pass", "warn", "warn"] == [each.level.value for each in results.values()]
    assert "10.0.0.2:80: nobody listens there" == results["app:10.0.0.2:80"].output
    assert "left alone" in results["app:10.0.0.3:80"].output


@pytest_twisted.ensureDeferred
async def test_an_only_backend_is_the_app() -> None:
    """With one backend the check is called `app`, as ever."""
    [(name, check)] = backends_serve([Place("10.0.0.1:80")]).items()

    assert "app" == name
    assert Level.PASS == (await check()).level
