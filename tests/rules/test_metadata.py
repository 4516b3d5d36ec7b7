"""FIDO's metadata file: believed only if FIDO signed it, and nobody has changed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.metadata import (
    BROKEN,
    FIDO_ROOT,
    METADATA_LIMIT_BYTES,
    Metadata,
    doubts,
    read_metadata,
)
from tests.rules.makers import (
    AAGUID,
    DAY,
    FIDO_CA,
    FIDO_CA_KEY,
    NEVER_CA,
    NOW,
    OTHER_AAGUID,
    ROOT,
    authority,
    blob,
    entry,
    signer,
)

STRANGER_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = authority("Example Trust Root", STRANGER_KEY)
OTHER_ROOT = authority("Another Root", STRANGER_KEY)


def read(
    file: bytes, *wanted: str, root: x509.Certificate | None = FIDO_CA, now: float = NOW
) -> Metadata:
    """What the file says of the wanted models; of ours, if none is said."""
    return read_metadata(file, wanted or (AAGUID,), root=root, now=now)


def complaint(file: bytes, *, root: x509.Certificate | None = FIDO_CA) -> str:
    """What is wanted instead of that file."""
    try:
        read(file, root=root)
    except ValueError as wrong:
        return str(wrong)
    raise AssertionError("it was believed")


def test_the_file_says_what_a_model_is() -> None:
    """Edition, date, and each wanted model with its name and its roots; others are left out."""
    metadata = read(blob(entry(), entry(OTHER_AAGUID, roots=[OTHER_ROOT]), {"aaid": "1234#5678"}))

    (model,) = metadata.models.values()
    assert (7, date(2027, 2, 1)) == (metadata.number, metadata.next_update)
    assert (AAGUID, "Example Key", (ROOT,)) == (model.aaguid, model.description, model.roots)
    assert ("", False) == (model.broken, model.names_itself)


def test_a_root_that_two_models_share_is_noticed() -> None:
    """Then each certificate must name its model: the root alone proves neither."""
    metadata = read(blob(entry(), entry(OTHER_AAGUID)))

    assert metadata.models[AAGUID].names_itself


def test_a_root_that_breaks_the_rules_is_left_out() -> None:
    """FIDO's file has some that no strict reader takes: the other roots and models count on."""
    odd = entry(roots=[ROOT])
    odd["metadataStatement"]["attestationRootCertificates"] += ["AAAA", "!"]

    assert (ROOT,) == read(blob(odd)).models[AAGUID].roots


def test_a_model_without_a_statement_proves_nothing() -> None:
    """A model that FIDO lists without details has no root, so that nothing is proof of it."""
    metadata = read(blob({"aaguid": AAGUID, "statusReports": []}))

    assert () == metadata.models[AAGUID].roots


@pytest.mark.parametrize("status", sorted(BROKEN))
def test_a_report_against_a_model_counts_for_ever(status: str) -> None:
    """A model once reported as broken stays so, whatever is reported later."""
    file = blob(entry(statuses=["FIDO_CERTIFIED_L1", status, "UPDATE_AVAILABLE"]))

    assert status == read(file).models[AAGUID].broken


def test_an_elliptic_signature_is_good_too() -> None:
    """RS256 and ES256 are both read."""
    key = ec.generate_private_key(ec.SECP256R1())

    assert 7 == read(blob(key=key, algorithm="ES256")).number


def test_the_signer_may_have_an_authority_between() -> None:
    """As FIDO's own has."""
    key = ec.generate_private_key(ec.SECP256R1())
    between = authority("Between", key, issuer=FIDO_CA, issuer_key=FIDO_CA_KEY)

    assert 7 == read(blob(chain=[signer(issuer=between, issuer_key=key), between])).number


def test_a_root_of_ones_own_may_sign_under_any_name() -> None:
    """A company that makes its own file need not call its signer FIDO."""
    own = signer(subject={NameOID.COMMON_NAME: "keys.example.co.jp"})

    assert 7 == read(blob(chain=[own])).number


@pytest.mark.parametrize(
    "named",
    [
        {"subject": {NameOID.COMMON_NAME: "example.com"}},
        {"subject": {}},
        {
            "subject": {NameOID.COMMON_NAME: "example.com"},
            "extensions": [
                NEVER_CA,
                x509.SubjectAlternativeName([x509.DNSName("mds.fidoalliance.org.evil.test")]),
            ],
        },
    ],
)
def test_fidos_own_root_has_signed_others_too(named: dict[str, Any]) -> None:
    """Under FIDO's public root only FIDO's own signer is believed: the root signs web sites."""
    assert "a file signed by mds.fidoalliance.org" in complaint(
        blob(chain=[signer(**named)]), root=None
    )


@pytest.mark.parametrize(
    "named",
    [
        {},
        {
            "subject": {NameOID.ORGANIZATION_NAME: "FIDO Alliance"},
            "extensions": [
                NEVER_CA,
                x509.SubjectAlternativeName([x509.DNSName("mds.fidoalliance.org")]),
            ],
        },
    ],
)
def test_fidos_name_under_another_root_is_not_fido(named: dict[str, Any]) -> None:
    """Whoever calls themselves FIDO and does not chain to FIDO's root is refused."""
    assert "CN=GlobalSign,O=GlobalSign" in complaint(blob(chain=[signer(**named)]), root=None)


