"""
The browser's side: one Protocol per connection, HTTP/1.1 framed by `rules.http1`.

Theory of operation. A connection is in one of five states:

    HEAD       between requests, or in the middle of a request's head
    EXCHANGE   one request is being carried, by the app or by our own pages
    TUNNEL     the app answered 101: bytes pass as they are
    LINGER     all is said, but the browser is still sending: read, throw away, then close
    CLOSED     closing or closed; whatever comes is thrown away

One request at a time; what follows it in the pipe waits in the buffer. `rules.access` decides
before a single byte leaves for the app. Whatever is doubtful in the framing is answered with
a 4xx and the connection is closed, because nobody can tell where the next request begins.

Each state has a deadline that a slow drip cannot stretch: see `deadlines`.
"""

from __future__ import annotations

import math

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.proxy.bodies import BodyReader, reader
from gateway.proxy.deadlines import (
    BODY_GRACE_S,
    BODY_LEAST_BYTES_PER_S,
    CLOSE_S,
    HALF_CLOSED_S,
    HEADER_S,
    KEEP_ALIVE_S,
    LINGER_S,
)
from gateway.proxy.plane import Exchange, Plane
from gateway.proxy.punctual import Punctual, State
from gateway.rules.headers import forwarding
from gateway.rules.http1 import (
    HEAD_LIMIT_BYTES,
    BadMessageError,
    BodyKind,
    RequestHead,
    parse_request,
    skip_leading_crlf,
)

LINGER_BYTES = 64 * 1024 * 1024
"""What is still read after an early answer."""

NOTHING: list[bytes] = []

PIPELINE_BYTES = 64 * 1024
"""What may wait behind the request that is being carried."""


