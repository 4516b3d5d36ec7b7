"""Connections, in the clear and with TLS: sent whole, slowed down, ended in each way."""

from __future__ import annotations

import hashlib
import random
import socket
from collections.abc import Callable

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.logger import LogLevel, capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from gateway.proxy.wire import unsent_bytes
from tests.sockets.peers import PEER, Peer, TlsPeer
from tests.sockets.turns import Ear, Turns

LONG = random.Random(7).randbytes(10_000_000)
MEDIUM = LONG[:1_000_000]
"""More than the kernel keeps for a client that does not read."""


class Echo(Ear):
    """Says back what it hears."""

    def dataReceived(self, data: bytes) -> None:
        """Say it back."""
        assert self.transport is not None
        self.transport.write(data)


@implementer(IHalfCloseableProtocol)
class HalfEar(Ear):
    """Wants to know when the client has finished, and speaks only then."""

    is_finished = False
    is_silent = False

    def readConnectionLost(self) -> None:
        """The client has finished."""
        self.is_finished = True

    def writeConnectionLost(self) -> None:
        """We have finished."""
        self.is_silent = True


def test_it_is_what_twisted_asks_for(peer: Peer) -> None:
    """Protocols find in it every method that Twisted's interfaces name."""
    peer.serve(Ear())

    for interface in (ITCPTransport, IConsumer, IPushProducer):
        assert verifyObject(interface, peer.connection)
    assert ISSLTransport.providedBy(peer.connection) is isinstance(peer, TlsPeer)


def test_what_goes_in_comes_out(peer: Peer) -> None:
    """Bytes pass both ways."""
    peer.serve(Echo())

    peer.send(b"hello")

    assert peer.hears(5) == b"hello"


def test_small_pieces_stay_in_order(peer: Peer) -> None:
    """Many small writes, some sent at once and some kept for later, arrive as one stream."""
    peer.serve(Ear())
    pieces = [LONG[at : at + 7_777] for at in range(0, len(MEDIUM), 7_777)]

    for piece in pieces:
        peer.connection.write(piece)
    peer.connection.writeSequence([b"the ", b"", b"end"])
    peer.connection.write(b"")

    wanted = b"".join(pieces) + b"the end"
    assert peer.hears(len(wanted)) == wanted


def test_a_slow_reader_gets_it_all(peer: Peer) -> None:
    """Ten megabytes written at once arrive whole, however slowly they are taken."""
    peer.serve(Ear())

    peer.connection.write(LONG)
    peer.turns.turn()
    peer.connection.loseConnection()

    assert hashlib.sha256(peer.hears_the_end()).digest() == hashlib.sha256(LONG).digest()
    assert not peer.is_reset


def test_a_long_upload_arrives(peer: Peer) -> None:
    """Ten megabytes sent by the client arrive whole."""
    ear = Ear()
    peer.serve(ear)

    peer.send(LONG)
    peer.turns.until(lambda: len(ear.heard) == len(LONG))

    assert ear.heard == LONG


def test_a_paused_connection_reads_nothing(peer: Peer) -> None:
    """What a client sends waits in the kernel until it is wanted."""
    ear = Ear()
    peer.serve(ear)
    peer.connection.pauseProducing()
    peer.connection.pauseProducing()

    peer.send(b"hello")
    for _ in range(5):
        peer.turns.turn()
    before = ear.heard
    peer.connection.resumeProducing()
    peer.turns.until(lambda: ear.heard)

    assert (before, ear.heard) == (b"", b"hello")


def test_a_connection_whose_consumer_died_lives_on(peer: Peer) -> None:
    """A browser that uploads to an app that has died can still be told so."""
    peer.serve(Ear())

    peer.connection.stopProducing()
    peer.connection.write(b"502")

    assert peer.hears(3) == b"502"


def test_closing_tells_the_protocol_once(peer: Peer) -> None:
    """An orderly end is told as one, once, and not while it is asked for."""
    ear = Ear()
    peer.serve(ear)

    peer.connection.loseConnection()
    peer.connection.loseConnection()
    at_once = ear.why
    peer.hears_the_end()
    peer.leave()
    peer.turns.until(lambda: ear.why)

    assert at_once is None
    assert ear.why is not None
    assert ear.why.check(ConnectionDone)


def test_an_abort_is_a_reset(peer: Peer) -> None:
    """Nobody may take what came before an abort for the whole."""
    ear = Ear()
    peer.serve(ear)
    peer.connection.write(MEDIUM)

    peer.connection.abortConnection()
    peer.connection.abortConnection()
    at_once = ear.why
    peer.turns.until(lambda: ear.why)
    peer.hears_the_end()

    assert at_once is None
    assert ear.why is not None
    assert ear.why.check(ConnectionAborted)
    assert peer.is_reset


