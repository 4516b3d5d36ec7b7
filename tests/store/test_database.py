"""A database is opened only if it is ours, private, sound, known and ours to read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from gateway.errors import StoreError
from gateway.store import database
from gateway.store.database import APPLICATION_ID
from gateway.store.files import alone_in
from gateway.store.migrations import SCHEMA
from gateway.store.sealing import KEY_BYTES, Sealer
from tests.store.conftest import ROOT, Opener, untouched
from tests.store.pump import Pump


class TestMaking:
    """The first start."""

    def test_a_new_database_is_private(self, reopen: Opener, path: Path) -> None:
        """A new database, and what SQLite puts beside it, is its owner's alone."""
        before = os.umask(0)
        try:
            reopen()
        finally:
            os.umask(before)

        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        assert {0o600} == set(modes.values())
        assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)

    def test_it_carries_our_mark(self, made: Path) -> None:
        """A database can be told from other applications' by its header."""
        assert APPLICATION_ID == int.from_bytes(made.read_bytes()[68:72], "big")

    def test_it_waits_for_the_disk(self, reopen: Opener, pump: Pump) -> None:
        """The settings that make an answer durable are on."""
        store = reopen()

        def settings(connection: apsw.Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            return [connection.pragma(name) for name in names]

        assert ["wal", 2, 1, 5000] == pump.run(store._writer.write(settings))

    def test_reading_cannot_write(self, reopen: Opener) -> None:
        """The connection that reads in the reactor refuses every change."""
        store = reopen()

        with pytest.raises(StoreError, match="is not writable"):
            store._rows("DELETE FROM people")

    def test_a_start_that_was_cut_off_is_made_good(self, reopen: Opener, path: Path) -> None:
        """What a killed first start left behind does not stand in the way of the next."""
        path.parent.mkdir(mode=0o700)
        for suffix in (".part", ".part-journal", ".part-wal"):
            path.with_name(path.name + suffix).write_bytes(b"half")

        reopen()

        assert [] == [each.name for each in path.parent.iterdir() if ".part" in each.name]

    def test_of_many_first_starts_one_makes_it(self, path: Path) -> None:
        """Processes that start at once share one database."""
        command = [sys.executable, "-m", "tests.store.opener", str(path), str(SCHEMA), "0"]
        starting = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
        for each in starting:
            each.wait(timeout=30)

        assert [0] * 4 == [each.returncode for each in starting]
        assert [path] == list(path.parent.iterdir())

    def test_one_start_waits_for_another(self, path: Path, sealer: Sealer) -> None:
        """While one process makes or upgrades the database, another waits at the door."""
        path.parent.mkdir(mode=0o700)
        with ThreadPoolExecutor(1) as other:
            with alone_in(path.parent):
                opening = other.submit(database.open_database, path, sealer, SCHEMA)
                while not _is_somebody_waiting_for(path.parent):
                    assert not opening.done()
                assert [] == list(path.parent.iterdir())
            opening.result(timeout=30).close()

        assert path.exists()

    def test_a_missing_parent_is_not_made(self, reopen: Opener, tmp_path: Path) -> None:
        """A mistyped data directory is an error, not a new empty gateway."""
        with pytest.raises(StoreError, match="No such file or directory"):
            reopen(path=tmp_path / "mistyped" / "data" / "gateway.sqlite")

        assert not (tmp_path / "mistyped").exists()

    def test_old_sqlite_is_refused(self) -> None:
        """A version of SQLite that can corrupt databases is refused, with the cure."""
        with pytest.raises(StoreError, match=r"SQLite 3\.51\.2 can corrupt.*pip install"):
            database._require_library("3.51.2")

    @pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "4.0"])
    def test_sound_sqlite_is_accepted(self, version: str) -> None:
        """Versions without that fault are accepted."""
        database._require_library(version)


