"""
The people who are signed in: written into a store as the gateway itself writes them.

The other proxies get the same tokens as a list. So there are people behind the figures: a
session that nobody looks up costs nothing.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure

from gateway.rules.records import Method, Person, PersonId, Session, hash_token
from gateway.rules.tokens import encode
from gateway.store.sealing import Sealer, read_keys, write_new_key
from gateway.store.sqlite import SQLiteStore, open_store

PEOPLE = 1000
IN_FLIGHT = 4096
"""Changes that are handed to the store before the first is waited for."""

PATIENCE_S = 60.0
"""For one commit of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A gateway's data directory, and the session tokens of one browser of each person."""

    data_dir: Path
    tokens: tuple[str, ...]
    """As they stand in a cookie."""


def gather(data_dir: Path, *, people: int = PEOPLE, sessions_each: int = 1) -> Crowd:
    """Make a store with so many people, each signed in with so many browsers."""
    data_dir.mkdir(mode=0o700)
    write_new_key(data_dir / "sealing.key", secrets.token_bytes)
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    sealer = Sealer(read_keys(data_dir / "sealing.key"), secrets.token_bytes)
    store = open_store(data_dir / "gateway.sqlite", sealer, from_thread=calls.put)
    tokens: list[str] = _finish(_sign_in(store, people, sessions_each), calls)
    _finish(store.close(), calls)
    return Crowd(data_dir=data_dir, tokens=tuple(tokens))


def _finish(
    work: Coroutine[Deferred[Any], Any, Any], calls: queue.SimpleQueue[Callable[[], None]]
) -> Any:
    """What the work comes to; meanwhile this thread is the reactor that the store calls."""
    results: list[object] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    while not results:
        calls.get(timeout=PATIENCE_S)()
    (result,) = results
    if isinstance(result, Failure):
        result.raiseException()
    return result


async def _sign_in(store: SQLiteStore, people: int, sessions_each: int) -> list[str]:
    crowd = [_person(number) for number in range(people)]
    await _in_flights(store.add_person(person) for person in crowd)
    tokens = [secrets.token_bytes(32) for _ in crowd]
    await _in_flights(
        store.remember_session(
            _session(person, token if number == 0 else secrets.token_bytes(32)), replacing=None
        )
        for number in range(sessions_each)
        for person, token in zip(crowd, tokens, strict=True)
    )
    return [encode(token) for token in tokens]


async def _in_flights(work: Iterable[Coroutine[Deferred[Any], Any, Any]]) -> None:
    """Many at once, so that they share commits, but not all: a million wait in turn."""
    flight: list[Deferred[Any]] = []
    for each in work:
        flight.append(Deferred.fromCoroutine(each))
        if len(flight) == IN_FLIGHT:
            await gatherResults(flight)
            flight = []
    await gatherResults(flight)


def _person(number: int) -> Person:
    return Person(
        id=PersonId(secrets.token_hex(16)),
        name=f"person{number:05}",
        display_name=f"佐藤 花子 {number}",
        user_handle=secrets.token_bytes(64),
        enabled=True,
        created=time.time(),
    )


def _session(person: Person, token: bytes) -> Session:
    now = time.time()
    return Session(
        id=secrets.token_hex(16),
        token_hash=hash_token(token),
        person_id=person.id,
        method=Method.PASSKEY,
        credential_id=None,
        address="127.0.0.1",
        user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        created=now,
        last_used=now,
    )
