"""TLS: modern only, resumable, in time, and with the certificate that is current."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface.verify import verifyObject

from gateway.listen.tls import HANDSHAKE_LIMIT_S, ServedCertificate, tls_factory
from tests.instruments.certificates import Authority
from tests.listen.handshakes import Browser
from tests.listen.pairs import pair

ROOT = Path(__file__).parents[2]


class Echo(Protocol):
    """Says back what it hears."""

    def dataReceived(self, data: bytes) -> None:
        """Say it back."""
        assert self.transport is not None
        self.transport.write(data)


@pytest.fixture
def clock() -> Clock:
    """Time stands still unless told."""
    return Clock()


@pytest.fixture
def served(authority: Authority) -> ServedCertificate:
    """A server's certificate."""
    return ServedCertificate(pair(authority))


@pytest.fixture
def factory(served: ServedCertificate, clock: Clock) -> IProtocolFactory:
    """An echo server behind TLS."""
    return tls_factory(served, Factory.forProtocol(Echo), clock)


def client(version: int | None = None) -> SSL.Context:
    """What a browser is willing to speak."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if version is not None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    return context


def serial(browser: Browser) -> int:
    """Which certificate the browser was shown."""
    shown = browser.tls.get_peer_certificate()
    assert shown is not None
    return shown.get_serial_number()


def test_it_is_what_twisted_asks_for(served: ServedCertificate) -> None:
    """The holder of the certificate keeps Twisted's interface."""
    assert verifyObject(IOpenSSLServerConnectionCreator, served)


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_what_goes_in_comes_out(factory: IProtocolFactory, clock: Clock, version: int) -> None:
    """TLS 1.2 and 1.3 carry bytes both ways, and the whole chain is sent."""
    browser = Browser(factory, clock, context=client(version))

    browser.shake_hands()
    browser.send(b"hello")

    assert browser.received() == b"hello"
    assert len(browser.tls.get_peer_cert_chain() or []) == 2


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_old_versions_are_refused(factory: IProtocolFactory, clock: Clock, version: int) -> None:
    """Nobody gets in with TLS 1.0 or 1.1."""
    context = client(version)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")

    with pytest.raises(SSL.Error):
        Browser(factory, clock, context=context).shake_hands()


@pytest.mark.parametrize(
    "cipher", [b"ECDHE-ECDSA-AES256-SHA384", b"ECDHE-ECDSA-AES128-SHA", b"ECDHE-ECDSA-AES256-CCM"]
)
def test_old_ciphers_are_refused(factory: IProtocolFactory, clock: Clock, cipher: bytes) -> None:
    """CBC and CCM suites, which stock Twisted offers, are not ours."""
    context = client(SSL.TLS1_2_VERSION)
    context.set_cipher_list(cipher)

    with pytest.raises(SSL.Error):
        Browser(factory, clock, context=context).shake_hands()


def test_a_client_that_offers_alpn_is_served(factory: IProtocolFactory, clock: Clock) -> None:
    """Every browser offers h2 and http/1.1 by ALPN; it gets http/1.1 (RFC 7301)."""
    context = client()
    context.set_alpn_protos([b"h2", b"http/1.1"])
    browser = Browser(factory, clock, context=context)

    browser.shake_hands()

    assert browser.tls.get_alpn_proto_negotiated() == b"http/1.1"


def test_a_client_of_another_protocol_is_refused(factory: IProtocolFactory, clock: Clock) -> None:
    """Who offers other protocols only is not answered in one that it did not ask for."""
    context = client()
    context.set_alpn_protos([b"h2"])

    with pytest.raises(SSL.Error):
        Browser(factory, clock, context=context).shake_hands()


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_a_session_is_resumed(factory: IProtocolFactory, clock: Clock, version: int) -> None:
    """A browser that comes back saves both sides the costly half of the handshake."""
    context = client(version)
    first = Browser(factory, clock, context=context)
    first.shake_hands()
    first.send(b"hello")
    first.received()  # on 1.3 the ticket comes after the handshake
    stranger = Browser(factory, clock, context=context)
    stranger.shake_hands()

    again = Browser(factory, clock, context=context, session=first.tls.get_session())
    again.shake_hands()

    # pyOpenSSL does not tell, but who resumes is not sent the certificates again.
    assert again.received_bytes < stranger.received_bytes - 500


