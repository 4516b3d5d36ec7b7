"""The memory store keeps every promise of the interface."""

from __future__ import annotations

import pytest

from gateway.store.interface import Store
from gateway.store.memory import MemoryStore
from tests.store.contract import EnrolmentContract, PeopleContract, SessionContract


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return MemoryStore()


class TestPeople(PeopleContract):
    """People and secrets in memory."""


class TestEnrolment(EnrolmentContract):
    """Invitations and passkeys in memory."""


class TestSessions(SessionContract):
    """Sessions in memory."""
