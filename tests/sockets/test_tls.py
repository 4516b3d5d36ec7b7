"""What is TLS's own: handshakes that take too long, goodbyes, and peers that speak no TLS."""

from __future__ import annotations

import pytest
from OpenSSL import SSL
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener
from twisted.logger import LogLevel, capturedLogs
from zope.interface import implementer

from gateway.listen.tls import HANDSHAKE_LIMIT_S, ServedCertificate
from gateway.sockets.tls import GOODBYE_S
from tests.sockets.peers import Peer, TlsPeer
from tests.sockets.turns import Ear, Turns


@pytest.fixture
def peer(turns: Turns, served: ServedCertificate) -> TlsPeer:
    """One client that speaks TLS."""
    return TlsPeer(turns, served)


@pytest.fixture
def waiting(peer: TlsPeer) -> Ear:
    """What the server's protocol hears of a client that has connected and not begun TLS."""
    ear = Ear()
    Peer.serve(peer, ear)
    return ear


def hello(peer: TlsPeer) -> bytes:
    """A client's first message."""
    tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    tls.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        tls.do_handshake()
    return tls.bio_read(65536)


def test_a_peer_that_says_nothing_is_cut(turns: Turns, waiting: Ear) -> None:
    """A connection without a handshake is over after ten seconds."""
    turns.advance(HANDSHAKE_LIMIT_S - 0.1)
    before = waiting.why
    turns.advance(0.2)
    turns.until(lambda: waiting.why)

    assert before is None
    assert waiting.why is not None
    assert waiting.why.check(ConnectionAborted)


def test_a_peer_that_drips_is_cut(turns: Turns, peer: TlsPeer, waiting: Ear) -> None:
    """A handshake that arrives byte by byte does not gain time by it."""
    dripped = 0
    for each in hello(peer)[:40]:
        if waiting.why is not None:
            break
        peer.socket.send(bytes([each]))
        dripped += 1
        turns.turn()
        turns.advance(0.6)
        turns.turn()

    assert waiting.why is not None
    assert dripped * 0.6 <= HANDSHAKE_LIMIT_S + 0.6


def test_a_peer_that_never_reads_is_cut(turns: Turns, peer: TlsPeer, waiting: Ear) -> None:
    """A client that asks for a handshake and leaves the answer in the kernel is cut too."""
    peer.socket.send(hello(peer))
    turns.turn()

    turns.advance(HANDSHAKE_LIMIT_S)
    turns.until(lambda: waiting.why)

    assert waiting.why is not None
    assert waiting.why.check(ConnectionAborted)


def test_a_peer_in_time_is_left_alone(turns: Turns, peer: TlsPeer) -> None:
    """After the handshake the deadline is gone: what follows has time-outs of its own."""
    ear = Ear()

    peer.serve(ear)

    assert turns.getDelayedCalls() == []
    turns.advance(HANDSHAKE_LIMIT_S * 2)
    assert ear.why is None


def test_a_peer_that_leaves_leaves_nothing(turns: Turns, peer: TlsPeer, waiting: Ear) -> None:
    """A connection that is lost in mid-handshake leaves no timer behind."""
    peer.leave()
    turns.until(lambda: waiting.why)

    assert turns.getDelayedCalls() == []


def test_of_many_handshakes_the_oldest_has_to_go(turns: Turns, served: ServedCertificate) -> None:
    """Where their number is limited, newcomers push out who has been longest at it."""
    transport = served.transport(turns.lane, most_handshakes=2)
    ears = [Ear(), Ear(), Ear()]

    for ear in ears:
        Peer.serve(TlsPeer(turns, served, transport=transport), ear)
    turns.until(lambda: ears[0].why)

    assert [ear.why is None for ear in ears] == [False, True, True]


def test_each_handshake_has_its_own_time(turns: Turns, served: ServedCertificate) -> None:
    """Who came later is cut later."""
    transport = served.transport(turns.lane)
    early, late = Ear(), Ear()
    Peer.serve(TlsPeer(turns, served, transport=transport), early)
    turns.advance(4)
    Peer.serve(TlsPeer(turns, served, transport=transport), late)

    turns.advance(HANDSHAKE_LIMIT_S - 4)
    turns.until(lambda: early.why)
    before = late.why
    turns.advance(4)
    turns.until(lambda: late.why)

    assert before is None


def test_who_speaks_no_tls_is_sent_away_quietly(turns: Turns, peer: TlsPeer) -> None:
    """A plain request to the TLS port is no trouble of ours: nothing but a debug line."""
    ear = Ear()
    with capturedLogs() as logs:
        Peer.serve(peer, ear)
        peer.socket.send(b"GET / HTTP/1.1\r\n\r\n")
        turns.until(lambda: ear.why)

    assert ear.why is not None
    assert ear.why.check(ConnectionLost)
    assert {LogLevel.debug} == {event["log_level"] for event in logs}


def test_garbage_after_the_handshake_ends_it_quietly(turns: Turns, peer: TlsPeer) -> None:
    """Bytes that do not belong to TLS end the connection, and nothing of them is handed on."""
    ear = Ear()
    peer.serve(ear)

    with capturedLogs() as logs:
        peer.socket.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        turns.until(lambda: ear.why)

    assert ear.heard == b""
    assert [] == logs


