"""
Registration and sign-in by passkey, as WebAuthn Level 3 wants them checked.

With `credential_keys` the only caller of py_webauthn. The library verifies signatures and
structures; these checks it leaves to its caller, and they are here:

- user verification, always (7.1 step 17, 7.2 step 18): a passkey is two factors only with it;
- no ceremony made inside somebody else's page: crossOrigin and topOrigin (7.1 step 10, 11);
- the user handle, present and the owner's own (7.2 step 6): nobody types a name here;
- the backup-eligible bit never changes in a passkey's life (7.2 step 19);
- the counter, compared only after the signature held (7.2 step 22), because whoever can
  forge an answer could otherwise cry "cloned key" over anybody's passkey;
- the public key, which attestation "none" leaves unproved: one of three exact kinds.

Its one promise: what is not entirely right is a `RefusedError`, and nothing else is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import options_to_json_dict, parse_attestation_object
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from gateway.errors import Reason, RefusedError
from gateway.rules.answers import (
    AUTHENTICATOR_FLAGS_AT,
    Answer,
    RegistrationAnswer,
    SignInAnswer,
    encode_base64url,
)
from gateway.rules.attestation import TODAY, Claim, PasskeyPolicy, refuse_unwelcome
from gateway.rules.ceremony import CEREMONY_LIFETIME_S, HINTS, Way
from gateway.rules.credential_keys import ALGORITHMS, refuse_bad_key
from gateway.rules.public import PublicOrigin
from gateway.rules.records import Passkey, Person

TIMEOUT_MS = int(CEREMONY_LIFETIME_S * 1000)
"""Milliseconds that the browser gives the person: as long as the challenge is good."""

USER_VERIFIED = 0x04
"""The UV bit of authenticatorData's flags (WebAuthn 6.1)."""

FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)
"""
What a browser may answer to attestation "none": none, or packed self attestation
(WebAuthn 5.1.3). Whatever else comes was not asked for, and is not parsed.
"""

ASKED_FORMATS = (*FORMATS, AttestationFormat.TPM)
"""
What is taken where attestation is asked for: py_webauthn verifies these statements wholly.
"tpm" is Windows Hello's.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A new passkey, verified."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    is_synced: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A sign-in, verified."""

    sign_count: int
    is_backed_up: bool
    has_counter_fallen: bool
    """The passkey may have been copied: to be told, not to be refused (WebAuthn 6.1.1)."""


def sign_in_options(*, public: PublicOrigin, challenge: bytes, way: Way) -> dict[str, object]:
    """What the browser needs for `navigator.credentials.get()`: usernameless, with UV."""
    options = generate_authentication_options(
        rp_id=public.host,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return {**options_to_json_dict(options), "allowCredentials": [], "hints": HINTS[way]}


def registration_options(
    *,
    public: PublicOrigin,
    gateway_name: str,
    person: Person,
    challenge: bytes,
    registered: Sequence[Passkey],
    way: Way,
    policy: PasskeyPolicy = TODAY,
) -> dict[str, object]:
    """What the browser needs for `navigator.credentials.create()`: discoverable, with UV."""
    options = generate_registration_options(
        rp_id=public.host,
        rp_name=gateway_name,
        user_name=person.name,
        user_id=person.user_handle,
        user_display_name=person.display_name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        attestation=AttestationConveyancePreference.DIRECT
        if policy.wants_attestation
        else AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_descriptor(each) for each in registered],
        supported_pub_key_algs=ALGORITHMS,
    )
    # credProps: without it Firefox on Android does not save the passkey.
    return {
        **options_to_json_dict(options),
        "hints": HINTS[way],
        "extensions": {"credProps": True},
    }


def verify_registration(
    answer: RegistrationAnswer,
    *,
    public: PublicOrigin,
    challenge: bytes,
    policy: PasskeyPolicy = TODAY,
    now: float = 0.0,
) -> Registration:
    """
    Check a registration's answer (WebAuthn 7.1).

    Whether the credential id is free is the store's to say.

    Args:
        now: POSIX seconds, for the dates of attestation certificates.

    Raises:
        RefusedError: NOT_VERIFIED when the person was not verified, NOT_ALLOWED_HERE when the
            policy does not want such a passkey, else REFUSED or BAD_REQUEST.
    """
    _refuse_foreign_frame(answer)
    _believe(lambda: _refuse_unasked(answer.attestation_object, policy))
    verified = _believe(lambda: _verified_registration(answer, public, challenge))
    if verified.credential_id != answer.credential_id:
        raise RefusedError(Reason.BAD_REQUEST, "credential id differs from the attested one")
    _believe(lambda: refuse_bad_key(verified.credential_public_key))
    _believe(lambda: refuse_unwelcome(_claim(verified), policy, now=now))
    return Registration(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=answer.transports,
        aaguid=verified.aaguid,
        is_synced=_is_synced(verified.credential_device_type),
        is_backed_up=verified.credential_backed_up,
    )


def is_from_another_device(answer: SignInAnswer, passkey: Passkey) -> bool:
    """
    Whether a phone signed this browser in: a passkey that lives elsewhere, and on no key.

    Then it is worth offering a passkey on this terminal, too. A hint, as good as the browser's.
    """
    is_phone = bool({"internal", "hybrid"}.intersection(passkey.transports))
    is_key = bool({"usb", "nfc", "smart-card"}.intersection(passkey.transports))
    return answer.attachment == "cross-platform" and is_phone and not is_key


