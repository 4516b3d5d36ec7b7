"""The store under the real reactor, as the service uses it."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gateway.store.sealing import Sealer
from gateway.store.sqlite import open_store
from tests.store.samples import ANNA

TURNS = 50


@pytest_twisted.ensureDeferred
async def test_the_reactor_goes_on_while_the_disk_is_slow(path: Path, sealer: Sealer) -> None:
    """While a change waits for a locked database the service goes on answering."""
    store = open_store(path, sealer, from_thread=reactor.callFromThread)  # type: ignore[attr-defined]
    hog = apsw.Connection(str(path))
    hog.execute("BEGIN IMMEDIATE")
    waiting = Deferred.fromCoroutine(store.add_person(ANNA))

    for _ in range(TURNS):
        await deferLater(reactor, 0.001, lambda: None)
        assert [] == await store.people()
    assert not waiting.called

    hog.execute("ROLLBACK")
    hog.close()
    await waiting
    assert [ANNA] == await store.people()
    await store.close()
