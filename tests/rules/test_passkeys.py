"""Every check of a ceremony's answer: `gateway.rules.passkeys`."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Reason, RefusedError
from gateway.rules.answers import read_registration
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import (
    SignIn,
    verify_registration,
)
from tests.instruments.authenticator import (
    AT,
    BE,
    BS,
    UP,
    UV,
    Authenticator,
    cose_key,
    decode,
    encode,
    sign,
)
from tests.rules.ceremonies import (
    CHALLENGE,
    PUBLIC,
    create_options,
    device,
    get_options,
    passkey_of,
    register,
    sign_in,
)

# What the browser is asked


@pytest.mark.parametrize(
    ("way", "hints"),
    [
        (Way.ANY, []),
        (Way.AUTOFILL, []),
        (Way.PHONE, ["hybrid"]),
        (Way.SECURITY_KEY, ["security-key"]),
        (Way.THIS_DEVICE, ["client-device"]),
    ],
)
def test_each_button_gives_its_hint(way: Way, hints: list[str]) -> None:
    """The browser first offers what the person's button says, at sign-in and enrolment."""
    assert hints == get_options(way)["hints"]
    assert hints == create_options(way)["hints"]


def test_sign_in_asks_for_any_passkey_with_verification() -> None:
    """Sign-in names no passkey and no person, and demands fingerprint, face or PIN."""
    expected = {
        "challenge": encode(CHALLENGE),
        "timeout": 300_000,
        "rpId": "gw.example.test",
        "allowCredentials": [],
        "userVerification": "required",
        "hints": [],
    }

    assert expected == get_options()


def test_enrolment_asks_for_a_discoverable_passkey_with_verification() -> None:
    """A new passkey can be found without a user name, and demands fingerprint, face or PIN."""
    options = create_options()

    assert "required" == options["authenticatorSelection"]["residentKey"]
    assert "required" == options["authenticatorSelection"]["userVerification"]
    assert "authenticatorAttachment" not in options["authenticatorSelection"]
    assert {"id": "gw.example.test", "name": "ゲートウェイ"} == options["rp"]
    assert [-8, -7, -257] == [each["alg"] for each in options["pubKeyCredParams"]]
    assert ("none", 300_000) == (options["attestation"], options["timeout"])
    assert {"credProps": True} == options["extensions"]


def test_enrolment_names_the_person_and_not_by_the_sign_in_name() -> None:
    """The user handle is the random one; names are for people to read."""
    expected = {"id": encode(b"h" * 64), "name": "yamada", "displayName": "山田 太郎"}

    assert expected == create_options()["user"]


def test_enrolment_excludes_what_is_registered() -> None:
    """A device that holds a passkey of this person says so instead of replacing it."""
    passkey = passkey_of(device(transports=("usb", "nfc")))

    excluded = create_options(registered=(passkey,))["excludeCredentials"]

    assert [encode(passkey.credential_id)] == [each["id"] for each in excluded]
    assert [["nfc", "usb"]] == [each["transports"] for each in excluded]


# Registration


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["ES256", "EdDSA", "RS256"],
)
def test_each_algorithm_registers_and_signs_in(key: Any) -> None:
    """Every kind of key that we ask for works."""
    phone = device(key=key, flags=UP | UV | BE | BS, transports=("hybrid", "internal"))
    passkey = passkey_of(phone)

    verified = sign_in(phone, passkey)

    assert (True, True) == (passkey.is_synced, passkey.is_backed_up)
    assert ("hybrid", "internal") == passkey.transports
    assert SignIn(sign_count=1, is_backed_up=True, has_counter_fallen=False) == verified


REGISTRATIONS: dict[str, tuple[dict[str, Any], Reason]] = {
    "another origin": ({"origin": "https://gw.example.test.evil.test"}, Reason.REFUSED),
    "our host on another port": ({"origin": "https://gw.example.test:8443"}, Reason.REFUSED),
    "our host without TLS": ({"origin": "http://gw.example.test"}, Reason.REFUSED),
    "another RP ID": ({"rp_id": "example.test"}, Reason.REFUSED),
    "another challenge": ({"challenge": encode(b"x" * 32)}, Reason.REFUSED),
    "a sign-in's answer": ({"type_": "webauthn.get"}, Reason.REFUSED),
    "not verified": ({"flags": UP}, Reason.NOT_VERIFIED),
    "not present": ({"flags": UV}, Reason.REFUSED),
    "backed up but not eligible": ({"flags": UP | UV | BS}, Reason.REFUSED),
    "cross-origin": ({"client_data": {"crossOrigin": True}}, Reason.REFUSED),
    "cross-origin, oddly": ({"client_data": {"crossOrigin": "false"}}, Reason.REFUSED),
    "cross-origin, null": ({"client_data": {"crossOrigin": None}}, Reason.REFUSED),
    "topOrigin": ({"client_data": {"topOrigin": PUBLIC.origin}}, Reason.REFUSED),
    "a statement with format none": ({"statement": {"sig": b"x"}}, Reason.REFUSED),
    "an attestation of another format": ({"fmt": "android-safetynet"}, Reason.BAD_REQUEST),
    "a compound attestation": ({"fmt": "compound"}, Reason.BAD_REQUEST),
    "a format that is no text": ({"fmt": ["none"]}, Reason.BAD_REQUEST),
    "an unsigned self attestation": ({"fmt": "packed"}, Reason.REFUSED),
    "a forged self attestation": (
        {"fmt": "packed", "statement": {"alg": -7, "sig": b"x" * 70}},
        Reason.REFUSED,
    ),
    "another id inside": ({"attested_id": b"z" * 32}, Reason.BAD_REQUEST),
}


