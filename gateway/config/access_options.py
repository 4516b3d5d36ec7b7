"""
The keys of `[[access]]`, and of `[sessions]` what tells a person from a forgotten tab.

`[[access]]` may be written many times: `access_entries` reads them all.
"""

from __future__ import annotations

import ipaddress
import re
from typing import cast

from gateway.config import kinds
from gateway.config.kinds import Kind
from gateway.config.option import DERIVED, REQUIRED, Option, Table
from gateway.rules.entries import Network, Require
from gateway.rules.patterns import checked_pattern
from gateway.rules.records import canonical_name

FRESH_LEAST_S = 60.0
"""Less than a minute, and who has just been verified might be asked again at once."""

_method = re.compile(r"[A-Z][A-Z0-9_-]{0,31}").fullmatch


def _texts(value: object, wanted: str) -> list[str]:
    written = value if isinstance(value, list) else [value]
    if not written or not all(isinstance(each, str) for each in written):
        raise ValueError(wanted)
    return cast("list[str]", written)


def _read_patterns(value: object) -> tuple[str, ...]:
    return tuple(map(checked_pattern, _texts(value, '"/report", or a list of such')))


def _read_methods(value: object) -> tuple[str, ...]:
    wanted = 'a method, or a list of such as ["GET", "POST"]'
    methods = tuple(each.upper() for each in _texts(value, wanted))
    if not all(map(_method, methods)):
        raise ValueError(wanted)
    return methods


def _read_names(value: object) -> tuple[str, ...]:
    return tuple(map(canonical_name, _texts(value, "a name, or a list of names")))


def _read_networks(value: object) -> tuple[Network, ...]:
    wanted = 'a network, or a list of such as ["10.0.0.0/8", "2001:db8::/32"]'
    return tuple(_network(each, wanted) for each in _texts(value, wanted))


def _network(written: str, wanted: str) -> Network:
    try:
        network = ipaddress.ip_network(written, strict=False)
    except ValueError:
        raise ValueError(wanted) from None
    if network.version == 6 and network.network_address.ipv4_mapped is not None:
        raise ValueError("an IPv4 network written as one, such as 10.0.0.0/8")
    try:
        return ipaddress.ip_network(written)
    except ValueError:
        raise ValueError(f'"{network}", if that whole network is meant') from None


def _read_fresh(value: object) -> float:
    seconds = kinds.read_duration(value)
    if seconds < FRESH_LEAST_S:
        raise ValueError('a duration of at least "1m"')
    return seconds


_NAMES = Kind(english="name, or list of names", japanese="名前、またはその一覧", read=_read_names)
_PATTERNS = Kind(
    english="path pattern, or list of them",
    japanese="パスの型、またはその一覧",
    read=_read_patterns,
)

TABLE = Table()

