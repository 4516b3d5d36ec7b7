"""What the running service checks about itself."""

from __future__ import annotations

from typing import cast

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import Factory, Protocol

from gateway.rules.vitals import Level
from gateway.store.memory import MemoryStore
from gateway.watch.checks import app_accepts, store_answers
from tests.instruments.gateway_process import free_port

LOOP = cast(PosixReactorBase, reactor)


@pytest_twisted.ensureDeferred
async def test_a_store_that_answers_is_well() -> None:
    """The store is well when it can be read."""
    result = await store_answers(MemoryStore())()

    assert Level.PASS == result.level


@pytest_twisted.ensureDeferred
async def test_an_app_that_takes_connections_is_well() -> None:
    """The app is well when it takes a connection."""
    port = LOOP.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")

    result = await app_accepts(LOOP, "127.0.0.1", port.getHost().port)()
    await maybeDeferred(port.stopListening)

    assert Level.PASS == result.level


@pytest_twisted.ensureDeferred
async def test_an_app_that_is_down_is_told_and_keeps_nobody_out() -> None:
    """An app that is down is a warning with its address: the gateway itself is ready."""
    port = free_port()

    result = await app_accepts(LOOP, "127.0.0.1", port)()

    assert Level.WARN == result.level
    assert f"127.0.0.1:{port}" in result.output
