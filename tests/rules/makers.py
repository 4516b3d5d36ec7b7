"""Makers of authenticators: their certificates, the devices they ship, and FIDO's file on them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gateway.rules.attestation import AAGUID_EXTENSION, Model
from tests.instruments.authenticator import Authenticator, PrivateKey, decode, encode, sign

NOW = 1_800_000_000.0
DAY = timedelta(days=1)

AAGUID = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
OTHER_AAGUID = "c1f9a0bc-1dd2-404a-b27f-8e29047a43fd"

Subject = Mapping[ObjectIdentifier, str]

ATTESTS: Subject = {
    NameOID.COUNTRY_NAME: "JP",
    NameOID.ORGANIZATION_NAME: "Example Keys",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "Authenticator Attestation",
    NameOID.COMMON_NAME: "Key of Example",
}
"""What the subject of an attestation certificate says (WebAuthn 8.2.1)."""

NEVER_CA = x509.BasicConstraints(ca=False, path_length=None)

ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
DEVICE_KEY = ec.generate_private_key(ec.SECP256R1())


def raw(aaguid: str) -> bytes:
    """The sixteen bytes of an AAGUID."""
    return bytes.fromhex(aaguid.replace("-", ""))


def naming(aaguid: str) -> x509.UnrecognizedExtension:
    """The extension by which a certificate names a model."""
    return x509.UnrecognizedExtension(AAGUID_EXTENSION, b"\x04\x10" + raw(aaguid))


def certificate(
    subject: Subject,
    key: PrivateKey,
    *,
    issuer: x509.Certificate | None = None,
    issuer_key: PrivateKey | None = None,
    extensions: Sequence[x509.ExtensionType | tuple[x509.ExtensionType, bool]] = (),
    begins: timedelta = -DAY,
    ends: timedelta = 365 * DAY,
) -> x509.Certificate:
    """Any certificate; without an issuer it signs itself. An extension may come as critical."""
    name = x509.Name([x509.NameAttribute(each, text) for each, text in subject.items()])
    now = datetime.fromtimestamp(NOW, tz=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )
    for each in extensions:
        value, critical = each if isinstance(each, tuple) else (each, False)
        builder = builder.add_extension(value, critical)
    signer = issuer_key or key
    assert isinstance(signer, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return builder.sign(signer, SHA256())


def authority(name: str, key: PrivateKey = ROOT_KEY, **knobs: Any) -> x509.Certificate:
    """A certificate that may issue others."""
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    return certificate(
        {NameOID.COMMON_NAME: name}, key, **{"extensions": [(constraints, True)], **knobs}
    )


ROOT = authority("Example Keys Root")


def attests(
    subject: Subject = ATTESTS,
    *,
    issuer: x509.Certificate = ROOT,
    issuer_key: PrivateKey = ROOT_KEY,
    extensions: Sequence[Any] = (NEVER_CA, naming(AAGUID)),
    **knobs: Any,
) -> x509.Certificate:
    """The attestation certificate of a device of ours."""
    return certificate(
        subject, DEVICE_KEY, issuer=issuer, issuer_key=issuer_key, extensions=extensions, **knobs
    )


def model(*roots: x509.Certificate, aaguid: str = AAGUID, **knobs: Any) -> Model:
    """What the metadata say of our model."""
    values = {"description": "Example Key", "names_itself": False, **knobs}
    return Model(aaguid=aaguid, roots=roots or (ROOT,), **values)


def der(*certificates: x509.Certificate) -> list[bytes]:
    """How a chain travels."""
    return [each.public_bytes(Encoding.DER) for each in certificates]


class Attesting(Authenticator):
    """A device that proves its model (packed, WebAuthn 8.2)."""

    chain: Sequence[bytes] | None = None
    """None = it signs with the new passkey's own key: self attestation."""
    key_of_maker: PrivateKey = DEVICE_KEY
    spoils_signature = False

    def create(self, options: Mapping[str, Any], **knobs: Any) -> dict[str, Any]:
        """Register; the statement is signed over what it says."""
        credential = super().create(options, **knobs)
        response = credential["response"]
        content = cbor2.loads(decode(response["attestationObject"]))
        digest = hashlib.sha256(decode(response["clientDataJSON"])).digest()
        content |= self.statement(content["authData"], digest)
        response["attestationObject"] = encode(cbor2.dumps(content))
        return credential

    def statement(self, auth_data: bytes, client_data_hash: bytes) -> dict[str, object]:
        """Format and statement."""
        signer = self.key if self.chain is None else self.key_of_maker
        signature = sign(signer, auth_data + client_data_hash)
        if self.spoils_signature:
            signature = sign(signer, b"something else")
        proof: dict[str, object] = {"alg": -7, "sig": signature}
        if self.chain is not None:
            proof["x5c"] = list(self.chain)
        return {"fmt": "packed", "attStmt": proof}


