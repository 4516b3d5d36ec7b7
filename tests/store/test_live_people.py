"""What becomes of a person becomes of all their sessions, at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gateway.errors import StoreError
from gateway.rules.records import Person
from gateway.store.live import LiveSession
from tests.store.bench import LIMITS, TODAY, Bench
from tests.store.samples import ANNA, KENJI, MIO, passkey, session, token_hash


@pytest.fixture
def bench() -> Bench:
    """A gateway with a third person."""
    bench = Bench()
    bench.pump.run(bench.store.add_person(MIO))
    return bench


def ids(lives: list[LiveSession]) -> list[str]:
    """Which these are."""
    return [each.session.id.removeprefix("id of ") for each in lives]


class TestBackground:
    """Requests that nobody makes."""

    def test_polling_keeps_nobody_signed_in(self, bench: Bench) -> None:
        """A page that asks for news in the background finds its session until it is idle."""
        live = bench.open("one")
        bench.clocks.advance(LIMITS.idle_s - 1)

        assert live is bench.live.find(b"one", is_use=False)
        bench.clocks.advance(1)

        assert bench.live.find(b"one", is_use=False) is None
        assert live.ended

    def test_what_turns_out_to_be_a_use_is_one(self, bench: Bench) -> None:
        """A request that is judged after its session was found keeps it, and is written once."""
        live = bench.open("one")
        bench.clocks.advance(LIMITS.idle_s - 1)
        assert live is bench.live.find(b"one", is_use=False)

        for _ in range(2):
            bench.live.note_use(live, bench.clocks.steady.seconds())
        bench.clocks.advance(LIMITS.idle_s - 1)

        assert live is bench.live.find(b"one", is_use=False)
        bench.pump.run(bench.live.flush())
        [stored] = bench.pump.run(bench.store.sessions())
        assert TODAY + LIMITS.idle_s - 1 == stored.last_used

    def test_polling_is_not_written(self, bench: Bench) -> None:
        """What was not used is not stored as used."""
        bench.open("one")
        bench.clocks.advance(60)
        bench.live.find(b"one", is_use=False)

        bench.pump.run(bench.live.flush())

        [stored] = bench.pump.run(bench.store.sessions())
        assert TODAY == stored.last_used


class TestList:
    """The list of somebody's sessions."""

    def test_it_shows_what_is_open_now(self, bench: Bench) -> None:
        """Oldest first, with the last use of this moment; nobody else's, nothing that is over."""
        bench.open("idle")
        bench.clocks.advance(LIMITS.idle_s / 2)
        bench.open("b")
        bench.open("a")
        bench.open("mio", person=MIO)
        bench.clocks.advance(LIMITS.idle_s / 2)
        bench.find("b")

        theirs = bench.live.of_person(ANNA.id)

        assert ["a", "b"] == ids(theirs)
        wall = bench.clocks.wall()
        assert [wall - LIMITS.idle_s / 2, wall] == [bench.live.last_used(each) for each in theirs]
        assert [] == bench.live.of_person(KENJI.id)


