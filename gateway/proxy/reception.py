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
from gateway.proxy.remembered import Remembered
from gateway.rules.access import Decide, Decision, Ruling
from gateway.rules.activity import Activity
from gateway.rules.entries import Require
from gateway.rules.headers import to_app
from gateway.rules.http1 import NO_BODY, FieldBlock, RequestHead, read_plain_line
from gateway.rules.locations import Names
from gateway.rules.tokens import decode
from gateway.store.table import LiveSession, SessionTable

if TYPE_CHECKING:
    from gateway.proxy.front import Front


USES_APART_S = 4.0
"""A session's last use is known to so many seconds: what comes sooner after it costs nothing.
But the beat of what writes is listened to each time."""


class ToApp(Protocol):
    """Makes what carries a request to the app."""

    def __call__(
        self, front: Front, head: RequestHead, /, *, lines: bytes | None = None
    ) -> Exchange:
        """`lines`: its field lines for the app, if they were made before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Receives the requests of one listener."""

    sessions: SessionTable
    session_cookie: bytes
    activity: Activity
    now: Callable[[], float]
    crowd: Crowd
    decide: Decide[LiveSession]
    remembered: Remembered
    names: Names
    to_app: ToApp
    to_site: Callable[[Front, RequestHead], Exchange]
    to_sign_in: Callable[[Front, RequestHead], Exchange]
    to_step_up: Callable[[Front, RequestHead, Require], Exchange]
    to_refusal: Callable[[Front, RequestHead, Decision], Exchange]

    def __call__(self, front: Front, head: RequestHead) -> tuple[LiveSession | None, Exchange]:
        """Who carries the request, and the session that lets it pass to the app."""
        spelled = head.block.cookies.one(self.session_cookie)
        token = decode(spelled) if spelled else None
        session = self.sessions.find(token, is_use=False) if token else None
        if session is None:
            return None, self._receive_stranger(front, head)
        front.known()
        self._note_use(session, head)
        ruling = self.decide(head, session=session, peer=front.peer)
        if ruling.decision is Decision.APP:
            return session, self.to_app(front, head, lines=self._learned(head.block, session))
        return None, self._exchange_for(front, head, ruling)

    def _note_use(self, session: LiveSession, head: RequestHead) -> None:
        """Let the session be used by what a person does, and not by what a page does alone."""
        now = self.now()
        if now - session.used < USES_APART_S and head.method in (b"GET", b"HEAD"):
            return
        if not self.activity.is_background(head, session.trail, now=now):
            self.sessions.note_use(session, now)

    def _learned(self, block: FieldBlock, session: LiveSession) -> bytes | None:
        """The lines for the app, kept for the next request, where nothing unusual is asked for."""
        if not _is_plain(block):
            return None
        lines = to_app(block, names=self.names)
        known = self.remembered.known(block.raw)
        if known is not None:
            known.lines, known.token_hash = lines, session.session.token_hash
        return lines

    def recognise(self, front: Front, data: bytes) -> tuple[LiveSession, Exchange] | None:
        """
        Who carries a request that came whole and with field lines that are known; else None.

        The long way, `__call__`, comes to the same: what is taken from memory is a pure function
        of the very same bytes. Session and rule are asked anew.
        """
        end = data.find(b"\r\n")
        known = self.remembered.known(data[end:-4])
        if known is None or known.token_hash is None or not data.endswith(b"\r\n\r\n"):
            return None
        line = read_plain_line(data[:end])
        if line is None:
            return None
        session = self.sessions.find_hashed(known.token_hash, is_use=False)
        if session is None:
            return None
        head = RequestHead(line[0], line[1], 1, known.block)
        if self.decide(head, session=session, peer=front.peer).decision is not Decision.APP:
            return None
        front.known()
        self._note_use(session, head)
        return session, self.to_app(front, head, lines=known.lines)

    def _receive_stranger(self, front: Front, head: RequestHead) -> Exchange:
        """Who is not signed in waits where there is a crowd."""
        if self.crowd.is_crowded:
            return self.to_refusal(front, head, Decision.CROWDED)
        if self.crowd.wait_s(front.peer) > 0:
            return self.to_refusal(front, head, Decision.TOO_MANY)
        ruling = self.decide(head, session=None, peer=front.peer)
        if ruling.decision is Decision.APP and ruling.require is Require.NONE:
            return self.to_app(front, head)
        return self._exchange_for(front, head, ruling)

    def _exchange_for(self, front: Front, head: RequestHead, ruling: Ruling) -> Exchange:
        """Everything but the app: to whom that is open is said above."""
        if ruling.decision is Decision.OURS:
            return self.to_site(front, head)
        if ruling.decision is Decision.SIGN_IN_PAGE:
            return self.to_sign_in(front, head)
        if ruling.decision is Decision.STEP_UP_PAGE:
            return self.to_step_up(front, head, ruling.require or Require.ANY)
        return self.to_refusal(front, head, ruling.decision)


def _is_plain(block: FieldBlock) -> bool:
    """Whether these lines have no body, no upgrade and no wish about the connection."""
    is_silent = not block.expects_continue and not block.upgrade
    return block.framing is NO_BODY and is_silent and b"close" not in block.nominated
