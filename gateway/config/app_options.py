"""The keys of `[[app]]` and `[app.timeouts]`; `options` puts them among the others."""

from __future__ import annotations

from pathlib import Path

from gateway.config import kinds
from gateway.config.option import DERIVED, REQUIRED, Option, Table
from gateway.rules.backends import Backend

TABLE = Table()

APP_NAME: Option[str] = TABLE.add(
    Option(
        table="app",
        key="name",
        kind=kinds.LABEL,
        default="app",
        english="What pages and messages call the app.",
        japanese="画面やメッセージに出るアプリの名前。",
    )
)
APP_URL: Option[tuple[Backend, ...]] = TABLE.add(
    Option(
        table="app",
        key="url",
        kind=kinds.BACKENDS,
        default=REQUIRED,
        english="The app itself: `http://HOST:PORT` or `https://HOST:PORT`, no path, IPv6 in "
        "brackets; or a list of such, where the same app runs in several places and any of "
        "them can answer any request. Who is least busy for its weight is asked; who fails is "
        "left alone for a while and comes back slowly. Nobody outside should reach these "
        "addresses but the gateway.",
        japanese="アプリ本体。`http://ホスト:ポート` または `https://ホスト:ポート`、パスなし、"
        "IPv6 は角括弧付き。同じアプリが複数の場所で動き、どれでも応答できるなら一覧で書けます。"
        "重みの割に空いているものから使い、故障したものはしばらく休ませ、徐々に戻します。外部からは"
        "ゲートウェイ以外が到達できないようにしてください。",
    )
)
WEIGHTS: Option[tuple[int, ...]] = TABLE.add(
    Option(
        table="app",
        key="weights",
        kind=kinds.WEIGHTS,
        default=DERIVED,
        derived=("1 for each", "すべて 1"),
        english="One for each address in `url`, in the same order: `[3, 1]` gives the first "
        "three requests for each one of the second.",
        japanese="`url` の各アドレスの重み（同じ順）。`[3, 1]` なら 1 番目は 2 番目の 3 倍の"
        "リクエストを受けます。",
    )
)
CA: Option[Path] = TABLE.add(
    Option(
        table="app",
        key="ca",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("the system's trust store", "システムの信頼済み証明書"),
        english="PEM: the authority that the app's https certificate comes from, where it is "
        "one of your own (the root, or the certificate itself if it is self-signed). Only it is "
        "trusted then. There is no switch to trust without checking.",
        japanese="PEM 形式。アプリの https 証明書が自前の認証局によるときの、その認証局の証明書"
        "（ルート証明書。自己署名なら証明書そのもの）。指定すると、これだけを信頼します。"
        "検証なしで接続する設定はありません。",
    )
)
SERVER_NAME: Option[str] = TABLE.add(
    Option(
        table="app",
        key="server_name",
        kind=kinds.HOST,
        default=DERIVED,
        derived=("the host of each `url`", "各 `url` のホスト"),
        english="The name in the app's https certificate, where it is not the host of `url`: "
        "for `https://10.0.0.5` with a certificate for `groupware.example.co.jp`. Asked for by "
        "SNI, checked, and counted among the `internal_names`.",
        japanese="アプリの https 証明書に書かれた名前が `url` のホストと違うときに指定します"
        "（例: `https://10.0.0.5` で証明書は `groupware.example.co.jp`）。SNI で送り、照合し、"
        "`internal_names` にも数えます。",
    )
)
CONNECTIONS: Option[int] = TABLE.add(
    Option(
        table="app",
        key="connections",
        kind=kinds.count(65535),
        default=1024,
        english="Connections to each backend at most; further requests wait in line for as long "
        "as `connect`, then 503. 1024: held polls and WebSockets of a thousand people fit, and "
        "an app that hangs cannot eat up the descriptors. An app with few workers is spared by "
        "their number.",
        japanese="バックエンドごとの同時接続数の上限。超えたリクエストは `connect` の時間だけ"
        "順番を待ち、その後 503。1024 なら千人分のロングポーリングや WebSocket が収まり、"
        "アプリが止まってもファイル記述子を使い切りません。ワーカーの少ないアプリではその数にします。",
    )
)
APP_HEALTH: Option[str] = TABLE.add(
    Option(
        table="app",
        key="health",
        kind=kinds.URL_PATH,
        default="",
        english="A path that the gateway GETs every few seconds from each of several backends; a "
        'status of 500 or more, or none, twice in a row: it is left alone. "": taking a '
        "connection is enough. Should be quick, and need no sign-in to the app.",
        japanese="複数のバックエンドそれぞれに数秒ごとに GET するパス。2 回続けて 500 以上、または"
        "無応答なら休ませます。空文字なら接続できるかだけを見ます。速く、アプリのサインインを"
        "要しないものを。",
    )
)
PRESERVE_HOST: Option[bool] = TABLE.add(
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
INTERNAL_NAMES: Option[tuple[str, ...]] = TABLE.add(
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
MAX_BODY: Option[int] = TABLE.add(
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
CONNECT: Option[float] = TABLE.add(
    Option(
        table="app.timeouts",
        key="connect",
        kind=kinds.DURATION,
        default="5s",
        english="To reach the app; after it 504. In an office network more means it is down.",
        japanese="アプリへの接続待ち。超えると 504。",
    )
)
FIRST_BYTE: Option[float] = TABLE.add(
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
IDLE: Option[float] = TABLE.add(
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
