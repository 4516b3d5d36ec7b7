"""A database goes from version to version whole, with a way back, or stays what it was."""

from __future__ import annotations

import random
import stat
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from gateway.errors import StoreError
from gateway.store.migrations import SCHEMA
from tests.store.conftest import Opener
from tests.store.kills import kill_an_upgrade
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, session

REBUILD = """
CREATE TABLE wider (
    id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
    user_handle BLOB NOT NULL UNIQUE, enabled INTEGER NOT NULL, created REAL NOT NULL,
    mail TEXT NOT NULL, language TEXT NOT NULL, groups TEXT NOT NULL, phone TEXT
) STRICT;
INSERT INTO wider SELECT *, NULL FROM people;
DROP TABLE people;
ALTER TABLE wider RENAME TO people;
"""
"""A table that others refer to, made anew, as SQLite asks (lang_altertable.html, 7)."""


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """The schema of a future gateway: ours, and what a test adds."""
    future = tmp_path / "schema"
    future.mkdir()
    for each in SCHEMA.glob("*.sql"):
        (future / each.name).write_bytes(each.read_bytes())
    return future


def _version(path: Path) -> object:
    connection = apsw.Connection(str(path))
    try:
        return connection.pragma("user_version")
    finally:
        connection.close()


def test_an_upgrade_keeps_everything(made: Path, schema: Path, reopen: Opener, pump: Pump) -> None:
    """After an upgrade that rebuilds a table everybody and every session is there."""
    (schema / "0003_phone.sql").write_text(REBUILD)
    (schema / "0004_index.sql").write_text("CREATE INDEX people_by_phone ON people (phone);")

    store = reopen(schema=schema)

    assert [ANNA] == pump.run(store.people())
    assert [session("one")] == pump.run(store.sessions())
    pump.run(store.add_person(KENJI))
    pump.run(store.close())
    assert 4 == _version(made)


def test_references_still_hold_after_an_upgrade(
    made: Path, schema: Path, reopen: Opener, pump: Pump
) -> None:
    """After an upgrade there is still no record of a person who is not there."""
    (schema / "0003_phone.sql").write_text(REBUILD)

    store = reopen(schema=schema)
    of_nobody = "INSERT INTO removed_passkeys VALUES (x'00', 'nobody', 0.0)"

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        pump.run(store._writer.write(lambda connection: connection.execute(of_nobody)))


def test_the_way_back(made: Path, schema: Path, reopen: Opener, pump: Pump) -> None:
    """The copy that was made before an upgrade opens with the older gateway."""
    (schema / "0003_phone.sql").write_text(REBUILD)
    store = reopen(schema=schema)
    pump.run(store.add_person(KENJI))
    pump.run(store.close())
    with pytest.raises(StoreError, match="versions up to 2"):
        reopen()

    made.with_name("gateway.sqlite.before-0003").rename(made)

    assert [ANNA] == pump.run(reopen().people())


def test_the_copy_is_private(made: Path, schema: Path, reopen: Opener) -> None:
    """The copy before an upgrade is its owner's alone, and it is one whole file."""
    (schema / "0003_phone.sql").write_text(REBUILD)

    reopen(schema=schema)

    copies = [each for each in made.parent.iterdir() if "before" in each.name]
    assert ["gateway.sqlite.before-0003"] == [each.name for each in copies]
    assert 0o600 == stat.S_IMODE(copies[0].stat().st_mode)


def test_the_copy_holds_no_secret(made: Path, schema: Path, reopen: Opener, pump: Pump) -> None:
    """The copy is as good as the database: secrets in it are sealed, tokens only hashed."""
    store = reopen()
    pump.run(store.keep_secret("name", b"canary-77aa"))
    hashed = replace(session("canary-77aa"), id="public")
    pump.run(store.remember_session(hashed, replacing=None))
    pump.run(store.close())
    (schema / "0003_phone.sql").write_text(REBUILD)

    reopen(schema=schema)

    stored = made.with_name("gateway.sqlite.before-0003").read_bytes()
    assert b"canary-77aa" not in stored
    assert stored.count(hashed.token_hash) > 0


