"""
A process of its own that opens a database: `python -m tests.store.opener PATH SCHEMA USER`.

It says a line before it begins. With a USER id other than 0 it first becomes that user.
"""

from __future__ import annotations

import os
import queue
import sys
from pathlib import Path

from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import SQLiteStore, open_store


def open_as_told() -> SQLiteStore:
    """Open what the command line names."""
    path, schema, user = sys.argv[1:]
    if user != "0":
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    sealer = Sealer([b"k" * KEY_BYTES], os.urandom)
    os.write(1, b"\n")
    handed_over = queue.SimpleQueue[object]().put
    return open_store(Path(path), sealer, from_thread=handed_over, schema=Path(schema))


if __name__ == "__main__":
    open_as_told()
