"""The keys of `[notices]`, and what its values are; `options` puts the keys among the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import unquote

from gateway.config import kinds
from gateway.config.endpoints import is_loopback
from gateway.config.kinds import Kind
from gateway.config.option import DERIVED, Option, Table
from gateway.rules.mailboxes import canonical_mailbox

Scheme = Literal["smtp", "smtp+starttls", "smtps"]

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
"""Relay, submission and submission over TLS (RFC 5321, 6409 3.1, 8314 7.3)."""

_WANTED = "such as smtp+starttls://user@mail.example.co.jp:587 or smtps://mail.example.co.jp"
_PASSWORD = "no password in the address: put it into a file and name that in smtp_password_file"  # noqa: S105 - a sentence
_PLAIN = (
    "smtp+starttls:// or smtps://, since letters carry links that let people in; smtp:// is for "
    "a mail server on this machine (localhost, 127.0.0.1, [::1])"
)
_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@/]+))(?::([0-9]{1,5}))?")
_USER = re.compile(r"[!-9;-~]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The mail server that takes our letters."""

    scheme: Scheme
    host: str
    """A name or an IP address, without brackets, lower case."""
    port: int
    user: str
    """"" where it asks for no name."""

    @property
    def name(self) -> str:
        """How messages call it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """How letters to people leave."""

    smtp: SmtpServer | None
    """None: no letters."""
    mail_from: str
    """The address that they come from; "" where there are none."""
    password_file: Path | None
    """Absolute; read before each letter."""
    ca: Path | None
    """PEM, absolute: whom to trust for TLS to the mail server; None = the system's store."""


def parse_smtp(url: str) -> SmtpServer:
    """
    The mail server's address, taken apart.

    Raises:
        ValueError: its text says what is wanted.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in PORTS:
        raise ValueError(_WANTED)
    userinfo, at, authority = rest.removesuffix("/").rpartition("@")
    if ":" in userinfo:
        raise ValueError(_PASSWORD)
    user = unquote(userinfo)
    if at and _USER.fullmatch(user) is None:
        raise ValueError(f"{_WANTED}; the user name in ASCII, @ in it as %40")
    host, port = _host_and_port(authority.lower())
    if scheme == "smtp" and not is_loopback(host):
        raise ValueError(_PLAIN)
    return SmtpServer(
        scheme=cast("Scheme", scheme), host=host, port=port or PORTS[scheme], user=user
    )


def _host_and_port(authority: str) -> tuple[str, int | None]:
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise ValueError(_WANTED)
    try:
        host = kinds.HOST.read(match[1] or match[2])
    except ValueError:
        raise ValueError(_WANTED) from None
    port = None if match[3] is None else int(match[3])
    if port is not None and not 1 <= port <= 65535:
        raise ValueError("a port from 1 to 65535")
    return host, port


def _read_smtp(value: object) -> SmtpServer | None:
    if not isinstance(value, str):
        raise ValueError("text in double quotes")  # noqa: TRY004 - told to a person
    return parse_smtp(value) if value else None


def _read_mailbox(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text in double quotes")  # noqa: TRY004 - told to a person
    return canonical_mailbox(value) if value else ""


SMTP_URL = Kind(english="address", japanese="アドレス", read=_read_smtp)
MAILBOX = Kind(english="mail address", japanese="メールアドレス", read=_read_mailbox)

TABLE = Table()

SMTP: Option[SmtpServer | None] = TABLE.add(
    Option(
        table="notices",
        key="smtp",
        kind=SMTP_URL,
        default="",
        english="The mail server that takes our letters: `smtp+starttls://USER@HOST:587` (TLS is "
        "demanded), `smtps://USER@HOST:465`, or `smtp://127.0.0.1:25` for one on this machine. "
        "The user name may be left out where the server asks for none; an @ in it is written "
        '`%40`. `""`: no letters; people read on their account page what happened.',
        japanese="お知らせを送るメールサーバー。`smtp+starttls://ユーザー@ホスト:587`"
        "（TLS 必須）、`smtps://ユーザー@ホスト:465`、同じマシン上なら `smtp://127.0.0.1:25`。認証が要らなければ"
        'ユーザー名は省けます。ユーザー名の中の @ は `%40` と書きます。`""` では送らず、'
        "アカウントのページに表示するだけです。",
    )
)
MAIL_FROM: Option[str] = TABLE.add(
    Option(
        table="notices",
        key="mail_from",
        kind=MAILBOX,
        default=DERIVED,
        derived=("none; required with `smtp`", "なし（`smtp` を書くときは必須）"),
        english="The address that letters come from. SPF and DKIM of its domain should cover the "
        "mail server, or letters end as junk.",
        japanese="お知らせの差出人アドレス。このドメインの SPF・DKIM がメールサーバーを"
        "認めていないと、迷惑メールに入ります。",
    )
)
PASSWORD_FILE: Option[Path] = TABLE.add(
    Option(
        table="notices",
        key="smtp_password_file",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("none; required with a user name", "なし（ユーザー名があれば必須）"),
        english="A file whose first line is the password, mode 0600, of the service's user. It "
        "is read before each letter, so a new password needs no restart.",
        japanese="1 行目がパスワードのファイル（モード 0600、所有者はサービスの実行ユーザー）。"
        "送信のたびに読むので、変更しても再起動は要りません。",
    )
)
SMTP_CA: Option[Path] = TABLE.add(
    Option(
        table="notices",
        key="smtp_ca",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("the system's trust store", "システムの信頼済み証明書"),
        english="PEM: the authority that the mail server's certificate comes from, where it is "
        "one of your own. Only it is trusted then. The name in the certificate is always checked.",
        japanese="PEM 形式。メールサーバーの証明書が自前の認証局によるときの、その認証局の証明書。"
        "指定すると、これだけを信頼します。証明書の名前は必ず照合します。",
    )
)


def notices_disagreements(notices: Notices) -> Iterator[tuple[str, object, str]]:
    """Key, value seen and value wanted, of settings of this table that cannot both be meant."""
    smtp = notices.smtp
    if smtp is None:
        for option, value in (
            (MAIL_FROM, notices.mail_from),
            (PASSWORD_FILE, notices.password_file),
            (SMTP_CA, notices.ca),
        ):
            if value:
                yield option.label, str(value), "no such key, since there is no smtp"
        return
    if not notices.mail_from:
        yield MAIL_FROM.label, "", "the address that letters come from, since there is smtp"
    if smtp.user and notices.password_file is None:
        yield PASSWORD_FILE.label, "", "a file, since smtp has a user name"
    if not smtp.user and notices.password_file is not None:
        seen = str(notices.password_file)
        yield PASSWORD_FILE.label, seen, "no such key, since smtp has no user name"
    if smtp.scheme == "smtp" and notices.ca is not None:
        yield SMTP_CA.label, str(notices.ca), "no such key, since smtp is without TLS"
