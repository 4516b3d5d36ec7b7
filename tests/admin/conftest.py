"""The verbs over an empty store."""

from __future__ import annotations

import pytest

from gateway.admin.verbs import Verbs
from gateway.rules.public import parse_origin
from gateway.rules.records import Change, Person
from gateway.rules.sessions import SessionLimits
from gateway.store.memory import MemoryStore
from tests.admin.acting import NOW, counting


@pytest.fixture
def store() -> MemoryStore:
    """An empty store."""
    return MemoryStore()


@pytest.fixture
def told() -> list[tuple[str, str, str]]:
    """Who was told what about what, in order."""
    return []


@pytest.fixture
def verbs(store: MemoryStore, told: list[tuple[str, str, str]]) -> Verbs:
    """The verbs over it."""

    async def announce(person: Person, change: Change) -> None:
        assert (change.person_id, change.time) == (person.id, NOW)
        assert (change.address, change.user_agent) == ("", "")
        told.append((person.name, change.event.value, change.subject))

    return Verbs(
        store=store,
        public=parse_origin("https://gw.example.co.jp"),
        wall=lambda: NOW,
        token_bytes=counting(),
        announce=announce,
        limits=SessionLimits(idle_s=3_600, lifetime_s=36_000),
    )
