"""A list of models: how an authenticator proves that it is one of them, and how not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Reason, RefusedError
from gateway.rules.attestation import AAGUID_EXTENSION, Model, PasskeyPolicy
from tests.instruments.authenticator import Authenticator
from tests.rules.ceremonies import PUBLIC
from tests.rules.makers import (
    AAGUID,
    AIK_EXTENSIONS,
    ATTESTS,
    DAY,
    NEVER_CA,
    NOW,
    OTHER_AAGUID,
    ROOT,
    ROOT_KEY,
    Tpm,
    attests,
    authority,
    der,
    model,
    naming,
    raw,
)
from tests.rules.policies import DIRECT, key, listing, refusal, register


def test_a_listed_model_that_proves_itself_is_registered() -> None:
    """The maker's certificate, under the root that FIDO names for the model, opens the door."""
    assert AAGUID == register(key(attests()), listing()).aaguid


def test_the_chain_may_have_a_link_between() -> None:
    """A maker may sign through an authority of its own."""
    between_key = ec.generate_private_key(ec.SECP256R1())
    between = authority("Batch 12", between_key, issuer=ROOT, issuer_key=ROOT_KEY)
    leaf = attests(issuer=between, issuer_key=between_key)

    assert AAGUID == register(key(leaf, between), listing()).aaguid
    assert Reason.NOT_ALLOWED_HERE is refusal(key(leaf), listing())[0]


def test_the_metadata_may_name_the_certificate_itself() -> None:
    """Where FIDO names the attestation certificate instead of a root, it is its own proof."""
    leaf = attests()

    assert AAGUID == register(key(leaf), listing(model(leaf))).aaguid


@pytest.mark.parametrize("aaguid", [OTHER_AAGUID, "00000000-0000-0000-0000-000000000000"])
def test_a_model_that_is_not_listed_is_refused(aaguid: str) -> None:
    """Even with a good certificate, only what the administrator has listed is registered."""
    device = key(attests(extensions=[NEVER_CA, naming(aaguid)]), aaguid=aaguid)

    reason, detail = refusal(device, listing())

    assert Reason.NOT_ALLOWED_HERE is reason
    assert aaguid in detail


@pytest.mark.parametrize(
    ("device", "detail"),
    [
        (lambda: Authenticator(PUBLIC.origin, aaguid=raw(AAGUID)), "attestation 'none'"),
        (key, "attestation 'packed'"),
    ],
    ids=["none", "self"],
)
def test_a_model_that_only_says_so_is_refused(
    device: Callable[[], Authenticator], detail: str
) -> None:
    """An AAGUID is a word that anybody can say: without the maker's proof it is nothing."""
    assert (Reason.NOT_ALLOWED_HERE, f"{detail} proves no model") == refusal(device(), listing())


@pytest.mark.parametrize("broken", ["REVOKED", "USER_VERIFICATION_BYPASS"])
def test_a_broken_model_is_refused(broken: str) -> None:
    """What FIDO reports as broken is refused, however well it proves itself."""
    reason, detail = refusal(key(attests()), listing(model(broken=broken)))

    assert Reason.NOT_ALLOWED_HERE is reason
    assert broken in detail


STRANGER_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = authority("Example Keys Root", STRANGER_KEY)
NO_AUTHORITY = authority("Batch 12", STRANGER_KEY, issuer=ROOT, issuer_key=ROOT_KEY, extensions=())
LEAF_AS_AUTHORITY = authority(
    "Batch 12", STRANGER_KEY, issuer=ROOT, issuer_key=ROOT_KEY, extensions=[NEVER_CA]
)
OLD_ROOT = authority("Example Keys Root", ends=-DAY / 2)


