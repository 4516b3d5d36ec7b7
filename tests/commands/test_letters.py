"""Commands that send letters, with a real mail server: what arrives, and what is said if not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Gateway
from tests.mail.post_office import PostOffice

ROOT = Path(__file__).parents[2]
GATEWAY = (sys.executable, "-c", "from gateway.cli import main; main()")


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own: it has a reactor, of which there is one in each."""
    return subprocess.run(
        [*GATEWAY, "-c", str(file), *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def name_server(file: Path, port: int) -> None:
    """Say in the configuration where the mail server is."""
    notices = f'[notices]\nsmtp = "smtp://127.0.0.1:{port}"\nmail_from = "gw@example.test"\n'
    file.write_text(file.read_text(encoding="utf-8") + notices, encoding="utf-8")


@pytest.fixture(autouse=True)
def taro(gateway: Gateway) -> None:
    """Taro has an address."""
    gateway("users", "add", "taro", "--display-name", "山田 太郎", "--mail", "taro@example.test")


def test_an_invitation_is_mailed(file: Path) -> None:
    """The letter holds the very link that is printed, and has left when the command ends."""
    with PostOffice() as office:
        name_server(file, office.port)
        done = run(file, "users", "invite", "taro", "--mail", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    [received] = office.received
    assert received.recipients == ["taro@example.test"]
    assert f"\n{json.loads(done.stdout)['link']}\n" in received.text


def test_a_letter_that_is_not_sent_is_told_and_nothing_lost(file: Path) -> None:
    """The link is printed all the same; the exit code says that the letter is missing."""
    with PostOffice() as office:
        office.orders.recipient_answers.append("550 no such mailbox")
        name_server(file, office.port)
        done = run(file, "users", "invite", "taro", "--mail")

    assert done.returncode == 1
    assert "/.gateway/enroll/" in done.stdout
    assert done.stderr == (
        "gateway: done, but the letter to taro was not sent: "
        "the mail server refuses: 550 no such mailbox\n"
    )


def test_without_a_letter_the_mail_server_is_not_asked(file: Path) -> None:
    """A command with nothing to send works while the mail server is down."""
    name_server(file, 1)

    done = run(file, "users", "edit", "taro", "--group", "a")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_letter_needs_a_server_and_an_address(file: Path, gateway: Gateway) -> None:
    """Both are asked for before a link is made."""
    no_server = gateway("users", "invite", "taro", "--mail")
    gateway("users", "edit", "taro", "--mail", "")
    name_server(file, 1)
    no_address = run(file, "users", "invite", "taro", "--mail")

    assert (no_server.code, "[notices] smtp" in no_server.err) == (1, True)
    assert no_address.returncode == 1
    assert "taro has no mail address: users edit taro --mail ADDRESS" in no_address.stderr
