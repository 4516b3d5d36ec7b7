"""
Whether the mail server would take our letters, for `gateway check`.

It looks, sends nothing, and blocks for seconds at most. As with the app all that it finds are
warnings: without the mail server the gateway does start, and letters wait for an hour.
"""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Iterator

from gateway.config import Config
from gateway.config.notices_options import Notices, SmtpServer
from gateway.mail.letter import MailError
from gateway.mail.secret import read_password
from gateway.rules.vitals import Finding, Gravity

PATIENCE_S = 5.0

_KEY = "[notices] smtp"
_SEE_CA = "name the authority in [notices] smtp_ca, or the name that is in the certificate in smtp"
_SEE_ADDRESS = "correct the address, or see to the mail server; until then no letters are sent"
_SEE_PASSWORD = "put the right password into [notices] smtp_password_file"  # noqa: S105 - a sentence


def mail_server(config: Config, *, patience_s: float = PATIENCE_S) -> Iterator[Finding]:
    """Whether the server answers, with the right certificate, and takes our password."""
    server = config.notices.smtp
    if server is None:
        sentence = "no mail server: people read on their account page what happened"
        yield Finding(gravity=Gravity.OK, key=_KEY, sentence=sentence)
        return
    where = f"the mail server at {server.name}"
    try:
        _ask(config.notices, server, config.gateway.public.host, patience_s)
    except MailError as error:
        yield _warning("[notices] smtp_password_file", str(error), "the letters need it")
    except ssl.SSLCertVerificationError as error:
        sentence = f"{where} shows a certificate that is refused: {error.verify_message}"
        yield _warning(_KEY, sentence, _SEE_CA)
    except smtplib.SMTPAuthenticationError as error:
        sentence = f"{where} refuses user name or password ({error.smtp_code})"
        yield _warning(_KEY, sentence, _SEE_PASSWORD)
    except smtplib.SMTPNotSupportedError:
        sentence = f"{where} offers no STARTTLS, or neither PLAIN nor LOGIN"
        yield _warning(_KEY, sentence, _SEE_ADDRESS)
    except (smtplib.SMTPException, OSError) as error:
        said = getattr(error, "strerror", None) or error
        yield _warning(_KEY, f"{where} does not answer as it should: {said}", _SEE_ADDRESS)
    else:
        yield Finding(gravity=Gravity.OK, key=_KEY, sentence=f"{where} takes our letters")


def _ask(notices: Notices, server: SmtpServer, identity: str, patience_s: float) -> None:
    password = read_password(notices.password_file) if notices.password_file else b""
    with _connected(notices, server, identity, patience_s) as connection:
        connection.ehlo_or_helo_if_needed()
        if server.user:
            _sign_in(connection, server.user, password)


def _sign_in(connection: smtplib.SMTP, user: str, password: bytes) -> None:
    """With the bytes of the file: the library's own `login` wants ASCII."""
    offered = connection.esmtp_features.get("auth", "").upper().split()
    name, nul = user.encode("ascii"), b"\0"
    if "PLAIN" in offered:
        steps = [f"AUTH PLAIN {_base64(nul + name + nul + password)}"]
    elif "LOGIN" in offered:
        steps = ["AUTH LOGIN", _base64(name), _base64(password)]
    else:
        raise smtplib.SMTPNotSupportedError
    answers = [connection.docmd(step) for step in steps]
    if answers[-1][0] != 235:
        raise smtplib.SMTPAuthenticationError(*answers[-1])


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _connected(
    notices: Notices, server: SmtpServer, identity: str, patience_s: float
) -> smtplib.SMTP:
    if server.scheme == "smtps":
        context = _context(notices)
        return smtplib.SMTP_SSL(
            server.host, server.port, identity, timeout=patience_s, context=context
        )
    connection = smtplib.SMTP(server.host, server.port, identity, timeout=patience_s)
    try:
        if server.scheme == "smtp+starttls":
            connection.starttls(context=_context(notices))
    except BaseException:
        connection.close()
        raise
    return connection


def _context(notices: Notices) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=notices.ca)


def _warning(key: str, sentence: str, next_step: str) -> Finding:
    return Finding(gravity=Gravity.WARNING, key=key, sentence=sentence, next_step=next_step)
