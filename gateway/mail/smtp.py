"""
Giving one letter to the mail server (RFC 5321), over Twisted's own SMTP client.

Rules:
1. What carries a link or a password is never sent in the clear: STARTTLS is demanded, never
   tried (RFC 8314 4.1); `smtp://` is for this machine alone (the configuration sees to it).
   The certificate's name is checked.
2. Whatever came before TLS is forgotten: a server that sends more than its 220 in one breath is
   left (the injection of CVE-2011-0411, from the other side).
3. Every answer and every attempt is limited in time, and what a server says in size.
4. Nothing of the conversation is kept: it holds the password.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime, ITransport
from twisted.mail.smtp import (
    CramMD5ClientAuthenticator,
    ESMTPClient,
    LOGINAuthenticator,
    SMTPClientError,
)
from twisted.python.failure import Failure

from gateway.mail.letter import Letter, MailError, one_line

ANSWER_S = 60.0
"""For each answer. RFC 5321 4.5.3.2 grants minutes; who takes longer is tried again later."""

ATTEMPT_S = 180.0
"""For a whole attempt, so that a server that drips holds nothing for ever."""

SAID_LIMIT_BYTES = 64 * 1024
"""Of all that a server says: a conversation has some 2 KiB."""

REASON_LIMIT = 200
"""Characters of a server's reason, for log and administrator."""

_MAILBOX = re.compile(r"[^\s<>,;:\"'()]+@[^\s<>,;:\"'()]+")


class Plain:
    """SASL PLAIN (RFC 4616): no other identity than one's own."""

    def __init__(self, user: bytes) -> None:
        self._user = user

    def getName(self) -> bytes:  # noqa: N802 - Twisted's name
        """Tell the mechanism."""
        return b"PLAIN"

    def challengeResponse(self, secret: bytes, challenge: object) -> bytes:  # noqa: N802
        """Tell who we are."""
        del challenge
        return b"\0" + self._user + b"\0" + secret


