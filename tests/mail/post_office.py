"""
A real mail server (aiosmtpd) in a thread, that does as a test says.

It keeps what it is given, and answers what the test has put into `answers` first.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
import warnings
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the server, not ours
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "gateway@example.test", "パスワード hunter2"
WAIT_S = 10.0


@dataclass(slots=True, kw_only=True)
class Received:
    """One letter, as the server got it."""

    sender: str
    recipients: list[str]
    content: bytes
    user: str
    is_over_tls: bool

    @property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        message = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        """The body, as a person reads it."""
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass(slots=True)
class Orders:
    """What the server is to do; aiosmtpd calls it."""

    recipient_answers: list[str] = field(default_factory=list)
    letter_answers: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Who greets."""
        del server, envelope
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: object
    ) -> str:
        """To whom."""
        del server, session, options
        answer = self.recipient_answers.pop(0) if self.recipient_answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """The letter itself."""
        answer = self.letter_answers.pop(0) if self.letter_answers else "250 OK"
        if answer.startswith("250"):
            user = session.auth_data.login.decode() if session.auth_data else ""
            received = Received(
                sender=envelope.mail_from,
                recipients=envelope.rcpt_tos,
                content=envelope.content,
                user=user,
                is_over_tls=server.transport.get_extra_info("cipher") is not None,
            )
            self.received.append(received)
        return answer

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        """Whether that is the password."""
        del server, session, envelope
        self.mechanisms.append(mechanism)
        is_right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=is_right, auth_data=given)


class PostOffice:
    """The server; a context manager."""

    def __init__(
        self,
        *,
        tls: tuple[Path, Path] | None = None,
        from_first_byte: bool = False,
        wants_password: bool = False,
        without: tuple[str, ...] = (),
        port: int = 0,
    ) -> None:
        self.orders = Orders()
        self.port = port
        self._tls = _context(*tls) if tls else None
        self._from_first_byte = from_first_byte
        self._wants_password = wants_password
        self._without = without
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._sessions: list[SMTP] = []

    @property
    def received(self) -> list[Received]:
        """All letters, in order."""
        return self.orders.received

    def __enter__(self) -> Self:
        self._thread.start()
        opened = asyncio.run_coroutine_threadsafe(self._open(), self._loop)
        opened.result(WAIT_S)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(WAIT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    async def _open(self) -> None:
        self._server = await self._loop.create_server(
            self._protocol,
            "127.0.0.1",
            self.port,
            ssl=self._tls if self._from_first_byte else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for each in self._sessions:
            if isinstance(each.transport, asyncio.Transport):
                each.transport.abort()
        await asyncio.sleep(0)  # a turn in which the connections end
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # AUTH without TLS, as a test may want it
            session = SMTP(
                self.orders,
                hostname="post-office.example.test",
                tls_context=None if self._from_first_byte else self._tls,
                require_starttls=self._tls is not None and not self._from_first_byte,
                authenticator=self.orders.authenticate,
                auth_required=self._wants_password,
                auth_exclude_mechanism=self._without,
                auth_require_tls=self._tls is not None and not self._from_first_byte,
                loop=self._loop,
            )
        self._sessions.append(session)
        return session


def _context(certificate: Path, private_key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private_key)
    return context
