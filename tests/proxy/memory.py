"""The proxy on a clock of the test's own, with both of its sides in memory."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request, Site
from zope.interface import implementer

from gateway.proxy.crowd import Crowd
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.exchange import AppExchange
from gateway.proxy.front import Front
from gateway.proxy.link import AppLink
from gateway.proxy.local import STEP_UP_TARGET, SiteExchange
from gateway.proxy.plane import Plane
from gateway.proxy.pool import Pool
from gateway.proxy.reception import Reception
from gateway.proxy.refusal import RefusalExchange, Refusals
from gateway.proxy.remembered import Remembered
from gateway.rules import tokens
from gateway.rules.access import rule_of
from gateway.rules.activity import Activity
from gateway.rules.admission import Limits
from gateway.rules.entries import Entry, Standing
from gateway.rules.http1 import FieldBlock, RequestHead
from gateway.rules.locations import names_for
from gateway.rules.policy import Policy
from gateway.rules.public import parse_origin
from gateway.rules.records import Method, Person, PersonId, Session, hash_token
from gateway.rules.sessions import SessionLimits
from gateway.store.live import LiveSession, LiveSessions
from gateway.store.memory import MemoryStore
from tests.instruments.house import IDLE_LIMIT_S
from tests.instruments.house import House as PagesHouse

PUBLIC = parse_origin("https://gw.example.test")
TOKEN = bytes(range(32))
COOKIE = b"Cookie: __Host-gw=" + tokens.encode(TOKEN).encode() + b"\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: gw.example.test\r\n"
GET = HEAD + COOKIE + b"\r\n"

CONNECT_S, FIRST_BYTE_S, IDLE_S = 5.0, 300.0, 60.0


@implementer(IConsumer)
class Line(StringTransport):
    """A transport in memory that knows the three ways of closing."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.7", 50_000))
        self.is_half_closed = False
        self.is_aborted = False
        self._protocol: Protocol | None = protocol

    @property
    def is_over(self) -> bool:
        """Whether the protocol was told that the connection is gone."""
        return self._protocol is None

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing is delayed here."""

    def loseWriteConnection(self) -> None:
        """Our half is closed; the other side may still send."""
        self.is_half_closed = True

    def loseConnection(self) -> None:
        """All that was written counts as sent."""
        self._lose(ConnectionDone())

    def abortConnection(self) -> None:
        """Tear it down."""
        self.is_aborted = True
        self._lose(ConnectionAborted())

    def hang_up(self) -> None:
        """The other side leaves."""
        self._lose(ConnectionDone())

    def _lose(self, why: Exception) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connectionLost(Failure(why))


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A protocol of ours and the line that leads to it."""

    protocol: Protocol
    line: Line

    def hear(self, data: bytes) -> None:
        """Bytes come in."""
        if not self.line.is_over:
            self.protocol.dataReceived(data)

    def said(self) -> bytes:
        """What was sent since the last time."""
        said: bytes = self.line.value()
        self.line.clear()
        return said


class OwnPage(Resource):
    """Stands for all pages of the gateway itself."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Say the same to whatever is asked."""
        return b"a page"


WIDE = Limits(
    connections=10_000, per_address=10_000, strangers_per_address=10_000, strangers_rate=10_000.0
)


