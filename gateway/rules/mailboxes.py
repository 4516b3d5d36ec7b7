"""
What a mail address looks like, as far as we write to it.

The everyday part of RFC 5321 4.1.2: a dot-atom, "@", a DNS name. Quoted local parts, address
literals and local parts beyond ASCII (RFC 6531, which many servers do not speak) are refused:
nothing that comes through here can mean more than one thing to a mail server.
"""

from __future__ import annotations

import re

import idna

LOCAL_LIMIT = 64
"""Octets before the "@" (RFC 5321 4.5.3.1.1)."""

MAILBOX_LIMIT = 254
"""Octets of the whole: a path has 256 with its angle brackets (RFC 5321 4.5.3.1.3)."""

WANTED = "a mail address, such as taro@example.co.jp"

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
"""A dot-atom (RFC 5321 4.1.2)."""


def canonical_mailbox(text: str) -> str:
    """
    The address as it is kept and sent to: the local part as written, the domain in ASCII.

    Raises:
        ValueError: its text says what is wanted.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > LOCAL_LIMIT or _LOCAL.fullmatch(local) is None:
        raise ValueError(WANTED)
    mailbox = f"{local}@{_domain(domain)}"
    if len(mailbox) > MAILBOX_LIMIT:
        raise ValueError(f"{WANTED}, of at most {MAILBOX_LIMIT} characters")
    return mailbox


def _domain(domain: str) -> str:
    if domain == "localhost":
        return domain
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise ValueError(WANTED) from None
