"""What SQLite complains of, in words that help an administrator."""

from __future__ import annotations

from pathlib import Path

import apsw

from gateway.errors import StoreError

RESTORE_HINT = (
    "Stop the gateway, keep that file and those beside it for a closer look, and put the "
    "newest back-up in its place. Nothing was made anew."
)

_WORDS: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.FullError, "The disk is full: {path} was not changed. Free some space."),
    (apsw.BusyError, "{path} is locked by another program; nothing was changed."),
    (apsw.ReadOnlyError, "{path} is not writable."),
    (apsw.CantOpenError, "{path} cannot be opened: look at its directory and their owner."),
    (apsw.IOError, "The disk fails under {path}; nothing was changed."),
    (apsw.NotADBError, "{path} is not a database."),
    (apsw.CorruptError, "{path} is damaged. " + RESTORE_HINT),
    (apsw.ConnectionClosedError, "{path} is closed."),
)


def in_words(error: Exception, path: Path) -> StoreError:
    """The error of ours that tells what SQLite told; its own text follows in brackets."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return StoreError(f"{words.format(path=path)} [{error}]")
    return StoreError(f"{path} refused a change; nothing was changed. [{error}]")
