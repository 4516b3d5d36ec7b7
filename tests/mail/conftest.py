"""What the tests of letters share: an authority, a configuration, a letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.notices_options import Notices, parse_smtp
from gateway.mail.letter import Letter, Text, compose
from tests.instruments.certificates import Authority
from tests.mail.post_office import PASSWORD

MakeNotices = Callable[..., Notices]

NOW = 1_800_000_000.0


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Whom the mail server's certificate is from."""
    return Authority()


@pytest.fixture
def tls(authority: Authority, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for `localhost`, and its key."""
    return authority.issue("localhost").write(tmp_path)


@pytest.fixture
def notices(authority: Authority, tmp_path: Path) -> MakeNotices:
    """Settings for a mail server, with the right password and the right authority."""

    def make(url: str, *, password: str = PASSWORD, trusts: bool = True) -> Notices:
        smtp = parse_smtp(url)
        ca, secret = tmp_path / "ca.pem", tmp_path / "password"
        ca.write_bytes(authority.certificate)
        secret.touch(mode=0o600)
        secret.write_text(f"{password}\n", encoding="utf-8")
        return Notices(
            smtp=smtp,
            mail_from="gateway@example.test",
            password_file=secret if smtp.user else None,
            ca=ca if trusts and smtp.scheme != "smtp" else None,
        )

    return make


@pytest.fixture
def letter() -> Letter:
    """A letter in Japanese, with lines that begin with a dot."""
    text = Text(subject="【サンプル社】パスキーが登録されました", body="山田 太郎 様\n.\n.登録\n")
    content = compose(
        text,
        sender="gateway@example.test",
        sender_name="サンプル社",
        recipient="taro@example.test",
        now=NOW,
        token=b"t" * 16,
    )
    return Letter(recipient="taro@example.test", content=content, kind="test", person="taro")
