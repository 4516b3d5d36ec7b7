"""
What the gateway stands on: its directory, the keys, the database.

Each check looks, changes nothing that is there, and gives findings: what is seen, and what
to do. They block, so they run where no reactor does: in `gateway check`, and the quick ones
before every start. What would keep the service from its work is an error.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from gateway.config import Config
from gateway.errors import StoreError
from gateway.rules.vitals import Finding, Gravity
from gateway.store.database import open_database
from gateway.store.faults import in_words
from gateway.store.files import require_private_file
from gateway.store.migrations import SCHEMA, back_up
from gateway.store.sealing import Sealer, read_keys

SPACE_LEAST_BYTES = 64 * 2**20
"""Below it a back-up before an upgrade may not fit any more: an error."""

SPACE_WARNING_BYTES = 1024 * 2**20

_DATA_DIR = "[gateway] data_dir"


def data_dir(config: Config) -> Iterator[Finding]:
    """Whether the data directory is there, private, ours, writable, and has room."""
    directory = config.gateway.data_dir
    try:
        status = directory.stat()
    except OSError as error:
        yield from _no_directory(directory, error)
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _error(_DATA_DIR, f"{directory} is not a directory", "name another one")
    elif stat.S_IMODE(status.st_mode) & 0o077:
        sentence = f"{directory} is open to others"
        yield _error(_DATA_DIR, sentence, f"chmod 0700 {directory}")
    elif not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        sentence = f"{directory} is not writable for this user"
        yield _error(_DATA_DIR, sentence, f"chown it to the service's user: {directory}")
    else:
        yield from _owner(directory, status.st_uid)
        yield from space(directory, shutil.disk_usage(directory).free)


def _no_directory(directory: Path, error: OSError) -> Iterator[Finding]:
    if isinstance(error, FileNotFoundError) and os.access(directory.parent, os.W_OK | os.X_OK):
        sentence = f"{directory} is not there yet; it is made at the first start"
        yield Finding(gravity=Gravity.OK, key=_DATA_DIR, sentence=sentence)
    else:
        step = f"as root: install -d -m 0700 -o SERVICE_USER {directory}"
        yield _error(_DATA_DIR, f"{directory}: {error.strerror}", step)


def _owner(directory: Path, owner: int) -> Iterator[Finding]:
    if owner != os.geteuid():
        sentence = f"{directory} belongs to user {owner}, and you are {os.geteuid()}"
        step = f"run this as the service's user: sudo -u '#{owner}' gateway check …"
        yield _warning(_DATA_DIR, sentence, step)


def space(directory: Path, free_bytes: int) -> Iterator[Finding]:
    """Whether what is free on the disk will do."""
    sentence = f"{directory} has {free_bytes // 2**20} MiB free"
    if free_bytes < SPACE_LEAST_BYTES:
        yield _error(_DATA_DIR, sentence, "free some space on that disk")
    elif free_bytes < SPACE_WARNING_BYTES:
        yield _warning(_DATA_DIR, sentence, "free some space on that disk")
    else:
        yield Finding(gravity=Gravity.OK, key=_DATA_DIR, sentence=sentence)


def keys(config: Config) -> Iterator[Finding]:
    """Whether the sealing key is there and private, where there is a database to open."""
    if not config.key_path.exists() and not config.store_path.exists():
        sentence = f"{config.key_path} is not there yet; it is made at the first start"
        yield Finding(gravity=Gravity.OK, key=_DATA_DIR, sentence=sentence)
        return
    try:
        read_keys(config.key_path)
    except StoreError as error:
        yield _error(_DATA_DIR, str(error), "put the file back from its back-up, mode 0600")
    else:
        yield Finding(gravity=Gravity.OK, key=_DATA_DIR, sentence=f"{config.key_path} is good")


def store(config: Config, *, token_bytes: Callable[[int], bytes]) -> Iterator[Finding]:
    """
    Whether the database would open: tried on a copy, schema upgrade and all.

    The copy lies in a private directory beside it and is removed again.
    """
    if not config.store_path.exists() or not config.key_path.exists():
        return
    try:
        with tempfile.TemporaryDirectory(prefix="check-", dir=config.gateway.data_dir) as place:
            _try_to_open(config, Path(place) / config.store_path.name, token_bytes)
    except StoreError as error:
        yield _error(_DATA_DIR, str(error), "the file was left as it is")
    except OSError as error:
        sentence = f"{config.store_path}: {error.strerror}"
        yield _error(_DATA_DIR, sentence, "see the other lines about data_dir")
    else:
        yield Finding(gravity=Gravity.OK, key=_DATA_DIR, sentence=f"{config.store_path} opens")


def _try_to_open(config: Config, copy: Path, token_bytes: Callable[[int], bytes]) -> None:
    _copy(config.store_path, copy)
    try:
        open_database(copy, Sealer(read_keys(config.key_path), token_bytes), SCHEMA).close()
    except StoreError as error:
        raise StoreError(str(error).replace(str(copy), str(config.store_path))) from None


def _copy(original: Path, copy: Path) -> None:
    """As it is at one moment, also while the service writes to it."""
    require_private_file(original)
    if original.stat().st_size == 0:
        raise StoreError(f"{original} is not a database of the gateway; it was left as it is.")
    try:
        flags = apsw.SQLITE_OPEN_READONLY
        with contextlib.closing(apsw.Connection(str(original), flags=flags)) as connection:
            back_up(connection, copy)
    except apsw.Error as error:
        raise in_words(error, original) from None


def _warning(key: str, sentence: str, next_step: str) -> Finding:
    return Finding(gravity=Gravity.WARNING, key=key, sentence=sentence, next_step=next_step)


def _error(key: str, sentence: str, next_step: str) -> Finding:
    return Finding(gravity=Gravity.ERROR, key=key, sentence=sentence, next_step=next_step)
