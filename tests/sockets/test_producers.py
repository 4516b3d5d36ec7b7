"""Back-pressure: who writes faster than a client reads is told to wait."""

from __future__ import annotations

import random

import pytest

from gateway.sockets.ends import HIGH_WATER_BYTES
from tests.sockets.peers import Peer
from tests.sockets.turns import Ear, Producer

MEDIUM = random.Random(7).randbytes(1_000_000)
"""More than the kernel keeps for a client that does not read."""


def register(peer: Peer, producer: object, *, streaming: bool = True) -> None:
    """Let a producer be slowed down by this client."""
    peer.connection.registerProducer(producer, streaming)  # type: ignore[arg-type]  # a fake


def test_a_producer_waits_for_a_slow_reader(peer: Peer) -> None:
    """Who writes faster than the client reads is told to wait, and to go on afterwards."""
    producer = Producer()
    peer.serve(Ear())
    register(peer, producer)

    peer.connection.write(MEDIUM)
    paused = list(producer.told)
    peer.hears(len(MEDIUM))
    peer.turns.until(lambda: len(producer.told) > 1)

    assert paused == ["pause"]
    assert producer.told == ["pause", "resume"]


def test_a_producer_that_comes_late_waits_too(peer: Peer) -> None:
    """With much unsent already, a producer is told to wait as it registers."""
    producer = Producer()
    peer.serve(Ear())
    peer.connection.write(MEDIUM)

    register(peer, producer)

    assert producer.told == ["pause"]


def test_a_producer_of_little_is_never_stopped(peer: Peer) -> None:
    """As long as the client keeps up, nobody is slowed down."""
    producer = Producer()
    peer.serve(Ear())
    register(peer, producer)

    peer.connection.write(b"x" * HIGH_WATER_BYTES)
    peer.hears(HIGH_WATER_BYTES)

    assert producer.told == []


def test_there_is_one_producer_at_a_time(peer: Peer) -> None:
    """A second producer is a mistake of the programmer."""
    peer.serve(Ear())
    register(peer, Producer())

    with pytest.raises(RuntimeError, match="is registered"):
        register(peer, Producer())


def test_a_pulled_producer_is_asked_again_and_again(peer: Peer) -> None:
    """A static file is read as fast as it is sent, and no faster."""
    pieces = [MEDIUM[at : at + 100_000] for at in range(0, 1_000_000, 100_000)]
    wanted = b"".join(pieces)

    class File(Producer):
        def resumeProducing(self) -> None:
            peer.connection.write(pieces.pop(0))
            if not pieces:
                peer.connection.unregisterProducer()
                peer.connection.loseConnection()

    peer.serve(Ear())
    register(peer, File(), streaming=False)

    assert peer.hears_the_end() == wanted


def test_the_end_waits_for_the_producer(peer: Peer) -> None:
    """A connection that is to be closed still takes what its producer has to say."""
    peer.serve(Ear())
    register(peer, Producer())

    peer.connection.loseConnection()
    peer.turns.turn()
    peer.connection.write(b"the last words")
    peer.turns.turn()
    peer.connection.unregisterProducer()

    assert peer.hears_the_end() == b"the last words"


def test_a_producer_hears_of_the_end(peer: Peer) -> None:
    """When the client goes away the producer is told to stop."""
    producer, ear = Producer(), Ear()
    peer.serve(ear)
    register(peer, producer)

    peer.leave()
    peer.turns.until(lambda: ear.why)

    assert producer.told == ["stop"]


def test_a_producer_for_nobody_is_stopped(peer: Peer) -> None:
    """Who registers when the client has gone is told so at once."""
    producer, ear = Producer(), Ear()
    peer.serve(ear)
    peer.leave()
    peer.turns.until(lambda: ear.why)

    register(peer, producer)

    assert producer.told == ["stop"]
