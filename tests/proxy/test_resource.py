"""The app as a resource of an ordinary Site: what an embedder may rely on."""

from __future__ import annotations

from typing import cast

import pytest
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site
from zope.interface.verify import verifyObject

from gateway.proxy.embedding import AppService
from gateway.proxy.resource import Mount
from gateway.rules.http1 import BadMessageError
from tests.proxy.embedded import GET, HEAD, OK, Embedding, Narrow


class Dressed(Resource):
    """A tree that adds its own cookie and field to whatever its app answers."""

    isLeaf = True

    def __init__(self, app: Resource) -> None:
        super().__init__()
        self._app = app

    def render(self, request: Request) -> int:
        """Add them, and go on."""
        request.addCookie(b"embedder", b"1")
        request.setHeader(b"X-Frame-Options", b"DENY")
        answer: int = self._app.render(request)
        return answer


class Embedded(SynchronousTestCase):
    """An app in an ordinary Site."""

    def setUp(self) -> None:
        """One service each."""
        self.place = Embedding()
        self.addCleanup(self.place.service.stopService)

    def test_is_a_resource(self) -> None:
        """It has all that twisted.web asks of a resource."""
        assert verifyObject(IResource, self.place.resource())

    def test_fields_of_the_embedder_stay(self) -> None:
        """Cookies and fields that the tree has set reach the browser beside the app's own."""
        self.place.in_site(Dressed(self.place.resource()))
        browser = self.place.browser()
        browser.hear(GET)
        app = self.place.app()
        cookies = b"Set-Cookie: a=1; Secure\r\nSet-Cookie: b=2; Secure\r\n"
        app.hear(OK + cookies + b"Content-Length: 0\r\n\r\n")

        lines = browser.said().split(b"\r\n")

        seen = [line for line in lines if line.startswith(b"Set-Cookie")]
        assert [b"Set-Cookie: embedder=1", *cookies.split(b"\r\n")[:2]] == seen
        assert b"X-Frame-Options: DENY" in lines

    def test_cookies_of_the_embedder_are_his(self) -> None:
        """A cookie of the embedder's own is neither shown to the app nor set by it."""
        self.place.in_site(self.place.resource(own_cookies=[b"mine"]))
        browser = self.place.browser()
        browser.hear(HEAD + b"Cookie: a=1; mine=secret; =mine=secret\r\nCookie: mine=2\r\n\r\n")
        app = self.place.app()
        seen = app.said()
        app.hear(OK + b"Set-Cookie: mine=3\r\nSet-Cookie: =mine=4\r\nContent-Length: 0\r\n\r\n")

        assert b"Cookie: a=1\r\n" in seen
        assert b"mine" not in seen
        assert b"mine" not in browser.said()

    def test_not_allowed(self) -> None:
        """Whom the embedder does not allow is answered 403, and nobody connects to the app."""
        self.place.in_site(self.place.resource(allow=lambda _: False))
        browser = self.place.browser()
        browser.hear(GET)

        assert browser.said().startswith(b"HTTP/1.1 403 ")
        assert self.place.attempts == 0

    def test_error_while_asking(self) -> None:
        """An error in the embedder's check is no entry."""
        self.place.in_site(self.place.resource(allow=lambda request: request.args[b"who"]))
        browser = self.place.browser()
        browser.hear(GET)

        assert browser.said().startswith(b"HTTP/1.1 500 ")
        assert self.place.attempts == 0
        assert len(self.flushLoggedErrors(KeyError)) == 1

    def test_warns_of_forms(self) -> None:
        """A Site that takes forms apart is complained of, once; Twisted keeps that to itself."""
        resource = self.place.resource()
        self.place.site = Site(resource, reactor=self.place.reactor)
        with capturedLogs() as events:
            for _ in range(2):
                self.place.browser().hear(GET)

        told = [each for each in events if "parsePOSTFormSubmission" in str(each["log_format"])]
        assert len(told) == 1

    def test_silent_app(self) -> None:
        """The wheel ends what the app leaves unanswered: 504, and the connection goes on."""
        self.place.in_site(self.place.resource())
        browser = self.place.browser()
        browser.hear(GET)
        app = self.place.app()
        self.place.wait(32)

        assert browser.said().startswith(b"HTTP/1.1 504 ")
        assert app.line.is_aborted
        assert not browser.line.is_over

    def test_answer_that_cannot_be_said(self) -> None:
        """An answer with as many fields as there may be leaves no room for ours: it is cut."""
        self.place.in_site(self.place.resource())
        browser = self.place.browser()
        browser.hear(GET)
        self.place.app().hear(OK + b"X: 1\r\n" * 200 + b"\r\n")

        assert browser.said() == b""
        assert browser.line.is_aborted

    def test_stored_body_waits_for_the_app(self) -> None:
        """A big body that twisted.web has stored goes on as fast as the app takes it."""
        self.place.in_site(self.place.resource())
        browser, size = self.place.browser(), 1 << 20
        browser.hear(HEAD.replace(b"GET", b"PUT") + b"Content-Length: %d\r\n\r\n" % size)
        browser.hear(bytes(size))
        app = self.place.app(Narrow)
        line = cast(Narrow, app.line)
        at_first = len(app.said())
        while line.producer is not None:
            line.drain()
        rest = len(app.said())

        assert at_first < size // 4
        assert size < at_first + rest < size + 1000

    def test_stop(self) -> None:
        """When the service ends, what is going on is cut and nothing is looked at any more."""
        self.place.in_site(self.place.resource())
        browser = self.place.browser()
        browser.hear(GET)
        app = self.place.app()
        self.place.service.stopService()
        self.addCleanup(self.place.service.startService)

        assert browser.line.is_aborted
        assert app.line.is_aborted


