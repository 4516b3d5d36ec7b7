"""
How a secret of ours is spelled in a cookie or a link: base64url without padding.

There is one spelling for each token (RFC 4648 sections 3.5 and 5): whatever is longer,
shorter, padded or ends in stray bits is not a token, so that no two cookies mean the same.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from binascii import a2b_base64

from gateway.rules.records import TOKEN_BYTES

_SPELLING = re.compile(rb"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""256 bits are 42 digits and one that carries four bits: its last two are zero."""

_FROM_URLSAFE = bytes.maketrans(b"-_", b"+/")


def encode(token: bytes) -> str:
    """The spelling of a token that fits into cookies and links as it is."""
    assert len(token) == TOKEN_BYTES
    return urlsafe_b64encode(token).rstrip(b"=").decode("ascii")


def decode(text: str | bytes) -> bytes | None:
    """The token that a browser sent, or None when it is no spelling of a token."""
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    if _SPELLING.fullmatch(text) is None:
        return None
    return a2b_base64(text.translate(_FROM_URLSAFE) + b"=")
