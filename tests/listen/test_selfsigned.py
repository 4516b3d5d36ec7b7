"""The self-signed certificate: made once, private, renewed in time."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.listen.certificates import Pair, faults
from gateway.listen.selfsigned import FILE_NAME, self_signed

NOW = 1_800_000_000.0
DAY_S = 86400.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A gateway that begins without a certificate of its own."""
    (tmp_path / "data").mkdir(mode=0o700)
    return named(tmp_path, "gw.example.test")


def named(directory: Path, host: str) -> Config:
    """The configuration for that public name."""
    path = directory / "gateway.toml"
    path.write_text(f'[gateway]\nurl = "https://{host}"\n[[app]]\nurl = "http://10.0.0.5"\n')
    return load(path)


def make(config: Config, *, now: float = NOW) -> Pair:
    """The pair that is served at that time."""
    return self_signed(config, now=now, token_bytes=secrets.token_bytes)


def test_it_is_good_for_the_public_name(config: Config) -> None:
    """The certificate is for the public name, P-256, for 90 days."""
    pair = make(config)

    assert faults(pair, host="gw.example.test", now=NOW) == []
    assert isinstance(pair.key, EllipticCurvePrivateKey)
    assert pair.key.curve.name == "secp256r1"
    assert pair.expires == NOW + 90 * DAY_S


def test_it_is_private(config: Config) -> None:
    """Its file is for the service's user alone."""
    make(config)

    status = (config.gateway.data_dir / FILE_NAME).stat()
    assert stat.S_IMODE(status.st_mode) == 0o600


def test_it_is_made_once(config: Config) -> None:
    """A restart keeps the certificate, so that who trusts it goes on trusting it."""
    first = make(config)

    assert make(config, now=NOW + 59 * DAY_S).leaf == first.leaf


@pytest.mark.parametrize("days", [61, 91, -2])
def test_it_is_made_anew_in_time(config: Config, days: int) -> None:
    """With less than 30 days left, or a clock that was set back before it, a new one is made."""
    first = make(config)

    assert make(config, now=NOW + days * DAY_S).leaf != first.leaf


def test_another_name_makes_another_one(config: Config, tmp_path: Path) -> None:
    """When the public name changes, so does the certificate."""
    make(config)

    assert make(named(tmp_path, "new.example.test")).names() == ["new.example.test"]


@pytest.mark.parametrize("text", ["", "garbage"])
def test_a_damaged_file_is_replaced(config: Config, text: str) -> None:
    """Half a file does not keep the gateway from starting."""
    (config.gateway.data_dir / FILE_NAME).write_text(text)

    assert make(config).names() == ["gw.example.test"]


def test_a_key_of_another_certificate_is_replaced(config: Config) -> None:
    """A file in which key and certificate do not belong together is not served."""
    make(config)
    path = config.gateway.data_dir / FILE_NAME
    certificate = path.read_text().partition("-----BEGIN CERT")[2]
    path.unlink()
    make(config)
    path.write_text(
        path.read_text().partition("-----BEGIN CERT")[0] + "-----BEGIN CERT" + certificate
    )

    pair = make(config)

    assert pair.leaf.public_key() == pair.key.public_key()


def test_a_directory_that_refuses_is_told(config: Config) -> None:
    """If the file cannot be written the sentence says which and why."""
    config.gateway.data_dir.rmdir()

    with pytest.raises(GatewayError, match="cannot be written: No such file"):
        make(config)


def test_a_file_that_cannot_be_read_is_told(config: Config) -> None:
    """If there is something else in its place the sentence says so."""
    (config.gateway.data_dir / FILE_NAME).mkdir()

    with pytest.raises(GatewayError, match="Is a directory"):
        make(config)
