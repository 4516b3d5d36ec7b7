"""The table of open sessions: exact limits, whatever the wall clock does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gateway.errors import StoreError
from gateway.rules.records import Person, PersonId, Session, TokenHash, hash_token
from gateway.rules.sessions import SessionLimits
from gateway.store.live import LiveSession, LiveSessions
from gateway.store.memory import MemoryStore
from tests.store.contract import ANNA, KENJI, session, token_hash
from tests.store.pump import Pump

HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S
LIMITS = SessionLimits(idle_s=0.5 * HOUR_S, lifetime_s=12 * HOUR_S)
TODAY = 1_800_000_000.0


class Clocks:
    """A machine's two clocks: one can be set wrong, the other only advances."""

    def __init__(self) -> None:
        self.steady = Clock()
        self.steady.advance(1234.5)
        self._now = TODAY

    def wall(self) -> float:
        """Time of day."""
        return self._now

    def advance(self, duration_s: float) -> None:
        """Time passes."""
        self.steady.advance(duration_s)
        self._now += duration_s

    def set_wrong(self, by_s: float) -> None:
        """Somebody sets the wall clock."""
        self._now += by_s

    def reboot(self) -> None:
        """The steady clock begins anew, as after a start of the machine."""
        self.steady = Clock()


class FragileStore(MemoryStore):
    """A store whose disk can fail, and whose changes can take their time."""

    def __init__(self) -> None:
        super().__init__()
        self.is_failing = False
        self.pause: Deferred[None] | None = None

    async def _disk(self) -> None:
        if self.pause is not None:
            await self.pause
        if self.is_failing:
            raise StoreError("The disk fails.")

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """By the disk."""
        await self._disk()
        await super().remember_session(session, replacing=replacing)

    async def end_session(self, token_hash: TokenHash) -> bool:
        """By the disk."""
        await self._disk()
        return await super().end_session(token_hash)

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """By the disk."""
        await self._disk()
        await super().note_session_uses(uses)


class Bench:
    """A gateway's sessions, which can be restarted on the same store."""

    def __init__(self) -> None:
        self.pump = Pump()
        self.clocks = Clocks()
        self.store = FragileStore()
        self.pump.run(self.store.add_person(ANNA))
        self.pump.run(self.store.add_person(KENJI))
        self.live = self._start()

    def _start(self) -> LiveSessions:
        return LiveSessions(
            self.store, clock=self.clocks.steady, wall=self.clocks.wall, limits=LIMITS
        )

    def restart(self) -> int:
        """Stop without a word and start again; how many sessions were taken up."""
        self.clocks.reboot()
        self.live = self._start()
        count = self.pump.run(self.live.load())
        self.pump.run(self.live.flush())
        return count

    def open(
        self, token: str, *, person: Person = ANNA, replacing: str | None = None
    ) -> LiveSession:
        """Sign somebody in."""
        fresh = session(token, created=self.clocks.wall(), person=person)
        replaced = None if replacing is None else token_hash(replacing)
        return self.pump.run(self.live.open(fresh, person, replacing=replaced))

    def find(self, token: str) -> LiveSession | None:
        """A request with that cookie."""
        return self.live.find(token.encode())

    def stored(self) -> list[str]:
        """Which sessions the store knows."""
        return [each.id.removeprefix("id of ") for each in self.pump.run(self.store.sessions())]


@pytest.fixture
def bench() -> Bench:
    """A fresh gateway with two people in its store."""
    return Bench()


class TestOpening:
    """Signing in."""

    def test_an_open_session_is_found(self, bench: Bench) -> None:
        """After the sign-in the cookie opens the door, as the person it was given to."""
        opened = bench.open("one")

        found = bench.find("one")

        assert opened is found
        assert (ANNA, token_hash("one"), False) == (
            opened.person,
            opened.session.token_hash,
            opened.ended,
        )
        assert 1 == len(bench.live)

    def test_an_unknown_cookie_finds_nothing(self, bench: Bench) -> None:
        """A made-up cookie opens nothing, and nothing is stored for it."""
        bench.open("one")

        assert bench.find("two") is None
        assert bench.live.find(b"") is None
        assert bench.live.find(hash_token(b"one")) is None
        assert ["one"] == bench.stored()

    def test_rotation_kills_the_old_one(self, bench: Bench) -> None:
        """Signing in again makes the cookie from before worthless in the same instant."""
        old = bench.open("old")

        bench.open("new", replacing="old")

        assert bench.find("old") is None
        assert old.ended
        assert bench.find("new") is not None
        assert ["new"] == bench.stored()

    def test_replacing_one_that_is_gone(self, bench: Bench) -> None:
        """Signing in with a cookie that is over already works."""
        bench.open("new", replacing="gone")

        assert bench.find("new") is not None

    def test_no_entry_before_it_is_stored(self, bench: Bench) -> None:
        """While the sign-in is being written the new cookie opens nothing, the old one does."""
        bench.open("old")
        bench.store.pause = Deferred()
        fresh = session("new", created=TODAY)
        opening = Deferred.fromCoroutine(bench.live.open(fresh, ANNA, replacing=token_hash("old")))

        assert bench.find("new") is None
        assert bench.find("old") is not None

        bench.store.pause.callback(None)
        assert opening.called
        assert bench.find("new") is not None

    def test_no_entry_when_the_disk_fails(self, bench: Bench) -> None:
        """A sign-in that could not be stored opens nothing and ends nothing."""
        bench.open("old")
        bench.store.is_failing = True

        with pytest.raises(StoreError):
            bench.open("new", replacing="old")

        assert bench.find("new") is None
        assert bench.find("old") is not None

    def test_hanging_up_leaves_table_and_store_alike(self, bench: Bench) -> None:
        """A browser that hangs up during its sign-in leaves no cookie that works twice."""
        old = bench.open("old")
        bench.store.pause = Deferred()
        opening = Deferred.fromCoroutine(
            bench.live.open(session("new", created=TODAY), ANNA, replacing=token_hash("old"))
        )
        outcomes: list[object] = []
        opening.addErrback(outcomes.append)

        opening.cancel()
        bench.store.pause.callback(None)

        assert isinstance(outcomes[0], Failure)
        assert outcomes[0].check(CancelledError)
        assert old.ended
        assert ["new"] == bench.stored()
        assert bench.find("new") is not None