def test_the_root_that_is_shipped_is_the_one_that_fido_uses() -> None:
    """GlobalSign Root CA - R3, by the fingerprint that its owner publishes."""
    expected = "cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b"

    assert expected == FIDO_ROOT.fingerprint(SHA256()).hex()
    FIDO_ROOT.verify_directly_issued_by(FIDO_ROOT)


@pytest.mark.parametrize(
    ("chain", "root"),
    [
        ([signer(issuer=STRANGER, issuer_key=STRANGER_KEY)], FIDO_CA),
        ([signer(issuer_key=STRANGER_KEY)], FIDO_CA),
        ([signer(issuer=STRANGER, issuer_key=STRANGER_KEY), STRANGER], FIDO_CA),
        ([signer(ends=-DAY / 2)], FIDO_CA),
        ([signer(begins=DAY)], FIDO_CA),
        ([signer()], authority("Example Trust Root", FIDO_CA_KEY, ends=-DAY / 2)),
    ],
    ids=["another root", "forged", "brings its root", "expired", "not yet", "old root"],
)
def test_a_signer_whose_chain_does_not_hold_is_refused(
    chain: Sequence[x509.Certificate], root: x509.Certificate
) -> None:
    """The signer's certificates must end at the root, each of them in date."""
    assert "end at the root" in complaint(blob(entry(), chain=chain), root=root)


def test_a_changed_file_is_refused() -> None:
    """A model that was taken out of the revoked ones by hand is noticed."""
    head, _, signature = blob(entry(statuses=["REVOKED"])).split(b".")
    _, payload, _ = blob(entry()).split(b".")

    assert "nobody has changed" in complaint(b".".join([head, payload, signature]))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "ES256", "", None, 7])
def test_a_file_signed_otherwise_is_refused(algorithm: object) -> None:
    """No algorithm is believed but the one that goes with the signer's key."""
    assert "RS256 or ES256" in complaint(blob(head={"alg": algorithm}))


def test_a_signer_with_another_kind_of_key_is_refused() -> None:
    """A key that signs by neither is no signer of this file."""
    odd = signer(ed25519.Ed25519PrivateKey.generate())

    assert "RS256 or ES256" in complaint(blob(chain=[odd]))


def test_a_file_without_its_signer_is_refused() -> None:
    """A signer that has to be fetched from an address is not fetched."""
    assert "x5c" in complaint(blob(chain=[], head={"x5u": "https://evil.test/"}))


@pytest.mark.parametrize("file", [b"", b"{}", b"a.b", b"a.b.c.d", b"x" * 100])
def test_what_is_no_jwt_is_refused(file: bytes) -> None:
    """A file of another kind is named as such."""
    assert "a JWT of three parts" in complaint(file)


def test_a_file_beyond_all_measure_is_refused() -> None:
    """What is larger than any edition could be is not read."""
    assert "a JWT" in complaint(b"A" * (METADATA_LIMIT_BYTES + 1))


@pytest.mark.parametrize(
    "content",
    [
        {"no": None},
        {"nextUpdate": "soon"},
        {"nextUpdate": None},
        {"entries": None},
        {"entries": [None]},
        {"entries": [{"aaguid": AAGUID}]},
        {"entries": [{"aaguid": AAGUID, "statusReports": [{}]}]},
        {"entries": [{"aaguid": AAGUID, "statusReports": 7}]},
    ],
)
def test_a_file_of_another_shape_is_refused(content: dict[str, Any]) -> None:
    """What is signed and makes no sense is refused whole, and said."""
    assert "the shape of MDS 3.0" in complaint(blob(content=content))


FILE = blob(entry())


@settings(max_examples=300)
@given(at=st.integers(0, len(FILE)), put=st.binary(max_size=9), skip=st.integers(0, 9))
def test_a_damaged_file_is_refused(at: int, put: bytes, skip: int) -> None:
    """Bytes changed anywhere end in a sentence, or change nothing at all."""
    damaged = FILE[:at] + put + FILE[at + skip :]

    try:
        metadata = read(damaged)
    except ValueError:
        return
    assert read(FILE) == metadata


# What an administrator should know


def test_a_good_list_raises_no_doubts() -> None:
    """Where everything listed is known, whole and fresh, nothing is said."""
    assert [] == doubts(read(FILE), [AAGUID], now=NOW)


def test_what_can_never_be_registered_is_told() -> None:
    """Listed models that the file does not know, or reports as broken, are named at the start."""
    metadata = read(blob(entry(statuses=["REVOKED"])), AAGUID, OTHER_AAGUID)

    unknown, broken = doubts(metadata, [AAGUID, OTHER_AAGUID], now=NOW)

    assert OTHER_AAGUID in unknown
    assert f"{AAGUID} (Example Key)" in broken
    assert "REVOKED" in broken


def test_a_model_that_nothing_can_prove_is_told() -> None:
    """A listed model without a root is named at the start."""
    (doubt,) = doubts(read(blob(entry(roots=[]))), [AAGUID], now=NOW)

    assert "no root certificate" in doubt


@pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 1)])
def test_an_old_file_is_told(days: int, count: int) -> None:
    """A file whose successor is out is named, and goes on counting."""
    noon = 1_801_483_200.0  # 2027-02-01T12:00:00Z

    assert count == len(doubts(read(FILE), [AAGUID], now=noon + days * 86_400))


def test_a_line_end_behind_the_file_is_nothing() -> None:
    """Editors and downloads put one there."""
    assert read(FILE) == read(FILE + b"\r\n")
