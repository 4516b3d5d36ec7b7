"""
Recovery codes: the way back for somebody whose every device is gone.

NIST SP 800-63B-4 calls them look-up secrets (3.1.2): drawn at random, each good once, kept on
paper. Ours give no session: one code gives one short invitation to register a new passkey.

1. A code has 80 bits, so it cannot be guessed, with or without a limit on tries. Hence a
   plain SHA-256 is the right form to store (3.1.2.2 asks for salt and a slow hash below 112
   bits, against search in a stolen database): half of 2^80 is nineteen thousand years at 10^12
   tries a second, for each person anew, because every hash is bound to its person. And stolen
   hashes open nothing in the meantime: the person is told of every use.
2. People copy codes from paper, with any keyboard. So there are no look-alikes in them, and
   what is typed is read kindly: full-width, lower case, blanks, hyphens of every kind, O for 0,
   I and L for 1.
3. Tries are counted anyway: it is cheap, and it keeps the log readable.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from gateway.rules.records import PersonId

CODES = 10
"""Given at once: they fit on a slip of paper and last for years."""

CODE_BYTES = 10
"""80 bits: four times the six digits that NIST SP 800-63B-4 3.1.2.1 asks of a look-up secret."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Five bits a letter, without I, L, O (which look like 1 and 0) and U (Crockford's base 32)."""

CODE_LETTERS = CODE_BYTES * 8 // 5
"""16 letters, written in four groups of `GROUP_LETTERS`."""

GROUP_LETTERS = 4
"""Letters between two hyphens: what people keep in mind while they type."""

CODE_TEXT_LIMIT = 100
"""Characters that are looked at: a code with a blank after every letter has 38."""

DASHES = frozenset("\u2212\u2043\u30fc\u2500\u2501\u00b7\u30fb_")
"""
What looks like a hyphen, or stands between groups, and is of another category than Pd: minus,
hyphen bullet, the long-vowel mark (the hyphen key under a Japanese IME), rules, middle dots.
"""

TRIES_PER_ADDRESS = 10
"""A minute, from one address: an office that shares one is not stopped by some typing errors."""

TRIES_PER_ACCOUNT = 30
"""
A minute, for one name. More than from one address, so that one stranger, by trying, cannot keep
the person out.
"""

TRY_WINDOW_S = 60.0
"""Seconds in which that many tries come back."""

_LOOK_ALIKES = str.maketrans("OIL", "011")
_CODE = re.compile(f"[{ALPHABET}]{{{CODE_LETTERS}}}")
_HASHED_AS = b"passkey-gateway recovery code\0"
"""Keeps these hashes apart from whatever else is hashed here."""


def draw_codes(token_bytes: Callable[[int], bytes]) -> tuple[str, ...]:
    """New codes as they are shown, such as `7K3M-Q2XP-9T4H-WD6Z`."""
    codes = tuple(_spelled(token_bytes(CODE_BYTES)) for _ in range(CODES))
    assert len(set(codes)) == CODES, "randomness is broken"
    return codes


def canonical_code(text: str) -> str | None:
    """The one spelling (16 letters, no hyphens) of what a person typed; None for what is none."""
    if len(text) > CODE_TEXT_LIMIT:
        return None
    letters = "".join(each for each in unicodedata.normalize("NFKC", text) if not _is_gap(each))
    code = letters.upper().translate(_LOOK_ALIKES)
    return code if _CODE.fullmatch(code) else None


def hash_code(person_id: PersonId, code: str) -> bytes:
    """
    The form in which a person's code is stored and looked up: 32 bytes.

    Args:
        person_id: whose code it is; the same code of somebody else has another hash.
        code: as `canonical_code` gives it.
    """
    assert _CODE.fullmatch(code), "hashed before it was read"
    return hashlib.sha256(_HASHED_AS + person_id.encode() + b"\0" + code.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How many tries somebody has left, and when that was so."""

    left: float
    at: float
    """Seconds on the monotonic clock."""


def count_try(tries: Tries | None, limit: int, *, now: float) -> tuple[Tries, float]:
    """
    Count a try: what is left after it, and how many seconds to wait (0 = it may be looked at).

    Args:
        tries: None for somebody who has not tried lately.
        limit: tries in `TRY_WINDOW_S`.
        now: seconds on the monotonic clock.
    """
    rate = limit / TRY_WINDOW_S
    left = float(limit)
    if tries is not None:
        left = min(left, tries.left + (now - tries.at) * rate)
    if left >= 1:
        return Tries(left=left - 1, at=now), 0.0
    return Tries(left=left, at=now), (1 - left) / rate


def _spelled(code: bytes) -> str:
    number = int.from_bytes(code, "big")
    letters = "".join(
        ALPHABET[number >> shift & 31] for shift in range(5 * (CODE_LETTERS - 1), -1, -5)
    )
    starts = range(0, CODE_LETTERS, GROUP_LETTERS)
    return "-".join(letters[start : start + GROUP_LETTERS] for start in starts)


def _is_gap(letter: str) -> bool:
    """Blanks, hyphens, and what nobody sees."""
    category = unicodedata.category(letter)
    return category[0] == "Z" or category in ("Pd", "Cf", "Cc") or letter in DASHES
