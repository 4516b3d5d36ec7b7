"""
TLS for browsers: 1.2 and 1.3, forward secrecy, modern suites, and nothing else.

Mozilla's "intermediate" profile; the groups of the key agreement come from
`listen/openssl.cnf` (see `gateway.clock`). `ServedCertificate` gives each new connection the
pair that is current: `serve` switches to another one while old connections live on. A peer
has ten seconds to finish its handshake, however slowly it drips its bytes.
"""

from __future__ import annotations

import socket

from OpenSSL import SSL

from gateway.listen.certificates import Pair
from gateway.sockets.addresses import Address
from gateway.sockets.ends import Loop
from gateway.sockets.handshakes import Handshakes
from gateway.sockets.listening import Transport
from gateway.sockets.tls import TlsConnection, fit

HANDSHAKE_LIMIT_S = 10.0
"""From the TCP connection to the end of the handshake; bytes that drip in do not renew it."""

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: ephemeral keys and authenticated encryption only. 1.3 has no other."""

HTTP_1_1 = b"http/1.1"

SESSION_CONTEXT = b"gateway"
"""Says whose sessions may be resumed; OpenSSL wants some name."""


class AlpnRefusedError(SSL.Error):
    """The client offers protocols by ALPN, and HTTP/1.1 is not among them (RFC 7301 3.2)."""


class ServedCertificate:
    """What new connections are served with: one pair at a time."""

    def __init__(self, pair: Pair) -> None:
        self.serve(pair)

    def serve(self, pair: Pair) -> None:
        """From the next connection on, use this pair. New ticket keys come with it."""
        self.context = _context(pair)
        self.pair = pair

    def renew_tickets(self) -> None:
        """
        Forget the keys of session tickets: who keeps them could read what was resumed.

        Who comes with an old ticket has a whole handshake (RFC 8446 C.4 wants keys rotated).
        """
        self.serve(self.pair)

    def transport(self, loop: Loop, *, most_handshakes: int | None = None) -> Transport:
        """How a port on this lane makes a connection of an accepted socket."""
        handshakes = Handshakes(loop, limit_s=HANDSHAKE_LIMIT_S, most=most_handshakes)

        def begin(sock: socket.socket, loop: Loop, peer: Address) -> TlsConnection:
            return TlsConnection(sock, loop, peer, context=self.context, handshakes=handshakes)

        return begin


def _context(pair: Pair) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(
        SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION
    )
    fit(context)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # tickets need no memory here
    context.set_session_id(SESSION_CONTEXT)
    context.use_certificate(pair.leaf)
    for each in pair.chain:
        context.add_extra_chain_cert(each)
    context.use_privatekey(pair.key)
    context.check_privatekey()
    context.set_alpn_select_callback(_choose_protocol)
    context.set_cipher_list(CIPHERS)
    return context


def _choose_protocol(connection: SSL.Connection, offered: list[bytes]) -> bytes:
    """The only one we speak. To refuse is to raise: pyOpenSSL sends the right alert then."""
    if HTTP_1_1 not in offered:
        raise AlpnRefusedError([("gateway", "ALPN", f"offered: {offered!r}")])
    return HTTP_1_1
