"""
Records as rows: the order of columns that every statement in `statements/` uses.

STRICT tables vouch for the types that come back.
"""

from __future__ import annotations

import json
from typing import Any

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
)

Row = tuple[Any, ...]


def person_row(person: Person) -> Row:
    """A person as a row of `people`."""
    return (
        person.id,
        person.name,
        person.display_name,
        person.user_handle,
        person.enabled,
        person.created,
        person.mail,
        person.language,
        json.dumps(person.groups),
    )


def person_in(row: Row) -> Person:
    """The person of a row."""
    person_id, name, display_name, user_handle, enabled, created, mail, language, groups = row
    return Person(
        id=PersonId(person_id),
        name=name,
        display_name=display_name,
        user_handle=user_handle,
        enabled=bool(enabled),
        created=created,
        mail=mail,
        language=language,
        groups=tuple(json.loads(groups)),
    )


def passkey_row(passkey: Passkey) -> Row:
    """A passkey as a row of `passkeys`."""
    return (
        passkey.credential_id,
        passkey.person_id,
        passkey.public_key,
        passkey.sign_count,
        json.dumps(passkey.transports),
        passkey.aaguid,
        passkey.is_synced,
        passkey.is_backed_up,
        passkey.label,
        passkey.created,
        passkey.last_used,
        passkey.flagged,
    )


def passkey_in(row: Row) -> Passkey:
    """The passkey of a row."""
    credential_id, person_id, public_key, sign_count, transports, aaguid = row[:6]
    is_synced, is_backed_up, label, created, last_used, flagged = row[6:]
    return Passkey(
        credential_id=credential_id,
        person_id=PersonId(person_id),
        public_key=public_key,
        sign_count=sign_count,
        transports=tuple(json.loads(transports)),
        aaguid=aaguid,
        is_synced=bool(is_synced),
        is_backed_up=bool(is_backed_up),
        label=label,
        created=created,
        last_used=last_used,
        flagged=flagged,
    )


def invitation_row(invitation: Invitation) -> Row:
    """An invitation as a row of `invitations`."""
    return (
        invitation.token_hash,
        invitation.person_id,
        invitation.created,
        invitation.expires,
        invitation.used,
        invitation.kind.value,
        invitation.registered,
    )


def invitation_in(row: Row) -> Invitation:
    """The invitation of a row."""
    token_hash, person_id, created, expires, used, kind, registered = row
    return Invitation(
        token_hash=TokenHash(token_hash),
        person_id=PersonId(person_id),
        created=created,
        expires=expires,
        used=used,
        kind=InvitationKind(kind),
        registered=registered,
    )


def session_row(session: Session) -> Row:
    """A session as a row of `sessions`."""
    return (
        session.token_hash,
        session.id,
        session.person_id,
        session.method.value,
        session.credential_id,
        session.address,
        session.user_agent,
        session.created,
        session.last_used,
        session.verified,
        session.is_device_bound,
    )


def session_in(row: Row) -> Session:
    """The session of a row."""
    token_hash, session_id, person_id, method, credential_id = row[:5]
    address, user_agent, created, last_used, verified, is_device_bound = row[5:]
    return Session(
        id=session_id,
        token_hash=TokenHash(token_hash),
        person_id=PersonId(person_id),
        method=Method(method),
        credential_id=credential_id,
        address=address,
        user_agent=user_agent,
        created=created,
        last_used=last_used,
        verified=verified,
        is_device_bound=bool(is_device_bound),
    )


def change_row(change: Change) -> Row:
    """A change as a row of `changes`."""
    return (
        change.person_id,
        change.time,
        change.event.value,
        change.subject,
        change.address,
        change.user_agent,
    )


def change_in(row: Row) -> Change:
    """The change of a row."""
    person_id, time, event, subject, address, user_agent = row
    return Change(
        person_id=PersonId(person_id),
        time=time,
        event=Event(event),
        subject=subject,
        address=address,
        user_agent=user_agent,
    )
