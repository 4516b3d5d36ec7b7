"""
The app's side: one Protocol per connection to the app.

A connection carries one request at a time. It goes back to the pool only when nothing
about it is in doubt: an HTTP/1.1 answer that was read to its exact end, the request sent
whole, nothing after it (facts: pool poisoning). Any byte while it is idle ends it.
"""

from __future__ import annotations

import enum
from typing import Protocol as Interface

from twisted.internet import error
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.proxy.bodies import BodyReader, reader
from gateway.proxy.wire import Wire
from gateway.rules.http1 import (
    HEAD_LIMIT_BYTES,
    BadMessageError,
    BodyKind,
)
from gateway.rules.response import ResponseHead, parse_response


class Fault(enum.Enum):
    """How the app failed us."""

    REFUSED = "the app refused the connection"
    UNREACHABLE = "the app did not take the connection in time"
    GARBLED = "the app's answer is not HTTP"
    CUT = "the app broke off"
    UNTRUSTED = "the app's certificate is not to be trusted"
    BUSY = "the app has as many requests as it may have"


class Exchange(Interface):
    """What a connection to the app tells the request that it carries."""

    def connected(self, back: Back) -> None:
        """The connection is there: send."""

    def informed(self, head: ResponseHead) -> None:
        """An interim answer came, such as 103."""

    def answered(self, head: ResponseHead) -> None:
        """The final answer's head came; `pieces` follows at once."""

    def pieces(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Some of the answer's body came."""

    def whole(self, head: ResponseHead, body: bytes) -> None:
        """The final answer came all at once, with a body of declared length; the end."""

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """The app speaks another protocol now (101)."""

    def tunnelled(self, data: bytes) -> None:
        """Bytes of that protocol came."""

    def failed(self, fault: Fault, *, got_nothing: bool) -> None:
        """There will be no answer, or no more of it."""


class Home(Interface):
    """Where a connection belongs: the pool's account of one backend."""

    authority: bytes
    """What Host says to this backend where the app is to see its own name."""

    def keep(self, back: Back) -> None:
        """Take a connection back: it is good for another request."""

    def forget(self, back: Back) -> None:
        """The connection is closing or closed; said once at least, perhaps twice."""

    def answered(self, back: Back, status: int) -> None:
        """A final answer's head came (also 101): for passive health."""

    def failed(self, back: Back, fault: Fault) -> None:
        """The backend broke off or talked nonsense in the midst of a request."""


class Back(Protocol):
    """One connection to the app."""

    transport: Wire  # type: ignore[assignment]  # Twisted says ITransport and means more

    def __init__(self, home: Home, exchange: Exchange) -> None:
        self.home = home
        self._exchange: Exchange | None = exchange
        self._method = b""
        self._may_switch = False
        self._buffer = b""
        self._head: ResponseHead | None = None
        self._body: BodyReader | None = None
        self._has_heard = False
        self._is_tunnel = False
        self._is_closed = False
        self.uses = 0
        self.idle_since = 0.0

    def connectionMade(self) -> None:
        """Hand over to the request that waits."""
        self.transport.setTcpNoDelay(True)
        if self._exchange is None:
            self.transport.abortConnection()
        else:
            self._exchange.connected(self)

    def carry(self, exchange: Exchange, *, method: bytes, may_switch: bool) -> None:
        """Expect the answer to one request; its bytes are the caller's to write."""
        self._exchange = exchange
        self._method = method
        self._may_switch = may_switch
        self._head = self._body = None
        self._buffer = b""
        self._has_heard = False
        self.uses += 1

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the app."""
        exchange = self._exchange
        self._has_heard = True
        if exchange is None:
            self._close()
        elif self._is_tunnel:
            exchange.tunnelled(data)
        elif self._body is not None:
            self._read_body(exchange, data)
        else:
            self._read_heads(exchange, self._buffer + data if self._buffer else data)

    def _read_heads(self, exchange: Exchange, data: bytes) -> None:
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0 and len(data) <= HEAD_LIMIT_BYTES:
                self._buffer = data
                return
            try:
                head = parse_response(data[: max(end, 0)], method=self._method)
            except BadMessageError:
                self._fail(Fault.GARBLED)
                return
            data = data[end + 4 :]
            if head.status >= 200 or head.status == 101:
                break
            exchange.informed(head)
        self._buffer = b""
        self._take_head(exchange, head, data)

    def _take_head(self, exchange: Exchange, head: ResponseHead, rest: bytes) -> None:
        self._head = head
        self.home.answered(self, head.status)
        if head.status == 101:
            if not self._may_switch or head.upgrade != b"websocket":
                self._fail(Fault.GARBLED)
                return
            self._is_tunnel = True
            exchange.switched(head, rest)
            return
        framing = head.framing
        if framing.kind is BodyKind.LENGTH and framing.length == len(rest):
            self._exchange = None
            if not head.is_persistent:
                self.retire()
            exchange.whole(head, rest)
            return
        exchange.answered(head)
        self._body = reader(framing)
        # Even without a piece: an event stream's head must not wait for its first event.
        self._read_body(exchange, rest, is_first=True)

    def _read_body(self, exchange: Exchange, data: bytes, *, is_first: bool = False) -> None:
        body = self._body
        if body is None or self._exchange is not exchange:
            return
        try:
            pieces = body.feed(data)
        except BadMessageError:
            self._fail(Fault.CUT)
            return
        if body.is_finished:
            self._finish(exchange, pieces, is_clean=not body.rest)
        elif pieces or is_first:
            exchange.pieces(pieces, is_last=False)

    def _finish(self, exchange: Exchange, pieces: list[bytes], *, is_clean: bool) -> None:
        head, self._exchange = self._head, None
        if not is_clean:
            self._close()
        elif head is None or not head.is_persistent:
            self.retire()
        exchange.pieces(pieces, is_last=True)

    def release(self, *, is_sent: bool, was_slowed: bool) -> None:
        """
        The request is over: keep the connection, if it may serve another.

        Args:
            is_sent: whether the whole request went out on it.
            was_slowed: whether the browser may have made it pause.
        """
        self._exchange = None
        if self._is_closed:
            return
        if not is_sent:
            self._close()
            return
        if was_slowed:
            # What is paused never sees the app close.
            self.transport.resumeProducing()
        self.home.keep(self)

    def drop(self) -> None:
        """Nobody waits for the answer any more: the app may stop working on it."""
        self._close()

    def retire(self) -> None:
        """Nothing is wrong, but the connection is not needed any more."""
        self._leave()
        self.transport.loseConnection()

    def _close(self) -> None:
        if not self._is_closed:
            self._leave()
            self.transport.abortConnection()

    def _leave(self) -> None:
        self._exchange = None
        self._is_closed = True
        self.home.forget(self)

    def _fail(self, fault: Fault, *, got_nothing: bool = False) -> None:
        exchange, self._exchange = self._exchange, None
        self._close()
        if exchange is not None:
            self.home.failed(self, fault)
            exchange.failed(fault, got_nothing=got_nothing)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The app has gone; that is the proper end of some answers."""
        self._is_closed = True
        self.home.forget(self)
        exchange, head = self._exchange, self._head
        ends_so = head is not None and head.framing.kind is BodyKind.UNTIL_CLOSE
        if exchange is not None and ends_so and reason.check(error.ConnectionDone):
            self._exchange = None
            exchange.pieces([], is_last=True)
        else:
            self._fail(Fault.CUT, got_nothing=not self._has_heard)
