"""Carrying out verbs in memory, and what is there to act upon."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.rules.records import Method, Passkey, Person, Session, hash_token
from gateway.store.memory import MemoryStore

T = TypeVar("T")

NOW = 1_800_000_000.0
"""2027-01-15 08:00 UTC."""


def counting() -> Callable[[int], bytes]:
    """Tokens that differ and are known beforehand."""
    numbers = itertools.count(1)
    return lambda count: next(numbers).to_bytes(count, "big")


def done(work: Awaitable[T]) -> T:
    """What a verb that need not wait returns or raises."""

    async def run() -> T:
        return await work

    results: list[object] = []
    Deferred.fromCoroutine(run()).addBoth(results.append)
    [result] = results
    if isinstance(result, Failure):
        result.raiseException()
    return result  # type: ignore[return-value]  # a Deferred does not tell


def named(store: MemoryStore, name: str) -> Person:
    """The person of that name, who is there."""
    person = done(store.person_named(name))
    assert person is not None
    return person


def passkey_of(person: Person, label: str, *, start: int) -> Passkey:
    """A passkey whose id begins with that byte."""
    return Passkey(
        credential_id=bytes([start]) * 32,
        person_id=person.id,
        public_key=b"\xa0",
        sign_count=0,
        transports=("internal",),
        aaguid="00000000-0000-0000-0000-000000000000",
        is_synced=start == 0x11,
        is_backed_up=False,
        label=label,
        created=NOW - 1000 + start,
        last_used=None,
    )


def give_passkey(store: MemoryStore, person: Person, label: str, *, start: int) -> None:
    """Somebody has registered a passkey."""
    done(store.add_passkey(passkey_of(person, label, start=start)))


def session_of(person: Person, session_id: str, *, created: float = NOW - 60) -> Session:
    """A session from 192.0.2.7, opened a minute ago unless told."""
    return Session(
        id=session_id,
        token_hash=hash_token(session_id.encode()),
        person_id=person.id,
        method=Method.PASSKEY,
        credential_id=None,
        address="192.0.2.7",
        user_agent="Test",
        created=created,
        last_used=created,
        verified=created,
    )


def sign_in(
    store: MemoryStore, person: Person, session_id: str, *, created: float = NOW - 60
) -> Session:
    """Somebody has signed in."""
    session = session_of(person, session_id, created=created)
    done(store.remember_session(session, replacing=None))
    return session
