"""A person, a gateway, and ceremonies between them and a software authenticator."""

from __future__ import annotations

import json
from typing import Any

from gateway.rules.answers import read_registration, read_sign_in
from gateway.rules.ceremony import Way
from gateway.rules.passkeys import (
    Registration,
    SignIn,
    registration_options,
    sign_in_options,
    verify_registration,
    verify_sign_in,
)
from gateway.rules.public import parse_origin
from gateway.rules.records import Passkey, Person, PersonId
from tests.instruments.authenticator import Authenticator

PUBLIC = parse_origin("https://gw.example.test")
CHALLENGE = b"c" * 32
PERSON = Person(
    id=PersonId("1" * 32),
    name="yamada",
    display_name="山田 太郎",
    user_handle=b"h" * 64,
    enabled=True,
    created=0.0,
)


def create_options(way: Way = Way.ANY, registered: tuple[Passkey, ...] = ()) -> dict[str, Any]:
    """What a browser is given for a registration."""
    return registration_options(
        public=PUBLIC,
        gateway_name="ゲートウェイ",
        person=PERSON,
        challenge=CHALLENGE,
        registered=registered,
        way=way,
    )


def get_options(way: Way = Way.ANY) -> dict[str, Any]:
    """What a browser is given for a sign-in."""
    return sign_in_options(public=PUBLIC, challenge=CHALLENGE, way=way)


def register(device: Authenticator, **knobs: Any) -> Registration:
    """Register that device, as it was turned."""
    body = json.dumps(device.create(create_options(), **knobs)).encode()
    return verify_registration(read_registration(body), public=PUBLIC, challenge=CHALLENGE)


def passkey_of(device: Authenticator) -> Passkey:
    """What is stored of that device once it is registered."""
    registration = register(device)
    return Passkey(
        credential_id=registration.credential_id,
        person_id=PERSON.id,
        public_key=registration.public_key,
        sign_count=registration.sign_count,
        transports=registration.transports,
        aaguid=registration.aaguid,
        is_synced=registration.is_synced,
        is_backed_up=registration.is_backed_up,
        label="",
        created=0.0,
        last_used=None,
    )


def sign_in(
    device: Authenticator, passkey: Passkey, person: Person = PERSON, **knobs: Any
) -> SignIn:
    """Sign in with that device, as it was turned."""
    body = json.dumps(device.get(get_options(), **knobs)).encode()
    return verify_sign_in(
        read_sign_in(body), public=PUBLIC, challenge=CHALLENGE, passkey=passkey, person=person
    )


def device(**knobs: Any) -> Authenticator:
    """A new device at our origin."""
    return Authenticator(PUBLIC.origin, **knobs)
