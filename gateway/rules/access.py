"""
Who may go where: the one place that decides what becomes of a request.

Rules, in this order; the first that fits wins.

1. `/.gateway/health`, spelled exactly so, answers whoever asks under whatever Host.
2. A Host that is not our public name is misdirected (RFC 9110 15.5.20). HTTP/1.0 may leave
   it out; Host decides nothing else.
3. What begins with the exact bytes `/.gateway/` is ours and never reaches the app. Any other
   spelling (`//.gateway/`, `/%2egateway/`) is a path of the app like each other path.
4. Everything else needs a session. Without one a navigation gets the sign-in page in place,
   and anything else a 401 that scripts understand: never a page in disguise.
5. With one, a WebSocket must come from our own origin (RFC 6455 10.2), and a service worker
   is refused: it would live in the origin of the sign-in page.
6. The app.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.rules.http1 import Field, RequestHead
from gateway.rules.public import PublicOrigin

OWN_PREFIX = b"/.gateway/"
HEALTH = b"/.gateway/health"

NAVIGATION_METHODS = frozenset((b"GET", b"HEAD", b"POST"))
"""A browser navigates by these alone (HTML, "navigate" and form submission)."""


class Decision(enum.Enum):
    """What becomes of a request."""

    APP = "app"
    OURS = "ours"
    SIGN_IN_PAGE = "sign-in page"
    SIGN_IN_REQUIRED = "sign-in required"
    MISDIRECTED = "misdirected"
    FORBIDDEN = "forbidden"
    REDIRECT = "redirect to https"
    TOO_MANY = "too many requests"
    CROWDED = "crowded"
    """These two by `admission`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A decision and the sentence that explains it to an administrator."""

    decision: Decision
    reason: str


_HEALTH = Ruling(decision=Decision.OURS, reason="the health address is open to all")
_OURS = Ruling(decision=Decision.OURS, reason="a page of the gateway itself")
_APP = Ruling(decision=Decision.APP, reason="signed in")
_PAGE = Ruling(decision=Decision.SIGN_IN_PAGE, reason="not signed in; a navigation")
_JSON = Ruling(decision=Decision.SIGN_IN_REQUIRED, reason="not signed in; not a navigation")
_HOST = Ruling(decision=Decision.MISDIRECTED, reason="Host is not the gateway's public name")
_SOCKET = Ruling(decision=Decision.FORBIDDEN, reason="a WebSocket from a foreign origin")
_WORKER = Ruling(
    decision=Decision.FORBIDDEN, reason="a service worker would share the sign-in page's origin"
)

_HTTPS = Ruling(decision=Decision.REDIRECT, reason="http is there to lead to https")
_CLEAR = Ruling(decision=Decision.FORBIDDEN, reason="a body over http already went in clear")


def lead_to_https(head: RequestHead, *, is_signed_in: bool) -> Ruling:
    """
    Rule for the http listener beside https: nothing but the way to the same address.

    GET and HEAD only: what another method carried was readable on its way, and its sender
    should learn of it.
    """
    del is_signed_in
    return _HTTPS if head.method in (b"GET", b"HEAD") else _CLEAR


def decide(head: RequestHead, *, is_signed_in: bool, public: PublicOrigin) -> Ruling:
    """Apply the rules above to one request."""
    if head.target == HEALTH:
        return _HEALTH
    if not _is_for_us(head, public):
        return _HOST
    if head.target.startswith(OWN_PREFIX):
        return _OURS
    if not is_signed_in:
        return _PAGE if is_navigation(head.method, head.block.fields) else _JSON
    return _app_ruling(head, public)


def is_navigation(method: bytes, fields: Iterable[Field]) -> bool:
    """
    Whether a person's browser is going to show the answer as a page.

    `Sec-Fetch-Mode` says so where there is one (W3C Fetch Metadata 2.3). Without it, an
    X-Requested-With, or an Accept that does not name text/html, means a script.
    """
    if method not in NAVIGATION_METHODS:
        return False
    given = {name.lower(): value for name, value in fields}
    mode = given.get(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    return b"x-requested-with" not in given and b"text/html" in given.get(b"accept", b"").lower()


def _is_for_us(head: RequestHead, public: PublicOrigin) -> bool:
    host = head.block.host
    return host in public.hosts if host else head.minor == 0


def _app_ruling(head: RequestHead, public: PublicOrigin) -> Ruling:
    block = head.block
    if block.is_for_service_worker:
        return _WORKER
    if block.upgrade and head.is_websocket:
        own = public.origin.encode("ascii")
        if any(value != own for value in block.origins):
            return _SOCKET
    return _APP
