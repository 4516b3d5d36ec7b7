"""From `[passkeys]`, and the metadata file that it names, to the policy of registrations."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from gateway.config.passkey_options import Passkeys
from gateway.config.settings import Config
from gateway.errors import ConfigError
from gateway.rules.attestation import Model, PasskeyPolicy
from gateway.rules.metadata import doubts, read_metadata


def read_policy(config: Config, *, now: float) -> tuple[PasskeyPolicy, list[str]]:
    """
    The policy, and what an administrator should know of it, a sentence each.

    Raises:
        ConfigError: the metadata file, or its root, is not what it should be.
    """
    settings = config.passkeys
    if not settings.allow_aaguids:
        return _policy(settings, None), []
    assert settings.metadata is not None, "agreement: a list of models comes with metadata"
    root = None
    if settings.metadata_root is not None:
        pem = _read(config, "metadata_root", settings.metadata_root)
        root = _root(config, settings.metadata_root, pem)
    blob = _read(config, "metadata", settings.metadata)
    try:
        metadata = read_metadata(blob, settings.allow_aaguids, root=root, now=now)
    except ValueError as wrong:
        seen = str(settings.metadata)
        raise ConfigError(str(config.path), "[passkeys] metadata", seen, str(wrong)) from None
    policy = _policy(settings, dict(metadata.models))
    return policy, doubts(metadata, settings.allow_aaguids, now=now)


def _policy(settings: Passkeys, models: dict[str, Model] | None) -> PasskeyPolicy:
    return PasskeyPolicy(
        device_bound_only=settings.device_bound_only,
        wants_attestation=settings.wants_attestation,
        models=models,
    )


def _root(config: Config, path: Path, pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        key = "[passkeys] metadata_root"
        raise ConfigError(str(config.path), key, str(path), "a certificate, PEM") from None


def _read(config: Config, key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        where = f"[passkeys] {key}"
        seen = f"{path}: {error.strerror}"
        raise ConfigError(str(config.path), where, seen, "a readable file") from None
