"""However many people are signed in, the table's own work never holds up a request for long."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping

import pytest
from twisted.internet.defer import Deferred

from gateway.errors import StoreError
from gateway.rules.records import TokenHash
from gateway.store.table import SLICE
from gateway.store.upkeep import PAYMENTS
from tests.store.bench import LIMITS, TODAY, Bench
from tests.store.samples import session, token_hash

COUNT = 3 * SLICE + 1


@pytest.fixture
def crowded(bench: Bench) -> Bench:
    """Very many people are signed in."""
    for number in range(COUNT):
        each = session(f"{number}", created=TODAY)
        bench.store._sessions[each.token_hash] = each
    assert COUNT == bench.pump.run(bench.live.load())
    return bench


def turn(bench: Bench) -> None:
    """The reactor turns once: what was put off until then goes on."""
    [call] = bench.clocks.steady.calls
    bench.clocks.steady.calls.clear()
    call.called = 1
    call.func(*call.args, **call.kw)


def turns(bench: Bench, work: Coroutine[Deferred[object], object, object]) -> int:
    """How often the reactor could turn while it was done."""
    done = Deferred.fromCoroutine(work)
    count = 0
    while not done.called:
        turn(bench)
        count += 1
    return count


def test_a_sweep_makes_way(crowded: Bench) -> None:
    """Looking for old sessions among very many, requests have their turn in between."""
    assert COUNT // SLICE == turns(crowded, crowded.live.flush())


def test_a_look_makes_way(crowded: Bench) -> None:
    """So they have while all sessions are compared with the store."""
    assert 2 * (COUNT // SLICE) == turns(crowded, crowded.live.look_elsewhere())


def test_uses_are_written_in_parts(crowded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Very many uses are written in several goes, and none is left out."""
    crowded.clocks.advance(60)
    for number in range(COUNT):
        crowded.find(f"{number}")
    written: list[int] = []
    write = crowded.store.note_session_uses

    async def note(uses: Mapping[TokenHash, float]) -> None:
        written.append(len(uses))
        await write(uses)

    monkeypatch.setattr(crowded.store, "note_session_uses", note)
    crowded.pump.run(crowded.live.flush())

    assert [SLICE, SLICE, SLICE, 1] == written
    stored = crowded.pump.run(crowded.store.sessions())
    assert {TODAY + 60} == {each.last_used for each in stored}


def test_a_disk_that_fails_half_way(crowded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses that could not be written are written the next time, with those that came since."""
    crowded.clocks.advance(60)
    for number in range(COUNT):
        crowded.find(f"{number}")
    write = crowded.store.note_session_uses
    goes: list[int] = []

    async def note(uses: Mapping[TokenHash, float]) -> None:
        goes.append(len(uses))
        if len(goes) == 2:
            crowded.clocks.advance(5)
            crowded.find(f"{SLICE}")  # used again while it is being written
            raise StoreError("The disk fails.")
        await write(uses)

    monkeypatch.setattr(crowded.store, "note_session_uses", note)
    with pytest.raises(StoreError):
        crowded.pump.run(crowded.live.flush())
    crowded.pump.run(crowded.live.flush())

    assert COUNT == sum(goes[:1]) + sum(goes[2:])
    stored = {each.token_hash: each for each in crowded.pump.run(crowded.store.sessions())}
    assert TODAY + 65 == stored[token_hash(f"{SLICE}")].last_used
    assert TODAY + 60 == stored[token_hash("0")].last_used


def test_flushes_wait_for_each_other(crowded: Bench) -> None:
    """A stop in the midst of a round writes all and overtakes nothing."""
    first = Deferred.fromCoroutine(crowded.live.flush())
    second = Deferred.fromCoroutine(crowded.live.flush())

    for _ in range(COUNT // SLICE):
        assert not first.called
        turn(crowded)
    assert first.called
    assert not second.called
    for _ in range(COUNT // SLICE):
        turn(crowded)

    assert second.called


def test_many_that_are_over_are_deleted_in_parts(crowded: Bench) -> None:
    """After a long weekend everything is over: it is forgotten bit by bit, but all of it."""
    crowded.clocks.advance(LIMITS.lifetime_s)

    crowded.pump.run(crowded.live.flush())

    assert 0 == len(crowded.live)
    assert [] == crowded.stored()
    assert PAYMENTS < SLICE