class TestLimits:
    """Time passing."""

    def test_idle_to_the_second(self, bench: Bench) -> None:
        """An unused session works until the idle limit and not at it."""
        opened = bench.open("one")
        bench.clocks.advance(LIMITS.idle_s - 0.001)
        assert bench.find("one") is opened

        bench.clocks.advance(LIMITS.idle_s)

        assert bench.find("one") is None
        assert opened.ended

    def test_every_request_is_a_use(self, bench: Bench) -> None:
        """Whoever goes on working is not signed out for idleness."""
        bench.open("one")

        for _ in range(20):
            bench.clocks.advance(LIMITS.idle_s - 1)
            assert bench.find("one") is not None

    def test_lifetime_to_the_second(self, bench: Bench) -> None:
        """However busy, a session ends with its lifetime and not before."""
        bench.open("one")
        for _ in range(4 * 12 - 1):
            bench.clocks.advance(HOUR_S / 4)
            assert bench.find("one") is not None
        bench.clocks.advance(HOUR_S / 4 - 0.001)
        assert bench.find("one") is not None

        bench.clocks.advance(0.001)

        assert bench.find("one") is None

    @pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S, YEAR_S, -YEAR_S])
    def test_a_wrong_clock_changes_nothing(self, bench: Bench, by_s: float) -> None:
        """A wall clock that jumps signs nobody out and prolongs nothing."""
        bench.open("busy")
        bench.open("idle")
        bench.clocks.advance(LIMITS.idle_s - 1)
        bench.clocks.set_wrong(by_s)

        assert bench.find("busy") is not None
        bench.pump.run(bench.live.flush())
        bench.clocks.advance(1)

        assert bench.find("idle") is None
        assert bench.find("busy") is not None
        bench.pump.run(bench.live.flush())
        assert ["busy"] == bench.stored()

    def test_what_is_over_is_forgotten(self, bench: Bench) -> None:
        """Sessions that are over disappear from memory and from the store unasked."""
        left = bench.open("left")
        bench.clocks.advance(LIMITS.idle_s / 2)
        bench.open("fresh")
        bench.clocks.advance(LIMITS.idle_s / 2)

        bench.pump.run(bench.live.flush())

        assert left.ended
        assert 1 == len(bench.live)
        assert ["fresh"] == bench.stored()


class TestEnding:
    """Signing out."""

    def test_an_ended_session_is_dead(self, bench: Bench) -> None:
        """After a sign-out the cookie opens nothing, open connections see it, others stay."""
        opened = bench.open("one")
        bench.open("two")

        assert bench.pump.run(bench.live.end(token_hash("one"))) is True

        assert opened.ended
        assert bench.find("one") is None
        assert bench.find("two") is not None
        assert ["two"] == bench.stored()

    def test_ending_twice_does_no_harm(self, bench: Bench) -> None:
        """The second sign-out says that there was nothing."""
        bench.open("one")
        bench.pump.run(bench.live.end(token_hash("one")))

        assert bench.pump.run(bench.live.end(token_hash("one"))) is False

    def test_one_that_only_the_store_knows(self, bench: Bench) -> None:
        """A session of another process can be ended too."""
        elsewhere = session("elsewhere", created=TODAY)
        bench.pump.run(bench.store.remember_session(elsewhere, replacing=None))

        assert bench.pump.run(bench.live.end(token_hash("elsewhere"))) is True
        assert [] == bench.stored()

    def test_it_is_dead_before_it_is_deleted(self, bench: Bench) -> None:
        """The cookie is worthless at once, even while the disk takes its time."""
        opened = bench.open("one")
        bench.store.pause = Deferred()

        ending = Deferred.fromCoroutine(bench.live.end(token_hash("one")))

        assert opened.ended
        assert bench.find("one") is None
        assert not ending.called
        bench.store.pause.callback(None)
        assert ending.called

    def test_a_failed_deletion_is_made_up_for(self, bench: Bench) -> None:
        """A sign-out that could not be stored is stored as soon as the disk works again."""
        bench.open("one")
        bench.store.is_failing = True
        with pytest.raises(StoreError):
            bench.pump.run(bench.live.end(token_hash("one")))
        with pytest.raises(StoreError):
            bench.pump.run(bench.live.flush())
        assert bench.find("one") is None
        bench.store.is_failing = False

        bench.pump.run(bench.live.flush())

        assert [] == bench.stored()

    def test_hanging_up_does_not_undo_a_sign_out(self, bench: Bench) -> None:
        """A browser that hangs up during its sign-out is signed out."""
        bench.open("one")
        bench.store.pause = Deferred()
        ending = Deferred.fromCoroutine(bench.live.end(token_hash("one")))
        ending.addErrback(lambda failure: failure.trap(CancelledError))

        ending.cancel()
        bench.store.pause.callback(None)

        assert [] == bench.stored()


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
        bench.pump.run(bench.store.remember_session(stale, replacing=None))
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
