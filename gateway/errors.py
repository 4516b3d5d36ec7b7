"""
The one family of errors: what went wrong, and who may be told.

A person at a browser sees a translated sentence only; the administrator sees `str(error)`;
whatever else is known goes to the log.
"""

from __future__ import annotations

import enum


class GatewayError(Exception):
    """Something that the gateway expected might go wrong. Its text is a whole sentence."""


class ConfigError(GatewayError):
    """A setting is missing, unknown or wrong."""

    def __init__(self, path: str, key: str, seen: object, wanted: str) -> None:
        self.path = path
        self.key = key
        self.seen = seen
        self.wanted = wanted
        super().__init__(f"{path}: {key}: {seen!r} seen, wanted: {wanted}")


class StoreError(GatewayError):
    """The store cannot be opened or cannot keep what it was given."""


class NameTakenError(StoreError):
    """There is a person of that name already."""


class InvitationSpentError(StoreError):
    """The invitation is unknown, expired, superseded or was used."""


class CredentialTakenError(StoreError):
    """That credential id is registered already (WebAuthn 7.1, step 26)."""


class LastWayInError(StoreError):
    """It is the only way in that this person has left."""


class RecoveryCodeError(StoreError):
    """That recovery code is unknown, used, or nobody's who may sign in."""


class Reason(enum.StrEnum):
    """Why a ceremony was refused: the `data-code` of the page's message."""

    BAD_REQUEST = "bad-request"
    FOREIGN_ORIGIN = "foreign-origin"
    EXPIRED = "expired"
    UNKNOWN_PASSKEY = "unknown-passkey"
    REMOVED_PASSKEY = "removed-passkey"
    """It was here and was removed on purpose: the page may tell the device to forget it."""
    NOT_VERIFIED = "not-verified"
    REFUSED = "refused"
    ALREADY_REGISTERED = "already-registered"
    INVITATION_SPENT = "invitation-spent"
    TOO_LARGE = "too-large"
    SIGN_IN_REQUIRED = "sign-in-required"
    VERIFICATION_REQUIRED = "verification-required"
    """Signed in, but not verified lately enough: the page asks for the passkey and tries again."""
    NOT_FOUND = "not-found"
    """That is not there, or not this person's."""
    LAST_WAY_IN = "last-way-in"
    NOT_ALLOWED_HERE = "not-allowed-here"
    """The company's policy: such a passkey may not be registered."""
    RECOVERY_CODE = "recovery-code"


class RefusedError(GatewayError):
    """
    A request that is answered with a refusal.

    `reason` may be shown to the person; `detail` is for the log only.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")
