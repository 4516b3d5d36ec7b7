"""
The secret that the gateway and an authenticator app share: made, shown once, or taken over.

Theory. A secret of ours has 160 bits (RFC 4226 4, R6: at least 128, 160 recommended). It travels
to the app as a QR code of an `otpauth://totp/` address, or is typed: 32 letters in groups of four.
SHA-1, six digits and 30 s are what every common app takes; many ignore any other wish without a
word and show wrong codes for ever. They are the defaults, so the address does not name them: a
shorter address is a coarser picture, which old cameras read.

Apps differ in what they make of the label. IIJ SmartKey wants the issuer in the label and as a
parameter, both alike; Google Authenticator and Microsoft Authenticator show either; so both are
there. A colon parts issuer and account, so neither may contain one, however encoded. A blank is
%20, since some apps show a `+`. WinAuth and others without a camera get the text; they overlook
its blanks. Old apps show Japanese issuers badly: `issuer_for` falls back to the host's name.

A secret that comes from an older system is taken if it has 112 bits (NIST SP 800-63B-4 3.1.4.1).
Below that, as with the 80 bits that were common once, one code that somebody saw would suffice to
search all keys in earnest: the person enrols anew, and is told why.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

SECRET_BYTES = 20
"""160 bits: what RFC 4226 4 (R6) recommends, and one block of Base32 without padding."""

IMPORTED_LEAST_BYTES = 14
"""112 bits: NIST SP 800-63B-4 3.1.4.1; pyotp refuses less."""

IMPORTED_MOST_BYTES = 64
"""512 bits, one block of HMAC-SHA-1: beyond it a key is hashed, and gains nothing (RFC 2104 3)."""

IMPORT_TEXT_LIMIT = 2048
"""Characters of one imported line: an address with a long Japanese label has about 1 000."""

GROUP_LETTERS = 4
"""Letters between two blanks: what people keep in mind while they type."""

ISSUER_LIMIT = 40
"""Characters of an issuer: a telephone shows about thirty, and the picture stays coarse."""

_between = re.compile(r"[\s-]+")


class ImportFlaw(enum.StrEnum):
    """Why a secret of another system cannot be taken over; its person enrols anew."""

    NOT_BASE32 = "not-base32"
    TOO_SHORT = "too-short"
    """Below 112 bits, such as the 80 bits that were common once."""
    TOO_LONG = "too-long"
    NOT_TOTP = "not-totp"
    """Counted codes (HOTP), or an address of something else."""
    OTHER_SETTINGS = "other-settings"
    """Not SHA-1, six digits and 30 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSecret:
    """A secret of another system that works here as it is."""

    secret: bytes
    is_short: bool
    """Below the 160 bits of ours: good enough, and to be renewed when there is occasion."""


def new_secret(token_bytes: Callable[[int], bytes]) -> bytes:
    """A secret of 160 bits for one person's app."""
    secret = token_bytes(SECRET_BYTES)
    assert len(secret) == SECRET_BYTES, "randomness is broken"
    return secret


def base32(secret: bytes) -> str:
    """The secret in Base32 (RFC 4648 6) without padding, as apps want it."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def spelled_secret(secret: bytes) -> str:
    """The same for people, in groups of four."""
    letters = base32(secret)
    starts = range(0, len(letters), GROUP_LETTERS)
    return " ".join(letters[start : start + GROUP_LETTERS] for start in starts)


def issuer_for(name: str, *, host: str) -> str:
    """
    What an app shows above the codes: the company's name, if old apps can show it, or the host.

    Args:
        name: as the configuration has it, "" for none.
        host: the gateway's, without port.
    """
    plain = _label(name)
    is_shown = plain.isascii() and plain.isprintable() and 0 < len(plain) <= ISSUER_LIMIT
    return plain if is_shown else _label(host)


def enrolment_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """The address that the QR code says: `otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER`."""
    who, whose = (quote(_label(each), safe="@") for each in (issuer, account))
    return f"otpauth://totp/{who}:{whose}?secret={base32(secret)}&issuer={who}"


def read_import(text: str) -> ImportedSecret | ImportFlaw:
    """
    What another system has exported for one person.

    Args:
        text: Base32 in any case, with or without blanks, hyphens and padding, or an
            `otpauth://totp/` address.
    """
    if len(text) > IMPORT_TEXT_LIMIT:
        return ImportFlaw.TOO_LONG
    if "://" not in text:
        return _read_base32(text)
    wishes = _wishes(text.strip())
    if wishes is None:
        return ImportFlaw.NOT_TOTP
    if not _are_ours(wishes):
        return ImportFlaw.OTHER_SETTINGS
    return _read_base32(wishes.get("secret", ""))


def _read_base32(text: str) -> ImportedSecret | ImportFlaw:
    letters = _between.sub("", text).upper().rstrip("=")
    try:
        secret = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        return ImportFlaw.NOT_BASE32
    if not secret:
        return ImportFlaw.NOT_BASE32
    if len(secret) < IMPORTED_LEAST_BYTES:
        return ImportFlaw.TOO_SHORT
    if len(secret) > IMPORTED_MOST_BYTES:
        return ImportFlaw.TOO_LONG
    return ImportedSecret(secret=secret, is_short=len(secret) < SECRET_BYTES)


def _wishes(address: str) -> dict[str, str] | None:
    """The parameters of an otpauth address for TOTP, each named once; None for another address."""
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return None
    wishes = {name.lower(): value for name, value in pairs}
    is_totp = (parts.scheme, parts.netloc.lower()) == ("otpauth", "totp")
    return wishes if is_totp and len(wishes) == len(pairs) else None


def _are_ours(wishes: dict[str, str]) -> bool:
    """Whether these are the settings that we have, too."""
    algorithm = wishes.get("algorithm", "SHA1").upper().replace("-", "").removeprefix("HMAC")
    return (algorithm, wishes.get("digits", "6"), wishes.get("period", "30")) == (
        "SHA1",
        "6",
        "30",
    )


def _label(text: str) -> str:
    """A part of the label: one line, blanks single, and no colon, of whatever width."""
    plain = unicodedata.normalize("NFKC", text).replace(":", "-")
    return " ".join(plain.split())
