"""The writer's thread: one transaction for many, each behind a savepoint of its own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from gateway.errors import NameTakenError, StoreError
from gateway.store.database import connect
from gateway.store.writer import GROUP_LIMIT, Writer
from tests.store.conftest import ROOT, Opener
from tests.store.pump import PATIENCE_S, Pump
from tests.store.samples import ANNA


@pytest.fixture
def connection(tmp_path: Path) -> apsw.Connection:
    """A database with one table of small room, in which commits are counted."""
    (path := tmp_path / "t.sqlite").touch()
    made = connect(path, patience_ms=100)
    made.pragma("journal_mode", "wal")
    made.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    return made


@pytest.fixture
def writer(connection: apsw.Connection, tmp_path: Path, pump: Pump) -> Writer:
    """Writes to it."""
    return Writer(connection, tmp_path / "t.sqlite", from_thread=pump.from_thread)


def put(number: int) -> Callable[[apsw.Connection], int | None]:
    """A change that writes one row."""

    def change(to: apsw.Connection) -> int | None:
        to.execute("INSERT INTO t VALUES (?)", (number,))
        return number

    return change


def rows(path: Path) -> list[int]:
    """What another process sees."""
    other = apsw.Connection(str(path))
    try:
        return [number for (number,) in other.execute("SELECT n FROM t ORDER BY n")]
    finally:
        other.close()


class Gate:
    """Holds the writer's thread, so that what is asked meanwhile queues up."""

    def __init__(self, writer: Writer) -> None:
        self._entered: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._opened: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._held = Deferred.fromCoroutine(writer.write(self._hold))
        self._entered.get(timeout=PATIENCE_S)

    def _hold(self, _to: apsw.Connection) -> None:
        self._entered.put(None)
        self._opened.get(timeout=PATIENCE_S)

    async def open(self) -> None:
        """Let it go: run this last of the crowd."""
        self._opened.put(None)
        await self._held


def test_what_queues_up_shares_a_commit(
    writer: Writer, connection: apsw.Connection, pump: Pump, tmp_path: Path
) -> None:
    """A crowd costs one wait for the disk, not one each."""
    commits: list[int] = []

    def count() -> bool:
        commits.append(1)
        return False

    gate = Gate(writer)
    connection.set_commit_hook(count)

    outcomes = pump.outcomes([*(writer.write(put(n)) for n in range(50)), gate.open()])

    assert [*range(50), None] == outcomes
    assert 2 == len(commits)  # the gate's, and one for the crowd
    assert list(range(50)) == rows(tmp_path / "t.sqlite")
    pump.run(writer.close())


def test_one_refusal_undoes_itself_alone(writer: Writer, pump: Pump, tmp_path: Path) -> None:
    """Whoever is refused in a crowd leaves no trace, and the others are stored."""

    def put_and_refuse(to: apsw.Connection) -> None:
        put(100)(to)
        raise NameTakenError("no")

    def put_and_stumble(to: apsw.Connection) -> None:
        put(101)(to)
        raise TypeError("a mistake of ours")

    gate = Gate(writer)
    changes = [put(1), put_and_refuse, put(1), put_and_stumble, put(2)]
    outcomes = pump.outcomes([*(writer.write(each) for each in changes), gate.open()])

    assert [1, 2, None] == [outcomes[0], *outcomes[4:]]
    assert "NameTakenError" in repr(outcomes[1])
    assert "StoreError" in repr(outcomes[2])
    assert "UNIQUE" in repr(outcomes[2])
    assert "TypeError" in repr(outcomes[3])
    assert [1, 2] == rows(tmp_path / "t.sqlite")
    pump.run(writer.close())


def test_a_failed_commit_fails_everybody(
    writer: Writer, connection: apsw.Connection, pump: Pump, tmp_path: Path
) -> None:
    """Where the disk refuses the commit nobody in it is told that it succeeded."""
    refusals = iter([False, True, False])  # the gate's commit, the crowd's, and one after
    connection.set_commit_hook(lambda: next(refusals))
    gate = Gate(writer)

    with capturedLogs() as logged:
        outcomes = pump.outcomes([*(writer.write(put(n)) for n in range(5)), gate.open()])

    assert 5 == sum("StoreError" in repr(each) for each in outcomes)
    assert [] == rows(tmp_path / "t.sqlite")
    assert 1 == sum("could not keep a change" in str(each["log_format"]) for each in logged)
    assert 7 == pump.run(writer.write(put(7)))
    assert [7] == rows(tmp_path / "t.sqlite")
    pump.run(writer.close())