@pytest.mark.parametrize(
    ("below", "uri", "expected"),
    [
        (b"", b"/a/../b?x", b"/a/../b?x"),
        (b"/app", b"/app", b"/"),
        (b"/app", b"/app?x=1", b"/?x=1"),
        (b"/app", b"/app/a%2Fb;c?x=/../", b"/a%2Fb;c?x=/../"),
        (b"/app", b"/app/...", b"/..."),
        (b"/app", b"/app/a..b/.c", b"/a..b/.c"),
    ],
)
def test_mount(below: bytes, uri: bytes, expected: bytes) -> None:
    """Below a path the app is asked for the rest, to the byte."""
    assert expected == Mount(below=below, is_stripped=True).target(uri)
    assert uri == Mount(below=below).target(uri)


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        (b"/application", 404),
        (b"/%61pp/x", 404),
        (b"//app/x", 404),
        (b"/APP/x", 404),
        (b"/app%2fx", 404),
        (b"/app/../secret", 400),
        (b"/app/x/..", 400),
        (b"/app/./x", 400),
        (b"/app/%2e%2E/secret", 400),
        (b"/app/%2e./secret", 400),
        (b"/app/x%2f..%2fsecret", 400),
        (b"/app/x\\..\\secret", 400),
        (b"/app/x%5c..%5Csecret", 400),
        (b"/app/..;/secret", 400),
        (b"/app/..%3b/secret", 400),
    ],
)
def test_nothing_leads_out_of_a_mount(uri: bytes, status: int) -> None:
    """Below a path, other spellings of it and every way out of it are refused."""
    with pytest.raises(BadMessageError) as refused:
        Mount(below=b"/app").target(uri)

    assert status == refused.value.status


@pytest.mark.parametrize(
    ("app", "public"),
    [
        ("127.0.0.1:8000", "https://www.example.test"),
        ("ftp://127.0.0.1", "https://www.example.test"),
        ("http://127.0.0.1:8000/path", "https://www.example.test"),
        ("http://me@127.0.0.1", "https://www.example.test"),
        ("http://127.0.0.1:8000", "http://www.example.test"),
    ],
)
def test_bad_addresses(app: str, public: str) -> None:
    """What is no address of an app, or no public origin, is said at once."""
    with pytest.raises(ValueError, match="http"):
        AppService(Embedding().reactor, app, public)
