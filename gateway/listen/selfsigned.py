"""
A certificate of our own making, for trying the gateway out before there is a proper one.

Made once in the data directory and made anew at a start when it has less than 30 days left
or the public name has changed. Certificate and key share one file of mode 0600, which is
replaced by a rename: a crash leaves the old pair or the new one. Browsers warn about it, and
refuse passkeys as long as they do not trust it (WebAuthn demands a secure context).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.config import Config
from gateway.errors import GatewayError
from gateway.listen.certificates import RENEW_BEFORE_S, Pair, faults

LIFE_S = 90 * 86400.0
"""Mozilla's "intermediate" wants less than 366 days; public CAs give 90."""

SLACK_S = 3600.0
"""A browser whose clock is an hour slow takes it all the same."""

SERIAL_BYTES = 16
"""CA/Browser Forum Baseline Requirements 7.1 ask for 64 random bits; RFC 5280 allows 20 bytes."""

FILE_NAME = "self-signed.pem"

WARNING = (
    "self-signed certificate: browsers warn, and refuse passkeys until it is trusted on the "
    "device. Use it to try the gateway out."
)


def self_signed(config: Config, *, now: float, token_bytes: Callable[[int], bytes]) -> Pair:
    """
    The pair in the data directory, made now if there is none that is good for a while.

    Raises:
        GatewayError: the file cannot be read or written.
    """
    path = config.gateway.data_dir / FILE_NAME
    host = config.gateway.public.host
    kept = _kept(path)
    if kept is not None and not _faults(kept, host, now):
        return kept
    pair = _make(host, now=now, token_bytes=token_bytes)
    _write(path, pair)
    return pair


def _faults(kept: Pair, host: str, now: float) -> list[str]:
    """What is wrong with it today, or will be before it is renewed."""
    moments = (now, now + RENEW_BEFORE_S)
    return [fault for each in moments for fault in faults(kept, host=host, now=each)]


def _kept(path: Path) -> Pair | None:
    """The pair in the file; None when there is none that can be understood."""
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GatewayError(f"{path}: the self-signed certificate: {error.strerror}") from None
    try:
        key = load_pem_private_key(pem, password=None)
        leaf = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or leaf.public_key() != key.public_key():
        return None
    return Pair(leaf=leaf, chain=(), key=key)


def _make(host: str, *, now: float, token_bytes: Callable[[int], bytes]) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Passkey Gateway, self-signed")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(b"\1" + token_bytes(SERIAL_BYTES)))
        .not_valid_before(_moment(now - SLACK_S))
        .not_valid_after(_moment(now + LIFE_S))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_signs_only(), critical=True)
        .add_extension(identifier, critical=False)
    )
    return Pair(leaf=builder.sign(key, hashes.SHA256()), chain=(), key=key)


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, pair: Pair) -> None:
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    new = path.with_suffix(".new")
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key + pair.leaf.public_bytes(Encoding.PEM))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError as error:
        reason = f"the self-signed certificate cannot be written: {error.strerror}"
        raise GatewayError(f"{path}: {reason}") from None


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