class TestEnding:
    """Ending many."""

    def test_a_person_is_out(self, bench: Bench) -> None:
        """All sessions of somebody end here and in the store, nobody else's do."""
        lives = [bench.open("one"), bench.open("two")]
        bench.open("mio", person=MIO)

        ended = bench.pump.run(bench.live.end_of_person(ANNA.id))

        assert ["id of one", "id of two"] == [each.id for each in ended]
        assert all(each.ended for each in lives)
        assert ["mio"] == bench.stored()
        assert [] == bench.live.of_person(ANNA.id)
        assert [] == bench.pump.run(bench.live.end_of_person(ANNA.id))

    def test_all_but_one(self, bench: Bench) -> None:
        """Whoever ends all others stays signed in."""
        bench.open("one")
        bench.open("mine")

        ended = bench.pump.run(bench.live.end_of_person(ANNA.id, besides=token_hash("mine")))

        assert ["id of one"] == [each.id for each in ended]
        assert ["mine"] == bench.stored() == ids(bench.live.of_person(ANNA.id))

    def test_all_but_one_that_is_gone(self, bench: Bench) -> None:
        """Where the one that is to be spared is over, all end."""
        bench.open("one")

        bench.pump.run(bench.live.end_of_person(ANNA.id, besides=token_hash("gone")))

        assert [] == bench.stored()

    def test_one_that_is_renewed_meanwhile_is_spared(self, bench: Bench) -> None:
        """Whoever ends all others while being verified stays signed in."""
        mine = bench.open("mine")
        bench.open("other")
        bench.store.pause = Deferred()
        record = replace(session("mine", created=TODAY), token_hash=token_hash("new"))
        renewing = Deferred.fromCoroutine(bench.live.renew(mine, record))
        ending = Deferred.fromCoroutine(
            bench.live.end_of_person(ANNA.id, besides=token_hash("mine"))
        )

        bench.store.pause.callback(None)

        assert renewing.called
        assert ending.called
        assert mine is bench.find("new")
        assert ["mine"] == bench.stored()

    def test_what_opens_meanwhile_ends_too(self, bench: Bench) -> None:
        """A sign-in that began before the end is over with the others."""
        bench.store.pause = Deferred()
        opening = Deferred.fromCoroutine(
            bench.live.open(session("late", created=TODAY), ANNA, replacing=None)
        )
        ending = Deferred.fromCoroutine(bench.live.end_of_person(ANNA.id))

        bench.store.pause.callback(None)

        assert opening.called
        assert ending.called
        assert bench.find("late") is None
        assert [] == bench.stored()

    def test_what_only_the_store_knows(self, bench: Bench) -> None:
        """Sessions that are not in the table end, too, and are named."""
        elsewhere = session("elsewhere", created=TODAY)
        bench.pump.run(bench.store.remember_session(elsewhere, replacing=None))

        assert [elsewhere] == bench.pump.run(bench.live.end_of_person(ANNA.id))
        assert [] == bench.stored()

    def test_they_are_dead_before_they_are_deleted(self, bench: Bench) -> None:
        """The cookies are worthless at once, and a browser that hangs up changes nothing."""
        live = bench.open("one")
        bench.store.pause = Deferred()
        ending = Deferred.fromCoroutine(bench.live.end_of_person(ANNA.id))
        ending.addErrback(lambda failure: failure.trap(CancelledError))

        assert live.ended
        ending.cancel()
        bench.store.pause.callback(None)

        assert [] == bench.stored()

    def test_a_failed_deletion_is_made_up_for(self, bench: Bench) -> None:
        """What could not be deleted is dead, and deleted as soon as the disk works again."""
        bench.open("one")
        bench.store.is_failing = True
        with pytest.raises(StoreError):
            bench.pump.run(bench.live.end_of_person(ANNA.id))
        assert bench.find("one") is None
        bench.store.is_failing = False

        bench.pump.run(bench.live.flush())

        assert [] == bench.stored()

    def test_by_a_passkey(self, bench: Bench) -> None:
        """Removing a passkey ends what it has verified last, and nothing else."""
        for key in (b"one", b"two"):
            bench.pump.run(bench.store.add_passkey(passkey(key)))
            fresh = replace(session(key.decode(), created=TODAY), credential_id=key)
            bench.pump.run(bench.live.open(fresh, ANNA, replacing=None))
        first = bench.find("one")
        bench.pump.run(bench.store.remove_passkey(ANNA.id, b"one", now=TODAY))

        ended = bench.pump.run(bench.live.end_of_passkey(b"one"))

        assert ["id of one"] == [each.id for each in ended]
        assert first is not None
        assert first.ended
        assert ["two"] == bench.stored() == ids(bench.live.of_person(ANNA.id))
        assert set() == bench.live._owed


class TestChanges:
    """People who change."""

    def test_a_change_shows_at_once(self, bench: Bench) -> None:
        """Somebody who is put into a group is in it with the next request."""
        live, other = bench.open("one"), bench.open("mio", person=MIO)

        changed = self._change(bench, groups=("it",), display_name="安奈")

        assert changed is live.person
        assert (("it",), "安奈") == (live.person.groups, live.person.display_name)
        assert MIO == other.person

    def _change(self, bench: Bench, **wanted: object) -> Person:
        changed = bench.pump.run(
            bench.store.change_person(ANNA.id, **wanted)  # type: ignore[arg-type]  # fields
        )
        assert changed is not None
        bench.pump.run(bench.live.change_person(changed))
        return changed

    def test_who_is_disabled_is_out(self, bench: Bench) -> None:
        """All sessions of somebody who is disabled end, and open connections see it."""
        live = bench.open("one")
        bench.open("mio", person=MIO)

        self._change(bench, enabled=False)

        assert live.ended
        assert bench.find("one") is None
        assert ["mio"] == bench.stored()

    def test_the_later_change_is_shown(self, bench: Bench) -> None:
        """When two changes come here in the wrong order, the later one is shown."""
        live = bench.open("one")
        early = bench.pump.run(bench.store.change_person(ANNA.id, groups=("it",)))
        late = bench.pump.run(bench.store.change_person(ANNA.id, groups=()))
        assert early is not None
        assert late is not None

        bench.pump.run(bench.live.change_person(late))
        bench.pump.run(bench.live.change_person(early))

        assert late == live.person

    def test_a_sign_in_meanwhile_knows_it(self, bench: Bench) -> None:
        """Somebody who leaves a group while signing in is not in it afterwards."""
        bench.store.pause = Deferred()
        opening = Deferred.fromCoroutine(
            bench.live.open(session("one", created=TODAY), ANNA, replacing=None)
        )
        self._change(bench, groups=())

        bench.store.pause.callback(None)

        assert opening.called
        live = bench.find("one")
        assert live is not None
        assert () == live.person.groups

    def test_nobody_slips_in_while_being_disabled(self, bench: Bench) -> None:
        """A sign-in that was about to be answered when its person was disabled is refused."""
        remember = bench.store.remember_session

        async def remember_and_disable(*said: object, **more: object) -> None:
            await remember(*said, **more)  # type: ignore[arg-type]  # as it was said
            self._change(bench, enabled=False)

        bench.store.remember_session = remember_and_disable  # type: ignore[method-assign]
        with pytest.raises(StoreError, match="disabled"):
            bench.open("one")

        assert bench.find("one") is None
        assert [] == bench.stored()
        assert [] == bench.live.of_person(ANNA.id)
