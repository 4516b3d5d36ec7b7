"""Files that are private, and that are either whole or not there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import StoreError

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database while it is in use (SQLite: Temporary Files, 2)."""


def require_private_directory(directory: Path) -> None:
    """Make a directory for its owner alone, or see that it is one and can be written to."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if stat.S_IMODE(directory.stat().st_mode) & 0o077:
        raise StoreError(f"{directory} is open to others: run chmod 0700 {directory}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StoreError(f"{directory} is not writable.")


def require_private_file(path: Path) -> None:
    """See that a file is one, is its owner's alone, and can be written to."""
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is not a regular file.")
    if stat.S_IMODE(mode) & 0o077:
        raise StoreError(f"{path} is open to others: run chmod 0600 {path}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise StoreError(f"{path} is not writable.")


@contextlib.contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes of ours out; the lock is the kernel's and dies with its holder."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """
    An empty private file to write to: it gets its name when it is complete and on the disk.

    What an earlier attempt left behind is removed first. One process at a time.
    """
    part = target.with_name(f"{target.name}.part")
    _discard(part)
    _make_empty(part)
    try:
        yield part
        _sync(part)
        part.rename(target)
    except BaseException:
        _discard(part)
        raise
    _sync(target.parent)


def _discard(part: Path) -> None:
    for suffix in ("", *BESIDE):
        part.with_name(part.name + suffix).unlink(missing_ok=True)


def _make_empty(path: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        # An administrator acts for the user whose directory it is.
        if os.geteuid() == 0:  # pragma: no branch - tests run as the one or the other
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
