"""TLS: modern only, resumable, and with the certificate that is current."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from OpenSSL import SSL

from gateway.listen.tls import ServedCertificate
from tests.instruments.certificates import Authority
from tests.listen.pairs import pair
from tests.sockets.peers import Peer, TlsPeer
from tests.sockets.turns import Ear, Turns

ROOT = Path(__file__).parents[2]
ALERT_NO_APPLICATION_PROTOCOL = "no application protocol"


class Echo(Ear):
    """Says back what it hears."""

    def dataReceived(self, data: bytes) -> None:
        """Say it back."""
        assert self.transport is not None
        self.transport.write(data)


@pytest.fixture
def turns() -> Iterator[Turns]:
    """A lane that the test turns by hand."""
    turns = Turns()
    yield turns
    turns.end()


@pytest.fixture
def served(authority: Authority) -> ServedCertificate:
    """A server's certificate."""
    return ServedCertificate(pair(authority))


def client(version: int | None = None) -> SSL.Context:
    """What a browser is willing to speak."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if version is not None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    return context


def visit(
    turns: Turns,
    served: ServedCertificate,
    context: SSL.Context | None = None,
    session: SSL.Session | None = None,
) -> TlsPeer:
    """A browser that has shaken hands with an echo."""
    browser = TlsPeer(turns, served, context=context, session=session)
    browser.serve(Echo())
    return browser


def serial(browser: TlsPeer) -> int:
    """Which certificate the browser was shown."""
    shown = browser.tls.get_peer_certificate()
    assert shown is not None
    return shown.get_serial_number()


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_what_goes_in_comes_out(turns: Turns, served: ServedCertificate, version: int) -> None:
    """TLS 1.2 and 1.3 carry bytes both ways, and the whole chain is sent."""
    browser = visit(turns, served, client(version))

    browser.send(b"hello")

    assert browser.hears(5) == b"hello"
    assert len(browser.tls.get_peer_cert_chain() or []) == 2


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_old_versions_are_refused(turns: Turns, served: ServedCertificate, version: int) -> None:
    """Nobody gets in with TLS 1.0 or 1.1."""
    context = client(version)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")

    with pytest.raises(SSL.Error):
        visit(turns, served, context)


@pytest.mark.parametrize(
    "cipher", [b"ECDHE-ECDSA-AES256-SHA384", b"ECDHE-ECDSA-AES128-SHA", b"ECDHE-ECDSA-AES256-CCM"]
)
def test_old_ciphers_are_refused(turns: Turns, served: ServedCertificate, cipher: bytes) -> None:
    """CBC and CCM suites, which stock Twisted offers, are not ours."""
    context = client(SSL.TLS1_2_VERSION)
    context.set_cipher_list(cipher)

    with pytest.raises(SSL.Error):
        visit(turns, served, context)


def test_a_client_that_offers_alpn_is_served(turns: Turns, served: ServedCertificate) -> None:
    """Every browser offers h2 and http/1.1 by ALPN; it gets http/1.1 (RFC 7301)."""
    context = client()
    context.set_alpn_protos([b"h2", b"http/1.1"])

    browser = visit(turns, served, context)

    assert browser.tls.get_alpn_proto_negotiated() == b"http/1.1"


def test_a_client_of_another_protocol_is_refused(turns: Turns, served: ServedCertificate) -> None:
    """Who offers other protocols only hears the alert that is meant for it (RFC 7301 3.2)."""
    context = client()
    context.set_alpn_protos([b"h2"])

    with pytest.raises(SSL.Error, match=ALERT_NO_APPLICATION_PROTOCOL):
        visit(turns, served, context)


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_a_session_is_resumed(turns: Turns, served: ServedCertificate, version: int) -> None:
    """A browser that comes back saves both sides the costly half of the handshake."""
    assert _is_reused(turns, served, version, changed=False)


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_old_tickets_end_with_their_keys(
    turns: Turns, served: ServedCertificate, version: int
) -> None:
    """After the keys were changed an old ticket resumes nothing, and does no harm."""
    assert not _is_reused(turns, served, version, changed=True)


def _is_reused(turns: Turns, served: ServedCertificate, version: int, *, changed: bool) -> bool:
    """By the standard library's client, which can tell."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    is_1_2 = version == SSL.TLS1_2_VERSION
    chosen = ssl.TLSVersion.TLSv1_2 if is_1_2 else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = chosen
    first = _talk(turns, served, context, None)
    if changed:
        served.renew_tickets()
    again = _talk(turns, served, context, first.session)
    return again.session_reused is True


def _talk(
    turns: Turns,
    served: ServedCertificate,
    context: ssl.SSLContext,
    session: ssl.SSLSession | None,
) -> ssl.SSLObject:
    peer = TlsPeer(turns, served)
    Peer.serve(peer, Echo())
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(coming, going, session=session)

    def does(work: object) -> bool:
        assert callable(work)
        try:
            work()
        except ssl.SSLWantReadError:
            return False
        finally:
            peer.socket.send(going.read())
            with contextlib.suppress(BlockingIOError):
                coming.write(peer.socket.recv(65536))
        return True

    turns.until(lambda: does(tls.do_handshake))
    does(lambda: tls.write(b"hello"))
    turns.until(lambda: does(lambda: tls.read(5)))  # on 1.3 the ticket comes after the handshake
    return tls


def test_a_new_certificate_is_for_new_connections(
    turns: Turns, served: ServedCertificate, authority: Authority
) -> None:
    """A renewed certificate is shown to who comes next, and old connections live on."""
    before = visit(turns, served)
    renewed = pair(authority)

    served.serve(renewed)
    after = visit(turns, served)
    before.send(b"still here")

    assert serial(after) == renewed.leaf.serial_number
    assert serial(before) != renewed.leaf.serial_number
    assert before.hears(10) == b"still here"


GROUPS = """
import ssl, sys
from gateway import clock
clock.set_up()
from tests.instruments.certificates import Authority
from tests.listen.pairs import pair
from tests.listen.test_tls import ServedCertificate, Turns, _talk, visit

turns, served = Turns(), ServedCertificate(pair(Authority()))
print(visit(turns, served).tls.get_group_name())

for curve in ("prime256v1", "secp384r1", "secp521r1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ecdh_curve(curve)
    try:
        _talk(turns, served, context, None)
        print(curve, "served")
    except ssl.SSLError:
        print(curve, "refused")
turns.end()
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
