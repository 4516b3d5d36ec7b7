"""
The one table of every key of `gateway.toml`.

docs/configuration.md is generated from it (`make docs`), and a test compares them. A key
that the product will have and this version lacks stands in `LATER_KEYS` or `LATER_TABLES`:
it is refused with that reason, unless its value asks for what happens anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.config import (
    access_options,
    app_options,
    kinds,
    look_options,
    notices_options,
    passkey_options,
)
from gateway.config.option import DERIVED, REQUIRED, Option, Table
from gateway.rules.public import PublicOrigin

WORKERS_LIMIT = 64
"""Each costs some 60 MB and a copy of the sessions; larger machines are better split."""

_table = Table()

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
CONNECTIONS: Option[int] = _table.add(
    Option(
        table="listen",
        key="connections",
        kind=kinds.count(1_000_000),
        default=12000,
        english="Connections of browsers at one time. Beyond it new ones are closed at once; "
        "from nine tenths on, people who are not signed in are answered 503, so that those who "
        "are can work on. An idle TLS connection takes about 20 KiB. Where the system allows "
        "fewer open files (`ulimit -n`: three for two connections), that counts.",
        japanese="同時に受けるブラウザー接続の数。超えた接続はすぐ閉じます。9 割を超えると、"
        "サインインしていない人には 503 を返し、サインイン済みの人の作業を守ります。待機中の TLS "
        "接続は 1 本約 20 KiB。システムのファイル数上限（`ulimit -n`、2 接続に 3 つ）が低ければ"
        "そちらに従います。",
    )
)
CONNECTIONS_PER_ADDRESS: Option[int] = _table.add(
    Option(
        table="listen",
        key="connections_per_address",
        kind=kinds.count(1_000_000),
        default=3000,
        english="Of these, from one address (IPv6: one /64). An office behind one address is "
        "many people, and each browser opens up to six. At most a sixth of them may be such over "
        "which nobody has signed in yet. With workers, each counts by itself.",
        japanese="そのうち 1 つのアドレス（IPv6 は /64）からの数。同じアドレスの後ろに大勢いる"
        "拠点もあり、ブラウザーは 1 人 6 本まで開きます。サインイン前の接続は"
        "この 6 分の 1 までです。ワーカーを使う場合はワーカーごとに数えます。",
    )
)
STRANGERS_RATE: Option[int] = _table.add(
    Option(
        table="listen",
        key="strangers_rate",
        kind=kinds.count(1_000_000),
        default=50,
        english="Requests a second from one address without a session; more are answered 429. "
        "Twenty seconds' worth may come at once: opening the sign-in page takes about twelve.",
        japanese="サインインしていないリクエストの、1 アドレスあたり毎秒の数。超えると 429。"
        "20 秒分までは一度に受けます（サインイン画面を開くと約 12 件）。",
    )
)
WORKERS: Option[int] = _table.add(
    Option(
        table="listen",
        key="workers",
        kind=kinds.count(WORKERS_LIMIT),
        default=1,
        english="Processes that carry browsers' requests. 1: everything is in one process. From 2 "
        "on: that many for the requests, and one more that keeps pages, sessions and the store. "
        "One process fills one core; take as many as there are cores to spare, not more.",
        japanese="ブラウザーのリクエストを運ぶプロセスの数。1 ならすべてを 1 プロセスで行います。"
        "2 以上ではその数のプロセスがリクエストを運び、別の 1 プロセスが画面・セッション・"
        "データベースを受け持ちます。1 プロセスは 1 コアを使い切るので、空いているコアの数"
        "までにします。",
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
_table.options.extend(app_options.TABLE.options)
_table.options.extend(access_options.TABLE.options)
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
SESSION_BACKGROUND: Option[tuple[str, ...]] = _table.add(access_options.BACKGROUND)
_table.options.extend(passkey_options.TABLE.options)
_table.options.extend(notices_options.TABLE.options)
_table.options.extend(look_options.TABLE.options)

OPTIONS: tuple[Option[object], ...] = tuple(_table.options)

TABLES: tuple[str, ...] = tuple(dict.fromkeys(each.table for each in OPTIONS))

LATER_TABLES = ("otp", "ssh", "updates")

LATER_KEYS: Mapping[str, Mapping[str, tuple[object, ...]]] = {
    "gateway": {"admin_url": ("",)},
    "listen": {"ssh": ("",), "trusted_proxies": ([],)},
    "tls": {"acme_directory": ("",), "acme_email": ("",)},
    "app": {"host": ("",), "path": ("", "/"), "preset": ("",), "sign_on": ("none",)},
    "store": {"url": ("sqlite",), "sessions": ("",)},
    "notices": {"mail_to": ("", []), "webhooks": ([],)},
}
"""Table, key, and the values that ask for nothing beyond what this version does."""
