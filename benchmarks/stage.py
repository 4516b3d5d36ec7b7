"""
What all proxies under test share: the app behind them, the certificate, the people.

Everything is in one directory that is removed at the end; keys exist for one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from benchmarks.crowd import Crowd

HOST = "localhost"
"""The one name by which browsers reach all of them: http is for localhost alone with us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a proxy under test is put on."""

    directory: Path
    certificate: Path
    private_key: Path
    crowd: Crowd
    app_port: int
    """The static app (nginx): small and large answers."""
    far_end_port: int
    """The app that talks: WebSocket echo, uploads."""


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed leaf for `localhost`, ECDSA P-256 as all will use; certificate, key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private_key = directory / "certificate.pem", directory / "key.pem"
    certificate.write_bytes(leaf.public_bytes(Encoding.PEM))
    private_key.touch(mode=0o600)
    private_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private_key