AIK_EXTENSIONS = (
    NEVER_CA,
    (
        x509.CertificatePolicies(
            [x509.PolicyInformation(ObjectIdentifier("1.3.6.1.4.1.311.21.31"), None)]
        ),
        True,
    ),
    x509.ExtendedKeyUsage([ObjectIdentifier("2.23.133.8.3")]),
    (
        x509.SubjectAlternativeName(
            [
                x509.DirectoryName(
                    x509.Name(
                        [
                            x509.NameAttribute(ObjectIdentifier("2.23.133.2.1"), "id:494E5443"),
                            x509.NameAttribute(ObjectIdentifier("2.23.133.2.2"), "TPM"),
                            x509.NameAttribute(ObjectIdentifier("2.23.133.2.3"), "id:13"),
                        ]
                    )
                )
            ]
        ),
        True,
    ),
)
"""What the certificate of a TPM's attestation key says (WebAuthn 8.3.1), as Microsoft's does."""


class Tpm(Attesting):
    """A PC that proves its model by its TPM (WebAuthn 8.3), as Windows Hello does."""

    def statement(self, auth_data: bytes, client_data_hash: bytes) -> dict[str, object]:
        """Format and statement."""
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        numbers = self.key.public_key().public_numbers()
        x, y = (each.to_bytes(32, "big") for each in (numbers.x, numbers.y))
        pub_area = (
            bytes.fromhex("0023000b00060472")  # ECC, SHA-256, attributes
            + _sized(b"")
            + bytes.fromhex("0010001000030010")  # no symmetric, no scheme, P-256, no KDF
            + _sized(x)
            + _sized(y)
        )
        name = b"\x00\x0b" + hashlib.sha256(pub_area).digest()
        cert_info = (
            bytes.fromhex("ff5443478017")  # TPM_GENERATED_VALUE, TPM_ST_ATTEST_CERTIFY
            + _sized(b"")
            + _sized(hashlib.sha256(auth_data + client_data_hash).digest())
            + bytes(17 + 8)
            + _sized(name)
            + _sized(b"")
        )
        proof = {
            "ver": "2.0",
            "alg": -7,
            "x5c": list(self.chain or ()),
            "sig": sign(self.key_of_maker, cert_info),
            "certInfo": cert_info,
            "pubArea": pub_area,
        }
        return {"fmt": "tpm", "attStmt": proof}


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


# FIDO's file

FIDO_KEY = rsa.generate_private_key(65537, 2048)
FIDO_CA_KEY = ec.generate_private_key(ec.SECP256R1())
FIDO_CA = authority("Example Trust Root", FIDO_CA_KEY)
FIDO_SUBJECT = {NameOID.COMMON_NAME: "mds.fidoalliance.org"}


def signer(key: PrivateKey = FIDO_KEY, **knobs: Any) -> x509.Certificate:
    """The certificate of whoever signs the file."""
    wanted = {"issuer": FIDO_CA, "issuer_key": FIDO_CA_KEY, "extensions": [NEVER_CA], **knobs}
    return certificate(wanted.pop("subject", FIDO_SUBJECT), key, **wanted)


def entry(
    aaguid: str = AAGUID,
    *,
    roots: Sequence[x509.Certificate] = (ROOT,),
    statuses: Sequence[str] = ("FIDO_CERTIFIED_L1",),
) -> dict[str, Any]:
    """What the file says of one model."""
    return {
        "aaguid": aaguid,
        "metadataStatement": {
            "description": "Example Key",
            "attestationRootCertificates": [
                base64.b64encode(each).decode() for each in der(*roots)
            ],
        },
        "statusReports": [{"status": each, "effectiveDate": "2026-01-01"} for each in statuses],
    }


def blob(
    *entries: Mapping[str, Any],
    key: PrivateKey = FIDO_KEY,
    algorithm: str = "RS256",
    chain: Sequence[x509.Certificate] | None = None,
    content: Mapping[str, Any] | None = None,
    head: Mapping[str, Any] | None = None,
) -> bytes:
    """The file: a JWT."""
    certificates = [signer(key)] if chain is None else chain
    x5c = [base64.b64encode(each).decode() for each in der(*certificates)]
    header = {"alg": algorithm, "typ": "JWT", "x5c": x5c, **(head or {})}
    payload = {"no": 7, "nextUpdate": "2027-02-01", "entries": entries, **(content or {})}
    message = ".".join(encode(json.dumps(each).encode()) for each in (header, payload)).encode()
    signature = sign(key, message)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        halves = decode_dss_signature(signature)
        signature = b"".join(each.to_bytes(32, "big") for each in halves)
    return message + b"." + encode(signature).encode()
