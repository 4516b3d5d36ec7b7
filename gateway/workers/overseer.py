"""
The main process's end of the line to one worker.

It tells the worker what opens and ends, and answers for our own pages. Whoever tells by
`tell` can wait until the worker knows: so nobody is shown "you are signed out" before every
worker refuses the old cookie, nor sent on by a sign-in page before every worker lets him in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

from gateway.rules.entries import Require
from gateway.rules.http1 import BadMessageError, RequestHead, parse_request
from gateway.store.live import LiveSessions
from gateway.store.table import slices
from gateway.workers import words
from gateway.workers.pages import Exchange, FarBrowser, FarPlane

PAGE_SESSIONS = 200
"""In one message of the table: some 60 KB, and a millisecond's work on either side."""

TELL_LIMIT_S = 1.0
"""How long a sign-in or sign-out waits for a worker that does not say that it knows."""


ToExchange = Callable[[Any, RequestHead], Exchange]
"""Who answers for our own pages: an exchange for one request of a browser."""

ToStepUp = Callable[[Any, RequestHead, Require], Exchange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What all workers ask of the main process."""

    clock: IReactorTime
    sessions: LiveSessions
    plane: FarPlane
    to_site: ToExchange
    """What begins with our prefix."""
    to_sign_in: ToExchange
    """The sign-in page in the place of the app's."""
    to_step_up: ToStepUp
    """The page for those who are to be verified anew, in the place of the app's."""


class Overseer(amp.AMP):
    """One line."""

    log = Logger()

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.on_lost: Callable[[], None] = lambda: None
        self.relay: Callable[[bytes], None] = lambda _: None
        self._office = office
        self._is_told = False
        self._visits: dict[int, tuple[FarBrowser, Exchange]] = {}

    # Telling the worker

    async def brief(self) -> None:
        """Tell the whole table, a page at a time; what happens meanwhile follows in order."""
        sessions = self._office.sessions
        known = sessions.open_now()
        self._is_told = True
        for some in slices(known, PAGE_SESSIONS):
            await self.callRemote(words.Open, sessions=sessions.those(some))

    def tell(self, command: type[words.Command], **said: object) -> Deferred[None]:
        """Fires once the worker has heard, or has not said so for too long; never fails."""
        told: Deferred[None] = Deferred()
        if not self._is_told:
            told.callback(None)
            return told
        answer = self.callRemote(command, **said)
        answer.addTimeout(TELL_LIMIT_S, self._office.clock)
        answer.addBoth(lambda _: told.callback(None))  # pings find out what is wrong with it
        return told

    def pass_on(self, packed: bytes) -> None:
        """Tell of uses in another worker."""
        if self._is_told:
            self.callRemote(words.NoteUses, packed=packed)

    # What the worker tells

    @words.NoteUses.responder
    def note_uses(self, packed: bytes) -> dict[str, object]:
        """Sessions were used there."""
        self._office.sessions.note_uses(words.unpack_uses(packed))
        self.relay(packed)
        return {}

    @words.Ask.responder
    def ask(
        self,
        visit: int,
        address: str,
        in_place: bool,
        need: str,
        head: bytes,
        body: bytes,
        is_last: bool,
    ) -> dict[str, object]:
        """A browser there wants a page of ours."""
        office = self._office
        browser = FarBrowser(visit, address, self._say, office.plane, is_body_read=is_last)
        try:
            request = parse_request(head)
        except BadMessageError:  # the worker has parsed it: this cannot be
            self.log.failure("a worker sent what is no request")
            browser.cut()
            return {}
        if need:
            exchange = office.to_step_up(browser, request, Require(need))
        else:
            to_exchange = office.to_sign_in if in_place else office.to_site
            exchange = to_exchange(browser, request)
        self._visits[visit] = browser, exchange
        exchange.begin([body] if body else [], is_last=is_last)
        return {}

    @words.Send.responder
    def send(self, visit: int, body: bytes, is_last: bool) -> dict[str, object]:
        """More of a request's body; a visit that is over wants none."""
        if visit in self._visits:
            browser, exchange = self._visits[visit]
            browser.is_body_read = is_last
            exchange.body([body] if body else [], is_last=is_last)
        return {}

    @words.Abandon.responder
    def abandon(self, visit: int) -> dict[str, object]:
        """A browser there has gone."""
        if visit in self._visits:
            _, exchange = self._visits.pop(visit)
            exchange.abandon()
        return {}

    def _say(self, command: type[words.Command], **said: Any) -> None:
        if command in (words.Done, words.Cut):
            self._visits.pop(said["visit"], None)
        self.callRemote(command, **said)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The worker has gone, or must go."""
        self._is_told = False
        visits, self._visits = self._visits, {}
        for _, exchange in visits.values():
            exchange.abandon()
        super().connectionLost(reason)
        self.on_lost()