def test_what_is_only_in_the_log_is_copied_too(
    made: Path, schema: Path, reopen: Opener, pump: Pump
) -> None:
    """Changes that SQLite still has in its log are in the copy."""
    running = reopen()
    pump.run(running.add_person(KENJI))
    (schema / "0003_phone.sql").write_text("CREATE TABLE more (id) ;")

    pump.run(reopen(schema=schema).close())
    pump.run(running.close())

    made.with_name("gateway.sqlite.before-0003").rename(made)
    assert [ANNA, KENJI] == pump.run(reopen().people())


def test_no_upgrade_no_copy(made: Path, reopen: Opener) -> None:
    """An ordinary start makes no copy."""
    reopen()

    assert [] == [each for each in made.parent.iterdir() if "before" in each.name]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        pytest.param("SELECT nonsense;", "no such column", id="mistake"),
        pytest.param("INSERT INTO people SELECT * FROM people;", "UNIQUE", id="constraint"),
        pytest.param("DELETE FROM people;", "would leave sessions broken", id="reference"),
    ],
)
def test_an_upgrade_that_fails_changes_nothing(
    made: Path, schema: Path, reopen: Opener, pump: Pump, statement: str, words: str
) -> None:
    """A faulty step undoes itself whole; the steps before it stay, and the copy too."""
    (schema / "0003_phone.sql").write_text(REBUILD)
    (schema / "0004_faulty.sql").write_text(f"CREATE TABLE half (id); {statement}")

    with pytest.raises(StoreError, match=words):
        reopen(schema=schema)

    assert 3 == _version(made)
    (schema / "0004_faulty.sql").write_text("CREATE TABLE half (id);")
    assert [ANNA] == pump.run(reopen(schema=schema).people())
    assert made.with_name("gateway.sqlite.before-0003").exists()


def test_no_room_for_the_copy_no_upgrade(made: Path, schema: Path, reopen: Opener) -> None:
    """Where the copy cannot be made the database stays at its version."""
    (schema / "0003_phone.sql").write_text(REBUILD)
    made.with_name("gateway.sqlite.before-0003.part").mkdir()

    with pytest.raises(StoreError, match=r"before-0003\.part: Is a directory"):
        reopen(schema=schema)

    assert 2 == _version(made)


def test_a_damaged_copy_no_upgrade(
    made: Path, schema: Path, reopen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that does not pass its check is thrown away, and nothing is upgraded."""
    (schema / "0003_phone.sql").write_text(REBUILD)

    class Meddling(apsw.Connection):
        def close(self, *arguments: object) -> None:
            """Damages the copy once it is written."""
            name = self.db_filename("main")
            super().close()
            if name.endswith(".part"):
                with open(name, "r+b") as file:
                    file.seek(36)  # SQLite file format 1.3.8: number of freelist pages
                    file.write((5).to_bytes(4, "big"))

    monkeypatch.setattr("gateway.store.migrations.apsw.Connection", Meddling)

    with pytest.raises(StoreError, match=r"back-up .* is damaged: nothing was upgraded"):
        reopen(schema=schema)

    monkeypatch.undo()
    assert 2 == _version(made)
    assert [] == [each for each in made.parent.iterdir() if "before" in each.name]


@pytest.mark.parametrize("names", [[], ["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["1.sql"]])
def test_a_gap_in_the_schema(tmp_path: Path, reopen: Opener, path: Path, names: list[str]) -> None:
    """An installation that lacks a step of the schema is refused before it changes anything."""
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in names:
        (broken / name).write_text("CREATE TABLE t (id);")

    with pytest.raises(StoreError, match="is incomplete: install the gateway again"):
        reopen(schema=broken)

    assert not path.exists()


@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_an_upgrade_survives_kills(
    made: Path, schema: Path, reopen: Opener, pump: Pump, kills: int
) -> None:
    """Killed in the middle, an upgrade can always be begun again, and it ends whole."""
    heavy = (
        "CREATE TABLE filler (row INTEGER PRIMARY KEY, text TEXT);"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
        " INSERT INTO filler SELECT i, hex(randomblob(64)) FROM n;"
    )
    (schema / "0003_heavy.sql").write_text(heavy)
    (schema / "0004_phone.sql").write_text(REBUILD)
    chance = random.Random(1)
    before = made.read_bytes()
    for _ in range(kills):
        kill_an_upgrade(made, schema, before, after_s=chance.uniform(0.0, 0.12))

        store = reopen(schema=schema)

        assert [ANNA] == pump.run(store.people())
        assert [session("one")] == pump.run(store.sessions())
        pump.run(store.close())
        assert 4 == _version(made)
