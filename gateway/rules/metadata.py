"""
FIDO's metadata: what the makers of authenticators and FIDO say of each model (MDS 3.0).

The file is the BLOB that https://mds3.fidoalliance.org/ gives out: a JWT, signed by FIDO.
An administrator fetches it, and it is read at the start; nothing is fetched here. Nothing in
it is believed before its signature has held, and its signer's chain ended at the root.

Its one promise: a file that is not entirely right is a ValueError whose text completes the
sentence "wanted: ...".
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from gateway.rules.attestation import CHAIN_LIMIT, Model, chain_holds

METADATA_LIMIT_BYTES = 64 * 2**20
"""Bytes of the file: FIDO's own has some 10 MB, most of them pictures."""

BROKEN = frozenset(
    {
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "REVOKED",
    }
)
"""The reports after which a model's word is worth nothing (MDS 3.0, 3.1.4)."""

FIDO_SIGNER = "mds.fidoalliance.org"
"""Whose certificate signs FIDO's own file: the root below has signed many others."""

FIDO_ROOT = x509.load_der_x509_certificate(
    base64.b64decode(
        "MIIDXzCCAkegAwIBAgILBAAAAAABIVhTCKIwDQYJKoZIhvcNAQELBQAwTDEgMB4GA1UECxMXR2xvYmFsU2lnbiBSb290IENB"
        "IC0gUjMxEzARBgNVBAoTCkdsb2JhbFNpZ24xEzARBgNVBAMTCkdsb2JhbFNpZ24wHhcNMDkwMzE4MTAwMDAwWhcNMjkwMzE4"
        "MTAwMDAwWjBMMSAwHgYDVQQLExdHbG9iYWxTaWduIFJvb3QgQ0EgLSBSMzETMBEGA1UEChMKR2xvYmFsU2lnbjETMBEGA1UE"
        "AxMKR2xvYmFsU2lnbjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAMwldpB5BngiFvXAg7aEyiie/QV2EcWtiHL8"
        "RgJDx7KKnQRfJMsuS+FggkbhUqsMgUdwbN1k0ev1LKMPgj0MK66X17YUhhB5uzsTgHeMCOFJ0mpiLx9e+pZo34knlTifBtc+"
        "ycsmWQ1z3rDI6SYOgxXG71uL0gRgykmmKPZpO/bLyCiR5Z2KYVc3rHQU3HTgOu5yLy6c+9C7v/U9AOEGM+iCK65TpjoWc4zd"
        "QQ4gOsC0p6Hpsk+QLjJg6VfLuQSSaGjlOCZgdbKfd/+RFO+uIEn8rUAVSNECMWEZXriX7613t2Saer9fwRPvm2L7DWzgVGkW"
        "qQPabumDk3F2xmmFghcCAwEAAaNCMEAwDgYDVR0PAQH/BAQDAgEGMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFI/wS3+o"
        "LkUkrk1Q+mOai97i3Ru8MA0GCSqGSIb3DQEBCwUAA4IBAQBLQNvAUKr+yAzv95ZURUm7lgAJQayzE4aGKAczymvmdLm6AC2u"
        "pArT9fHxD4q/c2dKg8dEe3jgr25sbwMpjjM5RcOO5LlXbKr8EpbsU8Yt5CRsuZRj+9xTaGdWPoO4zzUhw8lo/s7awlOqzJCK"
        "6fBdRoyV3XpYKBovHd7NADdBj+1EbddTKJd+82cEHhXXipa0095MJ6RMG3NzdvQXmcIfeg7jLQitChws/zyrVQ4PkX4268NX"
        "Sb7hLi18YIvDQVETI53O9zJrlAGomecsMx86OyXShkDOOyyGeMlhLxS67ttVb9+E7gUJTb0o2HLO02JQZR7rkpeDMdmztcpH"
        "WD9f"
    )
)
"""GlobalSign Root CA - R3, to which FIDO's signer chains; good until 2029-03-18."""

COORDINATE_BYTES = 32
"""Of each half of an ES256 signature (RFC 7518 3.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the file says of the models that were asked for."""

    number: int
    """It grows with each edition."""
    next_update: date
    """When FIDO means to publish the next one."""
    models: Mapping[str, Model]
    """By AAGUID; without those that it does not know."""


class _WantedError(ValueError):
    """Its text says what is wanted."""


def read_metadata(
    blob: bytes, wanted: Collection[str], *, root: x509.Certificate | None, now: float
) -> Metadata:
    """
    The wanted models' entries of that file.

    Args:
        wanted: AAGUIDs, in lower case and with hyphens.
        root: where the signer's chain must end; None = FIDO's own signer and root.
        now: POSIX seconds; certificates have dates.

    Raises:
        ValueError: its text says what is wanted.
    """
    try:
        return _read(blob, wanted, root, now)
    except _WantedError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as odd:
        seen = f"{type(odd).__name__}: {odd}"
        raise ValueError(f"FIDO's metadata, of the shape of MDS 3.0 ({seen})") from None


