"""`[passkeys]`: which passkeys may be registered, as an administrator writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config import Config, examine, load
from gateway.config.passkey_options import Passkeys
from gateway.config.passkey_policy import read_policy
from gateway.errors import ConfigError
from gateway.rules.attestation import TODAY, PasskeyPolicy
from tests.rules.makers import (
    AAGUID,
    FIDO_CA,
    NOW,
    OTHER_AAGUID,
    blob,
    entry,
)

SMALLEST = """\
[gateway]
url = "https://gw.example.co.jp"

[[app]]
url = "http://10.0.0.5"

[passkeys]
"""

LIST = f"""\
attestation = "direct"
allow_aaguids = ["{AAGUID}", "{OTHER_AAGUID.upper()}"]
metadata = "blob.jwt"
metadata_root = "root.pem"
"""


def write(directory: Path, passkeys: str) -> Path:
    """A configuration with that in `[passkeys]`."""
    path = directory / "gateway.toml"
    path.write_text(SMALLEST + passkeys, encoding="utf-8")
    return path


def read(directory: Path, passkeys: str) -> Config:
    """What that means."""
    return load(write(directory, passkeys))


def mistakes(directory: Path, passkeys: str) -> list[tuple[str, str]]:
    """Key and wish of everything that is wrong with it."""
    _, found = examine(write(directory, passkeys))
    return [(each.key, each.wanted) for each in found]


def test_who_says_nothing_gets_any_passkey(tmp_path: Path) -> None:
    """Without the table any passkey may be registered, and no device is asked what it is."""
    config = read(tmp_path, "")

    assert Passkeys() == config.passkeys
    assert (TODAY, []) == read_policy(config, now=NOW)


def test_everything_can_be_said(tmp_path: Path) -> None:
    """Models are read in any spelling, and paths begin at the file."""
    expected = Passkeys(
        device_bound_only=True,
        wants_attestation=True,
        allow_aaguids=(AAGUID, OTHER_AAGUID),
        metadata=tmp_path / "blob.jwt",
        metadata_root=tmp_path / "root.pem",
    )

    assert expected == read(tmp_path, "device_bound_only = true\n" + LIST).passkeys


@pytest.mark.parametrize(
    ("passkeys", "key", "wanted"),
    [
        ('device_bound_only = "yes"', "device_bound_only", "true or false"),
        ('attestation = "enterprise"', "attestation", '"none", "direct"'),
        ("attestation = true", "attestation", '"none", "direct"'),
        (f'allow_aaguids = "{AAGUID}"', "allow_aaguids", "a list of AAGUIDs"),
        ("allow_aaguids = [7]", "allow_aaguids", "a list of AAGUIDs"),
        ('allow_aaguids = ["YubiKey 5"]', "allow_aaguids", "a list of AAGUIDs"),
        (f'allow_aaguids = ["{AAGUID}x"]', "allow_aaguids", "a list of AAGUIDs"),
        (f'allow_aaguids = ["{AAGUID}", "{AAGUID.upper()}"]', "allow_aaguids", "once"),
        (
            'allow_aaguids = ["00000000-0000-0000-0000-000000000000"]',
            "allow_aaguids",
            "all zeros",
        ),
        ('allow_aaguid = ["x"]', "allow_aaguid", "did you mean allow_aaguids?"),
        ('metadata = ""', "metadata", "a path"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, passkeys: str, key: str, wanted: str) -> None:
    """Each mistake names its key and what is wanted instead."""
    ((seen, wish),) = mistakes(tmp_path, passkeys)

    assert f"[passkeys] {key}" == seen
    assert wanted in wish


@pytest.mark.parametrize(
    ("passkeys", "keys"),
    [
        (f'allow_aaguids = ["{AAGUID}"]', ["attestation", "metadata"]),
        (f'allow_aaguids = ["{AAGUID}"]\nattestation = "direct"', ["metadata"]),
        (f'allow_aaguids = ["{AAGUID}"]\nmetadata = "x"', ["attestation"]),
        ('metadata = "x"', ["metadata"]),
        ('attestation = "direct"\nmetadata = "x"', ["metadata"]),
        ('metadata_root = "x"', ["metadata_root"]),
    ],
)
def test_a_rule_that_would_do_nothing_is_refused(
    tmp_path: Path, passkeys: str, keys: list[str]
) -> None:
    """A list without proof, and metadata without a list, are mistakes: no rule in vain."""
    assert [f"[passkeys] {key}" for key in keys] == [
        key for key, _ in mistakes(tmp_path, passkeys)
    ]


def test_device_bound_only_needs_no_file(tmp_path: Path) -> None:
    """The simple switch stands alone."""
    config = read(tmp_path, "device_bound_only = true")

    assert (PasskeyPolicy(device_bound_only=True), []) == read_policy(config, now=NOW)


def listed(directory: Path, file: bytes, root: bytes | None = None) -> Config:
    """A configuration with a list of models, and its files."""
    (directory / "blob.jwt").write_bytes(file)
    (directory / "root.pem").write_bytes(
        FIDO_CA.public_bytes(Encoding.PEM) if root is None else root
    )
    return read(directory, LIST)


def test_a_list_becomes_a_policy(tmp_path: Path) -> None:
    """The models of the list, as the file knows them; and what is doubtful is told."""
    config = listed(tmp_path, blob(entry()))

    policy, doubts = read_policy(config, now=NOW)

    assert policy.models is not None
    assert ([AAGUID], True) == (list(policy.models), policy.wants_attestation)
    (doubt,) = doubts
    assert doubt.startswith(OTHER_AAGUID)


def test_a_list_whose_models_nobody_knows_allows_none(tmp_path: Path) -> None:
    """An empty file never means that anything goes."""
    policy, doubts = read_policy(listed(tmp_path, blob()), now=NOW)

    assert {} == policy.models
    assert 2 == len(doubts)


@pytest.mark.parametrize("name", ["blob.jwt", "root.pem"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """A file that cannot be read stops the start, with its name."""
    config = listed(tmp_path, blob(entry()))
    (tmp_path / name).unlink()

    with pytest.raises(ConfigError, match=name):
        read_policy(config, now=NOW)


def test_a_root_that_is_none_is_named(tmp_path: Path) -> None:
    """What is no certificate is no root."""
    config = listed(tmp_path, blob(entry()), root=b"-----BEGIN NONSENSE-----")

    with pytest.raises(ConfigError, match=r"\[passkeys\] metadata_root: .* a certificate, PEM"):
        read_policy(config, now=NOW)


def test_a_file_that_nobody_signed_is_named(tmp_path: Path) -> None:
    """A changed or forged file stops the start and says what is wrong."""
    config = listed(tmp_path, blob(entry())[:-8] + b"AAAAAAAA")

    with pytest.raises(ConfigError, match=r"\[passkeys\] metadata: .* nobody has changed"):
        read_policy(config, now=NOW)


def test_without_a_root_of_ones_own_only_fido_is_believed(tmp_path: Path) -> None:
    """A file that somebody else signed is refused by default."""
    listed(tmp_path, blob(entry()))
    config = read(tmp_path, LIST.replace('metadata_root = "root.pem"\n', ""))

    with pytest.raises(ConfigError, match="GlobalSign"):
        read_policy(config, now=NOW)
