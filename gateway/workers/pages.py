"""
Our own pages for a browser that is connected to a worker: asked of the main process.

The worker sends the request's head and body over the line as they came and writes what comes
back to the browser as it is: the main process answers as if the browser were its own, through
`FarBrowser`. What a client may not choose (its address, whether the page is shown in place
of the app's) travels in fields of its own, never among the bytes of the client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

from gateway.rules.http1 import RequestHead
from gateway.rules.public import PublicOrigin
from gateway.workers.words import Cut, Done, Fail, Write

OWN_PAGE_S = 30.0
"""For the request's body and the page, together; as in a process that has its pages itself."""

BODY_LIMIT_BYTES = 64 * 1024
"""What the main process takes of a body. Once it has more, it has refused, and gets no more."""

INTERIM = b"HTTP/1.1 1"
"""How an answer begins that another one follows (RFC 9110 15.2)."""


class Exchange(Protocol):
    """What answers one request; `proxy.plane` says more."""

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Start."""

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """More of the request's body came."""

    def abandon(self) -> None:
        """The browser has gone."""


class Browser(Protocol):
    """What a page asks of the browser's side; `proxy.plane` says more."""

    transport: Any
    peer: str

    @property
    def is_body_read(self) -> bool:
        """Whether the whole request has come."""
        ...

    def fail(self, status: int, head: RequestHead, *, is_persistent: bool) -> None:
        """Write a whole answer of the gateway's own."""

    def progress(self, seconds: float) -> None:
        """Allow this many seconds more."""

    def done(self, *, is_persistent: bool) -> None:
        """The answer is written."""

    def cut(self) -> None:
        """Tear the connection down."""


class Asking(Protocol):
    """The worker's end of the line, as a page uses it."""

    def ask(self, page: FarPage, pieces: list[bytes], *, is_last: bool) -> int:
        """Begin a visit; its number."""
        ...

    def send(self, visit: int, pieces: list[bytes], *, is_last: bool) -> None:
        """More of the request's body."""

    def abandon(self, visit: int) -> None:
        """The visit is over, as far as this process is concerned."""


class FarPage:
    """In the worker: carries one request to the main process, and the page back."""

    def __init__(
        self,
        browser: Browser,
        head: RequestHead,
        line: Asking,
        *,
        in_place: bool,
        need: str = "",
    ) -> None:
        """
        Get ready.

        Args:
            browser: who asks.
            head: for what.
            line: to the main process.
            in_place: whether the page is to stand in the place of the app's.
            need: what somebody who is signed in must prove anew, see `rules.entries.Require`;
                "" for the sign-in page.
        """
        self.has_answered = False
        self.head = head
        self.in_place = in_place
        self.need = need
        self._browser = browser
        self._line = line
        self._visit: int | None = None
        self._sent_bytes = 0

    @property
    def address(self) -> str:
        """Where the browser is."""
        return self._browser.peer

    # What the connection tells us

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Ask for the page. What it stands in the place of keeps its body to itself."""
        self._browser.progress(OWN_PAGE_S)
        self._sent_bytes = sum(map(len, pieces))
        self._visit = self._line.ask(self, [] if self.in_place else pieces, is_last=is_last)

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Send on, as long as it is wanted."""
        if self.in_place or self._visit is None or self._sent_bytes > BODY_LIMIT_BYTES:
            return
        self._sent_bytes += sum(map(len, pieces))
        self._line.send(self._visit, pieces, is_last=is_last)

    def tunnel(self, data: bytes) -> None:
        """Our pages open no tunnels."""

    def overdue(self) -> None:
        """The browser is too slow to send, or the main process to answer."""
        status = 503 if self._browser.is_body_read else 408
        self.abandon()
        if self.has_answered:
            self._browser.cut()
        else:
            self.fail(status)
            self._browser.done(is_persistent=False)

    def abandon(self) -> None:
        """The browser has gone."""
        visit, self._visit = self._visit, None
        if visit is not None:
            self._line.abandon(visit)

    # What the main process tells us

    def write(self, data: bytes) -> None:
        """Bytes for the browser."""
        self.has_answered = self.has_answered or not data.startswith(INTERIM)
        self._browser.transport.write(data)

    def fail(self, status: int) -> None:
        """There is no page; say so."""
        self.has_answered = True
        self._browser.fail(status, self.head, is_persistent=False)

    def done(self, *, is_persistent: bool) -> None:
        """The page is written."""
        self._visit = None
        self._browser.done(is_persistent=is_persistent)

    def cut(self) -> None:
        """The page broke off."""
        self._visit = None
        self._browser.cut()


@dataclass(frozen=True, slots=True, kw_only=True)
class FarPlane:
    """What a page asks of the listener that its browser came through."""

    public: PublicOrigin


class FarBrowser:
    """In the main process: stands for a browser that is connected to a worker."""

    def __init__(
        self,
        visit: int,
        address: str,
        say: Callable[..., object],
        plane: FarPlane,
        *,
        is_body_read: bool,
    ) -> None:
        self.plane = plane
        self.peer = address
        self.is_body_read = is_body_read
        self.transport = self
        self._visit = visit
        self._say = say

    # As the browser's side

    def fail(self, status: int, head: RequestHead, *, is_persistent: bool) -> None:
        """The worker writes the gateway's own answers: it knows the request, too."""
        del head, is_persistent
        self._say(Fail, visit=self._visit, status=status)

    def progress(self, seconds: float) -> None:
        """The worker has the clock."""

    def done(self, *, is_persistent: bool) -> None:
        """The answer is written."""
        self._say(Done, visit=self._visit, is_persistent=is_persistent)

    def close(self) -> None:
        """Close once all is sent."""
        self.done(is_persistent=False)

    def cut(self) -> None:
        """Tear the connection down."""
        self._say(Cut, visit=self._visit)

    # As its transport

    def write(self, data: bytes) -> None:
        """Send to the browser."""
        self._say(Write, visit=self._visit, data=data)

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Our pages are small and come whole; the line takes them."""

    def unregisterProducer(self) -> None:
        """Nobody was slowed down."""

    def getPeer(self) -> IAddress:
        """Tell who asks; the port is the worker's affair."""
        kind = IPv6Address if ":" in self.peer else IPv4Address
        return kind("TCP", self.peer, 0)

    def getHost(self) -> IAddress:
        """Nothing of ours looks at it: the public name is in the configuration."""
        return IPv4Address("TCP", "", 0)
