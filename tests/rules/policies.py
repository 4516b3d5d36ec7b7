"""Registrations under a company's policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography import x509

from gateway.errors import Reason, RefusedError
from gateway.rules.answers import read_registration
from gateway.rules.attestation import TODAY, Model, PasskeyPolicy
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import Registration, registration_options, verify_registration
from tests.instruments.authenticator import Authenticator
from tests.rules.ceremonies import CHALLENGE, PERSON, PUBLIC
from tests.rules.makers import (
    AAGUID,
    NOW,
    Attesting,
    der,
    model,
    raw,
)

DIRECT = PasskeyPolicy(wants_attestation=True)


def listing(*models: Model) -> PasskeyPolicy:
    """Only these models may be registered; ours, if none is said."""
    known = models or (model(),)
    return PasskeyPolicy(wants_attestation=True, models={each.aaguid: each for each in known})


def key(
    *chain: x509.Certificate, aaguid: str = AAGUID, kind: type[Attesting] = Attesting
) -> Attesting:
    """A device of that model with that chain; without one it attests itself."""
    device = kind(PUBLIC.origin, aaguid=raw(aaguid), transports=("usb",))
    device.chain = der(*chain) if chain else None
    return device


def options(policy: PasskeyPolicy) -> dict[str, Any]:
    """What a browser is given for a registration."""
    return registration_options(
        public=PUBLIC,
        gateway_name="ゲートウェイ",
        person=PERSON,
        challenge=CHALLENGE,
        registered=(),
        way=Way.ANY,
        policy=policy,
    )


def register(
    device: Authenticator, policy: PasskeyPolicy = TODAY, *, now: float = NOW, **knobs: Any
) -> Registration:
    """Register that device under that policy."""
    body = json.dumps(device.create(options(policy), **knobs)).encode()
    return verify_registration(
        read_registration(body), public=PUBLIC, challenge=CHALLENGE, policy=policy, now=now
    )


def refusal(
    device: Authenticator, policy: PasskeyPolicy = TODAY, *, now: float = NOW, **knobs: Any
) -> tuple[Reason, str]:
    """Why that device is refused under that policy."""
    with pytest.raises(RefusedError) as caught:
        register(device, policy, now=now, **knobs)
    return caught.value.reason, caught.value.detail
