"""
An authenticator in software: passkeys without a browser.

It answers options as a browser and its authenticator would (WebAuthn 5.1, 6), and every
knob that an attacker or a broken device can turn is a keyword: origin, RP ID, flags,
counter, user handle, signature, members of clientDataJSON, key, attestation format.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40

Json = dict[str, Any]
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def encode(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cose_key(key: PrivateKey) -> dict[int, object]:
    """The public half as a COSE_Key (RFC 9053)."""
    match key:
        case ec.EllipticCurvePrivateKey():
            numbers = key.public_key().public_numbers()
            x, y = (each.to_bytes(32, "big") for each in (numbers.x, numbers.y))
            return {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        case ed25519.Ed25519PrivateKey():
            return {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}
        case rsa.RSAPrivateKey():
            public = key.public_key().public_numbers()
            n = public.n.to_bytes((key.key_size + 7) // 8, "big")
            return {1: 3, 3: -257, -1: n, -2: public.e.to_bytes(3, "big")}


def sign(key: PrivateKey, message: bytes) -> bytes:
    """The signature that goes with `cose_key`'s algorithm."""
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(message, ec.ECDSA(SHA256()))
        case ed25519.Ed25519PrivateKey():
            return key.sign(message)
        case rsa.RSAPrivateKey():
            return key.sign(message, padding.PKCS1v15(), SHA256())


class Authenticator:
    """One device with one passkey at most, in one browser at one origin."""

    def __init__(
        self,
        origin: str,
        *,
        key: PrivateKey | None = None,
        flags: int = UP | UV,
        transports: tuple[str, ...] = ("internal",),
        aaguid: bytes = bytes(16),
        credential_id: bytes | None = None,
    ) -> None:
        self.origin = origin
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.flags = flags
        self.transports = transports
        self.aaguid = aaguid
        public = hashlib.sha256(cbor2.dumps(cose_key(self.key))).digest()
        self.credential_id = credential_id or public
        self.counter = 0
        self.user_handle: bytes | None = None

    def create(
        self,
        options: Mapping[str, Any],
        *,
        origin: str | None = None,
        rp_id: str | None = None,
        flags: int | None = None,
        challenge: str | None = None,
        type_: str = "webauthn.create",
        client_data: Mapping[str, object] | None = None,
        fmt: object = "none",
        statement: Mapping[str, object] | None = None,
        cose: object = None,
        attested_id: bytes | None = None,
    ) -> Json:
        """Register: what `navigator.credentials.create()` gives, as JSON."""
        self.user_handle = decode(options["user"]["id"])
        raw = self._client_data(type_, challenge or options["challenge"], origin, client_data)
        attested = attested_id or self.credential_id
        authenticator_data = (
            self._head(rp_id or options["rp"]["id"], (self.flags if flags is None else flags) | AT)
            + self.aaguid
            + len(attested).to_bytes(2, "big")
            + attested
            + cbor2.dumps(cose_key(self.key) if cose is None else cose)
        )
        attestation = {"fmt": fmt, "attStmt": statement or {}, "authData": authenticator_data}
        return self._credential(
            clientDataJSON=encode(raw),
            attestationObject=encode(cbor2.dumps(attestation)),
            transports=list(self.transports),
        )

    def get(
        self,
        options: Mapping[str, Any],
        *,
        origin: str | None = None,
        rp_id: str | None = None,
        flags: int | None = None,
        counter: int | None = None,
        challenge: str | None = None,
        type_: str = "webauthn.get",
        client_data: Mapping[str, object] | None = None,
        user_handle: bytes | str | None = "own",
        spoil_signature: bool = False,
        key: PrivateKey | None = None,
    ) -> Json:
        """Sign in: what `navigator.credentials.get()` gives, as JSON."""
        self.counter = self.counter + 1 if counter is None else counter
        raw = self._client_data(type_, challenge or options["challenge"], origin, client_data)
        authenticator_data = self._head(
            rp_id or options["rpId"], self.flags if flags is None else flags
        )
        signature = sign(key or self.key, authenticator_data + hashlib.sha256(raw).digest())
        if spoil_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        handle = self.user_handle if user_handle == "own" else user_handle
        response = {"userHandle": encode(handle)} if isinstance(handle, bytes) else {}
        return self._credential(
            clientDataJSON=encode(raw),
            authenticatorData=encode(authenticator_data),
            signature=encode(signature),
            **response,
        )

    def _client_data(
        self,
        type_: str,
        challenge: str,
        origin: str | None,
        extra: Mapping[str, object] | None,
    ) -> bytes:
        members = {"type": type_, "challenge": challenge, "origin": origin or self.origin}
        return json.dumps({**members, "crossOrigin": False, **(extra or {})}).encode()

    def _head(self, rp_id: str, flags: int) -> bytes:
        rp_id_hash = hashlib.sha256(rp_id.encode()).digest()
        return rp_id_hash + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _credential(self, **response: object) -> Json:
        return {
            "id": encode(self.credential_id),
            "rawId": encode(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