def test_a_new_certificate_is_for_new_connections(
    served: ServedCertificate, factory: IProtocolFactory, clock: Clock, authority: Authority
) -> None:
    """A renewed certificate is shown to who comes next, and old connections live on."""
    before = Browser(factory, clock)
    before.shake_hands()
    renewed = pair(authority)

    served.serve(renewed)
    after = Browser(factory, clock)
    after.shake_hands()
    before.send(b"still here")

    assert serial(after) == renewed.leaf.serial_number
    assert serial(before) != renewed.leaf.serial_number
    assert before.received() == b"still here"


def test_a_peer_that_says_nothing_is_cut(factory: IProtocolFactory, clock: Clock) -> None:
    """A connection without a handshake is over after ten seconds."""
    browser = Browser(factory, clock)

    clock.advance(HANDSHAKE_LIMIT_S - 0.1)
    assert browser.transport.connected
    clock.advance(0.2)

    assert not browser.transport.connected


def test_a_peer_that_drips_is_cut(factory: IProtocolFactory, clock: Clock) -> None:
    """A handshake that arrives byte by byte does not gain time by it."""
    browser = Browser(factory, clock)
    with pytest.raises(SSL.WantReadError):
        browser.tls.do_handshake()
    hello = browser.tls.bio_read(65536)

    for each in hello[:20]:
        browser.server.dataReceived(bytes([each]))
        clock.advance(0.6)
        if not browser.transport.connected:
            break

    assert not browser.transport.connected
    assert clock.seconds() <= HANDSHAKE_LIMIT_S + 0.6


def test_a_peer_in_time_is_left_alone(factory: IProtocolFactory, clock: Clock) -> None:
    """After the handshake the deadline is gone: what follows has time-outs of its own."""
    browser = Browser(factory, clock)
    browser.shake_hands()
    browser.received()

    assert clock.getDelayedCalls() == []
    assert isinstance(browser.server, TLSMemoryBIOProtocol)


def test_a_peer_that_leaves_leaves_nothing(factory: IProtocolFactory, clock: Clock) -> None:
    """A connection that is lost in mid-handshake leaves no timer behind."""
    browser = Browser(factory, clock)

    browser.transport.loseConnection()

    assert clock.getDelayedCalls() == []


GROUPS = """
import ssl, sys
from gateway import clock
clock.set_up()
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from OpenSSL import SSL
from tests.instruments.certificates import Authority
from tests.listen.handshakes import Browser
from tests.listen.test_tls import Echo, pair
from gateway.listen.tls import ServedCertificate, tls_factory

time = Clock()
factory = tls_factory(ServedCertificate(pair(Authority())), Factory.forProtocol(Echo), time)
browser = Browser(factory, time)
browser.shake_hands()
print(browser.tls.get_group_name())

for curve in ("prime256v1", "secp384r1", "secp521r1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ecdh_curve(curve)
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(coming, going)
    visit = Browser(factory, time)
    outcome = "unfinished"
    for _ in range(8):
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            visit.server.dataReceived(going.read())
            coming.write(visit.transport.value())
            visit.transport.clear()
        except ssl.SSLError:
            outcome = "refused"
            break
        else:
            outcome = "served"
            break
    print(curve, outcome)
"""


def test_key_agreement_is_modern() -> None:
    """Post-quantum X25519MLKEM768 is preferred; P-521, which few need, is refused."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("OPENSSL_CONF", None)

    done = subprocess.run(
        [sys.executable, "-c", GROUPS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split("\n")[:-1] == [
        "X25519MLKEM768",
        "prime256v1 served",
        "secp384r1 served",
        "secp521r1 refused",
    ]
