"""
Our cookies: their names, and how they stay ours.

The browser sends our cookies and the app's in one field. What the app gets has ours taken out
and is otherwise the same to the byte; what the app sets under one of our names is dropped. Both
by all six names at once and in any case, whichever scheme is in use: `__Host-` names and, for
http://localhost, names without (RFC 6265bis 4.1.3.2: the prefix needs Secure).

A browser and an app may read an odd Cookie field differently. That is harmless here: a value
that `cookie_values` finds is always under the exact name, and whoever sends our token in
another spelling is not signed in by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

BLANKS = b" \t"
_is_plain = re.compile(r"[0-9A-Za-z_-]*").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieNames:
    """The names in use under one scheme."""

    session: str
    browser: str
    """Binds a ceremony to the browser that began it."""
    language: str


_SECURE = CookieNames(session="__Host-gw", browser="__Host-gw-browser", language="__Host-gw-lang")
_PLAIN = CookieNames(session="gw", browser="gw-browser", language="gw-lang")

EXACTLY_OURS = frozenset(
    name.encode()
    for names in (_SECURE, _PLAIN)
    for name in (names.session, names.browser, names.language)
)
ALL_OURS = frozenset(map(bytes.lower, EXACTLY_OURS))
"""All six names; the second in lower case."""

MARK = b"gw"
"""What all of them contain: where it is missing there is nothing of ours."""


def cookie_names(is_secure: bool) -> CookieNames:
    """The names for https, or for http on localhost."""
    return _SECURE if is_secure else _PLAIN


class Cookies(NamedTuple):
    """The Cookie fields of a request, taken apart."""

    values: list[bytes]
    """As they came, in order."""
    ours: dict[bytes, list[bytes]]
    """What stands under the exact names of ours."""
    theirs: bytes
    """The one Cookie field for the app: ours taken out, the rest to the byte."""

    def one(self, name: bytes) -> bytes | None:
        """The value under one of our names, unless there are several: then it is nobody's."""
        found = self.ours.get(name)
        return found[0] if found and len(found) == 1 else None


def take_apart(values: list[bytes]) -> Cookies:
    """
    Part our cookies from the app's.

    All Cookie fields become one (RFC 6265 5.4): some apps join lines by commas.
    """
    ours: dict[bytes, list[bytes]] = {}
    if len(values) == 1:
        return Cookies(values, ours, _without_ours(values[0], ours))
    theirs = [_without_ours(value, ours) for value in values]
    return Cookies(values, ours, b"; ".join(filter(None, theirs)))


def cookie_values(header_values: Iterable[bytes], name: bytes) -> list[bytes]:
    """
    Every value under exactly that name, one of ours, over all Cookie fields, in order.

    A session cookie with two values is nobody's: who sent it cannot be told.
    """
    return take_apart(list(header_values)).ours.get(name, [])


def without_ours(value: bytes) -> bytes:
    """A Cookie field's value for the app: ours taken out, the rest to the byte."""
    return _without_ours(value, {})


def _without_ours(value: bytes, ours: dict[bytes, list[bytes]]) -> bytes:
    """The same, and note in `ours` what was found under their exact names."""
    spans = []
    for start, end in _pairs_with(MARK, value.lower()):
        name, equals, content = value[start:end].partition(b"=")
        name = name.strip(BLANKS)
        if equals and name in EXACTLY_OURS:
            ours.setdefault(name, []).append(content.strip(BLANKS))
            spans.append((start, end))
        elif _is_ours(value[start:end]):
            spans.append((start, end))
    if not spans:
        return value
    for start, end in reversed(spans):
        value = value[: start - 1] + value[end:] if start else value[end + 1 :]
    return value.strip(BLANKS)


def _pairs_with(mark: bytes, value: bytes) -> list[tuple[int, int]]:
    """Where the pairs of a Cookie field with that mark in them begin and end."""
    spans = []
    at = value.find(mark)
    while at >= 0:
        start = value.rfind(b";", 0, at) + 1
        end = value.find(b";", at)
        if end < 0:
            end = len(value)
        spans.append((start, end))
        at = value.find(mark, end)
    return spans


def for_browser(
    set_cookie_value: bytes,
    *,
    internal_hosts: frozenset[bytes],
    public_host: bytes,
    is_secure: bool,
) -> bytes | None:
    """
    A Set-Cookie of the app as the browser may have it, or None if it would set one of ours.

    A Domain that belongs to the app's names behind the gateway is left out: the browser knows
    no such host and would refuse the cookie. Over https every cookie is Secure: the app does not
    know that the browser speaks https, and nothing of it should ever travel in the clear. All
    else is kept to the byte.

    Args:
        set_cookie_value: the field's value.
        internal_hosts: the app's names; lower case, no ports.
        public_host: the gateway's name.
        is_secure: whether browsers reach it by https.
    """
    if _is_ours(set_cookie_value.partition(b";")[0]):
        return None
    pair, *attributes = set_cookie_value.split(b";")
    kept = [
        each for each in attributes if not _is_internal_domain(each, internal_hosts, public_host)
    ]
    if is_secure and b"secure" not in [each.strip(BLANKS).lower() for each in kept]:
        kept.append(b" Secure")
    return set_cookie_value if kept == attributes else b";".join([pair, *kept])


def set_cookie(name: str, value: str, *, is_secure: bool, max_age_s: int | None) -> str:
    """
    The Set-Cookie of one of ours, for our own pages.

    Args:
        name: one of `cookie_names`.
        value: letters, digits, `-` and `_`.
        is_secure: whether the public origin is https.
        max_age_s: seconds that the browser keeps it; None = until the browser is closed.
    """
    assert name.encode().lower() in ALL_OURS, "not a cookie of ours"
    assert _is_plain(value), "not a value of ours"
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if is_secure:
        parts.append("Secure")
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    return "; ".join(parts)


def clear_cookie(name: str, *, is_secure: bool) -> str:
    """The Set-Cookie that takes one of ours away."""
    return set_cookie(name, "", is_secure=is_secure, max_age_s=0)


def _is_ours(pair: bytes) -> bool:
    """
    Whether the pair is, or would come back as, a cookie of ours.

    A cookie without a name comes back as its value alone (RFC 6265bis 5.7.3): `=gw=x` as `gw=x`.
    """
    key = pair.partition(b"=")[0].strip(BLANKS) or _nameless(pair)
    return key.lower() in ALL_OURS


def _nameless(pair: bytes) -> bytes:
    return pair.lstrip(b" \t=").partition(b"=")[0].strip(BLANKS)


def _is_internal_domain(attribute: bytes, hosts: frozenset[bytes], public: bytes) -> bool:
    """Whether it is a Domain of the app's names, or above them, and not of the public one."""
    key, _, value = attribute.lower().partition(b"=")
    if key.strip(BLANKS) != b"domain":
        return False
    domain = b"." + value.strip(BLANKS).lstrip(b".")
    if (b"." + public).endswith(domain):
        return False
    return any((b"." + host).endswith(domain) for host in hosts)
