"""The lane: many connections as one, none of which can harm another."""

from __future__ import annotations

import os

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IReactorFDSet, IReactorTCP, IReactorTime, IReadDescriptor
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from gateway.sockets.lane import BATCH, TURN_S, Lane
from tests.sockets.peers import Peer
from tests.sockets.turns import Ear, Turns, tcp_pair


class Watched:
    """A descriptor that does what a test tells it."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.socket, self.other = tcp_pair()
        self.socket.setblocking(False)  # noqa: FBT003 - the standard library's
        self.told: list[str] = []
        turns.peers += [self.socket, self.other]

    def fileno(self) -> int:
        """Tell the descriptor."""
        return self.socket.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Tell who is speaking."""
        return "test"

    def doRead(self) -> Exception | None:
        """Take what is there."""
        self.told.append("read")
        self.socket.recv(100)
        return None

    def doWrite(self) -> Exception | None:
        """Do nothing."""
        self.told.append("write")
        return None

    def connectionLost(self, reason: Failure) -> None:
        """Remember the reason."""
        self.told.append(type(reason.value).__name__)


@pytest.fixture
def watched(turns: Turns) -> Watched:
    """One descriptor."""
    return Watched(turns)


def test_it_is_what_transports_ask_for(turns: Turns) -> None:
    """Twisted's transports and endpoints take the lane for a reactor."""
    assert verifyObject(IReactorFDSet, turns.lane)
    assert verifyObject(IReactorTCP, turns.lane)
    assert verifyObject(IReactorTime, turns.lane)
    assert verifyObject(IReadDescriptor, turns.lane)
    assert turns.lane.callLater == turns.callLater


def test_the_reactor_sees_one_descriptor(turns: Turns) -> None:
    """However many connections there are, the reactor watches one thing."""
    for _ in range(3):
        Peer(turns).serve(Ear())

    assert turns.watched == [turns.lane]
    assert len(turns.lane.getReaders()) == 3


def test_two_lanes_do_not_meet(turns: Turns) -> None:
    """Each lane serves its own connections."""
    other = Turns()
    here, there = Ear(), Ear()
    first, second = Peer(turns), Peer(other)
    first.serve(here)
    second.serve(there)

    first.socket.send(b"here")
    second.socket.send(b"there")
    turns.turn()
    before = there.heard
    other.turn()
    other.end()

    assert (here.heard, before, there.heard) == (b"here", b"", b"there")


def test_a_turn_is_limited(turns: Turns) -> None:
    """With a hundred connections that keep us busy, timers have their turn in between."""

    class Busy(Watched):
        def doRead(self) -> None:
            self.told.append("read")
            turns.rightNow += TURN_S / 10  # the clock goes on while we work

    busy = [Busy(turns) for _ in range(BATCH * 3)]
    for each in busy:
        turns.lane.addReader(each)  # type: ignore[arg-type]  # a fake
        each.other.send(b"x")

    turns.lane.doRead()
    once = sum(len(each.told) for each in busy)
    for _ in range(5):
        turns.lane.doRead()

    assert once == BATCH
    assert min(len(each.told) for each in busy) >= 1  # nobody is left out


