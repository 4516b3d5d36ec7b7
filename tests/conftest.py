"""What all tests share: a certificate authority of the run, and where pictures are kept."""

from __future__ import annotations

import sys
from pathlib import Path

import hypothesis
import pytest

from tests.instruments.certificates import Authority

ARTIFACTS = Path(__file__).parent / "artifacts"

# A machine under load is slow; that says nothing about a rule.
hypothesis.settings.register_profile(
    "gateway",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("gateway")


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The root that signs the servers of this run."""
    return Authority()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where tests keep pictures and logs for people to look at; not under version control."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.hookimpl(trylast=True)  # pytest-twisted stops the reactor first
def pytest_unconfigure() -> None:
    """
    End the reactor's threads, which nobody else does: pytest-twisted never shuts it down.

    Python waits for them at exit, and whoever reads our output through a pipe would wait too.
    """
    reactor = sys.modules.get("twisted.internet.reactor")
    pool = getattr(reactor, "threadpool", None)
    if pool is not None:
        pool.stop()
