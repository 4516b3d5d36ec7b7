"""The company's policy: which passkeys may be registered, and what is asked of a device."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.errors import Reason
from gateway.rules.attestation import TODAY, PasskeyPolicy
from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator
from tests.rules.ceremonies import PUBLIC
from tests.rules.makers import (
    AAGUID,
    DEVICE_KEY,
    attests,
    der,
    model,
    raw,
)
from tests.rules.policies import DIRECT, key, listing, options, refusal, register

# Passkeys that stay on their device


@pytest.mark.parametrize("flags", [UP | UV | BE, UP | UV | BE | BS])
def test_where_passkeys_must_stay_copies_are_refused(flags: int) -> None:
    """With device_bound_only a passkey that can be copied is refused, copied yet or not."""
    device = Authenticator(PUBLIC.origin, flags=flags)

    reason, _ = refusal(device, PasskeyPolicy(device_bound_only=True))

    assert Reason.NOT_ALLOWED_HERE is reason


def test_where_passkeys_must_stay_those_that_stay_are_welcome() -> None:
    """With device_bound_only a passkey that cannot leave its device is registered."""
    registration = register(Authenticator(PUBLIC.origin), PasskeyPolicy(device_bound_only=True))

    assert not registration.is_synced


def test_a_listed_model_must_stay_too() -> None:
    """Both rules count: a proved model whose passkeys can be copied is refused."""
    device = key(attests())
    device.flags = UP | UV | BE | BS
    policy = PasskeyPolicy(
        device_bound_only=True, wants_attestation=True, models={AAGUID: model()}
    )

    assert Reason.NOT_ALLOWED_HERE is refusal(device, policy)[0]


# Asking, without a list


def test_attestation_is_asked_for_only_where_it_is_wanted() -> None:
    """Browsers ask people for leave to say what their device is: only where it is of use."""
    assert ["none", "direct"] == [options(each)["attestation"] for each in (TODAY, DIRECT)]


@pytest.mark.parametrize("policy", [TODAY, DIRECT], ids=["none", "direct"])
@pytest.mark.parametrize(
    "device",
    [
        lambda: Authenticator(PUBLIC.origin, aaguid=raw(AAGUID)),
        key,
        lambda: key(attests()),
        lambda: key(attests(issuer_key=DEVICE_KEY)),
    ],
    ids=["none", "self", "packed", "packed by nobody known"],
)
def test_without_a_list_any_model_is_welcome(
    device: Callable[[], Authenticator], policy: PasskeyPolicy
) -> None:
    """Where no models are listed, proof is neither needed nor judged."""
    assert AAGUID == register(device(), policy).aaguid


def test_a_statement_that_is_wrong_is_refused_all_the_same() -> None:
    """Whoever proves something must prove it rightly, list or none."""
    device = key(attests())
    device.spoils_signature = True

    assert [Reason.REFUSED] * 3 == [
        refusal(device, policy)[0] for policy in (TODAY, DIRECT, listing())
    ]


@pytest.mark.parametrize("fmt", ["apple", "android-key", "android-safetynet", "fido-u2f"])
@pytest.mark.parametrize(
    ("policy", "reason"), [(TODAY, Reason.BAD_REQUEST), (DIRECT, Reason.NOT_ALLOWED_HERE)]
)
def test_other_formats_are_refused(fmt: str, policy: PasskeyPolicy, reason: Reason) -> None:
    """What we asked for and cannot check is refused as not allowed, never as broken."""
    statement = {"alg": -7, "sig": b"x", "x5c": der(attests()), "ver": "1", "response": b"x"}

    found = refusal(Authenticator(PUBLIC.origin), policy, fmt=fmt, statement=statement)

    assert (reason, f"attestation '{fmt}'") == found