def doubts(metadata: Metadata, wanted: Collection[str], *, now: float) -> list[str]:
    """What an administrator should know of a list of models, a sentence each."""
    found = [
        f"{aaguid} is in allow_aaguids, and the metadata file does not know it: "
        "no such passkey can be registered"
        for aaguid in sorted(set(wanted) - set(metadata.models))
    ]
    found += [
        f"{model.aaguid} ({model.description}) is in allow_aaguids, and FIDO reports "
        f"{model.broken} of it: no such passkey can be registered"
        for model in metadata.models.values()
        if model.broken
    ]
    found += [
        f"{model.aaguid} ({model.description}) is in allow_aaguids, and the metadata file has no "
        "root certificate for it that can be read: no such passkey can be registered"
        for model in metadata.models.values()
        if not model.roots
    ]
    if datetime.fromtimestamp(now, tz=UTC).date() > metadata.next_update:
        found.append(
            f"the metadata file is old: a new edition was due on {metadata.next_update}; "
            "fetch it from https://mds3.fidoalliance.org/ and restart"
        )
    return found


def _read(
    blob: bytes, wanted: Collection[str], root: x509.Certificate | None, now: float
) -> Metadata:
    parts = blob.strip().split(b".")
    if len(blob) > METADATA_LIMIT_BYTES or len(parts) != 3:
        raise _WantedError("FIDO's metadata file as it is published: a JWT of three parts")
    header, payload, signature = map(_decoded, parts)
    head = json.loads(header)
    chain = [_certificate(each) for each in head["x5c"][: CHAIN_LIMIT + 1]]
    _refuse_foreign_signer(chain, root, now)
    _refuse_bad_signature(chain[0], head["alg"], signature, parts[0] + b"." + parts[1])
    content = json.loads(payload)
    return Metadata(
        number=int(content["no"]),
        next_update=date.fromisoformat(content["nextUpdate"]),
        models=_models(content["entries"], wanted),
    )


def _decoded(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _certificate(text: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(text))


def _refuse_foreign_signer(
    chain: Sequence[x509.Certificate], root: x509.Certificate | None, now: float
) -> None:
    if not chain:
        raise _WantedError("a file with its signer's certificate in it (x5c)")
    if root is None and FIDO_SIGNER not in _names(chain[0]):
        raise _WantedError(f"a file signed by {FIDO_SIGNER}, or its root in metadata_root")
    if not chain_holds(chain[0], chain[1:], [root or FIDO_ROOT], now=now):
        raise _WantedError(
            "a file whose signer's certificates end at the root "
            f"{(root or FIDO_ROOT).subject.rfc4514_string()!r} and are in date"
        )


def _names(signer: x509.Certificate) -> list[str]:
    names = [
        str(each.value) for each in signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ]
    try:
        others = signer.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return names
    return [*names, *others.get_values_for_type(x509.DNSName)]


def _refuse_bad_signature(
    signer: x509.Certificate, algorithm: str, signature: bytes, message: bytes
) -> None:
    """RS256 or ES256, as the key is (RFC 7518 3.3, 3.4)."""
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm == "RS256":
            key.verify(signature, message, padding.PKCS1v15(), SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == "ES256":
            halves = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
            r, s = (int.from_bytes(each, "big") for each in halves)
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
        else:
            raise _WantedError(f"a file signed by RS256 or ES256, not {algorithm!r}")
    except InvalidSignature:
        raise _WantedError("a file that nobody has changed: its signature does not hold") from None


def _models(entries: list[Any], wanted: Collection[str]) -> dict[str, Model]:
    uses = Counter(root for each in entries if "aaguid" in each for root in _root_texts(each))
    return {
        each["aaguid"]: _model(each, is_shared=any(uses[root] > 1 for root in _root_texts(each)))
        for each in entries
        if each.get("aaguid") in wanted
    }


def _root_texts(entry: Mapping[str, Any]) -> set[str]:
    statement = entry.get("metadataStatement") or {}
    return {"".join(each.split()) for each in statement.get("attestationRootCertificates", ())}


def _readable(roots: Sequence[str]) -> Iterator[x509.Certificate]:
    """FIDO's file has roots that break RFC 5280; nothing can be proved by these."""
    for each in roots:
        with suppress(ValueError):
            yield _certificate(each)


def _model(entry: Mapping[str, Any], *, is_shared: bool) -> Model:
    reports = [each["status"] for each in entry["statusReports"]]
    statement = entry.get("metadataStatement") or {}
    return Model(
        aaguid=entry["aaguid"],
        description=str(statement.get("description", "")),
        roots=tuple(_readable(sorted(_root_texts(entry)))),
        names_itself=is_shared,
        broken=next((each for each in reports if each in BROKEN), ""),
    )
