"""`[notices]` in the configuration: where letters go, and that no password is lost on the way."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, load
from gateway.config.notices_options import SmtpServer, parse_smtp
from gateway.errors import ConfigError

SMALLEST = '[gateway]\nurl = "https://gw.test"\n[[app]]\nurl = "http://10.0.0.5"\n'
SUBMISSION = """
smtp = "smtp+starttls://gw%40example.co.jp@mail.example.co.jp"
mail_from = "gw@example.co.jp"
smtp_password_file = "smtp.password"
"""


def read(directory: Path, notices: str) -> Config:
    """What these settings mean."""
    path = directory / "gateway.toml"
    path.write_text(f"{SMALLEST}[notices]\n{notices}\n", encoding="utf-8")
    return load(path)


def test_without_it_there_are_no_letters(tmp_path: Path) -> None:
    """Letters are a choice, and so is each key."""
    for text in ("", 'smtp = ""'):
        notices = read(tmp_path, text).notices
        assert (notices.smtp, notices.mail_from) == (None, "")
        assert (notices.password_file, notices.ca) == (None, None)


def test_a_submission_server_is_named(tmp_path: Path) -> None:
    """Scheme, user and port; files are counted from the configuration's directory."""
    notices = read(tmp_path, f'{SUBMISSION}smtp_ca = "/etc/ssl/own.pem"').notices

    assert notices.smtp == SmtpServer(
        scheme="smtp+starttls", host="mail.example.co.jp", port=587, user="gw@example.co.jp"
    )
    assert notices.mail_from == "gw@example.co.jp"
    assert notices.password_file == tmp_path / "smtp.password"
    assert notices.ca == Path("/etc/ssl/own.pem")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://mail.example.jp", ("smtps", "mail.example.jp", 465, "")),
        ("SMTPS://Mail.Example.JP:4650/", ("smtps", "mail.example.jp", 4650, "")),
        ("smtp://127.0.0.1", ("smtp", "127.0.0.1", 25, "")),
        ("smtp://gw@[::1]:2525", ("smtp", "::1", 2525, "gw")),
        ("smtp://localhost", ("smtp", "localhost", 25, "")),
        ("smtps://gw@a.jp@mail.example.jp", ("smtps", "mail.example.jp", 465, "gw@a.jp")),
    ],
)
def test_each_way_to_a_server(url: str, expected: tuple[str, str, int, str]) -> None:
    """Each scheme has its port; a user name may be a mail address."""
    server = parse_smtp(url)

    assert expected == (server.scheme, server.host, server.port, server.user)
    assert server.name.endswith(f":{server.port}")


@pytest.mark.parametrize(
    ("old", "new", "key", "wanted"),
    [
        ("smtp+starttls", "smtp", "[notices] smtp", "links that let people in"),
        ("smtp+starttls", "http", "[notices] smtp", "such as smtp+starttls://"),
        ("smtp+starttls://", "", "[notices] smtp", "such as smtp+starttls://"),
        ("@mail.example.co.jp", "@", "[notices] smtp", "such as"),
        ("@mail.example.co.jp", "@mail.example.co.jp/x", "[notices] smtp", "such as"),
        ("@mail.example.co.jp", "@mail.example.co.jp:99999", "[notices] smtp", "65535"),
        ("gw%40example.co.jp", "", "[notices] smtp", "the user name in ASCII"),
        ("gw%40", "%E5%B1%B1", "[notices] smtp", "the user name in ASCII"),
        ("gw%40", "gw%0A", "[notices] smtp", "the user name in ASCII"),
        ('smtp = "', "smtp = 5 # ", "[notices] smtp", "double quotes"),
        ('"gw@example.co.jp"', '"gw"', "[notices] mail_from", "a mail address"),
        ('"gw@example.co.jp"', "5", "[notices] mail_from", "double quotes"),
        ("mail_from", "# mail_from", "[notices] mail_from", "since there is smtp"),
        ("smtp_password_file", "# x", "[notices] smtp_password_file", "has a user name"),
        ("gw%40example.co.jp@", "", "[notices] smtp_password_file", "has no user name"),
        ("smtp =", "# smtp =", "[notices] mail_from", "there is no smtp"),
        ("smtp_password_file", "smtp_pasword_file", "[notices] smtp_pasword_file", "did you mean"),
        ("smtp =", 'mail_to = "a@b.jp"\nsmtp =', "[notices] mail_to", "not available in this"),
        ("smtp =", 'webhooks = ["x"]\nsmtp =', "[notices] webhooks", "not available in this"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, key: str, wanted: str) -> None:
    """Each is told with what is wanted; nothing that is written is ignored."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, SUBMISSION.replace(old, new, 1))

    assert caught.value.key == key
    assert wanted in caught.value.wanted


def test_a_ca_without_tls_is_a_mistake(tmp_path: Path) -> None:
    """An authority for a connection without TLS was meant for something else."""
    text = 'smtp = "smtp://localhost"\nmail_from = "a@b.jp"\nsmtp_ca = "ca.pem"'

    with pytest.raises(ConfigError, match="without TLS"):
        read(tmp_path, text)


@pytest.mark.parametrize("user", ["gw", "gw@example.jp"])
def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path, user: str) -> None:
    """It belongs into a file of its own, and does not reach the log from here."""
    text = SUBMISSION.replace("gw%40example.co.jp", f"{user}:hunter2")

    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)

    assert "smtp_password_file" in caught.value.wanted
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_mistake(text: str) -> None:
    """No value, however odd, ends in an accident; what is taken cannot break a command."""
    for url in (text, f"smtps://{text}"):
        with contextlib.suppress(ValueError):
            server = parse_smtp(url)
            assert server.host.isascii()
            assert server.user.isprintable()
            assert 1 <= server.port <= 65535