def test_renegotiation_is_refused(turns: Turns, served: ServedCertificate) -> None:
    """A client that wants to begin anew in the midst of TLS 1.2 is not obeyed."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    peer, ear = TlsPeer(turns, served, context=context), Ear()
    peer.serve(ear)

    peer.tls.renegotiate()
    with pytest.raises(SSL.Error, match="no renegotiation"):
        peer.shake_hands()


def test_the_protocol_hears_of_the_handshake(turns: Turns, peer: TlsPeer) -> None:
    """Who asks is told when TLS is there."""

    @implementer(IHandshakeListener)
    class Listener(Ear):
        has_shaken = False

        def handshakeCompleted(self) -> None:
            self.has_shaken = True

    ear = Listener()
    peer.serve(ear)

    assert ear.has_shaken


def test_what_is_said_before_the_handshake_waits_for_it(turns: Turns, peer: TlsPeer) -> None:
    """A protocol that speaks first, and even closes, is heard through TLS."""

    class Greeter(Ear):
        def connectionMade(self) -> None:
            assert self.transport is not None
            self.transport.write(b"hello")
            self.transport.loseConnection()

    peer.serve(Greeter())

    assert peer.hears_the_end() == b"hello"


def test_closing_in_mid_handshake_is_at_once(turns: Turns, peer: TlsPeer, waiting: Ear) -> None:
    """With nothing to say, nobody waits for a handshake in order to close."""
    peer.connection.loseConnection()
    turns.until(lambda: waiting.why)

    assert turns.getDelayedCalls() == []


def test_goodbye_is_said_in_tls(turns: Turns, peer: TlsPeer) -> None:
    """The client can tell the proper end from one that somebody on the way has made."""
    ear = Ear()
    peer.serve(ear)

    peer.connection.loseConnection()
    peer.hears_the_end()
    peer.leave()
    turns.until(lambda: ear.why)

    assert peer.tls.get_shutdown() & SSL.RECEIVED_SHUTDOWN
    assert ear.why is not None
    assert ear.why.check(ConnectionDone)
    assert turns.getDelayedCalls() == []


def test_a_peer_that_never_says_goodbye_is_cut(turns: Turns, peer: TlsPeer) -> None:
    """Five seconds after our goodbye the socket is torn down; what comes meanwhile is nothing."""
    ear = Ear()
    peer.serve(ear)
    peer.connection.loseConnection()
    peer.hears_the_end()

    peer.send(b"still here")
    turns.advance(GOODBYE_S - 0.1)
    before = ear.why
    turns.advance(0.2)
    turns.until(lambda: ear.why)

    assert (before, ear.heard) == (None, b"")


def test_goodbye_waits_for_a_full_socket(turns: Turns, peer: TlsPeer) -> None:
    """A goodbye for which there is no room comes after the rest, not instead of it."""
    peer.serve(Ear())
    wanted = b"x" * 700_000

    peer.connection.write(wanted)
    peer.connection.loseConnection()
    turns.turn()

    assert peer.hears_the_end() == wanted
    assert peer.tls.get_shutdown() & SSL.RECEIVED_SHUTDOWN


def test_half_a_goodbye_is_a_whole_one(turns: Turns, peer: TlsPeer) -> None:
    """TLS has no half-closed connections that all versions know."""
    peer.serve(Ear())

    peer.connection.loseWriteConnection()
    peer.hears_the_end()

    assert peer.tls.get_shutdown() & SSL.RECEIVED_SHUTDOWN


def test_it_knows_what_was_agreed(turns: Turns, served: ServedCertificate) -> None:
    """The protocol can ask what ALPN came to, and whether the client showed a certificate."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_alpn_protos([b"h2", b"http/1.1"])
    peer = TlsPeer(turns, served, context=context)
    peer.serve(Ear())

    assert peer.connection.negotiatedProtocol == b"http/1.1"  # type: ignore[attr-defined]
    assert peer.connection.getPeerCertificate() is None  # type: ignore[attr-defined]


def test_nothing_was_agreed_on_a_lost_connection(turns: Turns, peer: TlsPeer) -> None:
    """Late questions are answered with nothing."""
    ear = Ear()
    peer.serve(ear)
    peer.leave()
    turns.until(lambda: ear.why)

    assert peer.connection.negotiatedProtocol is None  # type: ignore[attr-defined]
    assert peer.connection.getPeerCertificate() is None  # type: ignore[attr-defined]


def test_a_new_certificate_harms_nobody(
    turns: Turns, authority: object, served: ServedCertificate
) -> None:
    """Requests go on without a failure while the certificate and the keys are changed."""

    class Echo(Ear):
        def dataReceived(self, data: bytes) -> None:
            assert self.transport is not None
            self.transport.write(data)

    lasting = TlsPeer(turns, served)
    lasting.serve(Echo())
    answers = 0
    for number in range(6):
        served.renew_tickets()
        fresh = TlsPeer(turns, served)
        fresh.serve(Echo())
        for peer in (lasting, fresh):
            peer.received = b""
            peer.send(b"%d" % number)
            answers += peer.hears(1) == b"%d" % number

    assert answers == 12
