"""A worker's copy of the sessions agrees with the table that belongs to the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.store.replica import Replica
from gateway.store.table import LiveSession
from tests.store.bench import LIMITS, Bench
from tests.store.samples import ANNA, KENJI, MIO, token_hash

LATE_S = 2.0


@pytest.fixture
def replica(bench: Bench) -> Replica:
    """A copy beside the bench's table, by the same clock."""
    return Replica(clock=bench.clocks.steady, limits=LIMITS)


def copied(live: LiveSession) -> LiveSession:
    """As it comes over the line: another object."""
    return LiveSession(
        live.session, live.person, begun=live.begun, used=live.used, verified=live.verified
    )


def test_it_lets_in_who_is_known(bench: Bench, replica: Replica) -> None:
    """A cookie opens the door of every worker, and a made-up one of none."""
    replica.take([copied(bench.open("one"))])

    found = replica.find(b"one")

    assert found is not None
    assert token_hash("one") == found.session.token_hash
    assert replica.find(b"two") is None
    assert 1 == len(replica)


def test_what_ended_is_dead(bench: Bench, replica: Replica) -> None:
    """A worker that was told of a sign-out refuses the cookie, and open connections see it."""
    held = copied(bench.open("one"))
    replica.take([held])

    replica.end([token_hash("one"), token_hash("never heard of")])

    assert replica.find(b"one") is None
    assert held.ended


def test_nobody_is_left_when_the_line_broke(bench: Bench, replica: Replica) -> None:
    """A worker that can no longer be told lets nobody in."""
    held = [copied(bench.open(f"{number}")) for number in range(3)]
    replica.take(held)

    replica.end_all()

    assert 0 == len(replica)
    assert all(each.ended for each in held)


def test_one_that_connections_hold_stays(bench: Bench, replica: Replica) -> None:
    """Hearing of a session twice does not make a second one that could outlive the first."""
    live = bench.open("one")
    replica.take([copied(live)])
    held = replica.find(b"one")

    replica.take([copied(live)])

    assert held is replica.find(b"one")


def test_a_renewed_session_is_the_same_object(bench: Bench, replica: Replica) -> None:
    """After a verification the old cookie is dead, and what is open on the session stays open."""
    live = bench.open("one")
    replica.take([copied(live)])
    held = replica.find(b"one")
    bench.clocks.advance(60)
    bench.pump.run(bench.live.renew(live, bench.renewed("one", "new", is_device_bound=False)))

    replica.renew(token_hash("one"), copied(live))

    assert replica.find(b"one") is None
    assert held is replica.find(b"new")
    assert held is not None
    assert (False, live.verified, False) == (held.ended, held.verified, held.is_device_bound)
    assert 1 == len(replica)


def test_a_renewed_session_is_used(bench: Bench, replica: Replica) -> None:
    """A verification is a use: it revives what looked idle here, and takes no use back."""
    live = bench.open("one")
    replica.take([copied(live)])
    bench.clocks.advance(LIMITS.idle_s - 1)
    bench.pump.run(bench.live.renew(live, bench.renewed("one", "new")))
    bench.clocks.advance(1)

    replica.renew(token_hash("one"), copied(live))
    found = replica.find(b"new")
    replica.renew(token_hash("new"), copied(live))

    assert found is not None
    assert bench.clocks.steady.seconds() == found.used


def test_a_renewal_of_one_never_heard_of(bench: Bench, replica: Replica) -> None:
    """A worker that is still being told the table takes a renewed session as a new one."""
    replica.renew(token_hash("old"), copied(bench.open("new")))

    assert replica.find(b"old") is None
    assert replica.find(b"new") is not None


def test_people_are_shown_as_they_are(bench: Bench, replica: Replica) -> None:
    """Who is put into a group is in it in every worker, without signing in again."""
    bench.pump.run(bench.store.add_person(MIO))
    replica.take([copied(bench.open("one")), copied(bench.open("mio", person=MIO))])
    changed = replace(ANNA, groups=("it",))

    replica.change_people([changed, replace(KENJI, groups=("it",))])

    one, mio = replica.find(b"one"), replica.find(b"mio")
    assert one is not None
    assert mio is not None
    assert (changed, MIO) == (one.person, mio.person)


def test_limits_are_the_same(bench: Bench, replica: Replica) -> None:
    """Idle time and lifetime end at the same second in every process."""
    replica.take([copied(bench.open("one"))])
    bench.clocks.advance(LIMITS.idle_s - 0.001)
    assert replica.find(b"one") is not None

    bench.clocks.advance(LIMITS.idle_s)

    assert replica.find(b"one") is None


def test_a_use_elsewhere_counts(bench: Bench, replica: Replica) -> None:
    """Somebody who works through one worker is not idle in another, even if that hears late."""
    replica.take([copied(bench.open("one"))])
    bench.clocks.advance(LIMITS.idle_s)
    assert replica.find(b"one") is None

    replica.note_uses([(token_hash("one"), bench.clocks.steady.seconds() - 1)])

    assert replica.find(b"one") is not None
    assert [token_hash("one")] == [each for each, _ in replica.take_uses()]


def test_a_use_never_goes_back(bench: Bench, replica: Replica) -> None:
    """Old news make nobody look idle, and news of unknown sessions revive nothing."""
    replica.take([copied(bench.open("one"))])
    bench.clocks.advance(10)
    live = replica.find(b"one")
    assert live is not None

    replica.note_uses([(token_hash("one"), 0.0), (token_hash("two"), 1e9)])

    assert bench.clocks.steady.seconds() == live.used
    assert replica.find(b"two") is None


def test_a_use_is_told_once(bench: Bench, replica: Replica) -> None:
    """What was used here is told with its time, once; what was used elsewhere is not."""
    replica.take([copied(bench.open("one")), copied(bench.open("two"))])
    bench.clocks.advance(5)
    replica.find(b"one")
    replica.note_uses([(token_hash("two"), bench.clocks.steady.seconds())])
    used = bench.clocks.steady.seconds()
    bench.clocks.advance(5)

    assert [(token_hash("one"), used)] == replica.take_uses()
    assert [] == replica.take_uses()


def test_the_store_hears_of_uses_in_workers(bench: Bench) -> None:
    """A session that was used through a worker is stored as used, and is not over."""
    live = bench.open("one")
    bench.clocks.advance(LIMITS.idle_s - 1)
    used = bench.clocks.steady.seconds()

    bench.live.note_uses([(token_hash("one"), used), (token_hash("unknown"), used)])
    bench.clocks.advance(2)
    bench.pump.run(bench.live.flush())

    [stored] = bench.pump.run(bench.store.sessions())
    assert not live.ended
    assert bench.clocks.wall() - 2 == stored.last_used
