"""Sessions that another process ends in the store end in the running gateway, too."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from gateway.rules.records import TokenHash
from gateway.store.interface import TOKENS_PER_PAGE
from gateway.store.live import LiveSessions
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SQLiteStore
from tests.store.bench import LIMITS, TODAY
from tests.store.conftest import Opener
from tests.store.pump import Pump
from tests.store.samples import ANNA, session, token_hash


@pytest.fixture
def store(reopen: Opener, pump: Pump) -> SQLiteStore:
    """The running gateway's store."""
    store = reopen()
    pump.run(store.add_person(ANNA))
    return store


@pytest.fixture
def live(store: SQLiteStore, pump: Pump) -> LiveSessions:
    """The running gateway's sessions."""
    live = LiveSessions(store, clock=pump.clock, wall=lambda: TODAY, limits=LIMITS)
    for token in ("one", "two"):
        fresh = session(token, created=TODAY)
        pump.run(live.open(fresh, ANNA, replacing=None))
    pump.run(live.look_elsewhere())
    return live


def test_what_another_process_ended_is_dead(
    live: LiveSessions, reopen: Opener, pump: Pump
) -> None:
    """A session that the command line ends is refused at the next look, and connections see it."""
    ended = live.find(b"one")
    pump.run(reopen().end_session(token_hash("one")))

    count = pump.run(live.look_elsewhere())

    assert 1 == count
    assert live.find(b"one") is None
    assert ended is not None
    assert ended.ended
    assert live.find(b"two") is not None


def test_our_own_changes_are_no_news(live: LiveSessions, store: SQLiteStore, pump: Pump) -> None:
    """What this process writes does not make it read all sessions again."""
    before = pump.run(store.foreign_change())

    pump.run(live.end(token_hash("one")))
    live.find(b"two")
    pump.run(live.flush())

    assert before == pump.run(store.foreign_change())


def test_a_foreign_change_between_our_own_is_seen(
    live: LiveSessions, reopen: Opener, store: SQLiteStore, pump: Pump
) -> None:
    """However busy this process writes, another's change does not slip through."""
    other = reopen()
    before = pump.run(store.foreign_change())

    pump.run(live.flush())
    pump.run(other.end_session(token_hash("one")))
    live.find(b"two")
    pump.run(live.flush())

    assert before != pump.run(store.foreign_change())
    assert 1 == pump.run(live.look_elsewhere())


def test_other_changes_end_nothing(live: LiveSessions, reopen: Opener, pump: Pump) -> None:
    """Adding a person on the command line signs nobody out."""
    other = reopen()
    pump.run(other.note_session_uses({token_hash("one"): TODAY + 1}))

    assert 0 == pump.run(live.look_elsewhere())
    assert 2 == len(live)


def test_one_that_opens_meanwhile_stays(
    live: LiveSessions,
    reopen: Opener,
    store: SQLiteStore,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever signs in while the store is being read is not taken for ended."""
    pump.run(reopen().end_session(token_hash("one")))

    read = store.session_tokens

    async def open_meanwhile(*, after: TokenHash) -> list[TokenHash]:
        page = await read(after=after)
        if not after:
            await live.open(session("three", created=TODAY), ANNA, replacing=None)
        return page

    monkeypatch.setattr(store, "session_tokens", open_meanwhile)

    assert 1 == pump.run(live.look_elsewhere())
    assert live.find(b"three") is not None


def test_very_many_are_read_page_by_page(pump: Pump) -> None:
    """All sessions are compared, however many there are, with a turn of the reactor between."""
    store, turns = MemoryStore(), Clock()
    live = LiveSessions(store, clock=turns, wall=lambda: TODAY, limits=LIMITS)
    pump.clock = turns
    pump.run(store.add_person(ANNA))
    count = 2 * TOKENS_PER_PAGE + 5
    for number in range(count):
        each = session(f"{number}", created=TODAY)
        store._sessions[each.token_hash] = each
    assert count == pump.run(live.load())
    gone = [token_hash(f"{number}") for number in range(0, count, 2)]
    for ended in gone:
        pump.run(store.end_session(ended))

    assert len(gone) == pump.run(live.look_elsewhere())
    assert count - len(gone) == len(live)


def test_nothing_new_is_nothing_to_do(live: LiveSessions, reopen: Opener, pump: Pump) -> None:
    """A second look finds nothing where nobody has changed anything since."""
    pump.run(reopen().end_session(token_hash("one")))

    assert [1, 0, 0] == [pump.run(live.look_elsewhere()) for _ in range(3)]
