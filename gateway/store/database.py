"""
The database file: ours, private, sound and of a known version, or it is left alone.

`open_database` makes a new one under another name and renames it when it is whole, so a
database is there or not there. Whatever is wrong with one that is there (another
application's, a newer gateway's, damaged, sealed with another key) is told in a sentence,
and nothing is changed. An exclusive lock on the directory lets one process in at a time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import apsw

from gateway.errors import StoreError
from gateway.store.faults import RESTORE_HINT, in_words
from gateway.store.files import (
    BESIDE,
    alone_in,
    require_private_directory,
    require_private_file,
    written_whole,
)
from gateway.store.migrations import Step, read_steps, require_known, take, upgrade
from gateway.store.rows import Row
from gateway.store.sealing import Sealer

APPLICATION_ID = 0x50476174
"""`PGat`: the mark of our databases (SQLite file format 1.3.14)."""

OLDEST_SQLITE = (3, 51, 3)
"""3.7.0 to 3.51.2 can corrupt a WAL database that has two connections (WAL-reset bug)."""

WRITER_PATIENCE_MS = 5000
"""How long a change waits for another process; it waits on the writer's thread."""

READER_PATIENCE_MS = 50
"""In WAL mode a reader hardly ever waits; it does so in the reactor, so not for long."""

_HEADER_BYTES = 100
_PROOF = b"The key fits."
_PROOF_PLACE = "key_proof/sealed/1"


def open_database(path: Path, sealer: Sealer, schema: Path) -> apsw.Connection:
    """
    The database at that path, checked and up to date; a new one when there is none.

    Raises:
        StoreError: its text says what is wrong and what to do.
    """
    _require_library(apsw.sqlite_lib_version())
    try:
        require_private_directory(path.parent)
        steps = read_steps(schema)
        with alone_in(path.parent):
            if not os.path.lexists(path):
                _create(path, sealer, steps)
            require_private_file(path)
            _require_our_mark(path)
            return _open(path, sealer, steps)
    except apsw.Error as error:
        raise in_words(error, path) from error
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror}.") from error


def connect(path: Path, *, patience_ms: int) -> apsw.Connection:
    """One connection with the settings that all of ours have."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(patience_ms)
    connection.pragma("foreign_keys", True)  # noqa: FBT003 - SQLite's own spelling
    connection.pragma("synchronous", "FULL")
    return connection


def _require_library(version: str) -> None:
    if tuple(int(part) for part in version.split(".")) < OLDEST_SQLITE:
        raise StoreError(
            f"SQLite {version} can corrupt databases: install apsw 3.51.3 or newer "
            "(pip install --upgrade apsw)."
        )


def _create(path: Path, sealer: Sealer, steps: Sequence[Step]) -> None:
    for left in (path.with_name(path.name + suffix) for suffix in BESIDE):
        if left.exists():  # SQLite would take its content into the new database
            raise StoreError(f"{path} is gone but {left} is there. {RESTORE_HINT}")
    with (
        written_whole(path) as part,
        contextlib.closing(connect(part, patience_ms=0)) as connection,
    ):
        connection.pragma("application_id", APPLICATION_ID)
        take(connection, steps)
        _write_proof(connection, sealer)
        connection.pragma("journal_mode", "wal")


def _require_our_mark(path: Path) -> None:
    """
    Tell other applications' files by the header alone, before SQLite touches them.

    Read through SQLite's own file layer: closing a plain descriptor of the file would
    drop the locks of every connection of this process (howtocorrupt.html, 2.2).
    """
    file = apsw.VFSFile(
        "unix", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
    )
    try:
        is_whole = file.xFileSize() >= _HEADER_BYTES
        header = file.xRead(_HEADER_BYTES, 0) if is_whole else b""
    finally:
        file.xClose()
    if not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path} is not a database of the gateway; it was left as it is.")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StoreError(f"{path} is another application's database; it was left as it is.")


def _open(path: Path, sealer: Sealer, steps: Sequence[Step]) -> apsw.Connection:
    connection = connect(path, patience_ms=WRITER_PATIENCE_MS)
    try:
        require_known(connection, path, steps)
        _require_sound(connection, path)
        is_rotated = _require_key(connection, path, sealer)
        _require_wal(connection, path)
        upgrade(connection, path, steps)
        if is_rotated:
            _seal_anew(connection, sealer)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_wal(connection: apsw.Connection, path: Path) -> None:
    if connection.readonly("main"):
        raise StoreError(f"{path} is not writable.")
    if connection.pragma("journal_mode", "wal") != "wal":
        raise StoreError(f"{path} must be on a local disk: WAL needs memory shared by locks.")


def _require_sound(connection: apsw.Connection, path: Path) -> None:
    [[found]] = connection.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise StoreError(f"{path} is damaged. {RESTORE_HINT} [{found}]")


def secret_place(name: str) -> str:
    """Where the secret of that name is kept: it opens there only."""
    return f"secrets/sealed/{name}"


def _write_proof(connection: apsw.Connection, sealer: Sealer) -> None:
    sealed = sealer.seal(_PROOF, place=_PROOF_PLACE)
    connection.execute("INSERT OR REPLACE INTO key_proof (only, sealed) VALUES (1, ?)", (sealed,))


def _require_key(connection: apsw.Connection, path: Path, sealer: Sealer) -> bool:
    """Refuse keys that do not fit; whether the newest of them has yet to be taken up."""
    row = connection.execute("SELECT sealed FROM key_proof").fetchone()
    sealed = bytes(row[0]) if row is not None else b""
    try:
        sealer.open(sealed, place=_PROOF_PLACE)
    except StoreError as error:
        raise StoreError(
            f"The sealing key does not fit {path}: put the key file back that belongs to it. "
            f"Nothing was changed. [{error}]"
        ) from error
    return not sealer.is_newest(sealed)


def _seal_anew(connection: apsw.Connection, sealer: Sealer) -> None:
    """After a rotation: all with the newest key, in one transaction."""
    with connection:
        rows: list[Row] = connection.execute("SELECT name, sealed FROM secrets").fetchall()
        for name, sealed in rows:
            place = secret_place(name)
            anew = sealer.seal(sealer.open(sealed, place=place), place=place)
            connection.execute("UPDATE secrets SET sealed = ? WHERE name = ?", (anew, name))
        _write_proof(connection, sealer)