def verify_sign_in(
    answer: SignInAnswer,
    *,
    public: PublicOrigin,
    challenge: bytes,
    passkey: Passkey,
    person: Person,
) -> SignIn:
    """
    Check a sign-in's answer by the passkey that it names and its owner (WebAuthn 7.2).

    Raises:
        RefusedError: NOT_VERIFIED when the person was not verified, else REFUSED or BAD_REQUEST.
    """
    if answer.credential_id != passkey.credential_id or passkey.person_id != person.id:
        raise RefusedError(Reason.REFUSED, "another passkey, or another person's")
    if answer.user_handle != person.user_handle:
        raise RefusedError(Reason.REFUSED, "user handle missing or another person's")
    _refuse_foreign_frame(answer)
    _refuse_unverified(answer.authenticator_data)
    verified = _believe(lambda: _verified_sign_in(answer, public, challenge, passkey))
    if _is_synced(verified.credential_device_type) != passkey.is_synced:
        raise RefusedError(Reason.REFUSED, "the backup-eligible bit has changed")
    if not person.enabled:
        raise RefusedError(Reason.REFUSED, "the person is disabled")
    return SignIn(
        sign_count=verified.new_sign_count,
        is_backed_up=verified.credential_backed_up,
        has_counter_fallen=_has_fallen(passkey.sign_count, verified.new_sign_count),
    )


_T = TypeVar("_T")


def _believe(check: Callable[[], _T]) -> _T:
    """Run a check of the library's; whatever it raises is a refusal."""
    try:
        return check()
    except RefusedError:
        raise
    except WebAuthnException as wrong:
        raise RefusedError(Reason.REFUSED, f"{type(wrong).__name__}: {wrong}") from None
    except Exception as odd:  # noqa: BLE001  the library lets ValueError, KeyError … escape
        raise RefusedError(Reason.BAD_REQUEST, f"{type(odd).__name__}: {odd}") from None


def _verified_registration(
    answer: RegistrationAnswer, public: PublicOrigin, challenge: bytes
) -> VerifiedRegistration:
    return verify_registration_response(
        credential=_credential(
            answer, attestationObject=encode_base64url(answer.attestation_object)
        ),
        expected_challenge=challenge,
        expected_rp_id=public.host,
        expected_origin=public.origin,
        require_user_verification=True,
        supported_pub_key_algs=ALGORITHMS,
    )


def _verified_sign_in(
    answer: SignInAnswer, public: PublicOrigin, challenge: bytes, passkey: Passkey
) -> VerifiedAuthentication:
    return verify_authentication_response(
        credential=_credential(
            answer,
            authenticatorData=encode_base64url(answer.authenticator_data),
            signature=encode_base64url(answer.signature),
        ),
        expected_challenge=challenge,
        expected_rp_id=public.host,
        expected_origin=public.origin,
        credential_public_key=passkey.public_key,
        credential_current_sign_count=0,  # compared by us, once the signature has held
        require_user_verification=True,
    )


def _credential(answer: Answer, **response: str) -> dict[str, object]:
    """The answer as the library reads it: only the members that we have checked."""
    credential_id = encode_base64url(answer.credential_id)
    client_data = encode_base64url(answer.client_data_json)
    return {
        "id": credential_id,
        "rawId": credential_id,
        "type": "public-key",
        "response": {"clientDataJSON": client_data, **response},
    }


def _claim(verified: VerifiedRegistration) -> Claim:
    statement = parse_attestation_object(verified.attestation_object).att_stmt
    return Claim(
        aaguid=verified.aaguid,
        is_synced=_is_synced(verified.credential_device_type),
        format=AttestationFormat(verified.fmt).value,
        certificates=statement.x5c or (),
    )


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(each) for each in passkey.transports]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)


def _is_synced(device_type: CredentialDeviceType) -> bool:
    return device_type == CredentialDeviceType.MULTI_DEVICE


def _has_fallen(stored: int, reported: int) -> bool:
    """WebAuthn 7.2 step 22; nought on both sides is a passkey that does not count."""
    return max(stored, reported) > 0 and reported <= stored


def _refuse_foreign_frame(answer: Answer) -> None:
    if answer.client_data.get("crossOrigin", False) is not False:
        raise RefusedError(Reason.REFUSED, "made inside somebody else's page")
    if "topOrigin" in answer.client_data:
        raise RefusedError(Reason.REFUSED, "made inside somebody else's page (topOrigin)")


def _refuse_unverified(authenticator_data: bytes) -> None:
    flags = authenticator_data[AUTHENTICATOR_FLAGS_AT : AUTHENTICATOR_FLAGS_AT + 1]
    if flags and not flags[0] & USER_VERIFIED:
        raise RefusedError(Reason.NOT_VERIFIED, "the authenticator did not verify the person")


def _refuse_unasked(attestation_object: bytes, policy: PasskeyPolicy) -> None:
    attestation = parse_attestation_object(attestation_object)
    if attestation.fmt not in (ASKED_FORMATS if policy.wants_attestation else FORMATS):
        was_asked = Reason.NOT_ALLOWED_HERE if policy.wants_attestation else Reason.BAD_REQUEST
        raise RefusedError(was_asked, f"attestation {str(attestation.fmt)[:32]!r}")
    if not attestation.auth_data.flags.uv:
        raise RefusedError(Reason.NOT_VERIFIED, "the authenticator did not verify the person")
