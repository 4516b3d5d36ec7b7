"""
Requests for our own pages: handed to a twisted.web Site in memory, one at a time.

`SiteExchange` is to a twisted.web Request what an HTTP/2 stream is: its channel. The Request
never sees the connection, only what was framed and allowed; our pages are small, so a
request's body is gathered up to a limit before the page is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.server import Request, Site

from gateway.proxy.bodies import CONTINUE
from gateway.rules.http1 import BodyKind, RequestHead
from gateway.rules.names import HOP_BY_HOP

if TYPE_CHECKING:
    from gateway.proxy.front import Front

OWN_BODY_LIMIT_BYTES = 64 * 1024
"""No form or ceremony of ours is larger; an attestation with certificates has about 10 KiB."""

OWN_PAGE_S = 30.0
"""For the request's body and the page, together."""

SIGN_IN_TARGET = b"/sign-in-required"
"""Where the sign-in page in place is asked for. No request from outside can name it: only
targets that begin with our prefix reach the Site as they are."""


STEP_UP_TARGET = b"/step-up-required/"
"""The same where somebody is to be verified anew; what is needed follows."""


class SiteExchange:
    """Answers one request from our own pages."""

    factory = None  # twisted.web would write its access log by the reactor's clock

    def __init__(
        self,
        front: Front,
        head: RequestHead,
        site: Site,
        *,
        in_place: bool,
        target: bytes = SIGN_IN_TARGET,
    ) -> None:
        """
        Ask our pages.

        Args:
            front: the browser.
            head: its request.
            site: our pages.
            in_place: whether one of them is to stand in the place of what was asked for.
            target: which one.
        """
        self.has_answered = False
        self.site = site
        self.transport = front.transport
        self._front = front
        self._head = head
        self._in_place = in_place
        self._target = target if in_place else head.target
        self._request: Request | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._is_persistent = False

    # What the connection tells us

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Gather the body, unless the page does not want it."""
        self._front.progress(OWN_PAGE_S)
        framing = self._head.block.framing
        if self._in_place:
            self._serve(b"GET" if self._head.method == b"POST" else self._head.method)
        elif framing.kind is BodyKind.LENGTH and framing.length > OWN_BODY_LIMIT_BYTES:
            self._answer(413)
        else:
            if self._head.expects_continue and not is_last:
                self._front.transport.write(CONTINUE)
            self.body(pieces, is_last=is_last)

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Gather; ask the page once all is there."""
        if self._in_place or self.has_answered:
            return
        self._body += pieces
        self._body_bytes += sum(map(len, pieces))
        if self._body_bytes > OWN_BODY_LIMIT_BYTES:
            self._answer(413)
        elif is_last:
            self._serve(self._head.method)

    def _serve(self, method: bytes) -> None:
        request = self._request = self.site.requestFactory(self)
        # Of a request whose page was not asked for, the page sees who asks, not what was sent.
        for name, value in self._head.block.fields:
            if name.lower() not in HOP_BY_HOP:
                request.requestHeaders.addRawHeader(name, value)
        body = b"".join(self._body)
        request.parseCookies()
        request.gotLength(len(body))
        request.handleContentChunk(body)
        request.requestReceived(method, self._target, b"HTTP/1.%d" % self._head.minor)

    def tunnel(self, data: bytes) -> None:
        """Our pages open no tunnels."""

    def overdue(self) -> None:
        """The browser is too slow to send, or a page of ours is stuck."""
        status = 408 if self._request is None else 503
        self.abandon()
        if self.has_answered:
            self._front.cut()
        else:
            self._answer(status)

    def abandon(self) -> None:
        """The browser has gone."""
        request, self._request = self._request, None
        if request is not None:
            request.connectionLost(Failure(ConnectionLost("the browser has gone")))

    def _answer(self, status: int) -> None:
        front = self._front
        self.has_answered = True
        front.fail(status, self._head, is_persistent=False)
        front.done(is_persistent=False)

    # What the page's Request asks of its channel

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        """Write the head of the page's answer."""
        self.has_answered = True
        head = self._head
        self._is_persistent = head.is_persistent and head.minor == 1 and self._front.is_body_read
        headers.removeHeader(b"Server")
        if not self._is_persistent:
            headers.setRawHeaders(b"Connection", [b"close"])
        lines = [b"HTTP/1.1 %b %b" % (code, reason)]
        for name, values in headers.getAllRawHeaders():
            lines += [b"%b: %b" % (name, value) for value in values]
        self._front.transport.write(b"\r\n".join(lines) + b"\r\n\r\n")

    def write(self, data: bytes) -> None:
        """Write a piece of the page."""
        self._front.transport.write(data)

    def writeSequence(self, pieces: Iterable[bytes]) -> None:
        """Write several pieces of the page."""
        self._front.transport.write(b"".join(pieces))

    def requestDone(self, request: Request) -> None:
        """The page is written."""
        if self._request is request:
            self._request = None
            self._front.done(is_persistent=self._is_persistent)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Let the connection slow the page down."""
        self._front.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """The page is written whole from now on."""
        self._front.transport.unregisterProducer()

    def loseConnection(self) -> None:
        """Close after what was written."""
        self._front.close()

    def abortConnection(self) -> None:
        """Tear the connection down."""
        self._front.cut()

    def getPeer(self) -> IAddress:
        """Tell who asks."""
        return self.transport.getPeer()

    def getHost(self) -> IAddress:
        """Tell who was asked."""
        return self.transport.getHost()

    def isSecure(self) -> bool:
        """Whether browsers reach us by https."""
        return self._front.plane.public.is_secure
