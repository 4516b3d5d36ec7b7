"""The keys of `[passkeys]`, and what its values are; `options` puts the keys among the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.config import kinds
from gateway.config.kinds import Kind
from gateway.config.option import DERIVED, Option, Table

_AAGUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NO_MODEL = "00000000-0000-0000-0000-000000000000"
"""What an authenticator says that does not say what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkeys:
    """Which passkeys may be registered."""

    device_bound_only: bool = False
    wants_attestation: bool = False
    allow_aaguids: tuple[str, ...] = ()
    """Lower case, with hyphens; none = any model."""
    metadata: Path | None = None
    """FIDO's metadata file, absolute; there is one if models are listed."""
    metadata_root: Path | None = None
    """PEM, absolute: who signs that file; None = FIDO."""


def _read_aaguids(value: object) -> tuple[str, ...]:
    wanted = 'a list of AAGUIDs, such as ["2fc0579f-8113-47ea-b116-bb5a8db9202a"]'
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(wanted)
    aaguids = tuple(each.lower() for each in value)
    if not all(_AAGUID.fullmatch(each) for each in aaguids):
        raise ValueError(wanted)
    if NO_MODEL in aaguids:
        raise ValueError("AAGUIDs of models: all zeros is what names none")
    if len(set(aaguids)) < len(aaguids):
        raise ValueError("each AAGUID once")
    return aaguids


AAGUIDS = Kind(english="list of AAGUIDs", japanese="AAGUID の一覧", read=_read_aaguids)

TABLE = Table()

DEVICE_BOUND_ONLY: Option[bool] = TABLE.add(
    Option(
        table="passkeys",
        key="device_bound_only",
        kind=kinds.FLAG,
        default=False,
        english="Refuse passkeys that can be copied to other devices (backup eligible, BE = 1) "
        "when they are registered: those of Apple and Google accounts and of password managers. "
        "Windows Hello and security keys remain, iPhones mostly do not. The device's word is "
        "taken for it, unless `allow_aaguids` demands proof. What is registered already stays.",
        japanese="ほかの端末にコピーできるパスキー（同期パスキー、BE = 1）の登録を拒みます。Apple"
        "・Google アカウントやパスワード管理ソフトのパスキーが当たります。Windows Hello と"
        "セキュリティキーは使えますが、iPhone の多くは使えなくなります。"
        "端末の申告によるので、証明まで求めるには `allow_aaguids` を併用します。"
        "登録済みのパスキーはそのまま使えます。",
    )
)
ATTESTATION: Option[str] = TABLE.add(
    Option(
        table="passkeys",
        key="attestation",
        kind=kinds.choice("none", "direct"),
        default="none",
        english="Whether an authenticator is asked to prove its model at registration. "
        '"direct": browsers ask the person for leave, phones reached by QR code may refuse, and '
        "synced passkeys prove nothing. Needed for `allow_aaguids` alone; else it only "
        "makes the names in people's lists better.",
        japanese="登録のとき認証器に機種の証明を求めるか。「direct」ではブラウザーが利用者に許可を"
        "求め、QR コード経由のスマートフォンは応じないことがあり、同期パスキーは何も証明しません。"
        "`allow_aaguids` に必要です。それ以外では一覧に出る名前が正確になるだけです。",
    )
)
ALLOW_AAGUIDS: Option[tuple[str, ...]] = TABLE.add(
    Option(
        table="passkeys",
        key="allow_aaguids",
        kind=AAGUIDS,
        default=[],
        english="The only authenticator models that may be registered, by AAGUID, each proved "
        "by the maker's certificate and FIDO's metadata; `[]`: any. Models that FIDO reports as "
        'broken or revoked are refused. Needs `attestation = "direct"` and `metadata`. Proof is '
        "taken in the formats packed and tpm. What is registered already stays.",
        japanese="登録を許す認証器の機種（AAGUID）。製造元の証明書と FIDO のメタデータで証明された"
        "ものだけを受け付け、FIDO が危殆化・失効と報告した機種は拒みます。`[]` ならどの機種でも"
        '使えます。`attestation = "direct"` と `metadata` が必要で、証明の形式は packed と tpm '
        "に限ります。登録済みのパスキーはそのまま使えます。",
    )
)
METADATA: Option[Path] = TABLE.add(
    Option(
        table="passkeys",
        key="metadata",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("none; required with `allow_aaguids`", "なし（`allow_aaguids` では必須）"),
        english="FIDO's metadata file (MDS3 BLOB), fetched by you from "
        "https://mds3.fidoalliance.org/ and read at the start, its signature checked. FIDO "
        "publishes a new one each month: fetch it, and restart.",
        japanese="FIDO のメタデータファイル（MDS3 BLOB）。https://mds3.fidoalliance.org/ から取得"
        "して置きます。起動時に読み、署名を確かめます。毎月新しい版が出るので、取得し直して再起動して"
        "ください。",
    )
)
METADATA_ROOT: Option[Path] = TABLE.add(
    Option(
        table="passkeys",
        key="metadata_root",
        kind=kinds.PATH,
        default=DERIVED,
        derived=(
            "FIDO's signer, under GlobalSign Root CA - R3",
            "FIDO の署名者（GlobalSign Root CA - R3）",
        ),
        english="PEM: the root to which the signer of `metadata` chains, where it is a file of "
        "your own, or where FIDO has moved to another root.",
        japanese="PEM 形式。`metadata` の署名者のルート証明書。自社で作ったファイルを使うときや、"
        "FIDO がルートを替えたときに指定します。",
    )
)


def passkeys_disagreements(passkeys: Passkeys) -> Iterator[tuple[str, object, str]]:
    """What of `[passkeys]` cannot be meant together: a rule is never believed in vain."""
    listed = list(passkeys.allow_aaguids)
    if listed and not passkeys.wants_attestation:
        wanted = '"direct", since allow_aaguids lists models that have to be proved'
        yield "[passkeys] attestation", "none", wanted
    if listed and passkeys.metadata is None:
        yield "[passkeys] metadata", "", "FIDO's metadata file, since allow_aaguids needs it"
    if not listed and passkeys.metadata is not None:
        wanted = "no such key, since allow_aaguids is empty"
        yield "[passkeys] metadata", str(passkeys.metadata), wanted
    if passkeys.metadata is None and passkeys.metadata_root is not None:
        wanted = "no such key, since there is no metadata"
        yield "[passkeys] metadata_root", str(passkeys.metadata_root), wanted
