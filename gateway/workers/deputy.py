"""
The worker's end of the line: what it is told it does, in the order in which it is told.

A worker that cannot be told of a sign-out any more must let nobody in. So when the line
breaks, or the main process has been silent for too long, every session is dead here at once,
and the process ends.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.protocols import amp
from twisted.python.failure import Failure

from gateway.rules.records import Person, TokenHash
from gateway.store.replica import Replica
from gateway.store.table import LiveSession, slices
from gateway.workers import words
from gateway.workers.pages import FarPage

REPORT_EVERY_S = 0.5
"""How often uses are told: by so much (and once more, on their way back) idle ages differ."""

SILENT_REPORTS = 20
"""The main process says something each second. One that is silent for ten could not end a
session either. Counted in reports, so that a worker that was stuck itself hears what it was
told meanwhile before it judges."""


class Duty(Protocol):
    """What the process does as it is told."""

    def connections(self) -> int:
        """How many connections browsers have to it."""
        ...

    async def serve(self) -> None:
        """Take connections from now on."""

    async def leave(self) -> None:
        """Let go of all connections, and end."""

    def lost(self, why: str) -> None:
        """The main process is gone: end at once."""


class Deputy(amp.AMP):
    """One line."""

    def __init__(self, replica: Replica, duty: Duty) -> None:
        super().__init__()
        self._replica = replica
        self._duty = duty
        self._silent_reports = 0
        self._is_leaving = False
        self._last_visit = 0
        self._visits: dict[int, FarPage] = {}

    def dataReceived(self, data: bytes) -> None:
        """The main process says something."""
        self._silent_reports = 0
        super().dataReceived(data)

    def report(self) -> None:
        """Tell what was used here; or end, if there is nobody to tell. Every REPORT_EVERY_S."""
        self._silent_reports += 1
        if self._silent_reports > SILENT_REPORTS:
            silence_s = SILENT_REPORTS * REPORT_EVERY_S
            self._end(f"nothing was heard of the main process for {silence_s:g} s")
            return
        for some in slices(self._replica.take_uses()):
            self.callRemote(words.NoteUses, packed=words.pack_uses(some))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The line is broken."""
        super().connectionLost(reason)
        self._end("the line to the main process broke")

    def _end(self, why: str) -> None:
        self._replica.end_all()
        if not self._is_leaving:
            self._is_leaving = True
            self._duty.lost(why)

    # Sessions

    @words.Open.responder
    def open(self, sessions: list[LiveSession]) -> dict[str, object]:
        """Let these in."""
        self._replica.take(sessions)
        return {}

    @words.End.responder
    def end(self, token_hashes: list[TokenHash]) -> dict[str, object]:
        """These are dead."""
        self._replica.end(token_hashes)
        return {}

    @words.Renew.responder
    def renew(self, old: list[TokenHash], sessions: list[LiveSession]) -> dict[str, object]:
        """Each of these lives on under another token."""
        for token_hash, live in zip(old, sessions, strict=True):
            self._replica.renew(token_hash, live)
        return {}

    @words.ChangePeople.responder
    def change_people(self, people: list[Person]) -> dict[str, object]:
        """These people have changed."""
        self._replica.change_people(people)
        return {}

    @words.NoteUses.responder
    def note_uses(self, packed: bytes) -> dict[str, object]:
        """These were used elsewhere."""
        self._replica.note_uses(words.unpack_uses(packed))
        return {}

    # Life

    @words.Serve.responder
    def serve(self) -> Deferred[dict[str, object]]:
        """Take connections."""
        return _answered(Deferred.fromCoroutine(self._duty.serve()))

    @words.Ping.responder
    def ping(self) -> dict[str, object]:
        """Say that all is well."""
        return {"connections": self._duty.connections()}

    @words.Leave.responder
    def leave(self) -> Deferred[dict[str, object]]:
        """End in good order."""
        self._is_leaving = True
        self.report()
        return _answered(Deferred.fromCoroutine(self._duty.leave()))

    # Pages: what our exchanges say

    def ask(self, page: FarPage, pieces: list[bytes], *, is_last: bool) -> int:
        """See `pages.Asking`."""
        self._last_visit += 1
        visit = self._last_visit
        self._visits[visit] = page
        head = page.head
        lines = [b"%b %b HTTP/1.%d" % (head.method, head.target, head.minor)]
        lines += map(b": ".join, head.block.fields)
        self.callRemote(
            words.Ask,
            visit=visit,
            address=page.address,
            in_place=page.in_place,
            need=page.need,
            head=b"\r\n".join(lines),
            body=b"".join(pieces),
            is_last=is_last,
        )
        return visit

    def send(self, visit: int, pieces: list[bytes], *, is_last: bool) -> None:
        """See `pages.Asking`."""
        self.callRemote(words.Send, visit=visit, body=b"".join(pieces), is_last=is_last)

    def abandon(self, visit: int) -> None:
        """See `pages.Asking`."""
        if self._visits.pop(visit, None) is not None:
            self.callRemote(words.Abandon, visit=visit)

    # Pages: what the main process answers; a visit that is over here hears no more

    @words.Write.responder
    def write(self, visit: int, data: bytes) -> dict[str, object]:
        """Bytes for a browser."""
        if visit in self._visits:
            self._visits[visit].write(data)
        return {}

    @words.Fail.responder
    def fail(self, visit: int, status: int) -> dict[str, object]:
        """An answer of the gateway's own."""
        if visit in self._visits:
            self._visits[visit].fail(status)
        return {}

    @words.Done.responder
    def done(self, visit: int, is_persistent: bool) -> dict[str, object]:
        """The answer is written."""
        if visit in self._visits:
            self._visits.pop(visit).done(is_persistent=is_persistent)
        return {}

    @words.Cut.responder
    def cut(self, visit: int) -> dict[str, object]:
        """The answer broke off."""
        if visit in self._visits:
            self._visits.pop(visit).cut()
        return {}


def _answered(deferred: Deferred[None]) -> Deferred[dict[str, object]]:
    answered: Deferred[dict[str, object]] = deferred.addCallback(lambda _: {})
    return answered