def test_a_commit_that_stays_open_is_undone(
    writer: Writer, connection: apsw.Connection, pump: Pump, tmp_path: Path
) -> None:
    """A transaction that can neither be committed nor undoes itself does not block the next."""
    connection.execute("CREATE TABLE child (n REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)")

    def orphan(to: apsw.Connection) -> None:
        to.execute("INSERT INTO child VALUES (99)")

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        pump.run(writer.write(orphan))

    assert 1 == pump.run(writer.write(put(1)))
    assert [1] == rows(tmp_path / "t.sqlite")
    pump.run(writer.close())


def test_a_lost_transaction_fails_everybody(writer: Writer, pump: Pump, tmp_path: Path) -> None:
    """Where SQLite gives up the whole transaction, earlier successes in it are not believed."""

    def lose(to: apsw.Connection) -> None:
        to.execute("ROLLBACK")
        raise apsw.FullError("database or disk is full")

    gate = Gate(writer)
    changes = [put(1), lose, put(2)]
    outcomes = pump.outcomes([*(writer.write(each) for each in changes), gate.open()])

    assert 3 == sum("The disk is full" in repr(each) for each in outcomes)
    assert [] == rows(tmp_path / "t.sqlite")
    pump.run(writer.close())


def test_a_locked_database_is_told(writer: Writer, pump: Pump, tmp_path: Path) -> None:
    """Where another program holds the database for too long, the change is refused in words."""
    hog = apsw.Connection(str(tmp_path / "t.sqlite"))
    hog.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="is locked by another program"):
        pump.run(writer.write(put(1)))

    hog.execute("ROLLBACK")
    hog.close()
    assert 1 == pump.run(writer.write(put(1)))
    pump.run(writer.close())


def test_there_is_no_thread_before_the_first_change(writer: Writer, pump: Pump) -> None:
    """Opening a store starts no thread, so that the service may still fork."""
    names = [each.name for each in threading.enumerate()]

    pump.run(writer.close())

    assert names == [each.name for each in threading.enumerate()]


def test_no_crowd_waits_for_another(
    writer: Writer, connection: apsw.Connection, pump: Pump
) -> None:
    """However many queue up, the first are answered after a bounded number."""
    commits: list[int] = []
    gate = Gate(writer)
    connection.set_commit_hook(lambda: bool(commits.append(1)))  # type: ignore[func-returns-value]

    pump.outcomes([*(writer.write(put(n)) for n in range(2 * GROUP_LIMIT)), gate.open()])

    assert 1 + 2 == len(commits)  # the gate's, and two groups
    pump.run(writer.close())


def test_closing_ends_the_thread(writer: Writer, pump: Pump) -> None:
    """After the end no thread of the store is left."""
    thread = pump.run(writer.write(lambda _to: threading.current_thread()))

    pump.run(writer.close())

    assert not thread.is_alive()


@pytest.mark.parametrize("kills", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_a_kill(
    reopen: Opener, pump: Pump, path: Path, kills: int
) -> None:
    """Killed at any moment, the store keeps all that it had acknowledged, and no halves."""
    pump.run((store := reopen()).add_person(ANNA))
    pump.run(store.close())
    acknowledged: set[bytes] = set()
    for round_number in range(kills):
        name = f"round {round_number}"
        command = [sys.executable, "-m", "tests.store.acknowledger", str(path), name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writing:
            assert writing.stdout is not None
            for _ in range(round_number + 2):
                acknowledged.add(writing.stdout.readline().rstrip(b"\n"))
            os.kill(writing.pid, signal.SIGKILL)
            acknowledged.update(writing.stdout.read().splitlines())

        store = reopen()
        held = {each.credential_id for each in pump.run(store.passkeys_of(ANNA.id))}
        opened = {each.id.removeprefix("id of ") for each in pump.run(store.sessions())}
        pump.run(store.close())

        assert len(held) == _used_invitations(path)
        assert acknowledged <= held
        assert {each.decode() for each in acknowledged} <= opened
        assert len(held) <= len(acknowledged) + round_number + 1
    assert len(acknowledged) > 2 * kills


def _used_invitations(path: Path) -> int:
    connection = apsw.Connection(str(path))
    try:
        found = connection.execute("SELECT 1 FROM invitations WHERE used IS NOT NULL")
        return len(found.fetchall())
    finally:
        connection.close()
