"""
A twisted.web Site whose resources may answer before the request's body has come.

Theory. An ordinary Site reads the whole body, however large, before it asks a resource, says
`100 Continue` to everybody, and knows no tunnels. Here the connection is our own `Front`: it
frames by `rules.http1`, keeps the time limits, lingers after early answers; and each request is a
twisted.web Request whose channel is a `SiteStream`. The tree is walked as soon as the head is
there. An `AppResource` then gets the connection's own events, also behind a guard that takes its
time (`DeferredResource`); every other resource is rendered when its body is whole, up to a limit.

What is different for those other resources: forms are not parsed into `request.args` (read
`request.content`), nothing is stored in temporary files, and HTTP/2 is not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, cast

from twisted.internet.interfaces import IAddress, ISSLTransport
from twisted.python.failure import Failure as Trouble
from twisted.web.resource import IResource
from twisted.web.server import Request, Site
from twisted.web.util import DeferredResource

from gateway.proxy.bodies import CONTINUE
from gateway.proxy.crowd import Crowd
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.front import Front
from gateway.proxy.guest import Stream
from gateway.proxy.local import OWN_PAGE_S, SiteExchange
from gateway.proxy.plane import Exchange, Failure, Plane
from gateway.proxy.resource import AppResource, plain_failure
from gateway.rules.admission import Limits
from gateway.rules.http1 import BodyKind, RequestHead, parse_block
from gateway.rules.names import HOP_BY_HOP
from gateway.rules.public import PublicOrigin

BODY_LIMIT_BYTES = 1 << 20
"""For resources other than the app, whose bodies are gathered: a generous form."""

MANY = 1 << 30
NO_LIMITS = Limits(
    connections=MANY, per_address=MANY, strangers_per_address=MANY, strangers_rate=float(MANY)
)
"""An embedder knows his visitors better; to this Site they are all strangers."""

_NO_NAME = PublicOrigin(scheme="http", host="localhost", port=80)


class StreamedRequest(Request):
    """A request that is rendered when what it leads to wants to be."""

    def render(self, resrc: IResource) -> None:
        """Now for the app and for a guard that waits; for all else once the body is whole."""
        if isinstance(resrc, AppResource | DeferredResource):
            super().render(resrc)
        else:
            cast("SiteStream", self.channel).when_whole(partial(self._render_whole, resrc))

    def _render_whole(self, resrc: IResource) -> None:
        try:
            super().render(resrc)
        except Exception:  # noqa: BLE001  # as Request.process does, which has returned long ago
            self.processingFailed(Trouble())


class SiteStream(SiteExchange, Stream):
    """One request of a `StreamingSite`: the connection's exchange, and the Request's channel."""

    def __init__(self, front: Front, head: RequestHead, *, site: StreamingSite) -> None:
        super().__init__(front, head, site, in_place=False)
        self.factory: Any = site  # which writes the access log
        self.front = front
        self.head = head
        self._limit_bytes = site.body_limit_bytes
        self._held: list[bytes] = []
        self._is_whole = False
        self._exchange: Exchange | None = None
        self._render: Callable[[], None] | None = None

    # What the connection tells us

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Walk the tree; until somebody wants the body, no more of it is read."""
        self.front.progress(OWN_PAGE_S)
        self._held, self._is_whole = pieces, is_last
        if not is_last:
            self.front.pause()
        request = self._request = self.site.requestFactory(self)
        for name, value in self.head.block.fields:
            if name.lower() not in HOP_BY_HOP:
                request.requestHeaders.addRawHeader(name, value)
        request.parseCookies()
        request.gotLength(0)
        head = self.head
        request.requestReceived(head.method, head.target, b"HTTP/1.%d" % head.minor)

    def carry(self, exchange: Exchange) -> None:
        """Everything is this exchange's from now on."""
        held, self._held = self._held, []
        self._exchange = exchange
        exchange.begin(held, is_last=self._is_whole)

    def when_whole(self, render: Callable[[], None]) -> None:
        """Gather the body, then call back."""
        self._render = render
        framing = self.head.block.framing
        if framing.kind is BodyKind.LENGTH and framing.length > self._limit_bytes:
            self._give_up(413)
            return
        if not self._is_whole:
            if self.head.expects_continue:
                self.front.transport.write(CONTINUE)
            self.front.resume()
        self._gather([], is_last=self._is_whole)

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """More of the body, for whoever has it."""
        if self._exchange is not None:
            self._exchange.body(pieces, is_last=is_last)
        else:
            self._gather(pieces, is_last=is_last)

    def _gather(self, pieces: list[bytes], *, is_last: bool) -> None:
        self._held += pieces
        self._is_whole = is_last
        if self._render is None or self.has_answered:
            return
        if sum(map(len, self._held)) > self._limit_bytes:
            self._give_up(413)
        elif is_last and self._request is not None:
            render, self._render = self._render, None
            content = cast(BinaryIO, self._request.content)
            content.write(b"".join(self._held))
            content.seek(0)
            render()

    def tunnel(self, data: bytes) -> None:
        """Bytes of the browser in the app's tunnel."""
        if self._exchange is not None:
            self._exchange.tunnel(data)

    def overdue(self) -> None:
        """The app says what to do; a resource of another kind has had its time."""
        if self._exchange is not None:
            self._exchange.overdue()
        else:
            self._give_up(503 if self._is_whole else 408)

    def _give_up(self, status: int) -> None:
        has_answered = self.has_answered
        self.abandon()
        if has_answered:
            self.front.cut()
        else:
            self._answer(status)

    def abandon(self) -> None:
        """The browser has gone."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abandon()
        super().abandon()

    # What the Request asks of its channel

    def isSecure(self) -> bool:
        """Whether this connection is TLS."""
        return ISSLTransport.providedBy(self.front.transport)


class _StreamFront(Front):
    """A connection that finds out by itself whether it is TLS."""

    def connectionMade(self) -> None:
        """A browser connected."""
        self.plane = replace(self.plane, is_tls=ISSLTransport.providedBy(self.transport))
        super().connectionMade()


class StreamingSite(Site):
    """
    A Site for a tree with an app in it, with bodies that stream.

    Args:
        resource: the root of the tree.
        deadlines: the wheel that keeps the connections' time limits.
        reactor: for time alone.
        body_limit_bytes: for the bodies of resources other than the app; more is 413.
        limits: on connections and requests; see `rules.admission`.
        failure: makes the answers to what cannot be read as a request.
        site_arguments: of `twisted.web.http.HTTPFactory`, such as `logPath`.
    """

    noisy = False

    def __init__(
        self,
        resource: IResource,
        deadlines: Deadlines,
        reactor: Any,
        *,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        limits: Limits = NO_LIMITS,
        failure: Failure = plain_failure,
        **site_arguments: Any,
    ) -> None:
        super().__init__(
            resource,
            requestFactory=StreamedRequest,
            parsePOSTFormSubmission=False,
            reactor=reactor,
            **site_arguments,
        )
        self.body_limit_bytes = body_limit_bytes
        self._plane = self._plane_for(deadlines, limits, failure)

    def _plane_for(self, deadlines: Deadlines, limits: Limits, failure: Failure) -> Plane:
        to_tree = partial(SiteStream, site=self)
        return Plane(
            public=_NO_NAME,
            is_tls=False,
            deadlines=deadlines,
            crowd=Crowd(limits, now=self.reactor.seconds),
            parse_block=parse_block,
            failure=failure,
            receive=lambda front, head: (None, to_tree(front, head)),
            later=lambda call: self.reactor.callLater(0, call),
        )

    def buildProtocol(self, addr: IAddress | None) -> Front:  # type: ignore[override]
        """The browser's side of a new connection."""
        return _StreamFront(self._plane)

    def acceptableProtocols(self) -> list[bytes]:
        """HTTP/1.1 alone (RFC 7301), also where `twisted[http2]` is installed."""
        return [b"http/1.1"]
