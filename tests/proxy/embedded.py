"""An app in somebody else's tree, with browser and app in memory and a clock of the test's own."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from gateway.proxy.embedding import AppService
from gateway.proxy.resource import AppResource
from tests.proxy.memory import End, Line

HEAD = b"GET / HTTP/1.1\r\nHost: www.example.test\r\n"
GET = HEAD + b"\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


class Page(Resource):
    """A page that says what it was sent."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Echo the body; complain about "bad"."""
        assert request.content is not None
        body = bytes(request.content.read())
        if body == b"bad":
            raise ValueError("a page that fails")
        return b"page: " + body


class Narrow(Line):
    """A line that has its fill with every write, as a socket whose other end does not read."""

    def write(self, data: bytes) -> None:
        """Take it, and ask for no more."""
        super().write(data)
        if self.producer is not None:
            self.producer.pauseProducing()

    def drain(self) -> None:
        """The other end has read."""
        assert self.producer is not None
        self.producer.resumeProducing()


class Embedding:
    """One service, one tree, one Site of the wanted kind."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.service = AppService(
            self.reactor,
            "http://127.0.0.1:8000",
            "https://www.example.test",
            connect_s=5.0,
            first_byte_s=30.0,
            idle_s=10.0,
        )
        self.service.startService()
        self.site: Any = None

    def resource(self, **arguments: Any) -> AppResource:
        """The app."""
        return self.service.resource(**arguments)

    def in_site(self, root: IResource) -> None:
        """Serve that tree by an ordinary Site."""
        self.site = Site(root, parsePOSTFormSubmission=False, reactor=self.reactor)

    def in_streaming_site(self, root: IResource, **arguments: Any) -> None:
        """Serve that tree by a Site whose bodies stream."""
        self.site = self.service.site(root, **arguments)

    def browser(self) -> End:
        """A new connection of a browser."""
        protocol = cast(Protocol, self.site.buildProtocol(None))
        line = Line(protocol)
        protocol.makeConnection(line)
        return End(protocol=protocol, line=line)

    @property
    def attempts(self) -> int:
        """How many connections to the app were asked for."""
        return len(self.reactor.tcpClients)

    def app(self, kind: type[Line] = Line) -> End:
        """The connection to the app that was asked for last, which comes about now."""
        wrapping = cast(Protocol, self.reactor.tcpClients[-1][2].buildProtocol(None))
        line = kind(wrapping)
        wrapping.makeConnection(line)
        return End(protocol=wrapping, line=line)

    def wait(self, seconds: float) -> None:
        """Time passes, a second at a time."""
        self.reactor.pump([1.0] * int(seconds))
