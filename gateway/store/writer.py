"""
The one thread that changes the database: commits wait for the disk here, not in the reactor.

Group commit: whatever queued up while the last commit ran goes into the next transaction,
each change behind a savepoint of its own, so that one that is refused undoes itself alone.
Nobody is answered before COMMIT has returned; with synchronous=FULL it is then on the disk.
If the transaction fails, all who were in it are told so, and nothing of it happened.

A waiter that is cancelled is forgotten; its change is made all the same.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gateway.errors import StoreError
from gateway.store.faults import in_words

T = TypeVar("T")

GROUP_LIMIT = 256
"""Changes in one transaction: bounds how long the first of them waits for its answer."""


@dataclass(slots=True, kw_only=True)
class _Change:
    make: Callable[[apsw.Connection], Any]
    waiter: Deferred[Any]
    result: Any = None
    error: Exception | None = None

    def answer(self) -> None:
        if self.error is None:
            self.waiter.callback(self.result)
        else:
            self.waiter.errback(self.error)


class Writer:
    """Owns the connection that writes, and the thread that uses it."""

    log = Logger()

    def __init__(
        self,
        connection: apsw.Connection,
        path: Path,
        *,
        from_thread: Callable[[Callable[[], None]], object],
    ) -> None:
        self._connection = connection
        self._path = path
        self._from_thread = from_thread
        self._queue: queue.SimpleQueue[_Change | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closers: list[Deferred[None]] = []
        self._is_closing = False
        self._is_closed = False

    async def write(self, make: Callable[[apsw.Connection], T]) -> T:
        """
        What `make` returns, once its changes are durable.

        It runs on the writer's thread, within a transaction, and must not end that.

        Raises:
            StoreError: the disk failed, or the store is closed. Besides, what `make` raises.
        """
        if self._is_closing:
            raise StoreError(f"{self._path} is closed.")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
            self._thread.start()
        waiter: Deferred[T] = Deferred()
        self._queue.put(_Change(make=make, waiter=waiter))
        return await waiter

    async def close(self) -> None:
        """Return when all that was begun is done, and the thread has ended."""
        is_first, self._is_closing = not self._is_closing, True
        if self._thread is None:
            self._connection.close()
        elif not self._is_closed:
            if is_first:
                self._queue.put(None)
            closer: Deferred[None] = Deferred()
            self._closers.append(closer)
            await closer

    def _run(self) -> None:
        is_open = True
        while is_open:
            changes, is_open = self._wait_for_group()
            if changes:
                self._commit(changes)
                self._from_thread(partial(self._answer, changes))
        with contextlib.suppress(apsw.Error):  # what is in the WAL is as safe there
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._from_thread(self._note_closed)

    def _wait_for_group(self) -> tuple[list[_Change], bool]:
        """All that waits, at least one; False at the end says that it was the last."""
        changes: list[_Change] = []
        next_one = self._queue.get()
        while next_one is not None:
            changes.append(next_one)
            if len(changes) == GROUP_LIMIT or self._queue.empty():
                return changes, True
            next_one = self._queue.get()
        return changes, False

    def _commit(self, changes: list[_Change]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for change in changes:
                self._make(change)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - this thread must go on
            self._give_up(changes, in_words(error, self._path))

    def _make(self, change: _Change) -> None:
        self._connection.execute("SAVEPOINT one_change")
        try:
            change.result = change.make(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # a full or failing disk: SQLite has undone the whole transaction
            change.error = in_words(error, self._path) if isinstance(error, apsw.Error) else error
            self._connection.execute("ROLLBACK TO one_change")
        self._connection.execute("RELEASE one_change")

    def _give_up(self, changes: list[_Change], error: StoreError) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):  # then the next BEGIN fails, and tells why
                self._connection.execute("ROLLBACK")
        for change in changes:
            change.error = error  # also who was refused: perhaps by a change that is undone now

    def _answer(self, changes: list[_Change]) -> None:
        for fault in {str(each.error) for each in changes if type(each.error) is StoreError}:
            self.log.error("the store could not keep a change: {fault}", fault=fault)
        for change in changes:
            change.answer()

    def _note_closed(self) -> None:
        assert self._thread is not None
        self._thread.join()
        self._is_closed = True
        for closer in self._closers:
            closer.callback(None)
