"""
The public keys of passkeys: three exact kinds, and nothing that only looks like one.

Attestation "none" proves nothing about a key, so what comes is looked at before it is kept:
a key of another curve, off its curve, too short or absurdly long is refused (RFC 9052 7).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSECRV, COSEKTY, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import (
    DecodedEC2PublicKey,
    DecodedOKPPublicKey,
    DecodedRSAPublicKey,
)

from gateway.errors import Reason, RefusedError

ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""What every authenticator on the market has one of; RS256 for old Windows Hello."""

COORDINATE_BYTES = 32
"""Bytes of one coordinate of a point on P-256 (RFC 8812, SEC 1)."""

RSA_MIN_BITS = 2048
"""NIST SP 800-57 part 1: 112 bits of strength."""

RSA_MAX_BITS = 8192
"""Above it one verification costs more than a sign-in should."""


def refuse_bad_key(public_key: bytes) -> None:
    """
    A key of exactly the kinds that we asked for, on its curve, of sane size.

    Raises:
        RefusedError: BAD_REQUEST; what the library raises for a point off its curve passes.
    """
    key = decode_credential_public_key(public_key)
    match key:
        case DecodedEC2PublicKey(
            kty=COSEKTY.EC2,
            alg=COSEAlgorithmIdentifier.ECDSA_SHA_256,
            crv=COSECRV.P256,
            x=bytes(x),
            y=bytes(y),
        ):
            is_sane = len(x) == len(y) == COORDINATE_BYTES
        case DecodedOKPPublicKey(
            kty=COSEKTY.OKP, alg=COSEAlgorithmIdentifier.EDDSA, crv=COSECRV.ED25519
        ):
            is_sane = True
        case DecodedRSAPublicKey(
            kty=COSEKTY.RSA, alg=COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256, n=bytes(n)
        ):
            is_sane = len(n) * 8 <= RSA_MAX_BITS
        case _:
            is_sane = False
    if not is_sane:
        raise RefusedError(Reason.BAD_REQUEST, "a public key of another kind")
    usable = decoded_public_key_to_cryptography(key)  # raises for a point off the curve
    if isinstance(usable, RSAPublicKey) and usable.key_size < RSA_MIN_BITS:
        raise RefusedError(Reason.BAD_REQUEST, f"an RSA key of {usable.key_size} bits")
