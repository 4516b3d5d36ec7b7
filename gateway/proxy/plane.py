"""What all connections of one listener share, and what a connection asks of an exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.proxy.crowd import Crowd
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.wire import Wire
from gateway.rules.http1 import FieldBlock, RequestHead
from gateway.rules.public import PublicOrigin
from gateway.store.table import LiveSession

if TYPE_CHECKING:
    from gateway.proxy.front import Front


class Exchange(Protocol):
    """What carries one request: to the app, or to our own pages."""

    has_answered: bool
    """Whether the answer's head is on its way to the browser."""

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Start, with as much of the request's body as has come."""

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """More of the request's body came."""

    def tunnel(self, data: bytes) -> None:
        """Bytes of the browser came in a tunnel."""

    def overdue(self) -> None:
        """The deadline has passed."""

    def abandon(self) -> None:
        """The browser has gone, or must go."""


class Browser(Protocol):
    """What an exchange asks of the browser's side: `front.Front`, or `resource`'s stand-in."""

    @property
    def transport(self) -> Wire:
        """The connection itself: what is written there goes to the browser as it is."""
        ...

    @property
    def peer(self) -> str:
        """The address of the browser's end."""
        ...

    @property
    def forwarding(self) -> bytes:
        """What the app is told of the request's way, see `rules.headers.forwarding`."""
        ...

    @property
    def is_body_read(self) -> bool:
        """Whether the whole request has come."""
        ...

    def fail(self, status: int, head: RequestHead, *, is_persistent: bool) -> None:
        """Write a whole answer of the gateway's own."""

    def pause(self) -> None:
        """Read no more of the request until `resume`."""

    def resume(self) -> None:
        """Read on."""

    def progress(self, seconds: float) -> None:
        """Something moved: allow this many seconds more."""

    def done(self, *, is_persistent: bool) -> None:
        """The answer is written. `is_persistent`: the browser was told that it may go on."""

    def tunnel(self) -> bytes:
        """From now on bytes pass as they are; what came early is returned."""
        ...

    def close(self) -> None:
        """Close once all is sent."""

    def cut(self) -> None:
        """Tear the connection down, so that nobody takes what came for the whole."""


class Failure(Protocol):
    """Renders a whole answer of our own to a request that we do not carry."""

    def __call__(self, status: int, head: RequestHead | None, *, is_persistent: bool) -> bytes:
        """Status line, fields and page; `head` tells the language and who asks, if known."""
        ...


def _nobody(front: Front, data: bytes) -> None:
    del front, data


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """What all connections of one listener share."""

    public: PublicOrigin
    is_tls: bool
    deadlines: Deadlines
    crowd: Crowd
    parse_block: Callable[[bytes], FieldBlock]
    failure: Failure
    receive: Callable[[Front, RequestHead], tuple[LiveSession | None, Exchange]]
    """Says who carries a request, and which session, if any, it depends on."""
    later: Callable[[Callable[[], None]], object]
    """Calls back in the reactor's next turn."""
    recognise: Callable[[Front, bytes], tuple[LiveSession, Exchange] | None] = _nobody
    """`receive` for bytes that are one whole request like one before it; None = have a look."""
