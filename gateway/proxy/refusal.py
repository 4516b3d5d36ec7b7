"""
The gateway's own answers in the app's place, and to requests that nobody may carry.

A navigation gets a page in the person's language, a script JSON: never one for the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from gateway.pages.failure import RETRY_AFTER_S
from gateway.rules.access import Decision, is_navigation
from gateway.rules.http1 import FieldBlock, RequestHead
from gateway.rules.public import PublicOrigin

if TYPE_CHECKING:
    from gateway.proxy.front import Front

Page = Callable[[int, FieldBlock | None, bool], tuple[bytes, bytes]]
"""(status, who asks, whether a person's browser shows it) to (content type, body)."""

STATUS_OF = {
    Decision.MISDIRECTED: 421,
    Decision.FORBIDDEN: 403,
    Decision.TOO_MANY: 429,
    Decision.CROWDED: 503,
}

UNAUTHORIZED = {
    Decision.SIGN_IN_REQUIRED: "sign_in_required",
    Decision.STEP_UP_REQUIRED: "verification_required",
}
"""What a script is told, which cannot show a page (RFC 9110 15.5.2)."""

POLICY = (
    b"Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self' data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Refusals:
    """Renders whole answers."""

    def __init__(self, public: PublicOrigin, page: Page) -> None:
        self._page = page
        self._origin = public.origin.encode("ascii")
        where = {"sign_in": f"{public.origin}/.gateway/login"}
        self._wanted = {
            decision: json.dumps({"error": error} | where).encode("ascii")
            for decision, error in UNAUTHORIZED.items()
        }

    def failure(self, status: int, head: RequestHead | None, *, is_persistent: bool) -> bytes:
        """An answer that says what is wrong and what to do (RFC 9110 15.5, 15.6)."""
        block = head.block if head else None
        is_page = head is not None and is_navigation(b"GET", head.block.fields)
        content_type, body = self._page(status, block, is_page)
        extra = b""
        if status in RETRY_AFTER_S:
            extra = b"Retry-After: %d\r\n" % RETRY_AFTER_S[status]
        answer = _answer(status, content_type, body, extra=extra, is_persistent=is_persistent)
        return _for_method(answer, head)

    def redirect(self, head: RequestHead, *, is_persistent: bool) -> bytes:
        """
        308 (RFC 9110 15.4.9) to the same path and query at our own name, kept to the byte.

        The host is never the one that the request names, so nobody is led elsewhere.
        """
        location = b"Location: %b%b\r\n" % (self._origin, head.target)
        content_type, body = b"text/plain; charset=utf-8", b"Use https.\n"
        answer = _answer(308, content_type, body, extra=location, is_persistent=is_persistent)
        return _for_method(answer, head)

    def unauthorized(self, decision: Decision, head: RequestHead, *, is_persistent: bool) -> bytes:
        """401 for whoever cannot show a page: one of `UNAUTHORIZED`."""
        challenge = b'WWW-Authenticate: Passkey realm="gateway"\r\n'
        body = self._wanted[decision]
        answer = _answer(
            401, b"application/json", body, extra=challenge, is_persistent=is_persistent
        )
        return _for_method(answer, head)


def _for_method(answer: bytes, head: RequestHead | None) -> bytes:
    """To HEAD, the same without the body (RFC 9110 9.3.2)."""
    if head is None or head.method != b"HEAD":
        return answer
    return answer[: answer.index(b"\r\n\r\n") + 4]


def _answer(
    status: int, content_type: bytes, body: bytes, *, extra: bytes, is_persistent: bool
) -> bytes:
    fields = [
        b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode("ascii")),
        b"Content-Type: " + content_type,
        b"Content-Length: %d" % len(body),
        b"Cache-Control: no-store",
        b"X-Content-Type-Options: nosniff",
        POLICY,
    ]
    if not is_persistent:
        fields.append(b"Connection: close")
    return b"\r\n".join(fields) + b"\r\n" + extra + b"\r\n" + body


class RefusalExchange:
    """Refuses one request, at once."""

    def __init__(
        self, refusals: Refusals, front: Front, head: RequestHead, decision: Decision
    ) -> None:
        self.has_answered = False
        self._front = front
        self._head = head
        self._refusals = refusals
        self._decision = decision

    def begin(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Answer; what else comes of the body is thrown away by the connection."""
        del pieces
        self.has_answered = True
        is_persistent = self._head.is_persistent and is_last and self._head.minor == 1
        self._front.transport.write(self._render(is_persistent=is_persistent))
        self._front.done(is_persistent=is_persistent)

    def _render(self, *, is_persistent: bool) -> bytes:
        if self._decision in UNAUTHORIZED:
            return self._refusals.unauthorized(
                self._decision, self._head, is_persistent=is_persistent
            )
        if self._decision is Decision.REDIRECT:
            return self._refusals.redirect(self._head, is_persistent=is_persistent)
        status = STATUS_OF.get(self._decision, 403)
        return self._refusals.failure(status, self._head, is_persistent=is_persistent)

    def body(self, pieces: list[bytes], *, is_last: bool) -> None:
        """Nobody reads it."""

    def tunnel(self, data: bytes) -> None:
        """There is none."""

    def overdue(self) -> None:
        """There is nothing to wait for."""

    def abandon(self) -> None:
        """There is nothing to stop."""
