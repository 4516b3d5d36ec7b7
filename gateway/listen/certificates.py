"""
The certificate and its key: read, and looked at before anybody is served with them.

A wrong pair is refused as a whole with one clear sentence: a certificate that has expired,
is for another name, or does not belong to the key would otherwise show itself only in
people's browsers. Nothing here knows TLS; `listen.tls` puts a pair to use.
"""

from __future__ import annotations

import datetime as dt
import itertools
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.config import Config
from gateway.errors import ConfigError

RSA_LEAST_BITS = 2048
"""CA/Browser Forum Baseline Requirements 6.1.5: browsers refuse shorter keys."""

RENEW_BEFORE_S = 30 * 86400.0
"""Certificates are renewed, or complained about, so long before they expire."""

Key = EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate with its chain, and the key that belongs to it."""

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: Key

    @property
    def expires(self) -> float:
        """POSIX seconds."""
        return self.leaf.not_valid_after_utc.timestamp()

    def names(self) -> list[str]:
        """The DNS names that it is for (RFC 9525 6.2: the subject's CN does not count)."""
        return dns_names(self.leaf)


def read_files(config: Config, *, now: float) -> Pair:
    """
    The pair that `[tls] mode = "files"` names.

    Raises:
        ConfigError: it cannot be served; the sentence says why.
    """
    certificate, private_key = config.tls.certificate, config.tls.private_key
    assert certificate is not None
    assert private_key is not None
    leaf, *chain = _read_chain(config, certificate)
    key = _read_key(config, private_key)
    if leaf.public_key() != key.public_key():
        wanted = f"the key that belongs to {certificate} (its certificate is for another key)"
        raise _wrong(config, "private_key", private_key, wanted)
    pair = Pair(leaf=leaf, chain=tuple(chain), key=key)
    for wanted in faults(pair, host=config.gateway.public.host, now=now):
        raise _wrong(config, "certificate", certificate, wanted)
    return pair


def faults(pair: Pair, *, host: str, now: float) -> list[str]:
    """What keeps browsers from accepting the pair, each as what is wanted instead."""
    leaf = pair.leaf
    found = []
    if now >= pair.expires:
        found.append(
            f"one that has not expired (this one did on {_day(leaf.not_valid_after_utc)})"
        )
    if now < leaf.not_valid_before_utc.timestamp():
        begins = _day(leaf.not_valid_before_utc)
        found.append(
            f"one that is valid already (this one begins on {begins}; is the clock right?)"
        )
    if not is_for(pair.names(), host):
        names = ", ".join(pair.names()) or "no DNS name"
        found.append(f"one for {host}, the host of [gateway] url (this one is for {names})")
    if not _is_ordered([leaf, *pair.chain]):
        found.append("the chain in order: each certificate followed by the one that signed it")
    return found


def is_for(names: list[str], host: str) -> bool:
    """Whether one of the names is the host's, or its wildcard of one label (RFC 9525 6.3)."""
    _, _, parent = host.partition(".")
    return any(name.lower() in (host, f"*.{parent}") for name in names)


def dns_names(certificate: x509.Certificate) -> list[str]:
    """The subject alternative names of type DNS."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def _is_ordered(certificates: list[x509.Certificate]) -> bool:
    for signed, signer in itertools.pairwise(certificates):
        try:
            signed.verify_directly_issued_by(signer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
    return True


def _read_chain(config: Config, path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(config, "certificate", path))
    except ValueError:
        wanted = "PEM: -----BEGIN CERTIFICATE-----, the host's own first, then its chain"
        raise _wrong(config, "certificate", path, wanted) from None


def _read_key(config: Config, path: Path) -> Key:
    pem = _read(config, "private_key", path)
    if path.stat().st_mode & stat.S_IRWXO:
        raise _wrong(
            config, "private_key", path, f"a file that not everybody may read: chmod o= {path}"
        )
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        wanted = "a key without a passphrase (nobody is there to type it at a restart)"
        raise _wrong(config, "private_key", path, wanted) from None
    except (ValueError, UnsupportedAlgorithm):
        wanted = "PEM: -----BEGIN PRIVATE KEY-----, an EC or RSA key"
        raise _wrong(config, "private_key", path, wanted) from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= RSA_LEAST_BITS:
        return key
    if isinstance(key, EllipticCurvePrivateKey):
        return key
    wanted = f"an EC key, or an RSA key of {RSA_LEAST_BITS} bits or more: browsers take no other"
    raise _wrong(config, "private_key", path, wanted)


def _read(config: Config, key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        wanted = f"a file that can be read ({error.strerror})"
        raise _wrong(config, key, path, wanted) from None


def _wrong(config: Config, key: str, path: Path, wanted: str) -> ConfigError:
    return ConfigError(str(config.path), f"[tls] {key}", str(path), wanted)


def _day(moment: dt.datetime) -> str:
    return moment.date().isoformat()
