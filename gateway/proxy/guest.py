"""
The browser's side of an exchange where the request is one of twisted.web: `plane.Browser`.

`StoredGuest` is for an ordinary Site, which renders when the whole body lies in a file: the body
is sent on block by block, as fast as the app takes it, and the answer's way back waits for the
browser. `StreamedGuest` is for `streaming.StreamingSite`: all that concerns the connection is
the business of our own front. Both say the answer by a `Reply`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from twisted.web.server import Request

from gateway.proxy.deadlines import Deadlines
from gateway.proxy.plane import Browser, Exchange, Failure
from gateway.proxy.reply import Reply
from gateway.proxy.wire import Wire, unsent_bytes
from gateway.rules.headers import forwarding
from gateway.rules.http1 import Field, RequestHead
from gateway.rules.public import PublicOrigin

BLOCK_BYTES = 64 * 1024
"""What is read at once of a body that twisted.web has stored."""

DRAIN_S = 5.0
"""More for a slow browser that has taken some of what the kernel holds for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTerms:
    """What all guests of one app have in common."""

    public: PublicOrigin
    deadlines: Deadlines
    failure: Failure
    own_cookies: frozenset[bytes]


class Guest(ABC):
    """One request of twisted.web that an exchange carries, or that is refused."""

    def __init__(self, request: Request, terms: GuestTerms) -> None:
        self.request = request
        self.terms = terms
        public = terms.public
        self.peer: str = getattr(request.getClientAddress(), "host", "")
        self.forwarding = forwarding(
            client=self.peer, scheme=public.scheme, authority=public.authority
        )
        self._reply = Reply(self, own_cookies=terms.own_cookies)
        self.transport: Wire = self._reply

    def refuse(self, status: int, *, is_persistent: bool) -> None:
        """Answer in the app's stead a request that cannot or must not be carried."""
        self.fail(status, None, is_persistent=is_persistent)
        self.done(is_persistent=is_persistent)

    def fail(self, status: int, head: RequestHead | None, *, is_persistent: bool) -> None:
        """Write a whole answer of the gateway's own."""
        self._reply.write(self.terms.failure(status, head, is_persistent=is_persistent))

    @property
    @abstractmethod
    def is_body_read(self) -> bool:
        """Whether the exchange has been given the whole request."""

    @abstractmethod
    def request_line(self) -> tuple[bytes, bytes, int]:
        """Method, target and minor version, as they came."""

    @abstractmethod
    def fields(self) -> list[Field]:
        """The fields, as they came."""

    @abstractmethod
    def carry(self, exchange: Exchange) -> None:
        """Let this exchange answer the request."""

    @abstractmethod
    def wants_interim(self, status: int) -> bool:
        """Whether a 1xx answer of that status should go out, as bytes."""

    @abstractmethod
    def pause(self) -> None:
        """Give the exchange no more of the request until `resume`."""

    @abstractmethod
    def resume(self) -> None:
        """Go on."""

    def hold(self) -> None:
        """The app's connection is full."""
        self.pause()

    def release(self) -> None:
        """It takes more."""
        self.resume()

    @abstractmethod
    def progress(self, seconds: float) -> None:
        """Something moved: allow this many seconds more."""

    @abstractmethod
    def done(self, *, is_persistent: bool) -> None:
        """The answer is written. `is_persistent`: another request may follow."""

    @abstractmethod
    def tunnel(self) -> bytes:
        """From now on bytes pass as they are; what came early is returned."""

    @abstractmethod
    def close(self) -> None:
        """Close once all is sent."""

    @abstractmethod
    def cut(self) -> None:
        """Tear the connection (HTTP/2: the stream) down."""