APP: Option[str] = TABLE.add(
    Option(
        table="access",
        key="app",
        kind=kinds.LABEL,
        default=DERIVED,
        derived=("every app", "すべてのアプリ"),
        english="The `name` of an `[[app]]`.",
        japanese="`[[app]]` の `name`。",
    )
)
PATH: Option[tuple[str, ...]] = TABLE.add(
    Option(
        table="access",
        key="path",
        kind=_PATTERNS,
        default=DERIVED,
        derived=("every path", "すべてのパス"),
        english="`/report`: that one. `/kaikei/`: the folder and everything in it. `*`: any "
        "characters within one part; `/**/`: any parts. Written as read, `/経理/`, without "
        "`%`, without the query. A request that apps read in different ways gets the "
        "strictest ruling of all of them. See [access.md](access.md).",
        japanese="`/report` はそのパスだけ、`/kaikei/` はフォルダーとその中のすべて。`*` は"
        "区切りの中の任意の文字、`/**/` は任意の深さ。`/経理/` のように読むとおりに書き、`%` と "
        "`?` 以降は書きません。アプリによって読み方が変わる書き方のリクエストには、そのうち最も"
        "厳しい判定を使います。[access.md](access.md) を参照。",
    )
)
METHOD: Option[tuple[str, ...]] = TABLE.add(
    Option(
        table="access",
        key="method",
        kind=Kind(
            english="method, or list of methods",
            japanese="メソッド、またはその一覧",
            read=_read_methods,
        ),
        default=DERIVED,
        derived=("every method", "すべてのメソッド"),
        english='`["GET"]` is HEAD, too. Some apps take the method from a form\'s field '
        "(`_method`): the gateway does not look into bodies.",
        japanese='`["GET"]` は HEAD を含みます。フォームの項目（`_method`）でメソッドを変える'
        "アプリもありますが、ゲートウェイは本文を見ません。",
    )
)
USERS: Option[tuple[str, ...]] = TABLE.add(
    Option(
        table="access",
        key="users",
        kind=_NAMES,
        default=DERIVED,
        derived=("everybody", "全員"),
        english="Sign-in names. With `groups`, too: these people, and the members of those "
        "groups. An entry with either fits only somebody who is signed in.",
        japanese="ログイン名。`groups` も書けば、この人たちと、そのグループの人たち。どちらかを"
        "書いた項目は、ログインしている人だけに当てはまります。",
    )
)
GROUPS: Option[tuple[str, ...]] = TABLE.add(
    Option(
        table="access",
        key="groups",
        kind=_NAMES,
        default=DERIVED,
        derived=("everybody", "全員"),
        english="Members of at least one of these. So that nobody else may go there, a second "
        'entry with the same `path` and `require = "deny"` follows.',
        japanese="このどれかのグループの人。ほかの人を入れないためには、同じ `path` で "
        '`require = "deny"` の項目を次に書きます。',
    )
)
NETWORKS: Option[tuple[Network, ...]] = TABLE.add(
    Option(
        table="access",
        key="networks",
        kind=Kind(
            english="network, or list of networks",
            japanese="ネットワーク、またはその一覧",
            read=_read_networks,
        ),
        default=DERIVED,
        derived=("every network", "すべてのネットワーク"),
        english="Where the browser is: CIDR, IPv4 or IPv6, or single addresses.",
        japanese="ブラウザーの接続元。CIDR（IPv4、IPv6）または単独のアドレス。",
    )
)
REQUIRE: Option[str] = TABLE.add(
    Option(
        table="access",
        key="require",
        kind=kinds.choice(*(each.value for each in Require)),
        default=REQUIRED,
        english='"any": signed in. "passkey": by a passkey. "device-bound": by a passkey that '
        'cannot leave its device, such as a USB key. "none": open to the whole world, without '
        'sign-in. "deny": nobody. The entries are read from the top, and the first that fits '
        "decides; where none does, whoever is signed in may pass.",
        japanese="「any」はログインしていること。「passkey」はパスキーでのログイン。"
        "「device-bound」は USB キーなど端末から出せないパスキーでのログイン。「none」は"
        "ログインなしで誰にでも公開。「deny」は誰も通しません。上から順に見て、最初に当てはまる"
        "項目で決まります。どれにも当てはまらなければ、ログインしている人は通れます。",
    )
)
FRESH: Option[float] = TABLE.add(
    Option(
        table="access",
        key="fresh",
        kind=Kind(english="duration", japanese="時間", read=_read_fresh),
        default=DERIVED,
        derived=("however long ago", "問わない"),
        english="How long ago the person may have been verified, `1m` at least. Whoever was "
        "verified longer ago touches the passkey once more, in place.",
        japanese="本人確認からの時間の上限（`1m` 以上）。過ぎていれば、その場でもう一度パスキーを"
        "使ってもらいます。",
    )
)

BACKGROUND: Option[tuple[str, ...]] = Option(
    table="sessions",
    key="background",
    kind=_PATTERNS,
    default=DERIVED,
    derived=("none", "なし"),
    english="Paths (as in `[[access]]`) that are no sign of a person: a forgotten tab that asks "
    "for them again and again ends at `idle`. Repeated requests are recognised anyway; say here "
    "what asks for something new each time although nobody is there, such as a held poll.",
    japanese="人の操作とみなさないパス（書き方は `[[access]]` と同じ）。開いたままのタブが繰り返し"
    "読んでも `idle` で終わります。同じリクエストの繰り返しは自動で見分けます。ロングポーリング"
    "など、人がいなくても毎回違うものを読みに行くパスをここに書きます。",
)
