"""
What a page of ours is told about a request, and what it answers: plain values.

A `Visit` is all that a route may know of the browser; a `Reply` is all that it may send.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.pages.languages import Language

HTML = b"text/html; charset=utf-8"
JSON = b"application/json"
HEALTH_JSON = b"application/health+json"


class Framing(enum.Enum):
    """Which pages may show this one inside themselves."""

    NEVER = "'none'"
    BY_OURSELVES = "'self'"
    """For what is answered in the app's place: the app shows pages of its own in frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request to a page of ours, read."""

    body: bytes
    language: Language
    wants_page: bool
    """A person waits for a page; otherwise a script waits for JSON."""
    session: bytes | None
    """The token of the session cookie, well-formed, whether or not such a session lives."""
    browser: bytes | None
    """The token of the cookie by which ceremonies are bound to one browser."""
    address: str
    user_agent: str
    accepts_gzip: bool
    etag: bytes
    """What If-None-Match says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int = 200
    content_type: bytes = HTML
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    cookies: tuple[str, ...] = ()
    """Values of Set-Cookie, see `gateway.rules.cookies.set_cookie`."""
    framing: Framing = Framing.NEVER
    is_cacheable: bool = field(default=False)
    """The route itself says how long it may be kept; everything else is `no-store`."""


def json_reply(
    value: Mapping[str, object],
    *,
    status: int = 200,
    content_type: bytes = JSON,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    cookies: tuple[str, ...] = (),
) -> Reply:
    """An answer for a script."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Reply(
        status=status, content_type=content_type, body=body, headers=headers, cookies=cookies
    )
