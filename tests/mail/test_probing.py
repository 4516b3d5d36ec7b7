"""What `gateway check` says about the mail server."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.config.notices_options import Notices
from gateway.mail.probing import mail_server
from gateway.rules.vitals import Finding, Gravity
from tests.mail.conftest import MakeNotices
from tests.mail.post_office import PostOffice
from tests.mail.test_letters import configured
from tests.mail.test_relay import AS_USER


def finding(directory: Path, notices: Notices | None) -> Finding:
    """The one line about it."""
    config: Config = configured(directory, notices="")
    if notices is not None:
        config = replace(config, notices=notices)
    [found] = mail_server(config, patience_s=0.5)
    return found


def test_no_mail_server_is_well(tmp_path: Path) -> None:
    """Letters are a choice."""
    assert finding(tmp_path, None).gravity is Gravity.OK


def test_a_server_on_this_machine_is_well(tmp_path: Path, notices: MakeNotices) -> None:
    """It answers: nothing is sent."""
    with PostOffice() as office:
        found = finding(tmp_path, notices(f"smtp://127.0.0.1:{office.port}"))

    assert found.gravity is Gravity.OK
    assert found.sentence.endswith("takes our letters")
    assert office.received == []


@pytest.mark.parametrize(
    ("without", "gravity", "mechanisms"),
    [(("PLAIN",), Gravity.OK, ["LOGIN"]), (("PLAIN", "LOGIN"), Gravity.WARNING, [])],
)
def test_a_server_may_speak_login_alone(
    tmp_path: Path,
    notices: MakeNotices,
    tls: tuple[Path, Path],
    without: tuple[str, ...],
    gravity: Gravity,
    mechanisms: list[str],
) -> None:
    """Some servers know the older LOGIN only; with neither there is no way in."""
    with PostOffice(tls=tls, wants_password=True, without=without) as office:
        found = finding(tmp_path, notices(f"smtp+starttls://{AS_USER}@localhost:{office.port}"))

    assert (found.gravity, office.orders.mechanisms) == (gravity, mechanisms)


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_server_that_takes_the_password_is_well(
    tmp_path: Path, notices: MakeNotices, tls: tuple[Path, Path], scheme: str
) -> None:
    """Certificate and password are tried, also one beyond ASCII."""
    with PostOffice(tls=tls, from_first_byte=scheme == "smtps", wants_password=True) as office:
        found = finding(tmp_path, notices(f"{scheme}://{AS_USER}@localhost:{office.port}"))

    assert (found.gravity, office.orders.mechanisms) == (Gravity.OK, ["PLAIN"])


@pytest.mark.parametrize(
    ("trusts", "password", "reason"),
    [(False, "x", "certificate that is refused"), (True, "wrong", "refuses user name or pass")],
)
def test_what_letters_would_die_of_is_told(
    tmp_path: Path,
    notices: MakeNotices,
    tls: tuple[Path, Path],
    trusts: bool,
    password: str,
    reason: str,
) -> None:
    """A wrong certificate or password is a warning with what to do."""
    with PostOffice(tls=tls, wants_password=True) as office:
        url = f"smtp+starttls://{AS_USER}@localhost:{office.port}"
        found = finding(tmp_path, notices(url, trusts=trusts, password=password))

    assert (found.gravity, bool(found.next_step)) == (Gravity.WARNING, True)
    assert reason in found.sentence


def test_a_server_without_tls_is_told(tmp_path: Path, notices: MakeNotices) -> None:
    """Where STARTTLS is not offered nothing would be sent."""
    with PostOffice() as office:
        found = finding(tmp_path, notices(f"smtp+starttls://localhost:{office.port}"))

    assert "no STARTTLS" in found.sentence


def test_a_server_that_is_down_is_told(tmp_path: Path, notices: MakeNotices) -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    found = finding(tmp_path, notices(f"smtp://127.0.0.1:{port}"))

    assert (found.gravity, "Connection refused" in found.sentence) == (Gravity.WARNING, True)


def test_a_password_that_others_can_read_is_told(tmp_path: Path, notices: MakeNotices) -> None:
    """The file's mode is looked at as before each letter."""
    settings = notices(f"smtps://{AS_USER}@localhost:1")
    (tmp_path / "password").chmod(0o644)

    found = finding(tmp_path, settings)

    assert (found.key, found.gravity) == ("[notices] smtp_password_file", Gravity.WARNING)
    assert "chmod 0600" in found.sentence
