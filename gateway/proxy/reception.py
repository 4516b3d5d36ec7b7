"""
What becomes of a request that has just been read: whose it is, and who carries it.

Every request passes here, so nothing here waits, and each look-up is in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.proxy.crowd import Crowd
from gateway.proxy.plane import Exchange
from gateway.rules.access import Decision, Ruling
from gateway.rules.http1 import RequestHead
from gateway.rules.tokens import decode
from gateway.store.table import LiveSession, SessionTable

if TYPE_CHECKING:
    from gateway.proxy.front import Front


class Decide(Protocol):
    """The rule of a listener: one of `rules.access`."""

    def __call__(self, head: RequestHead, *, is_signed_in: bool) -> Ruling:
        """What becomes of this request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Receives the requests of one listener."""

    sessions: SessionTable
    session_cookie: bytes
    crowd: Crowd
    decide: Decide
    to_app: Callable[[Front, RequestHead], Exchange]
    to_site: Callable[[Front, RequestHead], Exchange]
    to_sign_in: Callable[[Front, RequestHead], Exchange]
    to_refusal: Callable[[Front, RequestHead, Decision], Exchange]

    def __call__(self, front: Front, head: RequestHead) -> tuple[LiveSession | None, Exchange]:
        """Who carries the request, and the session that lets it pass to the app."""
        session = self._find_session(head)
        if session is None:
            return None, self._receive_stranger(front, head)
        front.known()
        decision = self.decide(head, is_signed_in=True).decision
        if decision is Decision.APP:
            return session, self.to_app(front, head)
        return None, self._exchange_for(front, head, decision)

    def _find_session(self, head: RequestHead) -> LiveSession | None:
        spelled = head.block.cookies.one(self.session_cookie)
        token = decode(spelled) if spelled else None
        return self.sessions.find(token) if token else None

    def _receive_stranger(self, front: Front, head: RequestHead) -> Exchange:
        """Who is not signed in waits where there is a crowd."""
        if self.crowd.is_crowded:
            return self.to_refusal(front, head, Decision.CROWDED)
        if self.crowd.wait_s(front.peer) > 0:
            return self.to_refusal(front, head, Decision.TOO_MANY)
        return self._exchange_for(front, head, self.decide(head, is_signed_in=False).decision)

    def _exchange_for(self, front: Front, head: RequestHead, decision: Decision) -> Exchange:
        """Everything but the app: to whom that is open is said in one place, above."""
        if decision is Decision.OURS:
            return self.to_site(front, head)
        if decision is Decision.SIGN_IN_PAGE:
            return self.to_sign_in(front, head)
        return self.to_refusal(front, head, decision)
