"""Giving letters to a real mail server: what it gets, and what we refuse to give."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread

from gateway.config.notices_options import Notices
from gateway.mail import smtp
from gateway.mail.letter import Letter, MailError
from gateway.mail.relay import Relay
from tests.mail.conftest import MakeNotices
from tests.mail.post_office import USER, PostOffice
from tests.mail.talker import talker

AS_USER = "gateway%40example.test"


def relay(notices: Notices) -> Relay:
    """The way to that server."""
    return Relay(notices, reactor, identity="gw.example.test")


async def refusal(notices: Notices, letter: Letter) -> MailError:
    """Why that server does not get the letter."""
    with pytest.raises(MailError) as caught:
        await relay(notices).deliver(letter)
    return caught.value


@pytest_twisted.ensureDeferred
async def test_a_server_on_this_machine_gets_the_letter(
    notices: MakeNotices, letter: Letter
) -> None:
    """Without TLS and password, on loopback: envelope and letter arrive as they were sent."""
    with PostOffice() as office:
        await relay(notices(f"smtp://127.0.0.1:{office.port}")).deliver(letter)

    [received] = office.received
    assert (received.sender, received.recipients) == (
        "gateway@example.test",
        ["taro@example.test"],
    )
    assert received.content.rstrip(b"\r\n") == letter.content.rstrip(b"\r\n")
    assert received.message["subject"] == "【サンプル社】パスキーが登録されました"
    assert received.text == "山田 太郎 様\n.\n.登録\n"
    assert office.orders.greeted == ["gw.example.test"]


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
@pytest_twisted.ensureDeferred
async def test_a_server_with_tls_gets_letter_and_password(
    notices: MakeNotices, letter: Letter, tls: tuple[Path, Path], scheme: str
) -> None:
    """By STARTTLS or TLS from the first byte; the password goes over TLS alone."""
    with PostOffice(tls=tls, from_first_byte=scheme == "smtps", wants_password=True) as office:
        await relay(notices(f"{scheme}://{AS_USER}@localhost:{office.port}")).deliver(letter)

    [received] = office.received
    assert received.is_over_tls
    assert (received.user, office.orders.mechanisms) == (USER, ["PLAIN"])


@pytest_twisted.ensureDeferred
async def test_a_server_that_speaks_login_alone_gets_the_password(
    notices: MakeNotices, letter: Letter, tls: tuple[Path, Path]
) -> None:
    """Where PLAIN is not offered, the older LOGIN does."""
    with PostOffice(tls=tls, wants_password=True, without=("PLAIN",)) as office:
        url = f"smtp+starttls://{AS_USER}@localhost:{office.port}"
        await relay(notices(url)).deliver(letter)

    assert (len(office.received), office.orders.mechanisms) == (1, ["LOGIN"])


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
@pytest.mark.parametrize(
    ("host", "trusts", "reason"),
    [("localhost", False, "certificate verify failed"), ("127.0.0.1", True, "another name")],
)
@pytest_twisted.ensureDeferred
async def test_a_wrong_certificate_is_refused(
    notices: MakeNotices,
    letter: Letter,
    tls: tuple[Path, Path],
    scheme: str,
    host: str,
    trusts: bool,
    reason: str,
) -> None:
    """An unknown authority or another name: no letter, no password; it may be mended."""
    with PostOffice(tls=tls, from_first_byte=scheme == "smtps", wants_password=True) as office:
        url = f"{scheme}://{AS_USER}@{host}:{office.port}"
        error = await refusal(notices(url, trusts=trusts), letter)

    assert reason in str(error)
    assert not error.is_final
    assert (office.received, office.orders.mechanisms) == ([], [])


@pytest_twisted.ensureDeferred
async def test_a_server_without_starttls_gets_nothing(
    notices: MakeNotices, letter: Letter
) -> None:
    """Where STARTTLS is not offered, nothing is sent in the clear."""
    with PostOffice() as office:
        url = f"smtp+starttls://{AS_USER}@localhost:{office.port}"
        error = await refusal(notices(url), letter)

    assert "TLS" in str(error)
    assert (office.received, office.orders.mechanisms) == ([], [])


@pytest_twisted.ensureDeferred
async def test_words_before_tls_are_not_believed(notices: MakeNotices, letter: Letter) -> None:
    """An answer that somebody puts in front of TLS ends the attempt (CVE-2011-0411)."""
    lines = (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n250 AUTH PLAIN\r\n")
    with talker(*lines) as port:
        error = await refusal(notices(f"smtp+starttls://{AS_USER}@localhost:{port}"), letter)

    assert "before TLS" in str(error)


@pytest_twisted.ensureDeferred
async def test_a_wrong_password_is_final_and_not_told(
    notices: MakeNotices, letter: Letter, tls: tuple[Path, Path]
) -> None:
    """A refused password is not tried for an hour, which would lock the account."""
    with PostOffice(tls=tls, wants_password=True) as office:
        url = f"smtp+starttls://{AS_USER}@localhost:{office.port}"
        error = await refusal(notices(url, password="wrong-and-secret"), letter)

    assert error.is_final
    assert "535" in str(error)
    assert "wrong-and-secret" not in str(error)


@pytest.mark.parametrize(
    ("answer", "is_final"),
    [("450 greylisted, come back", False), ("550 no such mailbox <taro@example.test>", True)],
)
@pytest.mark.parametrize("stage", ["recipient_answers", "letter_answers"])
@pytest_twisted.ensureDeferred
async def test_a_refusal_says_whether_to_come_back(
    notices: MakeNotices, letter: Letter, answer: str, is_final: bool, stage: str
) -> None:
    """4yz is for later, 5yz is for good; the reason is told without the person's address."""
    with PostOffice() as office:
        getattr(office.orders, stage).append(answer)
        error = await refusal(notices(f"smtp://127.0.0.1:{office.port}"), letter)

    assert is_final is error.is_final
    assert answer.partition(" <")[0] in str(error)
    assert "taro@" not in str(error)


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_down_is_for_later(notices: MakeNotices, letter: Letter) -> None:
    """Nobody listens: the letter is not lost."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    error = await refusal(notices(f"smtp://127.0.0.1:{port}"), letter)

    assert not error.is_final
    assert "not reached" in str(error)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest_twisted.ensureDeferred
async def test_a_name_that_is_nobody_s_is_told(
    notices: MakeNotices, letter: Letter, scheme: str
) -> None:
    """A host that cannot exist is told in a sentence, as one that does not answer."""
    error = await refusal(notices(f"{scheme}://mail..example"), letter)

    assert "not reached" in str(error)


@pytest_twisted.ensureDeferred
async def test_a_server_that_hangs_up_is_for_later(notices: MakeNotices, letter: Letter) -> None:
    """The connection ends in the midst: the letter is not lost."""

    def hang_up(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    with talker(b"220 hi\r\n", b"250 hi\r\n", then=hang_up) as port:
        error = await refusal(notices(f"smtp://127.0.0.1:{port}"), letter)

    assert not error.is_final
    assert "ended the connection" in str(error)


def test_a_connection_that_breaks_within_the_letter_is_for_later(letter: Letter) -> None:
    """What was half sent is not with the server: it is tried again as a whole."""
    delivery = smtp.Delivery(
        letter,
        sender="gateway@example.test",
        identity="gw.example.test",
        user="",
        password=b"",
        starttls=None,
        clock=Clock(),
    )
    errors: list[Any] = []
    delivery.done.addErrback(errors.append)
    transport = StringTransport()
    delivery.makeConnection(transport)
    for line in (b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go on"):
        delivery.dataReceived(line + b"\r\n")

    producer: Any = transport.producer
    producer.stopProducing()

    assert "ended the connection" in errors[0].getErrorMessage()
    assert not errors[0].value.is_final


@pytest.mark.parametrize("limit", ["ANSWER_S", "ATTEMPT_S"])
@pytest_twisted.ensureDeferred
async def test_a_server_that_says_nothing_is_left(
    notices: MakeNotices, letter: Letter, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Neither one answer nor a whole attempt is waited for without end."""
    monkeypatch.setattr(smtp, limit, 0.05)
    monkeypatch.setattr(smtp.Delivery, "timeout", 0.05 if limit == "ANSWER_S" else None)
    with talker(b"") as port:
        error = await refusal(notices(f"smtp://127.0.0.1:{port}"), letter)

    assert "too long" in str(error)
    assert not error.is_final


