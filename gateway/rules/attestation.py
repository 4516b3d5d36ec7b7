"""
Which passkeys a company wants, and how an authenticator proves its model (WebAuthn 6.5).

Theory of operation:

1. What an authenticator says of itself (its AAGUID, whether its passkeys can be copied) is
   its own word. `device_bound_only` takes that word; a list of models does not.
2. With a list of models the word must be proved: by an attestation certificate, made by the
   model's maker, whose chain ends at a root that FIDO's metadata name for that model. No
   attestation, and self attestation, prove nothing and are refused.
3. py_webauthn has already verified that the certificate's key signed this registration.
   Here is what it leaves out: whose certificate that is.
4. Only the formats in `PROVING` are believed: what the others prove is checked nowhere here.
5. What FIDO reports against a model counts for ever: a model once broken is refused, since
   nothing in a registration shows that this one was repaired.

Its one promise: what is not entirely right is a `RefusedError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gateway.errors import Reason, RefusedError

AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
"""id-fido-gen-ce-aaguid (WebAuthn 8.2.1): the model, in the maker's own certificate."""

OCTET_STRING_OF_16 = b"\x04\x10"
"""DER: what stands before the AAGUID in that extension."""

CHAIN_LIMIT = 6
"""Certificates between an authenticator's and the root: real chains have 0 to 2."""

PACKED = "packed"

PROVING = frozenset({PACKED, "tpm"})
"""
The formats whose certificates prove a model here. A TPM's names none, but chains to a root
that belongs to one (WebAuthn 8.3.1).
"""

ANY_POLICY = ExtensionPolicy.permit_all().may_be_present(
    x509.CertificatePolicies, Criticality.AGNOSTIC, None
)
"""
Extensions as they come, RFC 5280's own rules apart. Under whatever policy a certificate was
issued, it is fine (RFC 5280 6.1.1 c: any-policy): Microsoft's of TPMs say so as critical.
"""

OU = "Authenticator Attestation"
"""The subject's unit in an attestation certificate, word for word (WebAuthn 8.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One kind of authenticator, as FIDO's metadata describe it."""

    aaguid: str
    description: str
    roots: tuple[x509.Certificate, ...]
    """Where the chain of its attestation certificates ends; a root or the certificate itself."""
    names_itself: bool
    """
    Its certificates must name their model, because another model has the same root
    (WebAuthn 8.2.1).
    """
    broken: str = ""
    """FIDO's report against it, such as "REVOKED"; "" where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPolicy:
    """Which passkeys may be registered. Those that are registered already stay."""

    device_bound_only: bool = False
    """No passkey that can be copied to other devices (BE = 1)."""
    wants_attestation: bool = False
    """Ask the authenticator to say what it is; browsers ask the person for leave."""
    models: Mapping[str, Model] | None = None
    """The only models that may be registered, by AAGUID; None = any."""


TODAY = PasskeyPolicy()
"""Any passkey, and no questions asked of its device: what most offices want."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a registration says of its authenticator. Its signature has held."""

    aaguid: str
    is_synced: bool
    format: str
    certificates: Sequence[bytes]
    """The attestation certificate and its chain, DER; none where it attests itself."""


def refuse_unwelcome(claim: Claim, policy: PasskeyPolicy, *, now: float) -> None:
    """
    Let nothing through that the company does not want.

    Args:
        now: POSIX seconds; certificates have dates.

    Raises:
        RefusedError: NOT_ALLOWED_HERE.
    """
    if policy.device_bound_only and claim.is_synced:
        raise _unwelcome("a passkey that can be copied to other devices")
    if policy.models is None:
        return
    model = policy.models.get(claim.aaguid)
    if model is None:
        raise _unwelcome(f"AAGUID {claim.aaguid} is not in allow_aaguids")
    if model.broken:
        raise _unwelcome(f"FIDO reports {model.broken} of {model.description!r}")
    if claim.format not in PROVING or not claim.certificates:
        raise _unwelcome(f"attestation {claim.format!r} proves no model")
    _refuse_unproved(claim, model, now)


def chain_holds(
    leaf: x509.Certificate,
    between: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    *,
    now: float,
) -> bool:
    """Whether that certificate, or its chain, ends at one of the roots (RFC 5280 6), in time."""
    if not roots:
        return False
    verifier = (
        PolicyBuilder()
        .store(Store(list(roots)))
        .time(datetime.fromtimestamp(now, tz=UTC))
        .max_chain_depth(CHAIN_LIMIT)
        .extension_policies(
            ca_policy=ANY_POLICY.require_present(
                x509.BasicConstraints, Criticality.AGNOSTIC, None
            ),
            ee_policy=ANY_POLICY,
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, list(between))
    except VerificationError:
        return False
    return True


def _unwelcome(why: str) -> RefusedError:
    return RefusedError(Reason.NOT_ALLOWED_HERE, why)


def _refuse_unproved(claim: Claim, model: Model, now: float) -> None:
    leaf, *between = map(x509.load_der_x509_certificate, claim.certificates[: CHAIN_LIMIT + 1])
    if not chain_holds(leaf, between, model.roots, now=now):
        raise _unwelcome(f"the certificate is not one of {model.description!r}")
    if claim.format == PACKED and not _is_for_attestation(leaf):
        raise _unwelcome("the certificate is not one for attestation (WebAuthn 8.2.1)")
    named = _named_model(leaf)
    if claim.format == PACKED and named is None and model.names_itself:
        raise _unwelcome("the certificate names no model, and its root has several")
    if named is not None and named != bytes.fromhex(claim.aaguid.replace("-", "")):
        raise _unwelcome("the certificate names another model")


def _is_for_attestation(leaf: x509.Certificate) -> bool:
    """WebAuthn 8.2.1: a subject of its own kind, and no authority (`chain_holds`: version 3)."""
    units = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    try:
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    return (
        not constraints.ca
        and OU in [each.value for each in units]
        and all(
            leaf.subject.get_attributes_for_oid(each)
            for each in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        )
    )


def _named_model(leaf: x509.Certificate) -> bytes | None:
    """
    The AAGUID that the maker's certificate names; `chain_holds` lets no critical one through.

    Raises:
        RefusedError: the extension is there, and is not as it must be.
    """
    try:
        extension = leaf.extensions.get_extension_for_oid(AAGUID_EXTENSION)
    except x509.ExtensionNotFound:
        return None
    assert isinstance(extension.value, x509.UnrecognizedExtension), "no class knows that OID"
    written = extension.value.value
    if not written.startswith(OCTET_STRING_OF_16) or len(written) != 18:
        raise _unwelcome("the certificate's AAGUID extension is not as WebAuthn 8.2.1 has it")
    return written[2:]
