"""
One request on its way to the app, and the app's answer on its way back.

Nothing is held: each piece of a body goes on as it comes, and whoever cannot take more makes
the other side wait (each transport is registered as the other's producer). The request is
written in the gateway's own framing; the answer's end is the app's own, or the browser's
connection is cut: a short answer never looks like a whole one.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger

from gateway.proxy.back import Back, Fault
from gateway.proxy.bodies import CONTINUE, framed
from gateway.proxy.link import CHUNKED, WEBSOCKET, AppLink
from gateway.proxy.plane import Browser
from gateway.proxy.wire import unsent_bytes
from gateway.rules.headers import from_app
from gateway.rules.http1 import NO_BODY, BodyKind, RequestHead
from gateway.rules.response import ResponseHead

TUNNEL_IDLE_S = 600.0
"""How long a WebSocket may be silent in both directions: longer than the ping of common apps."""

SAFE_TO_REPEAT = frozenset((b"GET", b"HEAD"))
"""Asked once more when a pooled connection turned out dead (RFC 9110 9.2.2, without bodies)."""

STATUS_OF = {Fault.UNREACHABLE: 504, Fault.BUSY: 503}
"""What the browser is told; 502 for every other fault."""


class AppExchange:
    """Carries one request to the app."""

    log = Logger()

    # What most requests never change stands here: an exchange is made for each of them.
    has_answered = False
    _back: Back | None = None
    _body_bytes = 0
    _pending = b""
    _is_over = False
    _is_uploading = False
    _is_downloading = False
    _is_tunnel = False
    _is_chunked = False
    _is_persistent = False
    _has_retried = False
    _waiting: Sequence[bytes] = ()

    def __init__(
        self, front: Browser, head: RequestHead, link: AppLink, lines: bytes | None = None
    ) -> None:
        """
        Carry that request over that link.

        Args:
            lines: its field lines for the app, if they were made before; see `to_app`.
        """
        self._front = front
        self._head = head
        self._link = link
        self._lines = lines

    # The request

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Look for a connection to the app."""
        if self._head.block.framing is not NO_BODY and not self._begin_body(pieces, is_last):
            return
        self._link.pool.find(self)
        if self._back is None and not self._is_over:
            self._front.progress(self._link.connect_s * 2)

    def _begin_body(self, pieces: list[bytes], is_last: bool) -> bool:
        """Look at what is said and what has come of the body; False = too large."""
        framing = self._head.block.framing
        if framing.kind is BodyKind.LENGTH and framing.length > self._link.max_body_bytes:
            self._answer(413)
            return False
        if pieces and not self._take(pieces):
            return False
        if not is_last:
            # Nothing is gathered while the app is being connected.
            self._front.pause()
        return True

    def connected(self, back: Back) -> None:
        """Send what there is of the request."""
        if self._is_over:
            back.release(is_sent=True, was_slowed=False)
            return
        self._back = back
        head, front = self._head, self._front
        back.carry(self, method=head.method, may_switch=head.is_websocket)
        written = self._link.request_head(
            head, self._lines, forwarding=front.forwarding, authority=back.home.authority
        )
        if head.block.framing is NO_BODY:
            back.transport.write(written)
            front.progress(self._link.first_byte_s)
            return
        is_last = front.is_body_read
        back.transport.write(written + self._framed(is_last=is_last))
        if is_last:
            front.progress(self._link.first_byte_s)
        else:
            self._upload(back)

    def _upload(self, back: Back) -> None:
        self._is_uploading = True
        if self._head.expects_continue:
            self._front.transport.write(CONTINUE)
        back.transport.registerProducer(self._front.transport, True)  # noqa: FBT003  # Twisted's
        self._front.resume()
        self._front.progress(self._link.idle_s)

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Send on what came of the body."""
        if not self._take(pieces) or self._back is None:
            return
        self._back.transport.write(self._framed(is_last=is_last))
        self._front.progress(self._link.idle_s)
        if is_last:
            self._stop_uploading()
            self._front.progress(self._link.first_byte_s)

    def _take(self, pieces: list[bytes]) -> bool:
        self._waiting = [*self._waiting, *pieces]
        self._body_bytes += sum(map(len, pieces))
        if self._body_bytes <= self._link.max_body_bytes:
            return True
        self._drop_back()
        self._give_up(413)
        return False

    def _framed(self, *, is_last: bool) -> bytes:
        pieces, self._waiting = self._waiting, ()
        is_chunked = self._head.block.framing.kind is BodyKind.CHUNKED
        return framed(pieces, chunked=is_chunked, is_last=is_last)

    def _stop_uploading(self) -> None:
        if self._is_uploading and self._back is not None:
            self._is_uploading = False
            self._back.transport.unregisterProducer()
            # The app's side may have made the browser wait, and now never says "go on".
            self._front.resume()

    # The answer

    def informed(self, head: ResponseHead) -> None:
        """Pass on early hints (RFC 8297); other interim answers are between the app and us."""
        if head.status == 103 and self._head.minor == 1:
            self._front.transport.write(self._link.answer_head(head, b""))

    def answered(self, head: ResponseHead) -> None:
        """Make the head ready; it is written together with the first piece."""
        self.has_answered = True
        is_modern = self._head.minor == 1
        is_open = head.framing.kind in (BodyKind.CHUNKED, BodyKind.UNTIL_CLOSE)
        self._is_chunked = is_open and is_modern
        self._is_persistent = (
            self._head.is_persistent and self._front.is_body_read and (is_modern or not is_open)
        )
        self._pending = self._link.answer_head(head, self._answer_framing(head))

    def _answer_framing(self, head: ResponseHead) -> bytes:
        if self._is_chunked:
            framing = CHUNKED
        elif head.declared_length is not None and head.status != 204:
            framing = b"Content-Length: %d\r\n" % head.declared_length
        else:
            framing = b""
        if not self._is_persistent:
            return framing + b"Connection: close\r\n"
        return framing + (b"" if self._head.minor else b"Connection: keep-alive\r\n")

    def whole(self, head: ResponseHead, body: bytes) -> None:
        """Pass on an answer that came all at once."""
        back, front, request = self._back, self._front, self._head
        is_persistent = request.is_persistent and front.is_body_read
        if back is None or not is_persistent or self._is_uploading or not request.minor:
            self.answered(head)
            self.pieces([body], is_last=True)
            return
        self._is_over = self.has_answered = True
        self._back = None
        front.transport.write(
            b"HTTP/1.1 %d %b%b\r\nContent-Length: %d\r\n\r\n%b"
            % (head.status, head.reason, from_app(head, self._link.names), len(body), body)
        )
        back.release(is_sent=True, was_slowed=False)
        front.done(is_persistent=True)

    def pieces(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Pass on what came of the answer."""
        front = self._front
        body = framed(pieces, chunked=self._is_chunked, is_last=is_last)
        if self._pending:
            body, self._pending = self._pending + body, b""
        if body:
            front.transport.write(body)
        if is_last:
            self._finish()
            return
        front.progress(self._link.first_byte_s)
        if not self._is_downloading and self._back is not None:
            self._is_downloading = True
            front.transport.registerProducer(self._back.transport, True)  # noqa: FBT003

    def _finish(self) -> None:
        back, front = self._back, self._front
        was_slowed = self._is_downloading
        self._is_over = True
        self._disconnect()
        if back is not None:
            back.release(is_sent=front.is_body_read, was_slowed=was_slowed)
        front.done(is_persistent=self._is_persistent)

    def _disconnect(self) -> None:
        """Neither side waits for the other any more."""
        self._stop_uploading()
        if self._is_downloading:
            self._is_downloading = False
            self._front.transport.unregisterProducer()
        self._back = None

    def _drop_back(self) -> None:
        back = self._back
        self._disconnect()
        if back is not None:
            back.drop()

    # Tunnels

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """Open the tunnel: only the app's own 101 does that."""
        front, back = self._front, self._back
        if back is None:
            return
        self.has_answered = self._is_tunnel = True
        front.transport.write(self._link.answer_head(head, WEBSOCKET) + rest)
        self._is_uploading = self._is_downloading = True
        front.transport.registerProducer(back.transport, True)  # noqa: FBT003
        back.transport.registerProducer(front.transport, True)  # noqa: FBT003
        front.progress(TUNNEL_IDLE_S)
        early = front.tunnel()
        if early:
            back.transport.write(early)

    def tunnel(self, data: bytes) -> None:
        """Browser to app."""
        if self._back is not None:
            self._front.progress(TUNNEL_IDLE_S)
            self._back.transport.write(data)

    def tunnelled(self, data: bytes) -> None:
        """App to browser."""
        self._front.progress(TUNNEL_IDLE_S)
        self._front.transport.write(data)

    # Trouble

    def failed(self, fault: Fault, *, got_nothing: bool) -> None:
        """Ask once more where that is safe; say 502 or 504; or cut what has begun."""
        back = self._back
        self._disconnect()
        if self._is_over:
            return
        if self._may_repeat(back) and got_nothing:
            self._has_retried = True
            self._link.pool.find(self, is_fresh=True)
            return
        self.log.warn("the app failed: {fault}", fault=fault.value, event="app.failed")
        if self._is_tunnel:
            self._is_over = True
            self._front.close()
        else:
            self._give_up(STATUS_OF.get(fault, 502))

    def _may_repeat(self, back: Back | None) -> bool:
        return (
            back is not None
            and (back.uses > 1 or self._link.pool.has_several)
            and not self._has_retried
            and self._head.method in SAFE_TO_REPEAT
            and self._head.block.framing.kind is BodyKind.NONE
            and not self._head.is_websocket
        )

    def overdue(self) -> None:
        """Nothing has moved for too long."""
        is_browser_slow = self._is_uploading and not self._is_app_stalled()
        self._link.pool.leave(self)
        self._drop_back()
        if is_browser_slow:
            self._give_up(408)
        else:
            self.log.warn("the app is silent", event="app.silent")
            self._give_up(504)

    def _is_app_stalled(self) -> bool:
        """Whether the app does not take what was sent to it."""
        return self._back is not None and unsent_bytes(self._back.transport) > 0

    def _give_up(self, status: int) -> None:
        """Say why, unless the app has begun to speak: then all that is left is to cut."""
        if self.has_answered:
            self._is_over = True
            self._front.cut()
        else:
            self._answer(status)

    def _answer(self, status: int) -> None:
        """Answer in the app's stead."""
        front = self._front
        self._is_over = self.has_answered = True
        is_persistent = self._head.is_persistent and front.is_body_read
        front.fail(status, self._head, is_persistent=is_persistent)
        front.done(is_persistent=is_persistent)

    def abandon(self) -> None:
        """The browser has gone: the app need not work on."""
        self._is_over = True
        self._link.pool.leave(self)
        back, is_tunnel = self._back, self._is_tunnel
        self._disconnect()
        if back is not None and is_tunnel:
            back.retire()
        elif back is not None:
            back.drop()
