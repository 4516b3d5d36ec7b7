"""
The one table of every key of `gateway.toml`.

docs/configuration.md is generated from it (`make docs`), and a test compares them. A key
that the product will have and this version lacks stands in `LATER_KEYS` or `LATER_TABLES`:
it is refused with that reason, unless its value asks for what happens anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from gateway.config import kinds
from gateway.config.kinds import Kind, T
from gateway.rules.public import PublicOrigin

REQUIRED = object()
"""In the place of a default: the key must be given."""

DERIVED = object()
"""In the place of a default: worked out from other keys, as `derived` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Generic[T]):
    """One key."""

    table: str
    key: str
    kind: Kind[T]
    default: object
    """As it is written in TOML; or REQUIRED, or DERIVED."""
    derived: tuple[str, str] = ("", "")
    """Where a derived default comes from, in English and Japanese."""
    english: str
    """What it does and why the default is what it is."""
    japanese: str
    since: str = "0.1"

    @property
    def label(self) -> str:
        """How messages name it: `[listen] https`, `[[app]] url`, `[app.timeouts] idle`."""
        return label(self.table, self.key)


def label(table: str, key: str) -> str:
    """How messages name a key of a table."""
    brackets = f"[[{table}]]" if table in ARRAYS else f"[{table}]"
    return f"{brackets} {key}"


ARRAYS = frozenset({"app", "access"})
"""Tables that are written with double brackets."""


@dataclass(slots=True)
class _Table:
    """Gathers the options in the order in which they are written below."""

    options: list[Option[object]] = field(default_factory=list)

    def add(self, option: Option[T]) -> Option[T]:
        self.options.append(option)  # type: ignore[arg-type]  # read as objects only
        return option


_table = _Table()

