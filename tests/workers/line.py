"""Both ends of a line, joined in memory, with what is behind each of them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.amp import AMP
from twisted.test.iosim import IOPump, connectedServerAndClient
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from gateway.errors import GatewayError
from gateway.proxy.local import STEP_UP_TARGET, SiteExchange
from gateway.rules.http1 import RequestHead, parse_request
from gateway.rules.public import parse_origin
from gateway.store.live import LiveSession, LiveSessions
from gateway.store.memory import MemoryStore
from gateway.store.replica import Replica
from gateway.workers.deputy import Deputy
from gateway.workers.overseer import Office, Overseer
from gateway.workers.pages import FarPlane
from tests.store.bench import LIMITS, TODAY
from tests.store.pump import Pump
from tests.store.samples import ANNA, session

PUBLIC = parse_origin("https://gw.example.test")


class Orders:
    """What a worker was told to do with itself."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_willing = True

    def connections(self) -> int:
        """Some."""
        return 7

    async def serve(self) -> None:
        """Take connections."""
        if not self.is_willing:
            raise GatewayError("There is no certificate.")
        self.heard.append("serve")

    async def leave(self) -> None:
        """Let go."""
        self.heard.append("leave")

    def lost(self, why: str) -> None:
        """End."""
        self.heard.append(f"lost: {why}")


class OwnPage(Resource):
    """All pages of ours: says who asks for what; `/.gateway/never` says nothing."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.gone: list[bytes] = []

    def render(self, request: Request) -> bytes | int:
        """Answer."""
        if request.path == b"/.gateway/never":
            request.notifyFinish().addErrback(lambda _: self.gone.append(request.path))
            return NOT_DONE_YET
        if request.path == b"/.gateway/large":
            return b"x" * 200_000
        assert request.content is not None
        peer = request.getClientAddress().host.encode()
        body = request.content.read()
        return b"%b %b for %b: %d bytes" % (request.method, request.uri, peer, len(body))


class Far:
    """A browser that is connected to the worker; what it hears is in `transport`."""

    def __init__(self) -> None:
        self.transport: Any = StringTransport()
        self.peer = "192.0.2.7"
        self.is_body_read = True
        self.ends: list[str] = []

    def heard(self) -> bytes:
        """All that came so far."""
        heard: bytes = self.transport.value()
        return heard

    def fail(self, status: int, head: RequestHead, *, is_persistent: bool) -> None:
        """The gateway's own answer."""
        del head, is_persistent
        self.transport.write(b"HTTP/1.1 %d own\r\n\r\n" % status)

    def progress(self, seconds: float) -> None:
        """There is time."""

    def done(self, *, is_persistent: bool) -> None:
        """The answer is written."""
        self.ends.append("go on" if is_persistent else "close")

    def cut(self) -> None:
        """Torn down."""
        self.ends.append("cut")


class Line:
    """One main process and one worker."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.pump = Pump()
        self.pump.clock = self.clock
        self.store = MemoryStore()
        self.pump.run(self.store.add_person(ANNA))
        self.sessions = LiveSessions(
            self.store, clock=self.clock, wall=lambda: TODAY, limits=LIMITS
        )
        self.page = OwnPage()
        self.orders = Orders()
        self.replica = Replica(clock=self.clock, limits=LIMITS)
        self.overseer = Overseer(self._office())
        self.deputy = Deputy(self.replica, self.orders)
        self.wire: IOPump = connectedServerAndClient(
            lambda: self.overseer, lambda: self.deputy, clock=self.clock
        )[2]

    def _office(self) -> Office:
        site = Site(self.page, parsePOSTFormSubmission=False)
        return Office(
            clock=self.clock,
            sessions=self.sessions,
            plane=FarPlane(public=PUBLIC),
            to_site=lambda browser, head: SiteExchange(browser, head, site, in_place=False),
            to_sign_in=lambda browser, head: SiteExchange(browser, head, site, in_place=True),
            to_step_up=lambda browser, head, need: SiteExchange(
                browser, head, site, in_place=True, target=STEP_UP_TARGET + need.encode()
            ),
        )

    def open(self, token: str) -> LiveSession:
        """Somebody signs in."""
        opening = Deferred.fromCoroutine(
            self.sessions.open(session(token, created=TODAY), ANNA, replacing=None)
        )
        self.wire.flush()
        opened: list[LiveSession] = []
        opening.addCallback(opened.append)
        return opened[0]

    def brief(self) -> None:
        """The worker is told the table."""
        briefing = Deferred.fromCoroutine(self.overseer.brief())
        self.wire.flush()
        assert briefing.called
        briefing.addErrback(lambda failure: failure.raiseException())


def head(text: bytes) -> RequestHead:
    """A request's head as a worker has understood it."""
    return parse_request(text.replace(b"\n", b"\r\n"))


def hang_up(end: AMP) -> None:
    """Close the line at this end."""
    assert end.transport is not None
    end.transport.loseConnection()
