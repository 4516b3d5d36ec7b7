"""What happens to a session is told to whoever keeps a copy, before the person is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred, succeed

from gateway.rules.records import Person, TokenHash
from gateway.store.live import LiveSession, LiveSessions
from tests.store.bench import LIMITS, TODAY, Bench
from tests.store.samples import ANNA, MIO, session, token_hash


class Listener:
    """Writes down what it is told, and says that it knows when the test wants it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, TokenHash]] = []
        self.people: list[Person] = []
        self.knows: Deferred[None] | None = None

    def opened(self, live: LiveSession) -> Deferred[None]:
        """A session has opened."""
        self.told.append(("opened", live.session.token_hash))
        return self.knows or succeed(None)

    def renewed(self, old: TokenHash, live: LiveSession) -> Deferred[None]:
        """A session has another token."""
        self.told += [("not any more", old), ("renewed", live.session.token_hash)]
        return self.knows or succeed(None)

    def changed(self, people: Sequence[Person]) -> Deferred[None]:
        """People have changed."""
        self.people += people
        return self.knows or succeed(None)

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """Sessions have ended."""
        self.told += [("ended", each) for each in token_hashes]
        return self.knows or succeed(None)


@pytest.fixture
def listener(bench: Bench) -> Listener:
    """An audience for the bench's sessions."""
    listener = Listener()
    bench.live.audience = listener
    return listener


def test_opening_and_replacing_are_told(bench: Bench, listener: Listener) -> None:
    """A sign-in is told to all, and so is the end of the session that it replaces."""
    bench.open("old")
    bench.open("new", replacing="old")

    assert listener.told == [
        ("opened", token_hash("old")),
        ("ended", token_hash("old")),
        ("opened", token_hash("new")),
    ]


def test_a_sign_in_is_answered_when_all_know(bench: Bench, listener: Listener) -> None:
    """Nobody is sent on before every worker would let him in."""
    knows = listener.knows = Deferred()
    fresh = session("one", created=TODAY)

    opening = Deferred.fromCoroutine(bench.live.open(fresh, ANNA, replacing=None))

    assert not opening.called
    knows.callback(None)
    assert opening.called


def test_a_sign_out_is_answered_when_all_know(bench: Bench, listener: Listener) -> None:
    """Nobody reads "you are signed out" while a worker would still let the cookie in."""
    bench.open("one")
    knows = listener.knows = Deferred()

    ending = Deferred.fromCoroutine(bench.live.end(token_hash("one")))

    assert ("ended", token_hash("one")) == listener.told[-1]
    assert not ending.called
    knows.callback(None)
    assert ending.called


def test_a_renewal_is_answered_when_all_know(bench: Bench, listener: Listener) -> None:
    """Nobody gets a new cookie that a worker would refuse."""
    live = bench.open("one")
    knows = listener.knows = Deferred()

    renewing = Deferred.fromCoroutine(bench.live.renew(live, bench.renewed("one", "new")))

    assert not renewing.called
    assert listener.told[1:] == [
        ("not any more", token_hash("one")),
        ("renewed", token_hash("new")),
    ]
    knows.callback(None)
    assert renewing.called


def test_a_change_is_answered_when_all_know(bench: Bench, listener: Listener) -> None:
    """Nobody hears that somebody left a group while a worker still lets them in for it."""
    bench.open("one")
    knows = listener.knows = Deferred()
    changed = bench.pump.run(bench.store.change_person(ANNA.id, groups=("it",)))
    assert changed is not None

    changing = Deferred.fromCoroutine(bench.live.change_person(changed))

    assert [changed] == listener.people
    assert not changing.called
    knows.callback(None)
    assert changing.called


def test_no_change_is_not_told(bench: Bench, listener: Listener) -> None:
    """Who is not signed in, or looks as before, is no news for anybody."""
    bench.open("one")

    bench.pump.run(bench.live.change_person(ANNA))
    bench.pump.run(bench.store.add_person(MIO))
    bench.pump.run(bench.live.change_person(replace(MIO, mail="x")))

    assert [] == listener.people


@pytest.mark.parametrize("how", ["person", "passkey", "disabled"])
def test_many_ends_are_answered_when_all_know(bench: Bench, listener: Listener, how: str) -> None:
    """Nobody reads that somebody is out while a worker would still let them in."""
    bench.open("one")
    knows = listener.knows = Deferred()
    disabled = replace(ANNA, enabled=False)
    if how == "disabled":
        bench.pump.run(bench.store.change_person(ANNA.id, enabled=False))

    ending: Deferred[object] = Deferred.fromCoroutine(
        {
            "person": lambda: bench.live.end_of_person(ANNA.id),
            "passkey": lambda: bench.live.end_of_passkey(b"\x00credential"),
            "disabled": lambda: bench.live.change_person(disabled),
        }[how]()
    )

    assert ("ended", token_hash("one")) == listener.told[-1]
    assert not ending.called
    knows.callback(None)
    assert ending.called


def test_expiry_is_told(bench: Bench, listener: Listener) -> None:
    """Sessions that grow too old end for everybody."""
    bench.open("one")
    bench.open("two")
    bench.clocks.advance(LIMITS.idle_s)

    bench.find("one")
    bench.pump.run(bench.live.flush())

    assert listener.told[2:] == [("ended", token_hash("one")), ("ended", token_hash("two"))]


def test_late_news_are_waited_for(bench: Bench) -> None:
    """A session that looks idle is refused, but not ended before news of a use had their time."""
    bench.live = LiveSessions(
        bench.store,
        clock=bench.clocks.steady,
        wall=bench.clocks.wall,
        limits=LIMITS,
        late_s=2.0,
    )
    live = bench.open("one")
    bench.clocks.advance(LIMITS.idle_s + 1)

    assert bench.find("one") is None
    bench.pump.run(bench.live.flush())
    assert not live.ended
    bench.live.note_uses([(token_hash("one"), bench.clocks.steady.seconds() - 1.5)])
    assert live is bench.find("one")

    bench.clocks.advance(LIMITS.idle_s + 2)
    bench.pump.run(bench.live.flush())
    assert live.ended
