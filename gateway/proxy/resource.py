"""
The app as a resource: our reverse proxy in anybody's tree of twisted.web resources.

Theory. `AppExchange` carries a request to the app and writes a whole HTTP/1.1 answer to what it
takes for the browser's connection. Here that connection is a `Reply`: it reads the answer back
with our own rules and says the same to the twisted.web Request, so that one code serves HTTP/1.1
and HTTP/2, keeps cookies and fields that the embedder has set, and needs no private name of
Twisted. The request is read by `rules.http1` once more, from its line and fields as bytes: what
the front refuses is refused here, whatever twisted.web thought of it.

An ordinary Site renders a resource only when the whole body has come (`StoredGuest`: it is then
sent on piece by piece). In a `streaming.StreamingSite` the body streams, `100 Continue` waits
until the app is there, and WebSockets work (`StreamedGuest`). docs/embedding.md has an example,
and what an ordinary Site cannot keep. Always `Site(..., parsePOSTFormSubmission=False)`:
otherwise twisted.web takes every form apart, in memory, before anybody is asked.

Who is signed in is the embedder's business: `allow`, or a guard in the tree before this resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus

from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from gateway.proxy.deadlines import Deadlines
from gateway.proxy.exchange import AppExchange
from gateway.proxy.guest import Guest, GuestTerms, StoredGuest, Stream, StreamedGuest
from gateway.proxy.link import AppLink
from gateway.proxy.plane import Failure
from gateway.proxy.reply import cookie_name
from gateway.rules.http1 import BadMessageError, RequestHead, parse_request

_leads_out = re.compile(
    rb"(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|%3b|\Z)", re.IGNORECASE
).search
"""A dot segment, in any spelling that some app resolves (RFC 3986 5.2.4, Tomcat's `..;`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where in the tree the app hangs, and what that means for its paths."""

    below: bytes = b""
    """The path it is mounted at, such as b"/app", as raw bytes of a target; b"" is the root."""
    is_stripped: bool = False
    """Whether the app is asked for `/x` where the browser asks for `/app/x`. Its answers are not
    changed: it must be told its prefix, or write relative addresses only."""

    def target(self, uri: bytes) -> bytes:
        """
        What the app is asked for: the very bytes, or these without the prefix.

        Below a path, only its exact spelling leads to the app, and nothing leads out of it.

        Raises:
            BadMessageError: 404 or 400.
        """
        if not self.below:
            return uri
        path, mark, query = uri.partition(b"?")
        rest = path[len(self.below) :]
        if not path.startswith(self.below) or rest[:1] not in (b"", b"/"):
            raise BadMessageError(404, "not below the app's path")
        if _leads_out(path):
            raise BadMessageError(400, "a dot segment below a path")
        return (rest or b"/") + mark + query if self.is_stripped else uri


ROOT = Mount()


def plain_failure(status: int, head: RequestHead | None, *, is_persistent: bool) -> bytes:
    """A whole answer of a few words; `Refusals.failure` has pages for people."""
    body = b"%d %b\n" % (status, HTTPStatus(status).phrase.encode("ascii"))
    lines = [
        b"HTTP/1.1 " + body[:-1],
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: %d" % len(body),
        b"Cache-Control: no-store",
    ]
    if not is_persistent:
        lines.append(b"Connection: close")
    is_shown = head is None or head.method != b"HEAD"
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if is_shown else b"")


class AppResource(Resource):
    """
    Renders the app behind the gateway, wherever it is put in a tree of resources.

    Args:
        link: the app (`embedding.AppService` makes one).
        deadlines: the wheel that keeps the app's time limits.
        allow: asked before anything reaches the app; False is answered 403. An error in it is
            twisted.web's 500: no entry. None: whoever comes this far may pass.
        mount: where it hangs, if not at the root.
        own_cookies: names of the embedder's cookies: the app neither sees nor sets them.
        failure: makes the answers in the app's place.
    """

    isLeaf = True
    log = Logger()

    def __init__(
        self,
        link: AppLink,
        deadlines: Deadlines,
        *,
        allow: Callable[[Request], bool] | None = None,
        mount: Mount = ROOT,
        own_cookies: Collection[bytes] = (),
        failure: Failure = plain_failure,
    ) -> None:
        super().__init__()
        self._link = link
        self._allow = allow
        self._mount = mount
        self._terms = GuestTerms(
            public=link.public,
            deadlines=deadlines,
            failure=failure,
            own_cookies=frozenset(own_cookies),
        )
        self._has_warned = False

    def render(self, request: Request) -> int:
        """Carry the request to the app; the answer comes when it comes."""
        if request.channel is None:
            return NOT_DONE_YET  # a guard took its time, and the browser has gone
        self._warn_of_forms(request)
        guest = self._guest(request)
        try:
            head = self._read(guest)
        except BadMessageError as refusal:
            self.log.debug("refused {peer}: {why}", peer=guest.peer, why=refusal.why)
            guest.refuse(refusal.status, is_persistent=False)
            return NOT_DONE_YET
        if self._is_allowed(request, head):
            guest.carry(AppExchange(guest, head, self._link))
        else:
            guest.refuse(403, is_persistent=guest.is_body_read)
        return NOT_DONE_YET

    def _guest(self, request: Request) -> Guest:
        if isinstance(request.channel, Stream):
            return StreamedGuest(request, self._terms, request.channel)
        return StoredGuest(request, self._terms)

    def _read(self, guest: Guest) -> RequestHead:
        """The request as `rules.http1` understands it, and as the app is to see it."""
        method, uri, minor = guest.request_line()
        lines = [b"%b %b HTTP/1.%d" % (method, self._mount.target(uri), minor)]
        for name, value in guest.fields():
            if name.lower() == b"cookie":
                value = self._without_own(value)  # noqa: PLW2901 - the app's view of it
            lines.append(b"%b: %b" % (name, value))
        return parse_request(b"\r\n".join(lines))

    def _without_own(self, value: bytes) -> bytes:
        own = self._terms.own_cookies
        pairs = value.split(b";")
        kept = [each for each in pairs if cookie_name(each) not in own]
        return value if len(kept) == len(pairs) else b";".join(kept).strip()

    def _is_allowed(self, request: Request, head: RequestHead) -> bool:
        return not self._is_foreign(head) and (self._allow is None or self._allow(request))

    def _is_foreign(self, head: RequestHead) -> bool:
        """Whether a page of another origin opens a WebSocket (RFC 6455 10.2)."""
        own = self._link.public.origin.encode("ascii")
        origins = [value for name, value in head.block.fields if name.lower() == b"origin"]
        return head.is_websocket and any(each != own for each in origins)

    def _warn_of_forms(self, request: Request) -> None:
        # Private, and nothing else says it; a test fails when Twisted renames it.
        if self._has_warned or not getattr(request.site, "_parsePOSTFormSubmission", False):
            return
        self._has_warned = True
        self.log.warn("a Site in front of an app wants parsePOSTFormSubmission=False")
