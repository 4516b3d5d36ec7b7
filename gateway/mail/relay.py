"""The way to the mail server that `[notices]` names: address, trust, password."""

from __future__ import annotations

from typing import Any

from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import crypto
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.protocol import Factory
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from gateway.config.notices_options import Notices
from gateway.errors import GatewayError
from gateway.mail.letter import Letter, MailError
from gateway.mail.secret import read_password
from gateway.mail.smtp import Delivery, broken_in_words, in_short

CONNECT_S = 10.0
"""For each address of the mail server."""


class Relay:
    """Takes letters to the mail server, one connection for each: they are few."""

    def __init__(self, notices: Notices, reactor: Any, *, identity: str) -> None:
        """`identity`: the name by which we greet, our public host (RFC 5321 4.1.1.1)."""
        assert notices.smtp is not None
        self._notices = notices
        self._server = notices.smtp
        self._reactor = reactor
        self._identity = identity

    async def deliver(self, letter: Letter) -> None:
        """
        Give one letter to the server; it has it, durably, on return.

        Raises:
            MailError: it has not, and why.
        """
        try:
            await self._deliver(letter)
        except (GatewayError, CancelledError):
            raise
        except (ConnectError, DNSLookupError, OSError, ValueError) as error:
            # ValueError: a host name that cannot be one
            raise MailError(in_short(broken_in_words(error)), is_final=False) from None

    async def _deliver(self, letter: Letter) -> None:
        scheme = self._server.scheme
        tls: Any = None if scheme == "smtp" else self._tls()
        endpoint: Any = HostnameEndpoint(
            self._reactor, self._server.host, self._server.port, timeout=CONNECT_S
        )
        if scheme == "smtps":
            endpoint = wrapClientTLS(tls, endpoint)
        delivery = Delivery(
            letter,
            sender=self._notices.mail_from,
            identity=self._identity,
            user=self._server.user,
            password=self._password(),
            starttls=tls if scheme == "smtp+starttls" else None,
            clock=self._reactor,
        )
        factory = Factory.forProtocol(lambda: delivery)
        factory.noisy = False
        await endpoint.connect(factory)
        try:
            await delivery.done
        except BaseException:
            delivery.abort()
            raise

    def _tls(self) -> Any:
        """How the server is verified: its name, and whom we trust."""
        return optionsForClientTLS(self._server.host, trustRoot=trusted(self._notices))

    def _password(self) -> bytes:
        path = self._notices.password_file
        return read_password(path) if path is not None else b""


def trusted(notices: Notices) -> Any:
    """
    Whom `[notices] smtp_ca` says to trust, for Twisted; None = the system's trust store.

    Raises:
        MailError: the file cannot be used.
    """
    if notices.ca is None:
        return None
    try:
        found = load_pem_x509_certificates(notices.ca.read_bytes())
    except OSError as error:
        raise MailError(f"{notices.ca}: {error.strerror}", is_final=False) from None
    except ValueError:
        sentence = f"{notices.ca} holds no PEM certificates"
        raise MailError(sentence, is_final=False) from None
    return trustRootFromCertificates(
        [Certificate(crypto.X509.from_cryptography(each)) for each in found]
    )