class TestForeign:
    """Files that are not ours to open."""

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"SQLite format 3\0", id="cut off in its header"),
            pytest.param(b"name,password\n" * 100, id="text"),
            pytest.param(os.urandom(4096), id="noise"),
        ],
    )
    def test_what_is_no_database(self, path: Path, reopen: Opener, content: bytes) -> None:
        """A file that is no database is refused and left as it is."""
        path.parent.mkdir(mode=0o700)
        path.touch(0o600)
        path.write_bytes(content)

        with untouched(path.parent), pytest.raises(StoreError, match="not a database of the"):
            reopen()

    @pytest.mark.parametrize("mark", [0, 252006673])
    def test_another_applications_database(self, path: Path, reopen: Opener, mark: int) -> None:
        """Another application's database is refused and left as it is."""
        path.parent.mkdir(mode=0o700)
        path.touch(0o600)
        theirs = apsw.Connection(str(path))
        theirs.execute("CREATE TABLE people (id)")
        theirs.pragma("application_id", mark)
        theirs.close()

        with untouched(path.parent), pytest.raises(StoreError, match="another application's"):
            reopen()

    def test_a_newer_gateways_database(self, made: Path, reopen: Opener) -> None:
        """A database that a newer gateway upgraded is refused; both versions are named."""
        newer = apsw.Connection(str(made))
        newer.pragma("user_version", 7)
        newer.close()

        words = "has schema version 7, and this gateway knows versions up to 2"
        with untouched(made.parent), pytest.raises(StoreError, match=words):
            reopen()

    def test_a_gone_database_with_its_log_left(self, made: Path, reopen: Opener) -> None:
        """Where only SQLite's log is left, nothing new is made over it."""
        made.rename(made.with_name("gateway.sqlite-wal"))

        with untouched(made.parent), pytest.raises(StoreError, match="is gone but"):
            reopen()


class TestDamage:
    """Databases that are not sound."""

    def test_a_damaged_page(self, made: Path, reopen: Opener) -> None:
        """A damaged database is refused with a hint how to restore, never made anew."""
        content = bytearray(made.read_bytes())
        content[4096 + 100 :] = os.urandom(len(content) - 4096 - 100)
        made.write_bytes(content)

        with untouched(made.parent), pytest.raises(StoreError, match=r"damaged.*back-up"):
            reopen()

    def test_a_row_that_lost_its_index(self, made: Path, reopen: Opener) -> None:
        """Damage that only a check finds is found."""
        connection = apsw.Connection(str(made))
        connection.pragma("writable_schema", True)  # noqa: FBT003 - SQLite's own spelling
        connection.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'secrets'")
        connection.close()

        with pytest.raises(StoreError, match=r"damaged.*back-up"):
            reopen()

    def test_a_cut_database(self, made: Path, reopen: Opener) -> None:
        """A database that was cut off is refused with a hint how to restore."""
        os.truncate(made, 3 * 4096)

        with untouched(made.parent), pytest.raises(StoreError, match=r"damaged.*back-up"):
            reopen()

    def test_a_missing_table(self, made: Path, reopen: Opener) -> None:
        """A database from which something was taken does not open."""
        connection = apsw.Connection(str(made))
        connection.execute("DROP TABLE key_proof")
        connection.close()

        with pytest.raises(StoreError, match="no such table"):
            reopen()


class TestKeys:
    """The key must fit."""

    def test_a_wrong_key(self, made: Path, reopen: Opener) -> None:
        """A database sealed with another key is refused in clear words and left as it is."""
        wrong = Sealer([b"w" * KEY_BYTES], os.urandom)

        with untouched(made.parent), pytest.raises(StoreError, match="key does not fit"):
            reopen(sealer=wrong)

    def test_a_proof_that_is_gone(self, made: Path, reopen: Opener) -> None:
        """Whoever deletes the proof of the key does not get another key accepted."""
        connection = apsw.Connection(str(made))
        connection.execute("DELETE FROM key_proof")
        connection.close()

        with pytest.raises(StoreError, match="key does not fit"):
            reopen()

    def test_a_rotated_key(self, made: Path, reopen: Opener, pump: Pump) -> None:
        """With a new key before the old one all is sealed anew; then the old one may go."""
        old, new = b"k" * KEY_BYTES, b"n" * KEY_BYTES

        pump.run(reopen(sealer=Sealer([new, old], os.urandom)).close())
        again = reopen(sealer=Sealer([new], os.urandom))

        assert b"value" == pump.run(again.secret("name"))

    def test_a_rotation_that_fails_changes_nothing(
        self, made: Path, reopen: Opener, pump: Pump
    ) -> None:
        """A rotation that meets a damaged secret leaves all as it was, with the old key."""
        old, new = b"k" * KEY_BYTES, b"n" * KEY_BYTES
        connection = apsw.Connection(str(made))
        connection.execute("INSERT INTO secrets VALUES ('odd', x'00')")
        connection.close()

        with pytest.raises(StoreError, match="odd is damaged"):
            reopen(sealer=Sealer([new, old], os.urandom))

        assert b"value" == pump.run(reopen(sealer=Sealer([old], os.urandom)).secret("name"))


def _is_somebody_waiting_for(directory: Path) -> bool:
    """Linux tells who waits for a lock: proc(5), /proc/locks, the lines with an arrow."""
    inode = f":{directory.stat().st_ino} "
    locks = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and inode in line for line in locks)