class Delivery(ESMTPClient):
    """One letter, one connection: `done` says how it went."""

    debug = False  # its log would hold the password
    timeout: Any = ANSWER_S

    def __init__(
        self,
        letter: Letter,
        *,
        sender: str,
        identity: str,
        user: str,
        password: bytes,
        starttls: Any,
        clock: IReactorTime,
    ) -> None:
        super().__init__(password, starttls, identity)
        self.requireTransportSecurity = starttls is not None
        self.requireAuthentication = bool(user)
        self.done: Deferred[None] = Deferred(lambda _: self.abort())
        self._letter: Letter | None = letter
        self._content = letter.content
        self._recipient = letter.recipient
        self._sender = sender
        self._clock = clock
        self._refusal = b""
        self._said_bytes = 0
        self._has_ended = False
        self._deadline: Any = None
        if user:
            name = user.encode("ascii")
            for each in (Plain(name), LOGINAuthenticator(name), CramMD5ClientAuthenticator(name)):
                self.registerAuthenticator(each)

    # The connection

    def connectionMade(self) -> None:
        """Begin."""
        self._deadline = self._clock.callLater(ATTEMPT_S, self._too_late)
        super().connectionMade()

    def connectionLost(self, reason: Any = ConnectionDone) -> None:
        """It is over, whichever way."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        super().connectionLost(reason)
        self._fail(_broken(reason))

    def callLater(self, period: float, func: Callable[[], object]) -> Any:  # noqa: N802
        """Time-outs by the clock we were given."""
        return self._clock.callLater(period, func)

    def abort(self) -> None:
        """Let go of the server without a word."""
        transport: ITransport | None = self.transport
        if transport is not None:
            transport.abortConnection()  # type: ignore[attr-defined]  # ITCPTransport, and TLS's

    def _too_late(self) -> None:
        self._fail(_temporary("the mail server takes too long"))
        self.abort()

    def timeoutConnection(self) -> None:  # noqa: N802 - Twisted's name
        """No answer within `ANSWER_S`."""
        self._too_late()

    def lineReceived(self, line: bytes) -> Any:  # noqa: N802 - Twisted's name
        """Listen, for so long."""
        self._said_bytes += len(line)
        if self._said_bytes > SAID_LIMIT_BYTES:
            self._fail(_temporary("the mail server says too much"))
            self.abort()
            return None
        return super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """A line without end."""
        self._said_bytes += SAID_LIMIT_BYTES
        self.lineReceived(line[:1])

    def esmtpState_starttls(self, code: int, resp: bytes) -> None:  # noqa: N802 - Twisted's name
        """Begin TLS, unless somebody has put words into the server's mouth."""
        if self.clearLineBuffer():
            self._fail(_temporary("the mail server speaks before TLS begins"))
            self.abort()
            return
        super().esmtpState_starttls(code, resp)

    # The letter

    def getMailFrom(self) -> str | None:  # noqa: N802 - Twisted's name
        """Whose bounces are wanted; None once the letter is on its way."""
        letter, self._letter = self._letter, None
        return self._sender if letter is not None else None

    def getMailTo(self) -> list[bytes]:  # noqa: N802 - Twisted's name
        """The one recipient."""
        return [self._recipient.encode("ascii")]

    def getMailData(self) -> io.BytesIO:  # noqa: N802 - Twisted's name
        """The letter with its dots doubled (RFC 5321 4.5.2)."""
        return io.BytesIO((b"\r\n" + self._content).replace(b"\r\n.", b"\r\n..")[2:])

    def transformChunk(self, chunk: bytes) -> bytes:  # noqa: N802 - Twisted's name
        """As it is: `getMailData` has made it fit, over the borders of chunks, too."""
        self.resetTimeout()
        return chunk

    # How it went

    def sentMail(  # noqa: N802 - Twisted's name
        self,
        code: int,
        resp: bytes | str,
        numOk: int,  # noqa: N803 - Twisted's name
        addresses: object,
        log: object,
    ) -> None:
        """The server has taken the letter, or has not."""
        del numOk, addresses, log
        if 200 <= code < 300:
            self._end(None)
        else:
            text = resp if isinstance(resp, str) else resp.decode("utf-8", "replace")
            self._fail(_refused(code, self._refusal.decode("utf-8", "replace") or text))

    def smtpState_toOrData(self, code: int, resp: bytes) -> Any:  # noqa: N802 - Twisted's name
        """Keep why the recipient was refused: Twisted tells its own words."""
        self._refusal = resp if code >= 400 else b""
        return super().smtpState_toOrData(code, resp)

    def sendError(self, exc: Exception) -> None:  # noqa: N802 - Twisted's name
        """Something went wrong before the letter was sent."""
        self._fail(_meaning(exc))
        super().sendError(exc)

    def _fail(self, error: MailError) -> None:
        self._end(Failure(error))

    def _end(self, failure: Failure | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if failure is None:
            self.done.callback(None)
        else:
            self.done.errback(failure)


def _meaning(exc: Exception) -> MailError:
    if isinstance(exc, SMTPClientError):
        return _refused(exc.code, exc.resp.decode("utf-8", "replace"))
    return _temporary("the mail server ended the connection")  # in the midst of the letter


def _refused(code: int, reason: str) -> MailError:
    said = f"{code} {reason}" if code > 0 else reason
    sentence = f"the mail server refuses: {in_short(said)}"
    return MailError(sentence, is_final=500 <= code < 600)


def _temporary(sentence: str) -> MailError:
    return MailError(in_short(sentence), is_final=False)


def _broken(reason: Failure) -> MailError:
    return _temporary(broken_in_words(reason.value))


def broken_in_words(error: BaseException | None) -> str:
    """Why a connection could not be made, or ended."""
    if isinstance(error, SSL.Error):
        reasons = [each[-1] for each in (error.args[0] if error.args else []) if each[-1]]
        what = ", ".join(reasons) or "it ended the connection"
        return f"TLS with the mail server failed: {what}"
    if type(error).__module__.startswith("service_identity"):
        return "the mail server's certificate is for another name"
    if isinstance(error, ConnectionDone):
        return "the mail server ended the connection"
    return f"the mail server is not reached: {error}"


def in_short(text: str) -> str:
    """A server's words, for the log: one line, of bounded length, without mail addresses."""
    return one_line(_MAILBOX.sub("…@…", text), REASON_LIMIT)
