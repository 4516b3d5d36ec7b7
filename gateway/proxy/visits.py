"""
Looking whether a backend is well: on a connection of its own, with a deadline of its own.

Well is who takes the connection (and shows a good certificate); with `[[app]] health` who
answers that path with a status below 500.
"""

from __future__ import annotations

import re

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHandshakeListener, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.proxy.reach import Place, trouble_of
from gateway.proxy.wire import Wire

LINE_LIMIT_BYTES = 256
"""A status line is shorter; what is not is not HTTP."""

_status = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})[ \r\n]").match


def visit(place: Place, *, clock: IReactorTime, limit_s: float) -> Deferred[str]:
    """
    Look once; the result says what is wrong, "" if nothing.

    Cancelled, it leaves at once. It never fails otherwise.
    """
    return _Visit(place, clock, limit_s).begin()


class _Visit(Factory):
    noisy = False

    def __init__(self, place: Place, clock: IReactorTime, limit_s: float) -> None:
        self.place = place
        self._visitor: _Visitor | None = None
        self._result: Deferred[str] = Deferred(lambda _: self._stop())
        self._is_late = False
        self._is_over = False
        self._timer = clock.callLater(limit_s, self._give_up)

    def begin(self) -> Deferred[str]:
        self._connecting = self.place.endpoint.connect(self)
        self._connecting.addErrback(self.failed)
        return self._result

    def buildProtocol(self, addr: IAddress | None) -> _Visitor:
        self._visitor = _Visitor(self)
        return self._visitor

    def failed(self, failure: Failure) -> None:
        self.ended()
        if self._is_late:
            failure = Failure(error.TimeoutError())
        if not self._is_over:
            self.found(trouble_of(failure, self.place.trust).why)

    def found(self, why: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._result.callback(why)

    def ended(self) -> None:
        """Nothing of the visit is left."""
        if self._timer.active():
            self._timer.cancel()

    def _give_up(self) -> None:
        self._is_late = True
        self._leave()

    def _stop(self) -> None:
        self._is_over = True
        self.ended()
        self._leave()

    def _leave(self) -> None:
        self._connecting.cancel()
        if self._visitor is not None:
            self._visitor.transport.abortConnection()


@implementer(IHandshakeListener)
class _Visitor(Protocol):
    transport: Wire  # type: ignore[assignment]  # Twisted says ITransport and means more

    def __init__(self, purpose: _Visit) -> None:
        self._visit = purpose
        self._line = b""

    def connectionMade(self) -> None:
        if self._visit.place.trust is None:
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        if self._visit.place.probe:
            self.transport.write(self._visit.place.probe)
        else:
            self._leave("")

    def dataReceived(self, data: bytes) -> None:
        self._line += data[:LINE_LIMIT_BYTES]
        if b"\n" in self._line or len(self._line) >= LINE_LIMIT_BYTES:
            self._leave(_judged(self._line))

    def _leave(self, why: str) -> None:
        self._visit.found(why)
        # The timer runs on: it is what ends a connection whose other end does not let go.
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._visit.failed(reason)


def _judged(line: bytes) -> str:
    match = _status(line)
    if match is None:
        return "what it answers is not HTTP"
    return "" if int(match[1]) < 500 else f"it answers its health path with status {int(match[1])}"
