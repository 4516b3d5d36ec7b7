"""What the tests of the store share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import SQLiteStore, open_store
from tests.store.pump import Pump

Opener = Callable[..., SQLiteStore]


@pytest.fixture
def pump() -> Pump:
    """What runs the store's coroutines."""
    return Pump()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "store" / "gateway.sqlite"


@pytest.fixture
def sealer() -> Sealer:
    """Seals with one key."""
    return Sealer([b"k" * KEY_BYTES], os.urandom)


@pytest.fixture
def reopen(path: Path, sealer: Sealer, pump: Pump) -> Iterator[Opener]:
    """Opens the database once more, as another process would; closes all at the end."""
    opened: list[SQLiteStore] = []

    def open_again(**changes: object) -> SQLiteStore:
        arguments = {"path": path, "sealer": sealer, "from_thread": pump.from_thread}
        opened.append(open_store(**(arguments | changes)))  # type: ignore[arg-type]
        return opened[-1]

    yield open_again
    for store in opened:
        pump.run(store.close())
