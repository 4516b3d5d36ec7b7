"""
The values that the rooms of the gateway hand each other.

All are frozen. Times are POSIX seconds, UTC, by the wall clock, unless a name ends in
`_s` (a duration in seconds). Tokens themselves are never part of a record: a record holds
their SHA-256 (`TokenHash`), so that a stolen database opens nothing.
"""

from __future__ import annotations

import enum
import hashlib
import unicodedata
from dataclasses import dataclass
from typing import NewType

PersonId = NewType("PersonId", str)
"""32 hexadecimal digits, drawn at random; never shown as a name and never used again."""

TokenHash = NewType("TokenHash", bytes)
"""SHA-256 (32 bytes) of a secret that a browser or a person holds."""

TOKEN_BYTES = 32
"""256 bits: what a session or invitation token carries (NIST SP 800-63B-4 asks for 64)."""

NAME_LIMIT = 64
"""Characters of a sign-in name; authenticators cut user.name at 64 bytes (WebAuthn 6.4.1)."""


def hash_token(token: bytes) -> TokenHash:
    """The form in which a secret of full entropy is stored and looked up."""
    return TokenHash(hashlib.sha256(token).digest())


def canonical_name(name: str) -> str:
    """
    One form for each sign-in name: NFKC, no blanks around, case folded.

    Full-width and half-width, upper and lower case are the same person.

    Raises:
        ValueError: empty, longer than `NAME_LIMIT`, or with blanks, controls or slashes inside.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).strip().casefold())
    if not folded or len(folded) > NAME_LIMIT:
        raise ValueError("a name has 1 to 64 characters")
    if any(unicodedata.category(each)[0] in "CZ" or each in "/\\<>\"'" for each in folded):
        raise ValueError("a name has no blanks, control characters, slashes or quotes")
    return folded


class Method(enum.StrEnum):
    """How a session was opened."""

    PASSKEY = "passkey"


class InvitationKind(enum.StrEnum):
    """How somebody came to hold an invitation; each kind is held by its person at most once."""

    ADMINISTRATOR = "administrator"
    """A link that an administrator has issued."""
    SPARE = "spare"
    """Given to the page that has just registered a passkey: one more way in, at once."""
    OTHER_DEVICE = "other-device"
    """A code on a signed-in screen, for a phone that is to be registered, too."""
    RECOVERY = "recovery"
    """Given for a recovery code."""


class Purpose(enum.StrEnum):
    """What a WebAuthn ceremony is for."""

    SIGN_IN = "sign-in"
    ENROLMENT = "enrolment"
    ADDITION = "addition"
    """A further passkey of somebody who is signed in and freshly verified."""


class Event(enum.StrEnum):
    """What the log and, later, the audit trail call the things that matter for security."""

    SIGNED_IN = "login.ok"
    SIGN_IN_REFUSED = "login.refused"
    SIGNED_OUT = "logout"
    ENROLLED = "passkey.registered"
    ENROLMENT_REFUSED = "passkey.refused"
    COUNTER_FELL = "passkey.counter_fell"
    PASSKEY_RENAMED = "passkey.renamed"
    PASSKEY_REMOVED = "passkey.removed"
    INVITED = "invitation.issued"
    PERSON_ADDED = "person.added"
    PERSON_CHANGED = "person.changed"
    PERSON_ENABLED = "person.enabled"
    PERSON_DISABLED = "person.disabled"
    SESSION_ENDED = "session.ended"
    SESSIONS_ENDED = "sessions.ended"
    VERIFIED = "step-up.ok"
    RECOVERY_CODES_MADE = "recovery.made"
    RECOVERY_USED = "recovery.used"
    RECOVERY_REFUSED = "recovery.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in."""

    id: PersonId
    name: str
    """Canonical sign-in name, see `canonical_name`."""
    display_name: str
    user_handle: bytes
    """64 random bytes: WebAuthn's user.id (WebAuthn 5.4.3 wants no personal data in it)."""
    enabled: bool
    created: float
    mail: str = ""
    """Where notices and invitations go; "" where nobody has said."""
    language: str = ""
    """ "ja" or "en": what the person chose; "" = what the browser prefers."""
    groups: tuple[str, ...] = ()
    """Canonical names (see `canonical_name`), sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A registered public key credential."""

    credential_id: bytes
    person_id: PersonId
    public_key: bytes
    """COSE_Key, CBOR encoded."""
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    is_synced: bool
    """The backup-eligible bit (BE): the passkey may live on several devices."""
    is_backed_up: bool
    """The backup-state bit (BS) at the last use."""
    label: str
    created: float
    last_used: float | None
    flagged: float | None = None
    """When its counter fell, last: it may have been copied (WebAuthn 6.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A single-use link by which one person registers a passkey."""

    token_hash: TokenHash
    person_id: PersonId
    created: float
    expires: float
    used: float | None
    kind: InvitationKind = InvitationKind.ADMINISTRATOR
    registered: bytes | None = None
    """The credential id of the passkey that was registered by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to a person's ways in, for that person to look at."""

    person_id: PersonId
    time: float
    event: Event
    subject: str
    """What it happened to, such as a passkey's label."""
    address: str
    """From where."""
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser of one person, signed in."""

    id: str
    """Public name, shown in lists; it opens nothing."""
    token_hash: TokenHash
    person_id: PersonId
    method: Method
    credential_id: bytes | None
    address: str
    user_agent: str
    created: float
    """When it was opened; a step-up does not make it younger."""
    last_used: float
    verified: float = 0.0
    """When its person was last verified (UV): at sign-in, and at each step-up."""
    is_device_bound: bool = False
    """Whether it was last verified by a passkey that cannot leave its device (BE = 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """One WebAuthn ceremony that a browser has begun and not finished."""

    challenge: bytes
    purpose: Purpose
    browser: TokenHash
    """Hash of the cookie of the browser that asked: nobody else can finish it."""
    invitation: TokenHash | None
    """For an enrolment, the invitation by which it was begun; for an addition, the session."""
    begun: float
    """Seconds on the monotonic clock."""
