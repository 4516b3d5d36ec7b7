"""
Chromium's virtual authenticators: the phone, the PC and the security key of the tests.

Keep one passkey per authenticator in usernameless tests: with two, the browser picks one at
random.
"""

from __future__ import annotations

import base64
from typing import Literal

from tests.instruments.devtools import DevToolsSession, Json

Transport = Literal["internal", "usb", "nfc", "ble", "cable", "hybrid", "smart-card"]


class VirtualAuthenticator:
    """One device that holds passkeys and needs no finger."""

    def __init__(self, session: DevToolsSession, authenticator_id: str) -> None:
        self._session = session
        self._id = authenticator_id

    @classmethod
    async def add(
        cls,
        session: DevToolsSession,
        transport: Transport,
        *,
        has_verification: bool,
        is_verified: bool,
        is_synced: bool,
    ) -> VirtualAuthenticator:
        """Plug a device in; `Page.add_authenticator` says what the arguments mean."""
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": has_verification,
            "isUserVerified": is_verified,
            "automaticPresenceSimulation": True,
            "defaultBackupEligibility": is_synced,
            "defaultBackupState": is_synced,
        }
        added = await session.send("WebAuthn.addVirtualAuthenticator", options=options)
        return cls(session, added["authenticatorId"])

    async def credentials(self) -> list[Json]:
        """
        The passkeys on the device, private keys included.

        `credentialId`, `privateKey` and `userHandle` are base64 with padding; further
        `rpId`, `signCount`, `backupEligibility`, `backupState`, `userName`.
        """
        found = await self._send("getCredentials")
        credentials: list[Json] = found["credentials"]
        return credentials

    async def credential_ids(self) -> list[bytes]:
        """The ids of the passkeys on the device."""
        return [base64.b64decode(each["credentialId"]) for each in await self.credentials()]

    async def add_credential(self, credential: Json) -> None:
        """Put a passkey on the device, as another device's `credentials` gave it."""
        await self._send("addCredential", credential=credential)

    async def remove_credential(self, credential: Json) -> None:
        """Delete a passkey on the device; the server is not told."""
        await self._send("removeCredential", credentialId=credential["credentialId"])

    async def set_credential(
        self,
        credential: Json,
        *,
        sign_count: int | None = None,
        is_eligible: bool | None = None,
        is_backed_up: bool | None = None,
    ) -> None:
        """Change a passkey on the device: its counter, its BE and BS bits."""
        wanted = {"backupEligibility": is_eligible, "backupState": is_backed_up}
        set_values = {name: value for name, value in wanted.items() if value is not None}
        if set_values:
            await self._send(
                "setCredentialProperties", credentialId=credential["credentialId"], **set_values
            )
        if sign_count is not None:
            await self.remove_credential(credential)
            await self.add_credential({**credential, **set_values, "signCount": sign_count})

    async def set_user_verified(self, *, is_verified: bool) -> None:
        """Let the finger, face or PIN check succeed or fail from now on."""
        await self._send("setUserVerified", isUserVerified=is_verified)

    async def set_presence(self, *, is_simulated: bool) -> None:
        """Let the device be touched, or lie there untouched (requests stay pending)."""
        await self._send("setAutomaticPresenceSimulation", enabled=is_simulated)

    async def override_bits(
        self,
        *,
        is_bogus_signature: bool = False,
        is_bad_verification: bool = False,
        is_bad_presence: bool = False,
    ) -> None:
        """Let the device lie in its answers: a wrong signature, UV or UP not set."""
        await self._send(
            "setResponseOverrideBits",
            isBogusSignature=is_bogus_signature,
            isBadUV=is_bad_verification,
            isBadUP=is_bad_presence,
        )

    async def unplug(self) -> None:
        """Take the device away, with its passkeys."""
        await self._send("removeVirtualAuthenticator")

    async def _send(self, method: str, **params: object) -> Json:
        return await self._session.send(f"WebAuthn.{method}", authenticatorId=self._id, **params)