def test_what_is_written_after_the_end_is_lost(peer: Peer) -> None:
    """A protocol that has not noticed the end yet does no harm."""
    ear = Ear()
    peer.serve(ear)
    peer.leave()
    peer.turns.until(lambda: ear.why)

    peer.connection.write(b"hello")
    peer.connection.loseConnection()
    peer.connection.loseWriteConnection()
    peer.connection.abortConnection()
    peer.connection.pauseProducing()
    peer.connection.resumeProducing()

    assert unsent_bytes(peer.connection) == -1
    assert peer.connection.fileno() == -1


def test_a_client_that_vanishes_is_noticed_in_writing(peer: Peer) -> None:
    """A reset in the midst of an answer ends the connection as a loss."""
    ear = Ear()
    peer.serve(ear)
    peer.connection.pauseProducing()
    peer.connection.write(MEDIUM)

    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.leave()
    peer.turns.turn()
    peer.connection.resumeProducing()
    peer.turns.until(lambda: ear.why)

    assert ear.why is not None
    assert ear.why.check(ConnectionLost)


def test_a_client_that_has_finished_gets_its_answer(peer: Peer) -> None:
    """What was written for a client that then closes its half is sent to the end."""
    ear = Ear()
    peer.serve(ear)
    peer.connection.write(MEDIUM)

    peer.finish()
    for _ in range(3):
        peer.turns.turn()

    assert peer.hears_the_end() == MEDIUM


def test_a_client_that_has_finished_and_has_all_is_gone(peer: Peer) -> None:
    """Without anything left to send, the client's end is the end."""
    ear = Ear()
    peer.serve(ear)

    peer.finish()
    peer.turns.until(lambda: ear.why)

    assert ear.why is not None
    assert ear.why.check(ConnectionDone)


def test_a_protocol_may_answer_after_the_end(peer: Peer) -> None:
    """A protocol that knows of halves speaks as long as it likes after the client finished."""
    ear = HalfEar()
    peer.serve(ear)
    peer.send(b"question")
    peer.finish()
    peer.turns.until(lambda: ear.is_finished)

    peer.connection.write(MEDIUM)
    peer.connection.resumeProducing()
    peer.connection.loseConnection()

    assert peer.hears_the_end() == MEDIUM
    assert ear.heard == b"question"


def test_trouble_in_a_protocol_ends_its_connection_only(connect: Callable[[], Peer]) -> None:
    """An exception is logged and ends the connection that it came from; the others go on."""

    class Clumsy(Ear):
        def dataReceived(self, data: bytes) -> None:
            raise LookupError("clumsy")

    clumsy, other = connect(), connect()
    ear = Clumsy()
    clumsy.serve(ear)
    other.serve(Echo())

    with capturedLogs() as logs:
        clumsy.send(b"trip")
        clumsy.turns.until(lambda: ear.why)
    other.send(b"hello")

    assert [LogLevel.critical] == [event["log_level"] for event in logs]
    assert ear.why is not None
    assert ear.why.check(LookupError)
    assert other.hears(5) == b"hello"


def test_trouble_at_the_beginning_ends_the_connection(peer: Peer) -> None:
    """A protocol that cannot even begin does not keep its connection."""

    class Stillborn(Ear):
        def connectionMade(self) -> None:
            raise LookupError("stillborn")

    ear = Stillborn()
    with capturedLogs() as logs:
        Peer.serve(peer, ear)

    assert ear.why is not None
    assert [LogLevel.critical] == [event["log_level"] for event in logs]


def test_it_knows_both_addresses(peer: Peer) -> None:
    """The protocol learns who asks, and which of our addresses was reached."""
    peer.serve(Ear())

    assert peer.connection.getPeer() == PEER
    assert (peer.connection.getHost().host, peer.connection.getHost().port) == (
        peer.socket.getpeername()
    )


def test_small_pieces_may_go_at_once(peer: Peer) -> None:
    """Nagle's delay (RFC 896) and keep-alive can be set and asked for."""
    peer.serve(Ear())

    peer.connection.setTcpNoDelay(True)
    peer.connection.setTcpKeepAlive(True)

    assert peer.connection.getTcpNoDelay()
    assert peer.connection.getTcpKeepAlive()


def test_what_the_client_has_not_taken_can_be_asked(peer: Peer) -> None:
    """The proxy can tell a slow client from a dead one by what the kernel still holds."""
    peer.serve(Ear())
    peer.connection.write(MEDIUM)

    assert unsent_bytes(peer.connection) > 0


def test_our_half_can_be_closed_alone(turns: Turns) -> None:
    """In the clear the client sees our end and can still speak."""
    peer, ear = Peer(turns), HalfEar()
    peer.serve(ear)
    peer.connection.write(MEDIUM)

    peer.connection.loseWriteConnection()
    everything = peer.hears_the_end()
    peer.send(b"thanks")
    turns.until(lambda: ear.heard)
    peer.finish()
    turns.until(lambda: ear.why)

    assert everything == MEDIUM
    assert (ear.heard, ear.is_silent, ear.is_finished) == (b"thanks", True, True)
