"""What the tests of the store share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import SQLiteStore, open_store
from tests.store.bench import Bench
from tests.store.pump import Pump
from tests.store.samples import ANNA, session

ROOT = Path(__file__).parents[2]
"""Where processes that tests start find our modules."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts, other users")

Opener = Callable[..., SQLiteStore]


@pytest.fixture
def pump() -> Pump:
    """What runs the store's coroutines."""
    return Pump()


@pytest.fixture
def bench() -> Bench:
    """A fresh gateway with two people in its store."""
    return Bench()


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


@pytest.fixture
def made(reopen: Opener, pump: Pump, path: Path) -> Path:
    """A database with a person who is signed in, and a secret; closed."""
    store = reopen()
    pump.run(store.add_person(ANNA))
    pump.run(store.remember_session(session("one"), replacing=None))
    pump.run(store.keep_secret("name", b"value"))
    pump.run(store.close())
    return path


@contextmanager
def untouched(directory: Path) -> Iterator[None]:
    """Whatever is tried meanwhile, the files stay as they are."""
    before = {each.name: each.read_bytes() for each in directory.iterdir() if each.is_file()}
    yield
    after = {each.name: each.read_bytes() for each in directory.iterdir() if each.is_file()}
    assert before == after


@contextmanager
def mounted(*options: str, at: Path) -> Iterator[None]:
    """Something is mounted there meanwhile."""
    subprocess.run(["mount", *options, at], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)