URL: Option[PublicOrigin] = _table.add(
    Option(
        table="gateway",
        key="url",
        kind=kinds.ORIGIN,
        default=REQUIRED,
        english="The address people type: https and a DNS name. Passkeys belong to this name "
        "for ever (it is the RP ID), so choose one that stays. `http://localhost:PORT` is "
        "for trying things out.",
        japanese="利用者が開くアドレス。https と DNS 名で書きます。パスキーはこの名前に結び付き"
        "（RP ID）、後から変えると全員が登録し直しになります。試用に限り "
        "`http://localhost:PORT` も使えます。",
    )
)
NAME: Option[str] = _table.add(
    Option(
        table="gateway",
        key="name",
        kind=kinds.LABEL,
        default=DERIVED,
        derived=("the host of `url`", "`url` のホスト名"),
        english="What sign-in pages and authenticators call the place.",
        japanese="サインイン画面と認証器に表示される名前。",
    )
)
DATA_DIR: Option[Path] = _table.add(
    Option(
        table="gateway",
        key="data_dir",
        kind=kinds.PATH,
        default="data",
        english="Directory of the database and the keys, mode 0700; a relative path starts "
        "at the directory of this file.",
        japanese="データベースと鍵を置くディレクトリ（モード 0700）。相対パスはこの設定ファイルの"
        "場所から数えます。",
    )
)
LANGUAGE: Option[str] = _table.add(
    Option(
        table="gateway",
        key="language",
        kind=kinds.choice("ja", "en"),
        default="ja",
        english="For people whose browser asks for neither Japanese nor English.",
        japanese="ブラウザーの言語が日本語でも英語でもない人に使う言語。",
    )
)
HTTPS: Option[str] = _table.add(
    Option(
        table="listen",
        key="https",
        kind=kinds.ENDPOINT,
        default=DERIVED,
        derived=(
            '`"tcp:443"`; `""` where `[tls] mode = "off"`',
            '`"tcp:443"`（`[tls] mode = "off"` では `""`）',
        ),
        english="Where browsers come in. The gateway does TLS itself.",
        japanese="ブラウザーの接続を受ける場所。TLS はゲートウェイ自身が行います。",
    )
)
HTTP: Option[str] = _table.add(
    Option(
        table="listen",
        key="http",
        kind=kinds.ENDPOINT,
        default="tcp:80",
        english="Sends GET and HEAD on to https, refuses everything else. With "
        '`[tls] mode = "off"` it is where browsers come in.',
        japanese="GET と HEAD を https へ転送し、ほかは拒否します。`[tls] mode = "
        '"off"` ではブラウザーの接続をここで受けます。',
    )
)
HEALTH: Option[str] = _table.add(
    Option(
        table="listen",
        key="health",
        kind=kinds.ENDPOINT,
        default="tcp:9180:interface=127.0.0.1",
        english="`/livez`, `/readyz` and `/health`, for this machine alone: a loopback "
        "address or a UNIX socket, since the answers name the insides.",
        japanese="`/livez`、`/readyz`、`/health`。内部の様子を答えるため、ループバックか "
        "UNIX ソケットに限ります。",
    )
)
TLS_MODE: Option[str] = _table.add(
    Option(
        table="tls",
        key="mode",
        kind=kinds.choice("files", "self-signed", "off", later=("acme",)),
        default="self-signed",
        english='"files": a certificate of yours. "self-signed": one made in `data_dir` at '
        "the first start, for trying things out: browsers warn, and refuse passkeys while the "
        'certificate is not trusted. "off": http on localhost alone.',
        japanese="「files」は手持ちの証明書。「self-signed」は初回起動時に `data_dir` に作る"
        "試用の証明書で、ブラウザーは警告を出し、信頼されるまでパスキーを拒みます。"
        "「off」は localhost の http 専用。",
    )
)
CERTIFICATE: Option[Path] = _table.add(
    Option(
        table="tls",
        key="certificate",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("none; required with `files`", "なし（`files` では必須）"),
        english="PEM: the certificate for the host of `url`, then its chain.",
        japanese="PEM 形式。`url` のホストの証明書、続けて中間証明書。",
    )
)
PRIVATE_KEY: Option[Path] = _table.add(
    Option(
        table="tls",
        key="private_key",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("none; required with `files`", "なし（`files` では必須）"),
        english="PEM, without a passphrase, readable by the service's user alone.",
        japanese="PEM 形式、パスフレーズなし。サービスの実行ユーザーだけが読めること。",
    )
)
APP_NAME: Option[str] = _table.add(
    Option(
        table="app",
        key="name",
        kind=kinds.LABEL,
        default="app",
        english="What pages and messages call the app.",
        japanese="画面やメッセージに出るアプリの名前。",
    )
)
APP_URL: Option[tuple[str, int]] = _table.add(
    Option(
        table="app",
        key="url",
        kind=kinds.BACKEND,
        default=REQUIRED,
        english="The app itself: `http://HOST:PORT`, no path. Nobody outside should reach "
        "that address but the gateway.",
        japanese="アプリ本体。`http://ホスト:ポート`、パスなし。外部からはゲートウェイ以外が"
        "到達できないようにしてください。",
    )
)
PRESERVE_HOST: Option[bool] = _table.add(
    Option(
        table="app",
        key="preserve_host",
        kind=kinds.FLAG,
        default=True,
        english="Pass the public host name on, as the app would see it without a gateway. Of "
        "twelve apps measured none breaks with it, and four break without.",
        japanese="公開ホスト名をそのままアプリに渡します。実測した 12 のアプリはすべてこれで動き、"
        "渡さないと 4 つが壊れました。",
    )
)
INTERNAL_NAMES: Option[tuple[str, ...]] = _table.add(
    Option(
        table="app",
        key="internal_names",
        kind=kinds.NAMES,
        default=[],
        english="Further `host` or `host:port` by which the app calls itself; rewritten to "
        "the public name in Location, Refresh and Set-Cookie.",
        japanese="アプリが自分を呼ぶ別名（`host` または `host:port`）。Location、Refresh、"
        "Set-Cookie の中で公開名に書き換えます。",
    )
)
MAX_BODY: Option[int] = _table.add(
    Option(
        table="app",
        key="max_body",
        kind=kinds.SIZE,
        default="2GB",
        english="Largest request body; more is answered 413. Bodies stream, so this costs "
        "neither memory nor disk here. 2 GB: groupware takes whole videos by mail.",
        japanese="リクエスト本文の上限。超えると 413 を返します。本文は溜めずに流すので、"
        "ゲートウェイのメモリーもディスクも使いません。",
    )
)
CONNECT: Option[float] = _table.add(
    Option(
        table="app.timeouts",
        key="connect",
        kind=kinds.DURATION,
        default="5s",
        english="To reach the app; after it 504. In an office network more means it is down.",
        japanese="アプリへの接続待ち。超えると 504。",
    )
)
FIRST_BYTE: Option[float] = _table.add(
    Option(
        table="app.timeouts",
        key="first_byte",
        kind=kinds.DURATION,
        default="300s",
        english="From the request's end to the answer's first byte; after it 504. Groupware "
        "exports and searches are slow, 60 s breaks them.",
        japanese="リクエストを送り終えてから応答の最初の 1 バイトまで。超えると 504。"
        "グループウェアのエクスポートや検索は遅く、60 秒では失敗します。",
    )
)
IDLE: Option[float] = _table.add(
    Option(
        table="app.timeouts",
        key="idle",
        kind=kinds.DURATION,
        default="60s",
        english="Silence of the browser in the midst of a request's body; then 408. Silence of "
        "the app in the midst of an answer is limited by first_byte: event streams are quiet.",
        japanese="リクエスト本文の途中でブラウザーが黙っている時間の上限。超えると 408。"
        "応答の途中でアプリが黙っている時間は first_byte で決まります。",
    )
)
SESSION_IDLE: Option[float] = _table.add(
    Option(
        table="sessions",
        key="idle",
        kind=kinds.DURATION,
        default="2h",
        english="An unused session ends. 2 h: lunch and a meeting do not cut anybody off in "
        "the middle of work, a forgotten browser does not stay open for the afternoon. "
        'NIST SP 800-63B-4 2.2.3 advises at most 1 h: say "1h" where that binds you.',
        japanese="使われないセッションが終わるまで。2 時間なら昼休みや会議では切れず、放置された"
        "ブラウザーは半日のうちに閉じます。NIST SP 800-63B-4 2.2.3 の勧告は 1 時間以内です。",
    )
)
SESSION_LIFETIME: Option[float] = _table.add(
    Option(
        table="sessions",
        key="lifetime",
        kind=kinds.DURATION,
        default="12h",
        english="Every session ends after it, used or not. 12 h: one touch each working "
        "day; NIST SP 800-63B-4 2.2.3 advises at most 24 h.",
        japanese="使用中でもセッションが終わるまで。12 時間なら 1 日 1 回の操作で済みます。"
        "NIST SP 800-63B-4 2.2.3 の勧告は 24 時間以内です。",
    )
)

OPTIONS: tuple[Option[object], ...] = tuple(_table.options)

TABLES: tuple[str, ...] = tuple(dict.fromkeys(each.table for each in OPTIONS))

LATER_TABLES = ("access", "passkeys", "otp", "ssh", "notices", "updates")

LATER_KEYS: Mapping[str, Mapping[str, tuple[object, ...]]] = {
    "gateway": {"admin_url": ("",)},
    "listen": {"ssh": ("",), "trusted_proxies": ([],)},
    "tls": {"acme_directory": ("",), "acme_email": ("",)},
    "app": {"host": ("",), "path": ("", "/"), "preset": ("",), "sign_on": ("none",)},
    "store": {"url": ("sqlite",), "sessions": ("",)},
}
"""Table, key, and the values that ask for nothing beyond what this version does."""
