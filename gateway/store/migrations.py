"""
From one version of the schema to the next: numbered SQL files, `PRAGMA user_version`.

1. `schema/NNNN_what.sql` brings version NNNN - 1 to NNNN, for all NNNN from 1 on.
2. Each file runs in one transaction together with the new number and a check of all
   foreign keys: whenever the machine dies, the database is of one version or the other.
3. Before the first step of an upgrade the database is copied beside itself, as
   `gateway.sqlite.before-0002`. The copy is complete and on the disk before it has that name.

The caller sees to it that one process does this at a time.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import apsw

from gateway.errors import StoreError
from gateway.store.files import written_whole

SCHEMA = Path(__file__).parent / "schema"

_READ_WRITE = apsw.SQLITE_OPEN_READWRITE
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file of the schema."""

    version: int
    sql: str


def read_steps(schema: Path) -> list[Step]:
    """Every step there is, in order; a gap in the numbers is a broken installation."""
    files = sorted(each for each in schema.iterdir() if _FILE_NAME.fullmatch(each.name))
    numbers = [int(each.name[:4]) for each in files]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise StoreError(f"The schema in {schema} is incomplete: install the gateway again.")
    return [
        Step(version=number, sql=file.read_text("utf-8"))
        for number, file in zip(numbers, files, strict=True)
    ]


def version_of(connection: apsw.Connection) -> int:
    """The version of the schema that a database has; 0 when it is new."""
    version = connection.pragma("user_version")
    assert isinstance(version, int)
    return version


def require_known(connection: apsw.Connection, path: Path, steps: Sequence[Step]) -> None:
    """Refuse a database that a newer gateway has upgraded."""
    version, newest = version_of(connection), steps[-1].version
    if version > newest:
        raise StoreError(
            f"{path} has schema version {version}, and this gateway knows versions up to "
            f"{newest}: install the newer gateway again, or restore the back-up that it made "
            f"beside the database before it upgraded. Nothing was changed."
        )


def upgrade(connection: apsw.Connection, path: Path, steps: Sequence[Step]) -> None:
    """Bring an existing database up to date, after a back-up; usually there is nothing to do."""
    version = version_of(connection)
    pending = [each for each in steps if each.version > version]
    if pending:
        back_up(connection, path.with_name(f"{path.name}.before-{pending[0].version:04}"))
        take(connection, pending)


def take(connection: apsw.Connection, steps: Sequence[Step]) -> None:
    """Take the steps, each in one transaction."""
    connection.pragma("foreign_keys", False)  # noqa: FBT003 - tables may be rebuilt
    for step in steps:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _take(connection, step)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    connection.pragma("foreign_keys", True)  # noqa: FBT003 - SQLite's own spelling


def _take(connection: apsw.Connection, step: Step) -> None:
    connection.execute(step.sql)
    connection.pragma("user_version", step.version)
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise StoreError(f"Schema version {step.version} would leave {broken[0]} broken.")


def back_up(connection: apsw.Connection, target: Path) -> None:
    """Copy a database, whole and checked, before the copy gets its name."""
    with written_whole(target) as part:
        with (
            contextlib.closing(apsw.Connection(str(part), flags=_READ_WRITE)) as copy,
            copy.backup("main", connection, "main") as pages,
        ):
            pages.step()
        _require_sound(part)


def _require_sound(copy: Path) -> None:
    """Look without a trace: an immutable database gets no files beside it."""
    look = f"file:{quote(str(copy))}?immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with contextlib.closing(apsw.Connection(look, flags=flags)) as connection:
        if connection.pragma("quick_check") != "ok":
            raise StoreError(f"The back-up {copy} is damaged: nothing was upgraded.")
