"""The table of open sessions: exact limits, whatever the wall clock does."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gateway.errors import StoreError
from gateway.rules.records import hash_token
from tests.store.bench import HOUR_S, LIMITS, TODAY, YEAR_S, Bench
from tests.store.samples import ANNA, session, token_hash


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
