"""People, passkeys, invitations and sessions that the tests of the store use."""

from __future__ import annotations

from gateway.rules.records import (
    Change,
    Event,
    Invitation,
    InvitationKind,
    Method,
    Passkey,
    Person,
    PersonId,
    Session,
    TokenHash,
    hash_token,
)

ANNA = Person(
    id=PersonId("a" * 32),
    name="anna",
    display_name="Anna \u202e 安奈",
    user_handle=b"a" * 64,
    enabled=True,
    created=1000.25,
    mail="anna@example.co.jp",
    language="ja",
    groups=("board", "営業"),
)
MIO = Person(
    id=PersonId("c" * 32),
    name="mio",
    display_name="美緒",
    user_handle=b"c" * 64,
    enabled=True,
    created=1002.0,
)
KENJI = Person(
    id=PersonId("b" * 32),
    name="健二",
    display_name="健二",
    user_handle=b"b" * 64,
    enabled=False,
    created=1001.0,
)


def token_hash(token: str) -> TokenHash:
    """The stored form of a token that a test can tell from others."""
    return hash_token(token.encode())


def invitation(
    token: str,
    person: Person = ANNA,
    *,
    kind: InvitationKind = InvitationKind.ADMINISTRATOR,
) -> Invitation:
    """An unused invitation, good while now < 2000."""
    return Invitation(
        token_hash=token_hash(token),
        person_id=person.id,
        created=1000.0,
        expires=2000.0,
        used=None,
        kind=kind,
    )


def passkey(credential_id: bytes, person: Person = ANNA) -> Passkey:
    """A fresh passkey of somebody."""
    return Passkey(
        credential_id=credential_id,
        person_id=person.id,
        public_key=b"\xa5\x01\x02",
        sign_count=7,
        transports=("internal", "hybrid"),
        aaguid="ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
        is_synced=True,
        is_backed_up=False,
        label="携帯",
        created=1500.0,
        last_used=None,
    )


def session(token: str, *, created: float = 1500.0, person: Person = ANNA) -> Session:
    """A session of somebody."""
    return Session(
        id=f"id of {token}",
        token_hash=token_hash(token),
        person_id=person.id,
        method=Method.PASSKEY,
        credential_id=b"\x00credential",
        address="2001:db8::1",
        user_agent="Mozilla/5.0 (こんにちは)",
        created=created,
        last_used=created,
        verified=created,
        is_device_bound=True,
    )


def change(subject: str, *, time: float = 1500.0, person: Person = ANNA) -> Change:
    """Something that happened to somebody's ways in."""
    return Change(
        person_id=person.id,
        time=time,
        event=Event.PASSKEY_REMOVED,
        subject=subject,
        address="2001:db8::1",
        user_agent="Mozilla/5.0 (こんにちは)",
    )
