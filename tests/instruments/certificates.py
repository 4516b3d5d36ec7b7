"""
A certificate authority of the tests' own, and leaves for whatever name a test serves.

Shaped as real ones are (RFC 5280 4.2.1), since strict clients and sslyze look: the
authority with basicConstraints, keyUsage and subject key identifier; the leaf with names,
purpose and the authority's key identifier. P-256 throughout.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AGE = timedelta(hours=1)
"""Certificates begin an hour ago, so that a slightly wrong clock does not matter."""
LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A server's certificate with its key."""

    chain: bytes
    """PEM: the leaf, then the authority."""
    private_key: bytes
    """PEM, PKCS#8, not encrypted."""

    def write(self, directory: Path) -> tuple[Path, Path]:
        """Write `cert.pem` and `key.pem` (mode 0600) and return their paths."""
        certificate, private_key = directory / "cert.pem", directory / "key.pem"
        certificate.write_bytes(self.chain)
        private_key.touch(mode=0o600)
        private_key.write_bytes(self.private_key)
        return certificate, private_key


class Authority:
    """A root that exists for one test run."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name("Passkey Gateway test authority")
        self._certificate = self._self_signed()
        self.certificate = self._certificate.public_bytes(Encoding.PEM)
        """PEM; what a client must trust."""

    def key_hash(self) -> str:
        """Base64 of the SHA-256 of the public key (SPKI), as Chromium and RFC 7469 want it."""
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(spki).digest()).decode()

    def issue(
        self,
        *names: str,
        begins: datetime | None = None,
        ends: datetime | None = None,
    ) -> Leaf:
        """Make a leaf for DNS names; valid from an hour ago for 90 days unless told."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_common_name(names[0]), self._name, key, begins, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return Leaf(
            chain=certificate.public_bytes(Encoding.PEM) + self.certificate,
            private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )

    def _self_signed(self) -> x509.Certificate:
        return (
            _builder(self._name, self._name, self._key, None, None)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: datetime | None,
    ends: datetime | None,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - AGE)
        .not_valid_after(ends or now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, digital_signature: bool = False, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