@pytest.mark.parametrize(("knobs", "expected"), REGISTRATIONS.values(), ids=REGISTRATIONS.keys())
def test_a_registration_that_is_not_right_is_refused(
    knobs: dict[str, Any], expected: Reason
) -> None:
    """Every check of WebAuthn 7.1 refuses by itself."""
    with pytest.raises(RefusedError) as caught:
        register(device(), **knobs)

    assert expected is caught.value.reason


EC_KEY = cose_key(ec.generate_private_key(ec.SECP256R1()))
P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
SMALL_RSA = rsa.generate_private_key(65537, 1024)
KEYS: dict[str, object] = {
    "off the curve": EC_KEY | {-2: b"\x01" * 32},
    "the point at nought": EC_KEY | {-2: bytes(32), -3: bytes(32)},
    "a long coordinate": EC_KEY | {-2: b"\0" + EC_KEY[-2]},  # type: ignore[operator]
    "a coordinate that is a number": EC_KEY | {-2: 7},
    "P-384 under ES256": {
        1: 2,
        3: -7,
        -1: 2,
        -2: P384.x.to_bytes(48, "big"),
        -3: P384.y.to_bytes(48, "big"),
    },
    "ES256 that says RS256": EC_KEY | {3: -257},
    "ES256 that says EdDSA": EC_KEY | {3: -8},
    "ES512": EC_KEY | {3: -36},
    "RS1": cose_key(rsa.generate_private_key(65537, 2048)) | {3: -65535},
    "a key type that nobody has": EC_KEY | {1: 9},
    "an EdDSA key of 31 bytes": {1: 1, 3: -8, -1: 6, -2: b"x" * 31},
    "RSA of 1024 bits": {
        1: 3,
        3: -257,
        -1: SMALL_RSA.public_key().public_numbers().n.to_bytes(128, "big"),
        -2: b"\1\0\1",
    },
    "RSA of 16384 bits": {1: 3, 3: -257, -1: b"\xff" * 2048, -2: b"\1\0\1"},
    "RSA with an even exponent": {1: 3, 3: -257, -1: b"\xff" * 256, -2: b"\2"},
    "no algorithm": {1: 2, -1: 1},
    "no map": [1, 2, 3],
    "empty": {},
    "a text": "key",
}


@pytest.mark.parametrize("cose", KEYS.values(), ids=KEYS.keys())
def test_an_unfit_public_key_is_refused(cose: object) -> None:
    """Attestation none proves nothing of a key, so each is looked at before it is stored."""
    with pytest.raises(RefusedError):
        register(device(), cose=cose)


def test_a_packed_self_attestation_is_believed_as_none() -> None:
    """A browser may hand over self attestation although none was asked for."""
    key = device()
    options = create_options()
    raw = json.dumps(
        {"type": "webauthn.create", "challenge": encode(CHALLENGE), "origin": PUBLIC.origin}
    ).encode()
    head = key._head("gw.example.test", UP | UV | AT)
    attested = bytes(16) + len(key.credential_id).to_bytes(2, "big") + key.credential_id
    authenticator_data = head + attested + cbor2.dumps(cose_key(key.key))
    signature = self_signature(key, authenticator_data, raw)
    answer = key.create(options)
    answer["response"] |= {
        "clientDataJSON": encode(raw),
        "attestationObject": encode(
            cbor2.dumps(
                {
                    "fmt": "packed",
                    "attStmt": {"alg": -7, "sig": signature},
                    "authData": authenticator_data,
                }
            )
        ),
    }

    read = read_registration(json.dumps(answer).encode())
    registration = verify_registration(read, public=PUBLIC, challenge=CHALLENGE)

    assert key.credential_id == registration.credential_id


def self_signature(key: Authenticator, authenticator_data: bytes, raw: bytes) -> bytes:
    """What packed self attestation signs (WebAuthn 8.2)."""
    return sign(key.key, authenticator_data + hashlib.sha256(raw).digest())


RIGHT_REGISTRATION = device().create(create_options())


@settings(max_examples=300)
@given(cut=st.integers(0, 300), put=st.binary(min_size=1, max_size=60), drop=st.integers(0, 60))
def test_a_mutated_attestation_never_causes_an_accident(cut: int, put: bytes, drop: int) -> None:
    """Bytes changed anywhere in an attestation are verified or refused, and nothing else."""
    answer = json.loads(json.dumps(RIGHT_REGISTRATION))
    old = decode(answer["response"]["attestationObject"])
    answer["response"]["attestationObject"] = encode(old[:cut] + put + old[cut + drop :])

    with suppress(RefusedError):
        verify_registration(
            read_registration(json.dumps(answer).encode()), public=PUBLIC, challenge=CHALLENGE
        )
