"""Certificates from files: used when good, refused with one clear sentence when not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.config import Config, load
from gateway.errors import ConfigError
from gateway.listen.certificates import dns_names, is_for, read_files
from tests.instruments.certificates import Authority

HOST = "gw.example.test"
NOW = dt.datetime.now(dt.UTC).timestamp()  # certificates of the tests begin an hour ago
DAY_S = 86400.0


def configured(directory: Path, authority: Authority, *names: str) -> Config:
    """A configuration with certificate files for these names."""
    authority.issue(*(names or (HOST,))).write(directory)
    path = directory / "gateway.toml"
    path.write_text(
        f'[gateway]\nurl = "https://{HOST}"\n'
        '[tls]\nmode = "files"\ncertificate = "cert.pem"\nprivate_key = "key.pem"\n'
        '[[app]]\nurl = "http://10.0.0.5"\n'
    )
    return load(path)


def refusal(config: Config, *, now: float = NOW) -> ConfigError:
    """The sentence by which the files are refused."""
    with pytest.raises(ConfigError) as caught:
        read_files(config, now=now)
    return caught.value


def test_a_good_pair_is_read(tmp_path: Path, authority: Authority) -> None:
    """The certificate comes with its chain, its names and its day of expiry."""
    pair = read_files(configured(tmp_path, authority), now=NOW)

    assert pair.names() == [HOST]
    assert len(pair.chain) == 1
    assert NOW + 89 * DAY_S < pair.expires < NOW + 91 * DAY_S


def test_a_wildcard_certificate_is_good(tmp_path: Path, authority: Authority) -> None:
    """A certificate for *.example.test serves gw.example.test."""
    assert read_files(configured(tmp_path, authority, "*.example.test"), now=NOW)


def test_a_certificate_for_another_name_is_refused(tmp_path: Path, authority: Authority) -> None:
    """A certificate for another host is refused before browsers do it."""
    found = refusal(configured(tmp_path, authority, "www.example.test", "a.test"))

    assert found.key == "[tls] certificate"
    assert f"one for {HOST}" in found.wanted
    assert "www.example.test, a.test" in found.wanted


def test_an_expired_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    """A certificate past its last day is refused, and the day is named."""
    found = refusal(configured(tmp_path, authority), now=NOW + 91 * DAY_S)

    assert "has not expired" in found.wanted


def test_a_certificate_of_tomorrow_is_refused(tmp_path: Path, authority: Authority) -> None:
    """A certificate that is not valid yet makes one look at the clock."""
    found = refusal(configured(tmp_path, authority), now=NOW - 2 * DAY_S)

    assert "is the clock right?" in found.wanted


def test_a_chain_out_of_order_is_refused(tmp_path: Path, authority: Authority) -> None:
    """Clients that are strict about the order would fail, so the file is refused."""
    config = configured(tmp_path, authority)
    stranger = Authority().certificate
    with (tmp_path / "cert.pem").open("ab") as file:
        file.write(stranger)

    assert "the chain in order" in refusal(config).wanted


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    """Certificate and key must belong together."""
    config = configured(tmp_path, authority)
    (tmp_path / "key.pem").write_bytes(authority.issue(HOST).private_key)

    found = refusal(config)

    assert found.key == "[tls] private_key"
    assert "belongs to" in found.wanted


def _pem(key: object, protection: KeySerializationEncryption | None = None) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection or NoEncryption())


def _locked(pem: bytes) -> bytes:
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (_locked, "without a passphrase"),
        (lambda _: b"garbage", "-----BEGIN PRIVATE KEY-----"),
        (lambda pem: pem[: len(pem) // 2], "-----BEGIN PRIVATE KEY-----"),
        (lambda _: _pem(ed25519.Ed25519PrivateKey.generate()), "browsers take no other"),
        (lambda _: _pem(rsa.generate_private_key(65537, 1024)), "2048 bits or more"),
    ],
    ids=["passphrase", "garbage", "half", "ed25519", "short"],
)
def test_a_key_that_cannot_serve_is_refused(
    tmp_path: Path, authority: Authority, change: Callable[[bytes], bytes], wanted: str
) -> None:
    """Each kind of useless key is named for what it is."""
    config = configured(tmp_path, authority)
    (tmp_path / "key.pem").write_bytes(change((tmp_path / "key.pem").read_bytes()))

    assert wanted in refusal(config).wanted


def test_a_key_that_everybody_may_read_is_refused(tmp_path: Path, authority: Authority) -> None:
    """A private key that other users of the machine can read is not private."""
    config = configured(tmp_path, authority)
    (tmp_path / "key.pem").chmod(0o644)

    assert "chmod o=" in refusal(config).wanted


@pytest.mark.parametrize("name", ["cert.pem", "key.pem"])
def test_a_missing_file_is_refused(tmp_path: Path, authority: Authority, name: str) -> None:
    """A file that is not there is named."""
    config = configured(tmp_path, authority)
    (tmp_path / name).unlink()

    found = refusal(config)

    assert found.seen == str(tmp_path / name)
    assert "No such file" in found.wanted


def test_a_certificate_file_with_something_else_is_refused(
    tmp_path: Path, authority: Authority
) -> None:
    """A file that holds no certificate is refused."""
    config = configured(tmp_path, authority)
    (tmp_path / "cert.pem").write_bytes(b"garbage")

    assert "-----BEGIN CERTIFICATE-----" in refusal(config).wanted


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("gw.example.jp", "gw.example.jp", True),
        ("GW.example.JP", "gw.example.jp", True),
        ("*.example.jp", "gw.example.jp", True),
        ("*.example.jp", "a.gw.example.jp", False),
        ("*.example.jp", "example.jp", False),
        ("example.jp", "gw.example.jp", False),
        ("g*.example.jp", "gw.example.jp", False),
    ],
)
def test_names_match_as_browsers_match_them(name: str, host: str, fits: bool) -> None:
    """A wildcard stands for exactly one label, and only as a whole (RFC 9525 6.3)."""
    assert is_for([name], host) is fits


def test_a_certificate_without_names_is_for_nobody(authority: Authority) -> None:
    """The common name does not count any more (RFC 9525 6.2)."""
    assert dns_names(x509.load_pem_x509_certificate(authority.certificate)) == []
