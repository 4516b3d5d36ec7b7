"""Every check of a sign-in's answer: `gateway.rules.passkeys`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Reason, RefusedError
from gateway.rules.answers import read_sign_in
from gateway.rules.passkeys import is_from_another_device, verify_sign_in
from gateway.rules.records import PersonId
from tests.instruments.authenticator import (
    BE,
    BS,
    UP,
    UV,
    decode,
    encode,
)
from tests.rules.ceremonies import (
    CHALLENGE,
    PERSON,
    PUBLIC,
    device,
    get_options,
    passkey_of,
    sign_in,
)

# Sign-in


SIGN_INS: dict[str, tuple[dict[str, Any], Reason]] = {
    "another origin": ({"origin": "https://evil.test"}, Reason.REFUSED),
    "a sibling host": ({"origin": "https://www.gw.example.test"}, Reason.REFUSED),
    "our host on another port": ({"origin": "https://gw.example.test:8443"}, Reason.REFUSED),
    "another RP ID": ({"rp_id": "evil.test"}, Reason.REFUSED),
    "another challenge": ({"challenge": encode(b"x" * 32)}, Reason.REFUSED),
    "a registration's answer": ({"type_": "webauthn.create"}, Reason.REFUSED),
    "a payment's answer": ({"type_": "payment.get"}, Reason.REFUSED),
    "not verified": ({"flags": UP}, Reason.NOT_VERIFIED),
    "not present": ({"flags": UV}, Reason.REFUSED),
    "neither": ({"flags": 0}, Reason.NOT_VERIFIED),
    "cross-origin": ({"client_data": {"crossOrigin": True}}, Reason.REFUSED),
    "topOrigin": ({"client_data": {"topOrigin": "https://evil.test"}}, Reason.REFUSED),
    "no user handle": ({"user_handle": None}, Reason.REFUSED),
    "an empty user handle": ({"user_handle": b""}, Reason.REFUSED),
    "another person's user handle": ({"user_handle": b"x" * 64}, Reason.REFUSED),
    "a spoiled signature": ({"spoil_signature": True}, Reason.REFUSED),
    "another key": ({"key": ec.generate_private_key(ec.SECP256R1())}, Reason.REFUSED),
    "another key's algorithm": ({"key": ed25519.Ed25519PrivateKey.generate()}, Reason.REFUSED),
    "now eligible for backup": ({"flags": UP | UV | BE}, Reason.REFUSED),
    "now backed up": ({"flags": UP | UV | BE | BS}, Reason.REFUSED),
}


@pytest.mark.parametrize(("knobs", "expected"), SIGN_INS.values(), ids=SIGN_INS.keys())
def test_a_sign_in_that_is_not_right_is_refused(knobs: dict[str, Any], expected: Reason) -> None:
    """Every check of WebAuthn 7.2 refuses by itself."""
    key = device()
    passkey = passkey_of(key)

    with pytest.raises(RefusedError) as caught:
        sign_in(key, passkey, **knobs)

    assert expected is caught.value.reason


def test_a_synced_passkey_that_stops_being_one_is_refused() -> None:
    """The backup-eligible bit is for life."""
    phone = device(flags=UP | UV | BE | BS)
    passkey = passkey_of(phone)

    with pytest.raises(RefusedError):
        sign_in(phone, passkey, flags=UP | UV)


def test_a_backup_may_come_and_go() -> None:
    """Whether a synced passkey is backed up just now may change."""
    phone = device(flags=UP | UV | BE | BS)
    passkey = passkey_of(phone)

    assert sign_in(phone, passkey, flags=UP | UV | BE).is_backed_up is False


def test_a_disabled_person_is_refused() -> None:
    """Whoever is disabled stays out, with the best of passkeys."""
    key = device()
    passkey = passkey_of(key)

    with pytest.raises(RefusedError) as caught:
        sign_in(key, passkey, person=replace(PERSON, enabled=False))

    assert Reason.REFUSED is caught.value.reason


def test_a_passkey_opens_its_owners_account_only() -> None:
    """One person's passkey under another person's record is refused."""
    key = device()
    passkey = replace(passkey_of(key), person_id=PersonId("2" * 32))

    with pytest.raises(RefusedError):
        sign_in(key, passkey)


def test_a_passkey_under_another_id_is_refused() -> None:
    """An answer is checked against the passkey that it names, not against a better one."""
    mine, other = device(), device()
    passkey_of(mine)

    with pytest.raises(RefusedError):
        sign_in(mine, passkey_of(other))


@pytest.mark.parametrize(
    ("stored", "reported", "expected"),
    [
        (0, 0, False),
        (0, 1, False),
        (7, 8, False),
        (7, 7, True),
        (7, 3, True),
        (7, 0, True),
        (2**32 - 1, 1, True),
    ],
)
def test_a_counter_that_does_not_grow_is_told_and_not_refused(
    stored: int,
    reported: int,
    expected: bool,
) -> None:
    """A passkey that may have been copied still signs in, and the administrator hears of it."""
    key = device()
    passkey = replace(passkey_of(key), sign_count=stored)

    verified = sign_in(key, passkey, counter=reported)

    assert (expected, reported) == (verified.has_counter_fallen, verified.sign_count)


def test_nobody_can_cry_cloned_without_the_key() -> None:
    """A forged answer with a low counter is a forged answer, not a fallen counter."""
    key = device()
    passkey = replace(passkey_of(key), sign_count=100)

    with pytest.raises(RefusedError) as caught:
        sign_in(key, passkey, counter=1, spoil_signature=True)

    assert "signature" in caught.value.detail


# Anything at all


KEY = device()
PASSKEY = passkey_of(KEY)
RIGHT = KEY.get(get_options())


@settings(max_examples=300)
@given(
    member=st.sampled_from(["authenticatorData", "signature", "clientDataJSON", "userHandle"]),
    cut=st.integers(0, 400),
    put=st.binary(max_size=40),
)
def test_a_mutated_sign_in_is_refused(member: str, cut: int, put: bytes) -> None:
    """Bytes changed anywhere in a sign-in end in a refusal and in nothing else."""
    answer = json.loads(json.dumps(RIGHT))
    old = decode(answer["response"][member])
    new = old[:cut] + put + old[cut + len(put) :]
    if new == old:
        return
    answer["response"][member] = encode(new)

    with pytest.raises(RefusedError):
        verify_sign_in(
            read_sign_in(json.dumps(answer).encode()),
            public=PUBLIC,
            challenge=CHALLENGE,
            passkey=PASSKEY,
            person=PERSON,
        )


@pytest.mark.parametrize(
    ("attachment", "transports", "is_elsewhere"),
    [
        ("cross-platform", ("internal", "hybrid"), True),
        ("cross-platform", ("internal",), True),
        ("cross-platform", ("usb", "nfc"), False),
        ("cross-platform", ("hybrid", "usb"), False),
        ("cross-platform", (), False),
        ("platform", ("internal", "hybrid"), False),
        ("", ("internal", "hybrid"), False),
    ],
)
def test_a_phone_is_told_from_a_key_and_from_this_terminal(
    attachment: str, transports: tuple[str, ...], is_elsewhere: bool
) -> None:
    """Only a passkey that was used across devices, and is on no key, is a phone's."""
    body = json.dumps({**RIGHT, "authenticatorAttachment": attachment}).encode()
    passkey = replace(PASSKEY, transports=transports)

    assert is_elsewhere is is_from_another_device(read_sign_in(body), passkey)
