"""The memory store keeps every promise of the interface."""

from __future__ import annotations

import pytest

from gateway.store.interface import Store
from gateway.store.memory import MemoryStore
from tests.store.contract import (
    EnrolmentContract,
    PasskeyContract,
    PeopleContract,
    RecoveryContract,
    SessionContract,
)


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return MemoryStore()


class TestPeople(PeopleContract):
    """People and secrets in memory."""


class TestEnrolment(EnrolmentContract):
    """Invitations and passkeys in memory."""


class TestPasskeys(PasskeyContract):
    """Further and removed passkeys in memory."""


class TestRecovery(RecoveryContract):
    """Recovery codes and what happened in memory."""


class TestSessions(SessionContract):
    """Sessions in memory."""
