"""A database is opened only if it is ours, private, sound, known and ours to read."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from gateway.errors import StoreError
from gateway.store import database
from gateway.store.database import APPLICATION_ID
from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import SQLiteStore
from tests.store.conftest import Opener
from tests.store.contract import ANNA, session, token_hash
from tests.store.pump import Pump

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts a file system")


@pytest.fixture
def made(reopen: Opener, pump: Pump, path: Path) -> Path:
    """A database with a person and a secret in it, closed."""
    store = reopen()
    pump.run(store.add_person(ANNA))
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

    def test_of_two_first_starts_one_makes_it(self, path: Path, reopen: Opener) -> None:
        """Two processes that start at once share one database."""
        program = (
            "import os, queue, sys\n"
            "from pathlib import Path\n"
            "from gateway.store.sealing import Sealer\n"
            "from gateway.store.sqlite import open_store\n"
            "sealer = Sealer([b'k' * 32], os.urandom)\n"
            "sys.stdin.read(1)\n"
            "open_store(Path(sys.argv[1]), sealer, from_thread=queue.SimpleQueue().put)\n"
        )
        starting = [
            subprocess.Popen(
                [sys.executable, "-c", program, path], stdin=subprocess.PIPE, cwd=_ROOT
            )
            for _ in range(4)
        ]
        for each in starting:
            each.communicate(b"x", timeout=30)

        assert [0] * 4 == [each.returncode for each in starting]
        assert [path] == list(path.parent.iterdir())

    def test_one_start_waits_for_another(self, path: Path, sealer: Sealer) -> None:
        """While one process makes or upgrades the database, another waits at the door."""
        path.parent.mkdir(mode=0o700)
        arguments = (path, sealer, SCHEMA)
        with ThreadPoolExecutor(1) as other, alone_in(path.parent):
            opening = other.submit(open_database, *arguments)
            _wait_for_waiter(path.parent)
            assert [] == list(path.parent.iterdir())
            fcntl.flock(_descriptor_of(path.parent), fcntl.LOCK_UN)
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

        words = "has schema version 7, and this gateway knows versions up to 1"
        with untouched(made.parent), pytest.raises(StoreError, match=words):
            reopen()

    def test_a_gone_database_with_its_log_left(self, made: Path, reopen: Opener) -> None:
        """Where only SQLite's log is left, nothing new is made over it."""
        made.rename(made.with_name("gateway.sqlite-wal"))

        with untouched(made.parent), pytest.raises(StoreError, match="is gone but"):
            reopen()


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
        with _mounted("--bind", made.parent, made.parent):
            subprocess.run(["mount", "-o", "remount,bind,ro", made.parent], check=True)

            with untouched(made.parent), pytest.raises(StoreError, match="is not writable"):
                reopen()

    @needs_root
    def test_a_read_only_file(self, made: Path, reopen: Opener) -> None:
        """A database that cannot be written to is refused at the start, in a sentence."""
        with _mounted("--bind", made, made):
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
            for allowed in range(probe, probe + 20):
                resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
                try:
                    pump.run(reopen().close())
                    break
                except StoreError as error:
                    refusals.append(str(error))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        assert 3 <= len(refusals) < 20
        assert [ANNA] == pump.run(reopen().people())

    @needs_root
    def test_another_user(self, made: Path) -> None:
        """A user whose database it is not gets a sentence, and changes nothing."""
        program = (
            "import os, queue, sys\n"
            "from pathlib import Path\n"
            "from gateway.store.sealing import Sealer\n"
            "from gateway.store.sqlite import open_store\n"
            "os.setgroups([]); os.setgid(54321); os.setuid(54321)\n"
            "sealer = Sealer([b'k' * 32], os.urandom)\n"
            "open_store(Path(sys.argv[1]), sealer, from_thread=queue.SimpleQueue().put)\n"
        )
        with untouched(made.parent):
            ran = subprocess.run(
                [sys.executable, "-c", program, made], cwd=_ROOT, capture_output=True, check=False
            )

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
        with _mounted("-t", "tmpfs", "-o", "size=400k,mode=0700", "tmpfs", path.parent):
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
        with _mounted("-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", path.parent):
            with pytest.raises(StoreError, match="The disk is full"):
                reopen()

            assert [] == list(path.parent.iterdir())


_ROOT = Path(__file__).parents[2]


def _fill(store: SQLiteStore, pump: Pump) -> str:
    """Store sessions until one is refused; the words of the refusal."""
    for number in range(10_000):
        try:
            pump.run(store.remember_session(session(f"{number}"), replacing=None))
        except StoreError as error:
            return str(error)
    raise AssertionError("the disk never was full")


@contextmanager
def _mounted(*arguments: str | Path) -> Iterator[None]:
    subprocess.run(["mount", *arguments], check=True)
    try:
        yield
    finally:
        target = arguments[-1] if arguments[0] == "-t" else arguments[2]
        subprocess.run(["umount", "--lazy", target], check=True)