def test_reading_comes_before_writing(turns: Turns, watched: Watched) -> None:
    """A connection that can do both reads first, as in Twisted's reactors."""
    turns.lane.addWriter(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.addReader(watched)  # type: ignore[arg-type]  # a fake
    watched.other.send(b"x")

    turns.lane._serve(turns.lane._epoll.poll(1, 8))

    assert watched.told == ["read", "write"]
    assert len(turns.lane.getReaders()) == len(turns.lane.getWriters()) == 1


def test_who_is_removed_hears_no_more(turns: Turns, watched: Watched) -> None:
    """A descriptor that is watched for writing only is not read."""
    turns.lane.addReader(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.addWriter(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.removeReader(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.removeReader(watched)  # type: ignore[arg-type]  # a fake
    watched.other.send(b"x")

    turns.lane._serve(turns.lane._epoll.poll(1, 8))
    turns.lane.removeWriter(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.doRead()

    assert watched.told == ["write"]


def test_old_news_is_not_for_the_next_owner(turns: Turns) -> None:
    """A connection that gets the number of one closed in the same batch is not mixed up."""
    new = Watched(turns)

    class Closer(Watched):
        def doRead(self) -> None:
            [other] = [each for each in both if each is not self]
            turns.lane.removeReader(self)  # type: ignore[arg-type]  # a fake
            turns.lane.removeReader(other)  # type: ignore[arg-type]  # a fake
            os.dup2(new.fileno(), other.fileno())  # closes what had this number
            new.socket.close()
            new.socket = other.socket
            turns.lane.addReader(new)  # type: ignore[arg-type]  # a fake

    both = [Closer(turns), Closer(turns)]
    for each in both:
        turns.lane.addReader(each)  # type: ignore[arg-type]  # a fake
        each.other.send(b"x")

    turns.lane._serve(turns.lane._epoll.poll(1, 8))
    before = list(new.told)
    new.other.send(b"x")
    turns.lane.doRead()

    assert (before, new.told) == ([], ["read"])


def test_an_exception_ends_one_descriptor(turns: Turns) -> None:
    """Whatever is raised, even what ends programs, ends the connection that raised it."""

    class Clumsy(Watched):
        def doRead(self) -> None:
            raise SystemExit(3)

    clumsy, other = Clumsy(turns), Watched(turns)
    for each in (clumsy, other):
        turns.lane.addReader(each)  # type: ignore[arg-type]  # a fake
        each.other.send(b"x")

    with capturedLogs() as logs:
        turns.lane.doRead()

    assert (clumsy.told, other.told) == (["SystemExit"], ["read"])
    assert [LogLevel.critical] == [event["log_level"] for event in logs]


def test_an_exception_at_the_end_is_logged(turns: Turns) -> None:
    """Who cannot even end properly is let go all the same."""

    class Clumsy(Watched):
        def doRead(self) -> Exception:
            return ConnectionDone()

        def connectionLost(self, reason: Failure) -> None:
            raise LookupError("clumsy")

    clumsy = Clumsy(turns)
    turns.lane.addReader(clumsy)  # type: ignore[arg-type]  # a fake
    clumsy.other.send(b"x")

    with capturedLogs() as logs:
        turns.lane.doRead()

    assert turns.lane.getReaders() == []
    assert [LogLevel.critical] == [event["log_level"] for event in logs]


def test_a_hang_up_while_writing_is_a_loss(turns: Turns, watched: Watched) -> None:
    """What doWrite returns ends the connection."""

    class Broken(Watched):
        def doWrite(self) -> Exception:
            return ConnectionLost()

    broken = Broken(turns)
    turns.lane.addWriter(broken)  # type: ignore[arg-type]  # a fake

    turns.lane.doRead()

    assert broken.told == ["ConnectionLost"]


def test_a_bare_hang_up_ends_it(turns: Turns, watched: Watched) -> None:
    """An event without anything to read or write is the end: done if read, lost if not."""
    other = Watched(turns)
    turns.lane.addReader(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.addWriter(other)  # type: ignore[arg-type]  # a fake

    turns.lane._serve([(watched.fileno(), 16), (other.fileno(), 16)])

    assert (watched.told, other.told) == (["ConnectionDone"], ["ConnectionLost"])


def test_who_closed_first_can_still_be_removed(turns: Turns, watched: Watched) -> None:
    """A descriptor that was closed before it was removed leaves nothing behind."""
    turns.lane.addReader(watched)  # type: ignore[arg-type]  # a fake
    watched.socket.close()

    turns.lane.removeReader(watched)  # type: ignore[arg-type]  # a fake

    assert turns.lane.getReaders() == []


def test_the_end_of_the_lane_is_the_end_of_its_connections(turns: Turns) -> None:
    """Whether the lane is stopped or the reactor ends, every protocol is told."""
    ear = Ear()
    Peer(turns).serve(ear)

    turns.lane.stop()
    turns.lane.stop()
    turns.lane.doRead()

    assert ear.why is not None
    assert ear.why.check(ConnectionLost)
    assert turns.watched == []


def test_latecomers_do_no_harm(turns: Turns, watched: Watched) -> None:
    """After the end of the lane connections may still be let go of."""
    turns.lane.stop()

    turns.lane.addReader(watched)  # type: ignore[arg-type]  # a fake
    turns.lane.removeReader(watched)  # type: ignore[arg-type]  # a fake

    assert turns.lane.getReaders() == []


def test_clumsy_ends_do_not_keep_others_from_ending(turns: Turns, watched: Watched) -> None:
    """At the end of the lane an exception of one is not the trouble of the others."""

    class Clumsy(Watched):
        def connectionLost(self, reason: Failure) -> None:
            raise LookupError("clumsy")

    turns.lane.addReader(Clumsy(turns))  # type: ignore[arg-type]  # a fake
    turns.lane.addReader(watched)  # type: ignore[arg-type]  # a fake

    with capturedLogs() as logs:
        turns.lane.stop()

    assert watched.told == ["ConnectionLost"]
    assert len(logs) == 1


def test_without_epoll_the_reactor_watches(watched: Watched) -> None:
    """On a system without epoll everything works as before, by the reactor itself."""

    class Plain(Clock):
        def __init__(self) -> None:
            super().__init__()
            self.asked: list[str] = []

        def addReader(self, reader: object) -> None:  # noqa: N802 - Twisted's name
            self.asked.append("addReader")

        def addWriter(self, writer: object) -> None:  # noqa: N802 - Twisted's name
            self.asked.append("addWriter")

        def removeReader(self, reader: object) -> None:  # noqa: N802 - Twisted's name
            self.asked.append("removeReader")

        def removeWriter(self, writer: object) -> None:  # noqa: N802 - Twisted's name
            self.asked.append("removeWriter")

    plain = Plain()
    lane = Lane(plain)
    lane.start()

    lane.addReader(watched)  # type: ignore[arg-type]  # a fake
    lane.addWriter(watched)  # type: ignore[arg-type]  # a fake
    lane.removeWriter(watched)  # type: ignore[arg-type]  # a fake
    lane.removeReader(watched)  # type: ignore[arg-type]  # a fake
    lane.stop()

    assert plain.asked == ["addReader", "addWriter", "removeWriter", "removeReader"]
    assert lane.fileno() == -1


def test_a_lane_has_to_be_started() -> None:
    """To forget that is a mistake of the programmer, and is said at once."""
    turns = Turns()
    lane = Lane(turns)

    with pytest.raises(AssertionError, match="not been started"):
        lane.addReader(turns.lane)
    turns.end()