@pytest.mark.parametrize("flood", [b"220-la\r\n" * 20_000, b"2" * 200_000], ids=["lines", "line"])
@pytest_twisted.ensureDeferred
async def test_a_server_that_says_too_much_is_left(
    notices: MakeNotices, letter: Letter, flood: bytes
) -> None:
    """What a server says is limited, however it is cut into lines."""

    def pour(connection: socket.socket) -> None:
        with suppress(OSError):  # it was left, as it should be
            connection.sendall(flood)

    with talker(b"", then=pour) as port:
        error = await refusal(notices(f"smtp://127.0.0.1:{port}"), letter)

    assert "too much" in str(error)


@pytest_twisted.ensureDeferred
async def test_a_delivery_can_be_called_off(notices: MakeNotices, letter: Letter) -> None:
    """Whoever waits for a delivery may stop to wait: the connection is closed."""
    closed = threading.Event()

    def listen(connection: socket.socket) -> None:
        with suppress(OSError):
            while connection.recv(1024):
                pass
        closed.set()

    with talker(b"220 hi\r\n", then=listen) as port:
        delivery: Deferred[Any] = Deferred.fromCoroutine(
            relay(notices(f"smtp://127.0.0.1:{port}")).deliver(letter)
        )
        reactor.callLater(0.05, delivery.cancel)
        with pytest.raises(CancelledError):
            await delivery

        assert await deferToThread(closed.wait, 5)


@pytest_twisted.ensureDeferred
async def test_an_authority_that_cannot_be_read_is_told(
    notices: MakeNotices, letter: Letter, tmp_path: Path
) -> None:
    """A file that holds no certificates, or is gone, is named; nothing is sent without it."""
    settings = notices("smtps://localhost:1")

    (tmp_path / "ca.pem").write_text("no PEM")
    broken = await refusal(settings, letter)
    (tmp_path / "ca.pem").unlink()
    missing = await refusal(settings, letter)

    assert "holds no PEM certificates" in str(broken)
    assert "No such file" in str(missing)
