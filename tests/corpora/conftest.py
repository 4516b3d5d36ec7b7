"""One app and one gateway, plain and TLS, for all corpora."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpora.attacker import Attacker
from tests.instruments.raw_app import RawApp
from tests.wire.conftest import door, lasting_app, tls_door
from tests.wire.door import Door

__all__ = ["door", "lasting_app", "tls_door"]


@pytest.fixture(scope="session")
def attacker(door: Door, lasting_app: RawApp) -> Iterator[Attacker]:
    """Somebody with a raw socket, plain."""
    one = Attacker(door, lasting_app)
    yield one
    one.close()


@pytest.fixture(scope="session")
def tls_attacker(tls_door: Door, lasting_app: RawApp) -> Iterator[Attacker]:
    """The same over TLS."""
    one = Attacker(tls_door, lasting_app)
    yield one
    one.close()
