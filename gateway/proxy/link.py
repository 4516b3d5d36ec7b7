"""What all requests to one app have in common."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.proxy.pool import Pool
from gateway.rules.headers import from_app, to_app
from gateway.rules.http1 import BodyKind, RequestHead
from gateway.rules.locations import Names
from gateway.rules.public import PublicOrigin
from gateway.rules.response import ResponseHead

CHUNKED = b"Transfer-Encoding: chunked\r\n"
WEBSOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppLink:
    """The one app behind this gateway, and how it wants to be spoken to."""

    pool: Pool
    public: PublicOrigin
    authority: bytes
    """What Host says to the app; b"" = the name of the backend that is asked."""
    names: Names
    max_body_bytes: int
    connect_s: float
    first_byte_s: float
    """For the answer to begin, and between two pieces of it."""
    idle_s: float
    """Between two pieces of the request's body."""

    def request_head(
        self, head: RequestHead, lines: bytes | None, *, forwarding: bytes, authority: bytes
    ) -> bytes:
        """
        A request's head as the app gets it.

        Args:
            head: as it came.
            lines: its field lines, if they were made before; see `to_app`.
            forwarding: what the app is told of the way.
            authority: how the backend that is asked calls itself.
        """
        return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b\r\n" % (
            head.method,
            head.target,
            self.authority or authority,
            to_app(head.block, names=self.names) if lines is None else lines,
            forwarding,
            _framing(head) if lines is None else b"",
        )

    def answer_head(self, head: ResponseHead, framing: bytes) -> bytes:
        """An answer's head as the browser gets it; `framing`: our own lines."""
        return b"HTTP/1.1 %d %b%b\r\n%b\r\n" % (
            head.status,
            head.reason,
            from_app(head, self.names),
            framing,
        )


def _framing(head: RequestHead) -> bytes:
    kind, length = head.block.framing
    if kind is BodyKind.NONE:
        return WEBSOCKET if head.is_websocket else b""
    return CHUNKED if kind is BodyKind.CHUNKED else b"Content-Length: %d\r\n" % length