class StoredGuest(Guest):
    """A request of an ordinary Site: its body lies in `request.content`."""

    def __init__(self, request: Request, terms: GuestTerms) -> None:
        super().__init__(request, terms)
        self.deadline = float("inf")  # until the exchange says how long it may take
        self._exchange: Exchange | None = None
        self._content = cast(BinaryIO, request.content)
        self._left = self._content.seek(0, 2)
        self._content.seek(0)
        self._is_paused = self._is_feeding = False
        self._unsent = -1

    def request_line(self) -> tuple[bytes, bytes, int]:
        """As twisted.web read it; HTTP/2 means the same as 1.1 here."""
        request = self.request
        return request.method, request.uri, 0 if request.clientproto == b"HTTP/1.0" else 1

    def fields(self) -> list[Field]:
        """Without Upgrade, so that the app is asked for no tunnel."""
        headers = self.request.requestHeaders
        every = [
            (name, value)
            for name, values in headers.getAllRawHeaders()
            for value in values
            if name.lower() != b"upgrade"
        ]
        is_framed = headers.hasHeader(b"Content-Length") or headers.hasHeader(b"Transfer-Encoding")
        if self._left and not is_framed:  # HTTP/2 needs neither (RFC 9113 8.1)
            every.append((b"Content-Length", b"%d" % self._left))
        return every

    @property
    def is_body_read(self) -> bool:
        """Whether nothing is left in the file."""
        return self._left == 0

    def carry(self, exchange: Exchange) -> None:
        """Begin with the first block."""
        self._exchange = exchange
        self.terms.deadlines.watch(self)
        self.request.notifyFinish().addErrback(lambda _: self._abandon())
        exchange.begin(self._next_block(), is_last=self.is_body_read)

    def _next_block(self) -> list[bytes]:
        block = self._content.read(BLOCK_BYTES)
        self._left -= len(block)
        return [block] if block else []

    def pause(self) -> None:
        """The app's side cannot take more."""
        self._is_paused = True

    def resume(self) -> None:
        """Send block after block, until there is no more or the app's side says `pause`."""
        self._is_paused = False
        if self._is_feeding:
            return
        self._is_feeding = True
        while self._exchange is not None and not self._is_paused and not self.is_body_read:
            block = self._next_block()
            self._exchange.body(block, is_last=self.is_body_read)
        self._is_feeding = False

    def wants_interim(self, status: int) -> bool:
        """Early hints; twisted.web has said 100 itself, and HTTP/2 has no bytes for either."""
        return status == 103 and self.request.clientproto == b"HTTP/1.1"

    def progress(self, seconds: float) -> None:
        """Write the new limit down for the wheel."""
        self.deadline = self.terms.deadlines.now() + seconds

    def look(self, now: float) -> None:
        """Once a second: is the exchange overdue?"""
        if self._exchange is None or now < self.deadline:
            return
        if self._is_draining():
            self.progress(DRAIN_S)
        else:
            self._exchange.overdue()

    def _is_draining(self) -> bool:
        before, self._unsent = self._unsent, unsent_bytes(self.request.transport)
        return self._unsent > 0 and self._unsent != before

    def done(self, *, is_persistent: bool) -> None:
        """Finish the request, and with it the connection if no other may follow."""
        self._end()
        channel: Any = getattr(self.request, "channel", None)
        if not is_persistent and hasattr(channel, "persistent"):
            channel.persistent = False
        self._reply.finish()

    def tunnel(self) -> bytes:
        """Never: the app was not asked for one."""
        raise AssertionError("an ordinary Site has no tunnels")

    def close(self) -> None:
        """Close once all is sent."""
        self._end()
        self.request.loseConnection()

    def cut(self) -> None:
        """Abort what carries the request."""
        way: Any = self.request.transport or getattr(self.request, "channel", None)
        self._abandon()
        if way is not None:
            way.abortConnection()

    def _abandon(self) -> None:
        exchange = self._exchange
        self._end()
        if exchange is not None:
            exchange.abandon()

    def _end(self) -> None:
        self._exchange = None
        self.terms.deadlines.forget(self)


class Stream(ABC):
    """The channel of a request whose body may still be coming: see `streaming`."""

    front: Browser
    head: RequestHead

    @abstractmethod
    def carry(self, exchange: Exchange) -> None:
        """Give the exchange what has come of the body, and all that comes."""


class StreamedGuest(Guest):
    """A request of a `StreamingSite`: the browser's connection is there to be asked."""

    def __init__(self, request: Request, terms: GuestTerms, stream: Stream) -> None:
        super().__init__(request, terms)
        self._stream = stream
        self._front = stream.front

    def request_line(self) -> tuple[bytes, bytes, int]:
        """As our own front read it."""
        head = self._stream.head
        return head.method, head.target, head.minor

    def fields(self) -> list[Field]:
        """As they came, to the byte."""
        return list(self._stream.head.block.fields)

    @property
    def is_body_read(self) -> bool:
        """Whether the whole request has come."""
        return self._front.is_body_read

    def carry(self, exchange: Exchange) -> None:
        """Hand over what the connection hears."""
        self._stream.carry(exchange)

    def wants_interim(self, status: int) -> bool:
        """100 is said when the app is there, 103 when it says so."""
        return status in (100, 103)

    def pause(self) -> None:
        """Read no more of the browser."""
        self._front.pause()

    def resume(self) -> None:
        """Read on."""
        self._front.resume()

    def hold(self) -> None:
        """The connection itself is the app's producer."""
        self._front.transport.pauseProducing()

    def release(self) -> None:
        """Go on producing."""
        self._front.transport.resumeProducing()

    def progress(self, seconds: float) -> None:
        """The connection keeps the time."""
        self._front.progress(seconds)

    def done(self, *, is_persistent: bool) -> None:
        """Finish the request; the connection knows by itself whether it may go on."""
        self._reply.finish()

    def tunnel(self) -> bytes:
        """The connection is a tunnel now."""
        return self._front.tunnel()

    def close(self) -> None:
        """Close once all is sent."""
        self._front.close()

    def cut(self) -> None:
        """Tear the connection down."""
        self._front.cut()