@implementer(IHalfCloseableProtocol)
class Front(Punctual):
    """One connection of a browser."""

    log = Logger()

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self.peer = ""
        self.forwarding = b""
        self._body: BodyReader | None = None
        self._may_skip = True
        self._is_counted = self._is_known = False
        self._is_paused = False
        self._lingered = 0

    def connectionMade(self) -> None:
        """A browser connected."""
        self.peer = getattr(self.transport.getPeer(), "host", "")
        self._is_counted = self.plane.crowd.enter(self.peer)
        if not self._is_counted:
            self.state = State.CLOSED
            self.transport.abortConnection()
            return
        public = self.plane.public
        self.forwarding = forwarding(
            client=self.peer, scheme=public.scheme, authority=public.authority
        )
        self.transport.setTcpNoDelay(True)
        self.plane.deadlines.watch(self)
        self._expect(HEADER_S)

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the browser."""
        if self.state is State.HEAD:
            if self._buffer:
                self._read_heads(self._buffer + data)
            elif not self._recognise(data):
                self._read_heads(data)
        elif self.state is State.EXCHANGE:
            self._read_body(data)
        elif self.state is State.TUNNEL and self._exchange is not None:
            self._exchange.tunnel(data)
        elif self.state is State.LINGER:
            self._linger(data)

    # Heads

    def _recognise(self, data: bytes) -> bool:
        """Carry a whole request at once that is like one before it; False = read it."""
        recognised = self.plane.recognise(self, data)
        if recognised is None:
            return False
        self._is_between = False
        self.state = State.EXCHANGE
        self.session, self._exchange = recognised
        recognised[1].begin(NOTHING, is_last=True)
        return True

    def _read_heads(self, data: bytes) -> None:
        if self._may_skip:
            self._may_skip = data == b"\r"
            data = skip_leading_crlf(data)
        end = data.find(b"\r\n\r\n")
        if end < 0 and len(data) <= HEAD_LIMIT_BYTES:
            self._wait_for_head(data)
            return
        self._buffer, self._is_between = b"", False
        try:
            # Without an end in sight it is beyond the limit, and is refused as such.
            head = parse_request(data[:end] if end >= 0 else data, self.plane.parse_block)
        except BadMessageError as refusal:
            self._refuse(refusal)
            return
        self._start(head, data[end + 4 :])

    def _wait_for_head(self, data: bytes) -> None:
        if self._is_half_closed:
            self.close()  # there will be no more of it
            return
        self._buffer = data
        if self._is_between:
            self._is_between = False
            self._expect(HEADER_S)

    def _refuse(self, refusal: BadMessageError) -> None:
        self.log.debug("refused {peer}: {why}", peer=self.peer, why=refusal.why)
        self.transport.write(self.plane.failure(refusal.status, None, is_persistent=False))
        self.close()

    def _start(self, head: RequestHead, rest: bytes) -> None:
        framing = head.block.framing
        if framing.kind is BodyKind.NONE:
            self._buffer = rest
            self._carry(head, [], is_last=True)
            return
        body = reader(framing)
        try:
            pieces = body.feed(rest)
        except BadMessageError as refusal:
            self._refuse(refusal)
            return
        if not body.is_finished:
            self._body = body
            self._body_due = self.plane.deadlines.now() + BODY_GRACE_S
        self._buffer = body.rest
        self._carry(head, pieces, is_last=body.is_finished)

    def _carry(self, head: RequestHead, pieces: list[bytes], *, is_last: bool) -> None:
        self.state = State.EXCHANGE
        self.session, exchange = self.plane.receive(self, head)
        self._exchange = exchange
        exchange.begin(pieces, is_last=is_last)

    def known(self) -> None:
        """Somebody is signed in on this connection."""
        if not self._is_known:
            self._is_known = True
            self.plane.crowd.known(self.peer)

    # Bodies

    def _read_body(self, data: bytes) -> None:
        body, exchange = self._body, self._exchange
        if body is None or exchange is None:
            self._wait_in_line(data)
            return
        try:
            pieces = body.feed(data)
        except BadMessageError as refusal:
            self._break_off(exchange, refusal)
            return
        self._body_due += len(data) / BODY_LEAST_BYTES_PER_S
        if body.is_finished:
            self._body = None
            self._body_due = math.inf
            self._wait_in_line(body.rest)
        if pieces or body.is_finished:
            exchange.body(pieces, is_last=body.is_finished)

    def _break_off(self, exchange: Exchange, refusal: BadMessageError) -> None:
        """Give up on a body whose framing broke: the app must not take it for the whole."""
        self._body = self._exchange = None
        exchange.abandon()
        if exchange.has_answered:
            self.cut()
        else:
            self._refuse(refusal)

    def _wait_in_line(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > PIPELINE_BYTES:
            self.pause()

    def fail(self, status: int, head: RequestHead, *, is_persistent: bool) -> None:
        """Write a whole answer of the gateway's own."""
        self.transport.write(self.plane.failure(status, head, is_persistent=is_persistent))

    def pause(self) -> None:
        """Read no more until `resume`."""
        self._is_paused = True
        self.transport.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        self._is_paused = False
        self.transport.resumeProducing()

    @property
    def is_body_read(self) -> bool:
        """Whether the whole request has come."""
        return self._body is None

    # The end of an exchange

    def done(self, *, is_persistent: bool) -> None:
        """The answer is written. `is_persistent`: the browser was told that it may go on."""
        if self.state is State.CLOSED:
            return
        self._exchange = None
        if not is_persistent or not self.is_body_read:
            self.linger()
            return
        if self._is_half_closed:
            self.close()  # most likely nobody waits: what is in the pipe is not begun
            return
        self.state = State.HEAD
        self._is_between = self._may_skip = True
        self._expect(KEEP_ALIVE_S)
        if self._is_paused:
            self.resume()
        if self._buffer:
            # Not at once: a long pipe of small requests must neither recurse nor starve others.
            self.plane.later(self._next_in_line)

    def _next_in_line(self) -> None:
        if self.state is State.HEAD and self._buffer:
            data, self._buffer = self._buffer, b""
            self._read_heads(data)

    def tunnel(self) -> bytes:
        """From now on bytes pass as they are; what came early is returned."""
        self.state = State.TUNNEL
        early, self._buffer = self._buffer, b""
        if self._is_paused:
            self.resume()
        return early

    def linger(self) -> None:
        """All is said: close, but only after the browser has finished sending."""
        self._exchange = None
        if self._body is None:
            self.close()
            return
        self.state = State.LINGER
        self._expect(LINGER_S)
        if self._is_paused:
            self.resume()

    def _linger(self, data: bytes) -> None:
        self._lingered += len(data)
        body = self._body
        try:
            if body is not None:
                body.feed(data)
        except BadMessageError:
            body = None
        if body is None or body.is_finished or self._lingered > LINGER_BYTES:
            self._body = None
            self.close()

    def close(self) -> None:
        """
        Close once all is sent.

        In the clear only our half is closed first: a socket that is closed with bytes unread
        resets the connection, and the browser would lose the answer. TLS has its own goodbye.
        """
        self.state = State.CLOSED
        self._expect(CLOSE_S)
        if self._is_paused:
            self.resume()
        if self.plane.is_tls:
            self.transport.loseConnection()
        else:
            self.transport.loseWriteConnection()

    def cut(self) -> None:
        """Tear the connection down, so that nobody takes what came for the whole."""
        self._let_go()
        self.transport.abortConnection()

    def readConnectionLost(self) -> None:
        """
        The browser will send no more (RFC 9112 9.6).

        It has most likely gone. But some clients end their half behind the request, and wait:
        so in the clear an answer that begins soon is still theirs. TLS has no such halves.
        """
        self._is_half_closed = True
        if self.state is State.EXCHANGE and self.is_body_read and not self.plane.is_tls:
            self._expect_at_most(HALF_CLOSED_S)
        elif self.state is State.HEAD:
            self.close()
        else:
            self._let_go()
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our half is closed, as we wished."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The browser has gone."""
        if self._is_counted:
            self._is_counted = False
            self.plane.crowd.leave(self.peer, was_known=self._is_known)
        self.plane.deadlines.forget(self)
        self._let_go()

    def _let_go(self) -> None:
        exchange, self._exchange = self._exchange, None
        self.state = State.CLOSED
        if exchange is not None:
            exchange.abandon()
