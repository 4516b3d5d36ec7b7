"""Where a database must not be, and disks that are full."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from gateway.errors import StoreError
from gateway.store import database
from gateway.store.migrations import SCHEMA
from gateway.store.sqlite import SQLiteStore
from tests.store.conftest import ROOT, Opener, mounted, needs_root, untouched
from tests.store.pump import Pump
from tests.store.samples import ANNA, session, token_hash


class TestPlace:
    """Where a database must not be."""

    @pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
    def test_an_open_directory(self, path: Path, reopen: Opener, mode: int) -> None:
        """A directory that others may look into is refused, with the command that mends it."""
        path.parent.mkdir()
        path.parent.chmod(mode)

        with pytest.raises(StoreError, match="store is open to others: run chmod 0700"):
            reopen()

        assert not path.exists()

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_an_open_file(self, made: Path, reopen: Opener, mode: int) -> None:
        """A database that others may read is refused, with the command that mends it."""
        made.chmod(mode)

        with untouched(made.parent), pytest.raises(StoreError, match="run chmod 0600"):
            reopen()

    def test_a_link(self, made: Path, reopen: Opener) -> None:
        """A symbolic link in the database's place is not followed."""
        there = made.rename(made.with_name("elsewhere"))
        made.symlink_to(there)

        with untouched(made.parent), pytest.raises(StoreError, match="not a regular file"):
            reopen()

    @pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
    def test_no_file_at_all(
        self, path: Path, reopen: Opener, make: Callable[[Path], None]
    ) -> None:
        """A directory or a pipe in the database's place is refused and hangs nothing."""
        path.parent.mkdir(mode=0o700)
        make(path)

        with pytest.raises(StoreError, match="is not a regular file"):
            reopen()

    def test_a_file_in_the_directorys_place(self, path: Path, reopen: Opener) -> None:
        """Where the data directory is a file, a sentence says so."""
        path.parent.touch()

        with pytest.raises(StoreError, match="store: File exists"):
            reopen()

    @needs_root
    def test_a_read_only_directory(self, made: Path, reopen: Opener) -> None:
        """On a disk that cannot be written to, a sentence says so."""
        with mounted("--bind", str(made.parent), at=made.parent):
            subprocess.run(["mount", "-o", "remount,bind,ro", made.parent], check=True)

            with untouched(made.parent), pytest.raises(StoreError, match="is not writable"):
                reopen()

    @needs_root
    def test_a_read_only_file(self, made: Path, reopen: Opener) -> None:
        """A database that cannot be written to is refused at the start, in a sentence."""
        with mounted("--bind", str(made), at=made):
            subprocess.run(["mount", "-o", "remount,bind,ro", made], check=True)

            with untouched(made.parent), pytest.raises(StoreError, match="is not writable"):
                reopen()

    def test_a_connection_that_cannot_write(self, made: Path) -> None:
        """Where SQLite itself falls back to reading alone, that is told at the start."""
        reading = apsw.Connection(str(made), flags=apsw.SQLITE_OPEN_READONLY)

        with pytest.raises(StoreError, match="is not writable"):
            database._require_wal(reading, made)

        reading.close()

    def test_a_place_without_a_log(self, path: Path) -> None:
        """Where SQLite cannot keep a write-ahead log, a sentence says what to do."""
        in_memory = apsw.Connection(":memory:")

        with pytest.raises(StoreError, match="must be on a local disk"):
            database._require_wal(in_memory, path)

        in_memory.close()

    def test_too_few_descriptors(self, made: Path, reopen: Opener, pump: Pump) -> None:
        """Where the system allows too few open files, a sentence says so, whichever is missing."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        probe = os.open(made.parent, os.O_RDONLY)
        os.close(probe)
        refusals: list[str] = []
        try:
            for allowed in range(probe, probe + 1000):  # others may have taken the next ones
                resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
                try:
                    pump.run(reopen().close())
                    break
                except StoreError as error:
                    refusals.append(str(error))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        assert 3 <= len(refusals) < 1000
        assert [ANNA] == pump.run(reopen().people())

    @needs_root
    def test_another_user(self, made: Path) -> None:
        """A user whose database it is not gets a sentence, and changes nothing."""
        with untouched(made.parent):
            command = [sys.executable, "-m", "tests.store.opener", str(made), str(SCHEMA), "54321"]
            ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)

        assert ran.returncode == 1
        assert b"gateway.errors.StoreError: " in ran.stderr
        assert b"ermission denied" in ran.stderr

    @needs_root
    def test_root_acts_for_the_owner(self, path: Path, reopen: Opener) -> None:
        """A database that root makes belongs to whom its directory belongs."""
        path.parent.mkdir(mode=0o700)
        os.chown(path.parent, 54321, 54321)

        reopen()

        assert {54321} == {each.stat().st_uid for each in path.parent.iterdir()}


class TestDisk:
    """Disks that are full."""

    def test_a_full_database(self, reopen: Opener, pump: Pump) -> None:
        """What does not fit is refused; what was there is there, and reading goes on."""
        store = reopen()
        pump.run(store.add_person(ANNA))
        pages = pump.run(store._writer.write(lambda to: to.pragma("page_count")))
        pump.run(store._writer.write(lambda to: to.pragma("max_page_count", pages)))

        refused = _fill(store, pump)

        assert "The disk is full" in refused
        assert [ANNA] == pump.run(store.people())
        pump.run(store._writer.write(lambda to: to.pragma("max_page_count", 10_000)))
        pump.run(store.remember_session(session("late"), replacing=None))
        assert token_hash("late") in [each.token_hash for each in pump.run(store.sessions())]

    @needs_root
    def test_a_full_disk(self, reopen: Opener, pump: Pump, path: Path) -> None:
        """On a full disk nothing is said to be stored that is not; space heals it."""
        path.parent.mkdir(mode=0o700)
        with mounted("-t", "tmpfs", "-o", "size=400k,mode=0700", "tmpfs", at=path.parent):
            store = reopen()
            pump.run(store.add_person(ANNA))
            (ballast := path.with_name("ballast")).write_bytes(b"x" * 65536)

            refused = _fill(store, pump)

            kept = [each.id for each in pump.run(store.sessions())]
            assert "The disk is full" in refused
            ballast.unlink()
            pump.run(store.remember_session(session("late"), replacing=None))
            pump.run(store.close())
            again = reopen()
            assert [*kept, "id of late"] == [each.id for each in pump.run(again.sessions())]
            pump.run(again.close())

    @needs_root
    def test_a_disk_too_small_to_begin(self, reopen: Opener, path: Path) -> None:
        """A first start without space says so and leaves nothing behind."""
        path.parent.mkdir(mode=0o700)
        with mounted("-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", at=path.parent):
            with pytest.raises(StoreError, match="The disk is full"):
                reopen()

            assert [] == list(path.parent.iterdir())


def _fill(store: SQLiteStore, pump: Pump) -> str:
    """Store sessions until one is refused; the words of the refusal."""
    for number in range(10_000):
        try:
            pump.run(store.remember_session(session(f"{number}"), replacing=None))
        except StoreError as error:
            return str(error)
    raise AssertionError("the disk never was full")