@pytest.mark.parametrize(
    ("chain", "roots"),
    [
        ([attests(issuer=STRANGER, issuer_key=STRANGER_KEY)], [ROOT]),
        ([attests(issuer=STRANGER, issuer_key=STRANGER_KEY), STRANGER], [ROOT]),
        ([attests(issuer_key=STRANGER_KEY)], [ROOT]),
        ([attests(issuer=NO_AUTHORITY, issuer_key=STRANGER_KEY), NO_AUTHORITY], [ROOT]),
        ([attests(issuer=LEAF_AS_AUTHORITY, issuer_key=STRANGER_KEY), LEAF_AS_AUTHORITY], [ROOT]),
        ([attests(ends=-DAY / 2)], [ROOT]),
        ([attests(begins=DAY)], [ROOT]),
        ([attests()], [OLD_ROOT]),
        ([attests()], []),
        ([attests(extensions=[NEVER_CA, (naming(AAGUID), True)])], [ROOT]),
    ],
    ids=[
        "another maker of the same name",
        "another maker who brings the root along",
        "signed by somebody else",
        "between: says nothing of being an authority",
        "between: is no authority",
        "expired",
        "not yet good",
        "the root has expired",
        "the metadata name no root",
        "its AAGUID is critical",
    ],
)
def test_a_chain_that_does_not_hold_is_refused(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> None:
    """Only a chain that is whole, in date, and ends at the model's own root is proof."""
    known = Model(aaguid=AAGUID, description="Example Key", roots=tuple(roots), names_itself=False)

    expected = (Reason.NOT_ALLOWED_HERE, "the certificate is not one of 'Example Key'")
    assert expected == refusal(key(*chain), listing(known))


def without(oid: x509.ObjectIdentifier) -> dict[x509.ObjectIdentifier, str]:
    """An attestation certificate's subject with one thing missing."""
    return {each: text for each, text in ATTESTS.items() if each != oid}


@pytest.mark.parametrize(
    "leaf",
    [
        attests(without(NameOID.COUNTRY_NAME)),
        attests(without(NameOID.ORGANIZATION_NAME)),
        attests(without(NameOID.ORGANIZATIONAL_UNIT_NAME)),
        attests(without(NameOID.COMMON_NAME)),
        attests({**ATTESTS, NameOID.ORGANIZATIONAL_UNIT_NAME: "authenticator attestation"}),
        attests(extensions=[naming(AAGUID)]),
        attests(
            extensions=[x509.BasicConstraints(ca=True, path_length=None), naming(AAGUID)],
        ),
    ],
    ids=["no C", "no O", "no OU", "no CN", "another OU", "no constraints", "an authority"],
)
def test_a_certificate_for_something_else_is_refused(leaf: x509.Certificate) -> None:
    """A maker's certificate for its web site or its firmware proves no authenticator."""
    reason, detail = refusal(key(leaf), listing())

    assert Reason.NOT_ALLOWED_HERE is reason
    assert "not one for attestation" in detail


def bare(value: bytes) -> x509.UnrecognizedExtension:
    """The AAGUID extension with another content."""
    return x509.UnrecognizedExtension(AAGUID_EXTENSION, value)


@pytest.mark.parametrize(
    ("extension", "detail"),
    [
        (naming(OTHER_AAGUID), "names another model"),
        (bare(raw(AAGUID)), "not as WebAuthn"),
        (bare(b"\x04\x10" + raw(AAGUID) + b"\x00"), "not as WebAuthn"),
        (bare(b""), "not as WebAuthn"),
    ],
)
def test_a_certificate_of_another_model_is_refused(
    extension: x509.UnrecognizedExtension, detail: str
) -> None:
    """A device cannot call itself another model of the same maker."""
    reason, seen = refusal(key(attests(extensions=[NEVER_CA, extension])), listing())

    assert Reason.NOT_ALLOWED_HERE is reason
    assert detail in seen


def test_a_root_of_several_models_needs_a_name_in_the_certificate() -> None:
    """Where two models share a root, a certificate that names none proves neither."""
    device = key(attests(extensions=[NEVER_CA]))

    assert AAGUID == register(device, listing()).aaguid
    assert Reason.NOT_ALLOWED_HERE is refusal(device, listing(model(names_itself=True)))[0]
    assert AAGUID == register(key(attests()), listing(model(names_itself=True))).aaguid


def test_a_certificate_is_good_in_its_time() -> None:
    """The dates of a chain are compared with the wall clock that is handed in."""
    device = key(attests(ends=DAY))

    assert AAGUID == register(device, listing(), now=NOW + DAY.total_seconds() - 1).aaguid
    later = NOW + DAY.total_seconds() + 1
    assert Reason.NOT_ALLOWED_HERE is refusal(device, listing(), now=later)[0]


# Windows Hello


AIK = attests({}, extensions=AIK_EXTENSIONS)


@pytest.mark.parametrize("policy", [DIRECT, listing(), listing(model(names_itself=True))])
def test_a_pc_proves_itself_by_its_tpm(policy: PasskeyPolicy) -> None:
    """Windows Hello is proved by the certificate of the PC's TPM, which names no model."""
    assert AAGUID == register(key(AIK, kind=Tpm), policy).aaguid


def test_a_tpm_of_nobody_known_proves_nothing() -> None:
    """A TPM whose chain ends elsewhere is refused where models are listed."""
    stranger = attests({}, issuer=STRANGER, issuer_key=STRANGER_KEY, extensions=AIK_EXTENSIONS)

    assert Reason.NOT_ALLOWED_HERE is refusal(key(stranger, kind=Tpm), listing())[0]


def test_a_tpm_is_not_taken_where_nobody_asked() -> None:
    """A statement that was not asked for is not looked at."""
    assert Reason.BAD_REQUEST is refusal(key(AIK, kind=Tpm))[0]


def test_a_tpm_that_certifies_another_key_is_refused() -> None:
    """What the TPM has signed must be this passkey."""
    device = key(AIK, kind=Tpm)
    device.key_of_maker = STRANGER_KEY

    assert Reason.REFUSED is refusal(device, listing())[0]


# Nonsense


@settings(max_examples=200)
@given(
    at=st.integers(0, 700), put=st.binary(max_size=9), skip=st.integers(0, 9), kept=st.booleans()
)
def test_damaged_certificates_are_refused(at: int, put: bytes, skip: int, kept: bool) -> None:
    """A certificate with bytes changed anywhere ends in a refusal, and in nothing else."""
    (whole,) = der(attests())
    device = key(attests())
    device.chain = [whole[:at] + put + whole[at + skip :], *([whole] if kept else [])]

    try:
        registration = register(device, listing())
    except RefusedError:
        return
    assert whole == device.chain[0]
    assert AAGUID == registration.aaguid


def test_a_chain_without_end_is_refused() -> None:
    """A hundred certificates cost no more than a few."""
    device = key(attests(issuer_key=STRANGER_KEY), *[ROOT] * 60)

    assert Reason.NOT_ALLOWED_HERE is refusal(device, listing())[0]