class House:
    """One gateway with somebody signed in, an app that the test plays, and a clock."""

    def __init__(
        self,
        limits: Limits = WIDE,
        *,
        pages: PagesHouse | None = None,
        access: Sequence[Entry] = (),
    ) -> None:
        """
        Open it.

        Args:
            limits: of connections.
            pages: whose pages, sessions and clock these are; else a single page, and a session
                of `TOKEN` that outlasts the test.
            access: what `[[access]]` says.
        """
        self._pages = pages
        self._access = access
        self.reactor = _clock_of(pages)
        self.carried: list[RequestHead] = []
        """Every request that was let through to the app, as the gateway understood it."""
        self.deadlines = Deadlines(self.reactor)
        self.crowd = Crowd(limits, now=self.reactor.seconds)
        self.sessions = self._let_in() if pages is None else pages.sessions
        self.pool = self._pool()
        self.plane = self._plane()
        self.deadlines.start()

    def browser(self) -> End:
        """A new connection of a browser."""
        front = Front(self.plane)
        line = Line(front)
        front.makeConnection(line)
        return End(protocol=front, line=line)

    def app(self) -> End:
        """The connection to the app that was asked for last, which comes about now."""
        factory = self.reactor.tcpClients[-1][2]
        back = cast(Protocol, factory.buildProtocol(None))  # our own factory makes no other
        line = Line(back)
        back.makeConnection(line)
        return End(protocol=back, line=line)

    def wait(self, seconds: float) -> None:
        """Time passes, a second at a time."""
        self.reactor.pump([1.0] * int(seconds))

    def sign_out(self) -> None:
        """The session ends."""
        assert at_once(self.sessions.end(hash_token(TOKEN)))

    def _carry(
        self, link: AppLink, front: Front, head: RequestHead, *, lines: bytes | None = None
    ) -> AppExchange:
        self.carried.append(head)
        return AppExchange(front, head, link, lines=lines)

    def _let_in(self) -> LiveSessions:
        store = MemoryStore()
        sessions = LiveSessions(
            store,
            clock=self.reactor,
            wall=lambda: 1_800_000_000.0,
            limits=SessionLimits(idle_s=86_400.0, lifetime_s=86_400.0),
        )
        person = Person(
            id=PersonId("0" * 32),
            name="hanako",
            display_name="花子",
            user_handle=bytes(64),
            enabled=True,
            created=0.0,
        )
        session = Session(
            id="1",
            token_hash=hash_token(TOKEN),
            person_id=person.id,
            method=Method.PASSKEY,
            credential_id=None,
            address="192.0.2.7",
            user_agent="",
            created=1_800_000_000.0,
            last_used=1_800_000_000.0,
        )
        at_once(store.add_person(person))
        at_once(sessions.open(session, person, replacing=None))
        return sessions

    def _standing_of(self, live: LiveSession) -> Standing:
        assert self._access, "asked without need"
        return Standing(
            name=live.person.name,
            groups=live.person.groups,
            method=live.method,
            is_device_bound=live.is_device_bound,
            verified_s=self.reactor.seconds() - live.verified,
        )

    def _pool(self) -> Pool:
        return Pool(self.reactor, self.reactor, host="127.0.0.1", port=8000, connect_s=CONNECT_S)

    def _plane(self) -> Plane:
        link = AppLink(
            pool=self.pool,
            public=PUBLIC,
            authority=b"gw.example.test",
            names=names_for(
                PUBLIC,
                backend_host="127.0.0.1",
                backend_port=8000,
                internal_names=(),
                preserve_host=True,
            ),
            max_body_bytes=1 << 30,
            connect_s=CONNECT_S,
            first_byte_s=FIRST_BYTE_S,
            idle_s=IDLE_S,
        )
        site = (
            self._pages.server() if self._pages else Site(OwnPage(), parsePOSTFormSubmission=False)
        )
        refusals = Refusals(PUBLIC, _page)
        remembered = Remembered()
        self.reception = Reception(
            sessions=self.sessions,
            session_cookie=b"__Host-gw",
            crowd=self.crowd,
            activity=Activity(idle_s=IDLE_LIMIT_S if self._pages else 86_400.0),
            now=self.reactor.seconds,
            decide=rule_of(Policy(self._access), public=PUBLIC, standing_of=self._standing_of),
            remembered=remembered,
            names=link.names,
            to_app=partial(self._carry, link),
            to_site=partial(SiteExchange, site=site, in_place=False),
            to_sign_in=partial(SiteExchange, site=site, in_place=True),
            to_step_up=lambda front, head, need: SiteExchange(
                front, head, site, in_place=True, target=STEP_UP_TARGET + need.encode()
            ),
            to_refusal=partial(RefusalExchange, refusals),
        )
        return Plane(
            public=PUBLIC,
            is_tls=False,
            deadlines=self.deadlines,
            crowd=self.crowd,
            parse_block=remembered,
            failure=refusals.failure,
            receive=self.reception,
            recognise=self.reception.recognise,
            later=lambda call: self.reactor.callLater(0, call),
        )


def _clock_of(pages: PagesHouse | None) -> MemoryReactorClock:
    if pages is None:
        return MemoryReactorClock()
    assert isinstance(pages.clock, MemoryReactorClock), "one clock for all"
    return pages.clock


def _page(status: int, block: FieldBlock | None, is_page: bool) -> tuple[bytes, bytes]:
    return b"text/plain", b"%d" % status


def at_once(work: Coroutine[Deferred[Any], Any, Any]) -> Any:
    """The result of work that needs no waiting."""
    results: list[Any] = []
    failures: list[Failure] = []
    Deferred.fromCoroutine(work).addCallbacks(results.append, failures.append)
    for failure in failures:
        failure.raiseException()
    return results[0]
