"""
Which account a typed name means, for counting guesses, and under which key it is kept.

Theory. One account has one counter, however its name is typed: two spellings that find the same
person (`records.canonical_name`) are one account. The other way round nothing is promised: a
spelling that finds nobody may count for somebody, and so gains nothing. A name that can be
nobody's is the account "", for all of them together.

People type passwords where names belong, so no typed name is kept anywhere: a row's key is a
keyed hash, which nobody can search without the store's secret.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import unicodedata

from gateway.rules.records import NAME_LIMIT


class Counted(enum.StrEnum):
    """What a row counts the guesses of."""

    ACCOUNT = "account"
    NETWORK = "network"


def account_of(typed: str) -> str:
    """
    The account that a typed name means.

    Case, width and compatible forms make no difference, nor do blanks and what nobody sees,
    wherever they are. The form that it came from bounds its length.
    """
    folded = _visible(unicodedata.normalize("NFKC", typed)).casefold()
    name = _visible(unicodedata.normalize("NFKC", folded))
    return name if len(name) <= NAME_LIMIT else ""


def row_key(secret: bytes, counted: Counted, name: str) -> bytes:
    """
    The key (32 bytes) under which the store keeps a row.

    Args:
        secret: 32 random bytes, the same on every machine that shares the store.
        counted: what the row counts.
        name: as `account_of` or `admission.network_of` gives it.
    """
    return hmac.digest(secret, f"{counted}\0{name}".encode(), hashlib.sha256)


def _visible(text: str) -> str:
    """Without blanks, control characters, and what nobody sees."""
    return "".join(each for each in text if unicodedata.category(each)[0] not in "CZ")
