"""A Site whose bodies stream: the app, a guard that takes its time, and other resources."""

from __future__ import annotations

import io

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolNegotiationFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from twisted.web.util import DeferredResource
from zope.interface.verify import verifyObject

from tests.proxy.embedded import GET, HEAD, OK, Embedding, Page

PUT = HEAD.replace(b"GET", b"PUT")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Guarded(Resource):
    """Leads everybody to a decision that comes later."""

    def __init__(self) -> None:
        super().__init__()
        self.decision: Deferred[IResource] = Deferred()

    def getChild(self, path: bytes, request: Request) -> IResource:
        """As twisted.web's own guards do."""
        return DeferredResource(self.decision)


class Noted(Resource):
    """Remembers how requests ended."""

    isLeaf = True

    def __init__(self, app: Resource) -> None:
        super().__init__()
        self._app = app
        self.endings: list[str] = []

    def render(self, request: Request) -> int:
        """Ask to be told, and go on."""
        ended = request.notifyFinish()
        ended.addCallbacks(
            lambda _: self.endings.append(f"{request.code} {request.sentLength}"),
            lambda _: self.endings.append("gone"),
        )
        answer: int = self._app.render(request)
        return answer


class Streaming(SynchronousTestCase):
    """An app in a `StreamingSite`."""

    def setUp(self) -> None:
        """One service each."""
        self.place = Embedding()
        self.addCleanup(self.place.service.stopService)

    def test_offers_http11_alone(self) -> None:
        """TLS never agrees on HTTP/2 with a Site that does not speak it."""
        self.place.in_streaming_site(Page())

        assert verifyObject(IProtocolNegotiationFactory, self.place.site)
        assert [b"http/1.1"] == self.place.site.acceptableProtocols()

    def test_body_waits_for_the_guard(self) -> None:
        """While a guard thinks, no more of the body is read; once it has said yes, it streams."""
        guarded = Guarded()
        self.place.in_streaming_site(guarded)
        browser = self.place.browser()
        fields = b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"
        browser.hear(PUT + fields)
        before = (browser.line.producerState, self.place.attempts, browser.said())
        guarded.decision.callback(self.place.resource())
        app = self.place.app()
        invited = browser.said()
        browser.hear(b"hello")

        assert ("paused", 0, b"") == before
        assert CONTINUE == invited
        assert app.said().endswith(b"\r\n\r\nhello")

    def test_guard_says_no(self) -> None:
        """A guard's page comes instead of the app, without an invitation for the body."""
        guarded = Guarded()
        self.place.in_streaming_site(guarded)
        browser = self.place.browser()
        browser.hear(GET)
        guarded.decision.callback(Page())

        assert browser.said().endswith(b"page: ")
        assert self.place.attempts == 0

    def test_browser_leaves_the_guard(self) -> None:
        """A browser that left while the guard was thinking starts nothing at the app."""
        guarded = Guarded()
        self.place.in_streaming_site(guarded)
        browser = self.place.browser()
        browser.hear(GET)
        browser.line.hang_up()
        guarded.decision.callback(self.place.resource())

        assert self.place.attempts == 0

    def test_page_gets_its_body_whole(self) -> None:
        """A resource that is no app is asked once all of its body is there."""
        self.place.in_streaming_site(Page())
        browser = self.place.browser()
        browser.hear(PUT + b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        invited = browser.said()
        browser.hear(b"hello")
        early = browser.said()
        browser.hear(b"world")

        assert (CONTINUE, b"") == (invited, early)
        assert browser.said().endswith(b"page: helloworld")
        browser.hear(GET)
        assert browser.said().endswith(b"page: ")

    def test_page_is_sent_too_much(self) -> None:
        """A body beyond the limit is 413: before it comes, or as it grows."""
        self.place.in_streaming_site(Page(), body_limit_bytes=10)
        told, grows = self.place.browser(), self.place.browser()
        told.hear(PUT + b"Expect: 100-continue\r\nContent-Length: 11\r\n\r\n")
        grows.hear(PUT + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        early = grows.said()
        grows.hear(b"6\r\n world\r\n")

        assert told.said().startswith(b"HTTP/1.1 413 ")
        assert b"" == early
        assert grows.said().startswith(b"HTTP/1.1 413 ")

    def test_page_is_kept_waiting(self) -> None:
        """A body that never comes is 408."""
        self.place.in_streaming_site(Page())
        browser = self.place.browser()
        browser.hear(PUT + b"Content-Length: 10\r\n\r\nhello")
        self.place.wait(32)

        assert browser.said().startswith(b"HTTP/1.1 408 ")

    def test_guard_never_decides(self) -> None:
        """A decision that never comes is 503."""
        self.place.in_streaming_site(Guarded())
        browser = self.place.browser()
        browser.hear(GET)
        self.place.wait(32)

        assert browser.said().startswith(b"HTTP/1.1 503 ")

    def test_page_fails(self) -> None:
        """An error in a page is a 500 without a word about it."""
        self.place.in_streaming_site(Page())
        browser = self.place.browser()
        browser.hear(PUT + b"Content-Length: 3\r\n\r\nba")
        browser.hear(b"d")

        said = browser.said()
        assert said.startswith(b"HTTP/1.1 500 ")
        assert b"a page that fails" not in said
        assert len(self.flushLoggedErrors(ValueError)) == 1

    def test_wrapped_app_is_told_of_its_end(self) -> None:
        """A resource around the app learns how the request ended; the access log has it too."""
        noted = Noted(self.place.resource())
        self.place.in_streaming_site(noted)
        self.place.site.startFactory()
        self.addCleanup(self.place.site.stopFactory)
        log = self.place.site.logFile = io.StringIO()
        browser, leaves = self.place.browser(), self.place.browser()
        browser.hear(HEAD.replace(b"/ ", b"/a%2Fb?x ") + b"\r\n")
        self.place.app().hear(OK + b"Content-Length: 5\r\n\r\nhello")
        leaves.hear(GET)
        leaves.line.hang_up()

        assert ["200 5", "gone"] == noted.endings
        assert '"GET /a%2Fb?x HTTP/1.1" 200 5' in log.getvalue()

    def test_spelling_of_the_request(self) -> None:
        """The app sees a request's fields in their order and spelling, to the byte."""
        self.place.in_streaming_site(self.place.resource())
        self.place.browser().hear(HEAD + b"x-dUP: 1\r\nB: 2\r\nX-dup: 3\r\n\r\n")

        assert b"x-dUP: 1\r\nB: 2\r\nX-dup: 3\r\n" in self.place.app().said()

    def test_foreign_socket(self) -> None:
        """A WebSocket from another origin is refused, from our own it opens."""
        self.place.in_streaming_site(self.place.resource())
        wanted = HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://%b\r\n\r\n"
        foreign, own = self.place.browser(), self.place.browser()
        foreign.hear(wanted % b"evil.example")
        refused, attempts = foreign.said(), self.place.attempts
        own.hear(wanted % b"www.example.test" + b"early")
        app = self.place.app()
        app.hear(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi")

        assert refused.startswith(b"HTTP/1.1 403 ")
        assert attempts == 0
        assert own.said().endswith(b"\r\n\r\nhi")
        assert app.said().endswith(b"\r\n\r\nearly")


def test_reactor_is_given() -> None:
    """No timer of a Site runs on another clock than the one it was given."""
    place = Embedding()
    place.in_streaming_site(Page())

    assert isinstance(place.site.reactor, MemoryReactorClock)
