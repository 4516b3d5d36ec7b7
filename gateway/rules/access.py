"""
Who may go where: the one place that decides what becomes of a request.

Rules, in this order; the first that fits wins.

1. `/.gateway/health`, spelled exactly so, answers whoever asks under whatever Host.
2. A Host that is not our public name is misdirected (RFC 9110 15.5.20). HTTP/1.0 may leave
   it out; Host decides nothing else.
3. What begins with the exact bytes `/.gateway/` is ours and never reaches the app; so do the
   two well-known addresses that WebAuthn asks for, by GET or HEAD. Any other spelling
   (`//.gateway/`, `/%2egateway/`) is a path of the app like each other path.
4. Where the configuration has `[[access]]`, its entries say who may pass (`policy`). Whoever
   is signed in, but must be verified again, gets a page for that in place, or a 401.
5. Everything else needs a session. Without one a navigation gets the sign-in page in place,
   and anything else a 401 that scripts understand: never a page in disguise.
6. Who may pass: a WebSocket must come from our own origin (RFC 6455 10.2), and a service
   worker is refused: it would live in the origin of the sign-in page.
7. The app. Where an entry opens it to all, that is so without a session, too.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol, TypeVar

from gateway.rules.entries import Finding, Require, Standing, Verdict
from gateway.rules.http1 import Field, RequestHead
from gateway.rules.policy import Policy
from gateway.rules.public import PublicOrigin

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)

OWN_PREFIX = b"/.gateway/"
HEALTH = b"/.gateway/health"
WELL_KNOWN = frozenset((b"/.well-known/passkey-endpoints", b"/.well-known/webauthn"))
"""Passkey endpoints (W3C) and related origins (WebAuthn 5.11): about the RP ID, which is ours."""

NAVIGATION_METHODS = frozenset((b"GET", b"HEAD", b"POST"))
"""A browser navigates by these alone (HTML, "navigate" and form submission)."""


class Decision(enum.Enum):
    """What becomes of a request."""

    APP = "app"
    OURS = "ours"
    SIGN_IN_PAGE = "sign-in page"
    SIGN_IN_REQUIRED = "sign-in required"
    STEP_UP_PAGE = "verification page"
    STEP_UP_REQUIRED = "verification required"
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
    rule: str = "built in"
    """Number and text of the entry that decided, where it was one."""
    require: Require | None = None
    """What that entry asks for: a step-up's page says which passkey will do."""


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


def lead_to_https(head: RequestHead, *, session: object, peer: str) -> Ruling:
    """
    Rule for the http listener beside https: nothing but the way to the same address.

    GET and HEAD only: what another method carried was readable on its way, and its sender
    should learn of it.
    """
    del session, peer
    return _HTTPS if head.method in (b"GET", b"HEAD") else _CLEAR


def decide(head: RequestHead, *, is_signed_in: bool, public: PublicOrigin) -> Ruling:
    """Apply the rules above to one request, where the configuration has no `[[access]]`."""
    never = _never_for_app(head, public)
    if never is not None:
        return never
    if not is_signed_in:
        return _PAGE if is_navigation(head.method, head.block.fields) else _JSON
    return _refused_to_all(head, public) or _APP


class Decide(Protocol[S_contra]):
    """The rule of a listener."""

    def __call__(self, head: RequestHead, *, session: S_contra | None, peer: str) -> Ruling:
        """
        What becomes of this request.

        Args:
            head: the request.
            session: whatever stands for somebody who is signed in; None for a stranger.
            peer: the browser's address.
        """
        ...


def rule_of(
    policy: Policy, *, public: PublicOrigin, standing_of: Callable[[S], Standing]
) -> Decide[S]:
    """
    The rules above, ready to be applied to each request.

    Args:
        policy: what the configuration says; where it says nothing, nothing is asked of it.
        public: our name.
        standing_of: who somebody is; called only if an entry is about the request.
    """

    def without_policy(head: RequestHead, *, session: S | None, peer: str) -> Ruling:
        del peer
        return decide(head, is_signed_in=session is not None, public=public)

    def by_policy(head: RequestHead, *, session: S | None, peer: str) -> Ruling:
        never = _never_for_app(head, public)
        if never is not None:
            return never
        standing = None if session is None else partial(standing_of, session)
        finding = policy.judge(head, peer=peer, standing=standing)
        if finding.verdict is Verdict.OPEN:
            return _refused_to_all(head, public) or _ruling(finding, is_page=False)
        is_page = finding.verdict is not Verdict.DENY and is_navigation(
            head.method, head.block.fields
        )
        return _ruling(finding, is_page=is_page)

    return by_policy if policy else without_policy


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


def _never_for_app(head: RequestHead, public: PublicOrigin) -> Ruling | None:
    """The ruling on a request that is not for the app, whoever sent it."""
    target = head.target
    is_dotted = target.startswith(b"/.")  # as all of ours are, and hardly any of an app's
    if is_dotted and target == HEALTH:
        return _HEALTH
    if not _is_for_us(head, public):
        return _HOST
    if not is_dotted:
        return None
    is_asked = target in WELL_KNOWN and head.method in (b"GET", b"HEAD")
    return _OURS if is_asked or target.startswith(OWN_PREFIX) else None


def _refused_to_all(head: RequestHead, public: PublicOrigin) -> Ruling | None:
    """The ruling on what the app is never asked, whoever sent it."""
    block = head.block
    if block.is_for_service_worker:
        return _WORKER
    if block.upgrade and head.is_websocket:
        own = public.origin.encode("ascii")
        if any(value != own for value in block.origins):
            return _SOCKET
    return None


_DECISIONS = {
    Verdict.OPEN: (Decision.APP, Decision.APP),
    Verdict.SIGN_IN: (Decision.SIGN_IN_REQUIRED, Decision.SIGN_IN_PAGE),
    Verdict.STEP_UP: (Decision.STEP_UP_REQUIRED, Decision.STEP_UP_PAGE),
    Verdict.DENY: (Decision.FORBIDDEN, Decision.FORBIDDEN),
}


@lru_cache(maxsize=4096)
def _ruling(finding: Finding, *, is_page: bool) -> Ruling:
    """A finding of the policy as a ruling; for a script, or for a page."""
    return Ruling(
        decision=_DECISIONS[finding.verdict][is_page],
        reason=finding.reason,
        rule=finding.rule,
        require=finding.entry.require if finding.entry else None,
    )
