"""The table of open sessions across restarts: people stay signed in, and no longer than that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from gateway.errors import StoreError
from gateway.rules.records import PersonId
from tests.store.bench import HOUR_S, LIMITS, TODAY, YEAR_S, Bench
from tests.store.samples import ANNA, KENJI, session, token_hash


class TestRestart:
    """Stopping and starting."""

    def test_people_stay_signed_in(self, bench: Bench) -> None:
        """After a restart nobody has to sign in again."""
        for number in range(1000):
            bench.open(f"{number}")

        assert 1000 == bench.restart()
        found = bench.find("999")
        assert found is not None
        assert ANNA == found.person

    def test_a_hundred_thousand_sessions_load(self, bench: Bench) -> None:
        """A very large company's sessions are all taken up."""
        for number in range(100_000):
            each = session(f"{number}", created=TODAY)
            bench.store._sessions[each.token_hash] = each

        assert 100_000 == bench.restart()
        assert bench.find("99999") is not None

    def test_idle_time_goes_on(self, bench: Bench) -> None:
        """Time that passed before a restart, and during it, counts as idle."""
        bench.open("one")
        bench.clocks.advance(LIMITS.idle_s - 10)
        assert 1 == bench.restart()
        bench.clocks.advance(9.999)
        assert bench.find("one") is not None
        bench.pump.run(bench.live.flush())

        bench.clocks.advance(LIMITS.idle_s)

        assert 0 == bench.restart()
        assert [] == bench.stored()

    def test_a_flushed_use_counts_after_a_restart(self, bench: Bench) -> None:
        """Whoever worked until the restart is not idle after it."""
        bench.open("one")
        bench.clocks.advance(LIMITS.idle_s - 10)
        bench.find("one")
        bench.clocks.advance(5)
        bench.pump.run(bench.live.flush())
        bench.clocks.advance(LIMITS.idle_s - 5 - 1)

        assert 1 == bench.restart()
        bench.clocks.advance(1)
        assert bench.find("one") is None

    def test_lifetime_goes_on(self, bench: Bench) -> None:
        """A restart gives no session a longer life."""
        bench.open("one")
        for _ in range(47):
            bench.clocks.advance(HOUR_S / 4)
            assert bench.find("one") is not None
            bench.pump.run(bench.live.flush())
            assert 1 == bench.restart()
        bench.clocks.advance(HOUR_S / 4 - 0.01)
        assert bench.find("one") is not None

        bench.clocks.advance(0.01)

        assert bench.find("one") is None

    def test_what_ended_stays_ended(self, bench: Bench) -> None:
        """A restart revives no session that was signed out or replaced."""
        bench.open("ended")
        bench.open("old")
        bench.open("new", replacing="old")
        bench.pump.run(bench.live.end(token_hash("ended")))

        assert 1 == bench.restart()
        assert bench.find("ended") is None
        assert bench.find("old") is None
        assert bench.find("new") is not None

    def test_disabled_people_have_none(self, bench: Bench) -> None:
        """Somebody who may no longer sign in is signed out by a restart, for good."""
        stale = session("kenji", created=TODAY, person=KENJI)
        bench.store._sessions[stale.token_hash] = stale
        bench.open("anna")

        assert 1 == bench.restart()
        assert bench.find("kenji") is None
        assert ["anna"] == bench.stored()

    @pytest.mark.parametrize("by_s", [-HOUR_S, -10 * HOUR_S])
    def test_a_clock_set_back_before_a_restart(self, bench: Bench, by_s: float) -> None:
        """Sessions from a little ahead of the clock are kept, for a lifetime at the most."""
        bench.open("one")
        bench.clocks.set_wrong(by_s)

        assert 1 == bench.restart()
        found = bench.find("one")
        assert found is not None
        assert found.begun <= bench.clocks.steady.seconds()

    def test_a_clock_set_back_does_not_make_younger(self, bench: Bench) -> None:
        """A session that had seven busy hours is seven hours old, whatever the clock says."""
        aged = replace(session("one", created=TODAY), last_used=TODAY + 7 * HOUR_S)
        bench.pump.run(bench.store.remember_session(aged, replacing=None))
        bench.clocks.set_wrong(-HOUR_S)

        assert 1 == bench.restart()
        found = bench.find("one")
        assert found is not None
        assert 7 * HOUR_S == bench.clocks.steady.seconds() - found.begun

    def test_a_session_from_next_year_is_not_believed(self, bench: Bench) -> None:
        """A session from far ahead of the clock is over rather than good for ever."""
        bench.open("one")
        bench.clocks.set_wrong(-YEAR_S)

        assert 0 == bench.restart()
        assert [] == bench.stored()


class TestFlushing:
    """Writing uses."""

    def test_a_use_is_written_with_its_time(self, bench: Bench) -> None:
        """The list of sessions shows when each was last used, not when that was written."""
        bench.open("one")
        bench.clocks.advance(60)
        bench.find("one")
        bench.clocks.advance(30)

        bench.pump.run(bench.live.flush())

        [stored] = bench.pump.run(bench.store.sessions())
        assert TODAY + 60 == stored.last_used

    def test_a_failed_write_is_made_up_for(self, bench: Bench) -> None:
        """Uses that could not be written are written the next time."""
        bench.open("one")
        bench.clocks.advance(60)
        bench.find("one")
        bench.store.is_failing = True
        with pytest.raises(StoreError):
            bench.pump.run(bench.live.flush())
        bench.store.is_failing = False

        bench.pump.run(bench.live.flush())

        [stored] = bench.pump.run(bench.store.sessions())
        assert TODAY + 60 == stored.last_used

    def test_a_session_that_ends_meanwhile_is_not_revived(self, bench: Bench) -> None:
        """A use that is written while the session ends brings nothing back."""
        bench.open("one")
        bench.find("one")
        bench.store.pause = Deferred()
        flushing = Deferred.fromCoroutine(bench.live.flush())
        ending = Deferred.fromCoroutine(bench.live.end(token_hash("one")))

        bench.store.pause.callback(None)

        assert flushing.called
        assert ending.called
        assert [] == bench.stored()
        assert bench.find("one") is None

    def test_people_are_told_apart(self, bench: Bench) -> None:
        """Each cookie finds the person that it was given to."""
        third = replace(ANNA, id=PersonId("c" * 32), name="chie", user_handle=b"c")
        bench.pump.run(bench.store.add_person(third))
        bench.open("anna")
        bench.open("chie", person=third)

        found = bench.find("chie")

        assert found is not None
        assert third == found.person
