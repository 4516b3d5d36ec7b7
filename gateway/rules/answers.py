"""
What a browser sends back from a ceremony, read strictly.

The message is JSON as `PublicKeyCredential.toJSON()` writes it (WebAuthn 5.1). Nothing in it
is believed here: only its shape and size are checked, so that what looks at it later, and
py_webauthn with it, meets bytes of known length in known places. Members that nobody needs
are dropped.

Its one promise: any bytes whatever give an `Answer` or a `RefusedError`, at a cost that
grows with their length alone.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from gateway.errors import Reason, RefusedError

ANSWER_LIMIT_BYTES = 65_536
"""Bytes of a whole answer: the longest real ones (with a certificate chain) have about 8 kB."""

CREDENTIAL_ID_LIMIT_BYTES = 1_023
"""Bytes of a credential id (WebAuthn 5.1, 7.1 step 25)."""

USER_HANDLE_LIMIT_BYTES = 64
"""Bytes of a user handle (WebAuthn 5.4.3)."""

CLIENT_DATA_LIMIT_BYTES = 4_096
"""Bytes of clientDataJSON: real ones have about 150."""

AUTHENTICATOR_DATA_LIMIT_BYTES = 16_384
"""Bytes of authenticatorData, extensions included: real ones have 37 to 200."""

ATTESTATION_LIMIT_BYTES = 32_768
"""Bytes of an attestationObject."""

SIGNATURE_LIMIT_BYTES = 4_096
"""Bytes of a signature: RSA with 8 192 bits has 1 024."""

TRANSPORTS = ("ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb")
"""The transports that we remember (WebAuthn 5.8.4); others are dropped."""

ATTACHMENTS = ("platform", "cross-platform")
"""Where the authenticator was, as the browser says (WebAuthn 5.4.5)."""

AUTHENTICATOR_FLAGS_AT = 32
"""Where the flags byte stands in authenticatorData: after the RP ID's SHA-256 (WebAuthn 6.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the right shape; nothing of it is verified yet."""

    credential_id: bytes
    challenge: bytes
    """What clientDataJSON says; it names the ceremony."""
    client_data: dict[str, object]
    client_data_json: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAnswer(Answer):
    """The answer to `navigator.credentials.get()`."""

    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None
    attachment: str
    """One of `ATTACHMENTS`, or "". Nothing vouches for it: for offers, not for decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationAnswer(Answer):
    """The answer to `navigator.credentials.create()`."""

    attestation_object: bytes
    transports: tuple[str, ...]


def read_sign_in(body: bytes) -> SignInAnswer:
    """
    Read a sign-in's answer.

    Raises:
        RefusedError: BAD_REQUEST or TOO_LARGE, for whatever has not the right shape.
    """
    credential = read_object(body)
    response = _response_of(credential)
    client_data_json = _bytes_of(response, "clientDataJSON", CLIENT_DATA_LIMIT_BYTES)
    client_data = read_object(client_data_json)
    return SignInAnswer(
        credential_id=_credential_id_of(credential),
        challenge=_challenge_of(client_data),
        client_data=client_data,
        client_data_json=client_data_json,
        authenticator_data=_bytes_of(
            response, "authenticatorData", AUTHENTICATOR_DATA_LIMIT_BYTES
        ),
        signature=_bytes_of(response, "signature", SIGNATURE_LIMIT_BYTES),
        user_handle=_user_handle_of(response),
        attachment=_attachment_of(credential),
    )


def read_registration(body: bytes) -> RegistrationAnswer:
    """
    Read a registration's answer.

    Raises:
        RefusedError: BAD_REQUEST or TOO_LARGE, for whatever has not the right shape.
    """
    credential = read_object(body)
    response = _response_of(credential)
    client_data_json = _bytes_of(response, "clientDataJSON", CLIENT_DATA_LIMIT_BYTES)
    client_data = read_object(client_data_json)
    return RegistrationAnswer(
        credential_id=_credential_id_of(credential),
        challenge=_challenge_of(client_data),
        client_data=client_data,
        client_data_json=client_data_json,
        attestation_object=_bytes_of(response, "attestationObject", ATTESTATION_LIMIT_BYTES),
        transports=_transports_of(response),
    )


def read_object(text: bytes) -> dict[str, object]:
    """
    One JSON object in UTF-8, no member twice: two readers never see different things.

    Raises:
        RefusedError: it is not one, or it is too large.
    """
    if len(text) > ANSWER_LIMIT_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"{len(text)} bytes of JSON")
    try:
        value: object = json.loads(text.decode("utf-8"), object_pairs_hook=_members)
    except (ValueError, RecursionError) as mistake:
        raise _odd(f"not JSON: {type(mistake).__name__}") from None
    if not isinstance(value, dict):
        raise _odd("not a JSON object")
    return value


def encode_base64url(value: bytes) -> str:
    """Base64url without padding, as WebAuthn's JSON wants it (RFC 4648 5)."""
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _odd(what: str) -> RefusedError:
    return RefusedError(Reason.BAD_REQUEST, what)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _response_of(credential: dict[str, object]) -> dict[str, object]:
    response = credential.get("response")
    if credential.get("type") != "public-key" or not isinstance(response, dict):
        raise _odd("not a public-key credential with a response")
    return response


def _credential_id_of(credential: dict[str, object]) -> bytes:
    if credential.get("id") != credential.get("rawId"):
        raise _odd("id and rawId differ")
    credential_id = _bytes_of(credential, "rawId", CREDENTIAL_ID_LIMIT_BYTES)
    if not credential_id:
        raise _odd("rawId: empty")
    return credential_id


def _challenge_of(client_data: dict[str, object]) -> bytes:
    return _bytes_of(client_data, "challenge", CLIENT_DATA_LIMIT_BYTES)


def _user_handle_of(response: dict[str, object]) -> bytes | None:
    if response.get("userHandle") is None:
        return None
    return _bytes_of(response, "userHandle", USER_HANDLE_LIMIT_BYTES)


def _attachment_of(credential: dict[str, object]) -> str:
    named = credential.get("authenticatorAttachment")
    return next((each for each in ATTACHMENTS if each == named), "")


def _transports_of(response: dict[str, object]) -> tuple[str, ...]:
    named = response.get("transports")
    if not isinstance(named, list):
        return ()
    return tuple(each for each in TRANSPORTS if each in named)


def _bytes_of(members: dict[str, object], name: str, limit_bytes: int) -> bytes:
    """One member, base64url without padding, in its one canonical spelling."""
    text = members.get(name)
    if not isinstance(text, str) or not text.isascii():
        raise _odd(f"{name}: not base64url")
    if len(text) * 3 > limit_bytes * 4 + 3:
        raise RefusedError(Reason.TOO_LARGE, f"{name}: {len(text)} characters")
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise _odd(f"{name}: not base64url") from None
    if encode_base64url(value) != text:
        raise _odd(f"{name}: not canonical base64url")
    return value
