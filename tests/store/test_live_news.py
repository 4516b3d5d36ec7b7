"""What another process changes of people, and what is under way while it is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from twisted.internet.defer import Deferred

from gateway.errors import StoreError
from gateway.rules.records import Person, PersonId
from gateway.store.interface import PEOPLE_PER_PAGE
from gateway.store.live import LiveSessions
from gateway.store.sqlite import SQLiteStore
from tests.store.bench import LIMITS, TODAY
from tests.store.conftest import Opener
from tests.store.pump import Pump
from tests.store.samples import ANNA, MIO, session, token_hash


@pytest.fixture
def store(reopen: Opener, pump: Pump) -> SQLiteStore:
    """The running gateway's store."""
    store = reopen()
    pump.run(store.add_person(ANNA))
    pump.run(store.add_person(MIO))
    return store


@pytest.fixture
def other(reopen: Opener) -> SQLiteStore:
    """The same database, as the command line opens it."""
    return reopen()


@pytest.fixture
def live(store: SQLiteStore, pump: Pump) -> LiveSessions:
    """The running gateway's sessions: Anna's and Mio's."""
    live = LiveSessions(store, clock=pump.clock, wall=lambda: TODAY, limits=LIMITS)
    for person in (ANNA, MIO):
        fresh = session(person.name, created=TODAY, person=person)
        pump.run(live.open(fresh, person, replacing=None))
    pump.run(live.look_elsewhere())
    return live


@contextmanager
def held_up(path: Path, store: SQLiteStore, pump: Pump) -> Iterator[None]:
    """What is asked of the store meanwhile is committed together, and answered after that."""
    hog = apsw.Connection(str(path))
    hog.execute("BEGIN IMMEDIATE")
    first = Deferred.fromCoroutine(store.note_session_uses({}))
    yield
    hog.execute("ROLLBACK")
    hog.close()
    while not first.called:
        pump.turn()


def test_a_changed_person_is_seen(live: LiveSessions, other: SQLiteStore, pump: Pump) -> None:
    """Who is put into a group by the command line is in it at the next look."""
    changed = pump.run(other.change_person(ANNA.id, groups=("it",), display_name="安奈"))
    anna, mio = live.find(b"anna"), live.find(b"mio")

    assert 0 == pump.run(live.look_elsewhere())

    assert anna is not None
    assert mio is not None
    assert (changed, MIO) == (anna.person, mio.person)


def test_a_disabled_person_is_out(live: LiveSessions, other: SQLiteStore, pump: Pump) -> None:
    """Who is disabled by the command line is out at the next look."""
    held = live.find(b"anna")
    pump.run(other.change_person(ANNA.id, enabled=False))

    assert 1 == pump.run(live.look_elsewhere())

    assert held is not None
    assert held.ended
    assert live.find(b"anna") is None
    assert live.find(b"mio") is not None


def test_a_session_of_somebody_disabled_ends_in_any_case(
    live: LiveSessions, path: Path, pump: Pump
) -> None:
    """Who is disabled by hand, with the sessions left where they are, is out all the same."""
    meddler = apsw.Connection(str(path))
    meddler.execute("UPDATE people SET enabled = 0 WHERE name = 'anna'")
    meddler.close()

    pump.run(live.look_elsewhere())
    assert live.find(b"anna") is None
    pump.run(live.flush())

    assert ["id of mio"] == [each.id for each in pump.run(live._store.sessions())]


def test_very_many_people_are_read_page_by_page(
    live: LiveSessions, other: SQLiteStore, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among very many people the reactor turns between two pages."""
    pump.outcomes(
        other.add_person(
            replace(ANNA, id=PersonId(f"{n:032}"), name=f"{n}", user_handle=b"%d" % n)
        )
        for n in range(2 * PEOPLE_PER_PAGE)
    )
    changed = pump.run(other.change_person(MIO.id, groups=("it",)))
    later = pump.clock.callLater
    turns: list[float] = []

    def count(delay: float, *call: object) -> object:
        turns.append(delay)
        return later(delay, *call)  # type: ignore[arg-type]  # as it was said

    monkeypatch.setattr(pump.clock, "callLater", count)
    pump.run(live.look_elsewhere())

    mio = live.find(b"mio")
    assert mio is not None
    assert changed == mio.person
    assert [0.0, 0.0] == turns


def test_people_that_could_not_be_read_are_read_again(
    live: LiveSessions,
    store: SQLiteStore,
    other: SQLiteStore,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look that failed half-way is made up for by the next one."""
    changed = pump.run(other.change_person(ANNA.id, groups=("it",)))

    async def fail(person_id: PersonId) -> list[Person]:
        raise StoreError("The disk fails.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "people_after", fail)
        with pytest.raises(StoreError):
            pump.run(live.look_elsewhere())
    pump.run(live.look_elsewhere())

    anna = live.find(b"anna")
    assert anna is not None
    assert changed == anna.person


def test_a_renewal_under_way_is_no_end(
    live: LiveSessions, store: SQLiteStore, other: SQLiteStore, path: Path, pump: Pump
) -> None:
    """A session that has another token in the store already, and not yet here, stays."""
    held = live.find(b"anna")
    assert held is not None
    pump.run(other.change_person(MIO.id, mail="mio@example.co.jp"))
    record = replace(session("anna", created=TODAY), token_hash=token_hash("new"))
    with held_up(path, store, pump):
        looking = Deferred.fromCoroutine(live.look_elsewhere())
        renewing = Deferred.fromCoroutine(live.renew(held, record))

    while not (looking.called and renewing.called):
        pump.turn()

    assert held is live.find(b"new")
    assert not held.ended


def test_what_a_look_has_missed_is_looked_for_again(
    live: LiveSessions, store: SQLiteStore, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that was deleted elsewhere before it was in the table does not live on."""
    remember = store.remember_session

    async def remember_and_lose(*said: object, **more: object) -> None:
        await remember(*said, **more)  # type: ignore[arg-type]  # as it was said
        await store.end_session(token_hash("three"))
        live._change_seen = None
        await live.look_elsewhere()

    monkeypatch.setattr(store, "remember_session", remember_and_lose)
    pump.run(live.open(session("three", created=TODAY), ANNA, replacing=None))

    assert 1 == pump.run(live.look_elsewhere())
    assert live.find(b"three") is None


def test_what_is_stored_and_cannot_be_let_in_is_deleted(
    live: LiveSessions, store: SQLiteStore, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in that fails after it was stored leaves nothing behind."""

    async def fail(person_id: PersonId) -> Person | None:
        raise StoreError("The disk fails.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "person", fail)
        with pytest.raises(StoreError):
            pump.run(live.open(session("three", created=TODAY), ANNA, replacing=None))
    pump.run(live.flush())

    assert live.find(b"three") is None
    assert ["id of anna", "id of mio"] == sorted(each.id for each in pump.run(store.sessions()))


def test_late_news_do_not_revive_somebody_disabled(store: SQLiteStore, pump: Pump) -> None:
    """A session that looked idle when its person was disabled is not revived by a late use."""
    live = LiveSessions(store, clock=pump.clock, wall=lambda: TODAY, limits=LIMITS, late_s=2.0)
    pump.run(live.open(session("anna", created=TODAY), ANNA, replacing=None))
    pump.clock.advance(LIMITS.idle_s + 1)
    changed = pump.run(store.change_person(ANNA.id, enabled=False))
    assert changed is not None
    pump.run(live.change_person(changed))

    live.note_uses([(token_hash("anna"), pump.clock.seconds() - 1.5)])

    assert live.find(b"anna") is None
    assert 0 == len(live)
