"""
Letters that are on their way: tried again for an hour, in memory.

`post` returns at once and never fails: whoever did something is not kept waiting by a mail
server. A letter that a server refuses for good (5yz) is given up; any other trouble is tried
again after a growing while. What becomes of each letter is in the log. A restart forgets what
waits: an outbox on the disk that keeps letters for a day has the same `post` (issue 7).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gateway.mail.letter import Letter, MailError

RETRY_AFTER_S = (15.0, 45.0, 120.0, 300.0, 600.0, 1200.0, 1320.0)
"""An hour in all: over a restart of the mail server, and greylisting (RFC 6647: minutes)."""

AT_ONCE = 2
"""Connections: one slow server must not hold up everything, and servers count connections."""

LETTERS_LIMIT = 1000
"""Letters that wait: some 3 KB each. More in an hour is not people but an accident."""

FAREWELL_S = 5.0
"""At the end of the service, for letters that are under way; its stop may take 30 s in all."""


class Outbox:
    """Posts letters, two at a time, and tries again."""

    log = Logger()

    def __init__(
        self, deliver: Callable[[Letter], Awaitable[None]], *, clock: IReactorTime
    ) -> None:
        self._deliver = deliver
        self._clock = clock
        self._ready: deque[tuple[Letter, int]] = deque()
        self._later: set[Any] = set()
        self._under_way: set[Deferred[None]] = set()
        self._quiet: Deferred[None] | None = None
        self._is_closing = False

    def post(self, letter: Letter) -> None:
        """Send it, now or a little later."""
        if self._is_closing or self.waiting >= LETTERS_LIMIT:
            self._lost(letter, "the outbox is full or closed")
            return
        self._ready.append((letter, 0))
        self._go_on()

    @property
    def waiting(self) -> int:
        """How many letters are not with the mail server yet."""
        return len(self._ready) + len(self._later) + len(self._under_way)

    async def close(self) -> None:
        """Finish what is under way, for a few seconds; the rest is lost, and the log says so."""
        self._is_closing = True
        lost = len(self._later)
        for call in self._later:
            call.cancel()
        self._later.clear()
        if self._ready or self._under_way:
            self._quiet = Deferred()
            limit = self._clock.callLater(FAREWELL_S, self._stop)
            await self._quiet
            if limit.active():
                limit.cancel()
        if lost:
            self.log.error("{count} letters were not sent", count=lost, event="mail.lost")

    def _stop(self) -> None:
        for letter, _ in self._ready:
            self._lost(letter, "the service ends")
        self._ready.clear()
        for attempt in list(self._under_way):
            attempt.cancel()

    def _go_on(self) -> None:
        while self._ready and len(self._under_way) < AT_ONCE:
            letter, tries = self._ready.popleft()
            attempt = Deferred.fromCoroutine(self._attempt(letter, tries))
            if not attempt.called:
                self._under_way.add(attempt)
                attempt.addCallback(self._attempt_is_over, attempt)
        if self._quiet is not None and not (self._ready or self._under_way):
            quiet, self._quiet = self._quiet, None
            quiet.callback(None)

    def _attempt_is_over(self, result: None, attempt: Deferred[None]) -> None:
        self._under_way.discard(attempt)
        self._go_on()
        return result

    async def _attempt(self, letter: Letter, tries: int) -> None:
        try:
            await self._deliver(letter)
        except MailError as error:
            self._not_taken(letter, tries, error)
        except CancelledError:
            self._lost(letter, "the service ends")
        except Exception:  # noqa: BLE001 - our own mistake: told, and no reason to fall silent
            self.log.failure("sending a letter of {kind}", kind=letter.kind, event="mail.failed")
        else:
            self.log.info(
                "a letter of {kind} to {user!r} is with the mail server",
                kind=letter.kind,
                user=letter.person,
                event="mail.sent",
            )

    def _not_taken(self, letter: Letter, tries: int, error: MailError) -> None:
        if error.is_final or tries >= len(RETRY_AFTER_S) or self._is_closing:
            self._lost(letter, str(error))
            return
        wait_s = RETRY_AFTER_S[tries]
        self._try_later(letter, tries + 1, wait_s)
        self.log.warn(
            "a letter of {kind} to {user!r} waits for {wait_s} s: {reason!r}",
            kind=letter.kind,
            user=letter.person,
            wait_s=wait_s,
            reason=str(error),
            event="mail.waits",
        )

    def _try_later(self, letter: Letter, tries: int, wait_s: float) -> None:
        def again() -> None:
            self._later.discard(call)
            self._ready.append((letter, tries))
            self._go_on()

        call = self._clock.callLater(wait_s, again)
        self._later.add(call)

    def _lost(self, letter: Letter, reason: str) -> None:
        self.log.error(
            "a letter of {kind} to {user!r} was not sent: {reason!r}",
            kind=letter.kind,
            user=letter.person,
            reason=reason,
            event="mail.lost",
        )
