"""
One request sent twice: straight to the app, and through the gateway.

To the app it goes as the gateway would send it (the public Host, X-Forwarded-*, the app's own
cookie), so that what is left to differ is what the gateway does to the answer: nothing but
`DIFFERENCES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.instruments.raw_client import Answer, RawClient
from tests.wire.door import Door

DIFFERENCES = {
    b"date": "the app answered at another moment",
    b"connection": "about one connection (RFC 9110 7.6.1)",
    b"transfer-encoding": "each connection frames for itself; the body is compared",
    b"content-length": "comes last; compared on its own",
    b"set-cookie": "copyparty renews its cookie once a connection, and the gateway keeps"
    " connections; the log-in's tests look at it",
}
"""The fields that may differ, and why."""

_nonce = re.compile(rb"'nonce-([^']+)'").search
_token = re.compile(rb"opaquelocktoken:[0-9a-f-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as a client means it; `fields` without Host, Cookie and framing."""

    target: str
    method: str = "GET"
    fields: tuple[str, ...] = ()
    body: bytes | None = None
    """None: no body; else it is sent with its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a client can see of an answer, but for the allowed differences."""

    first_line: bytes
    fields: list[tuple[bytes, bytes]]
    lengths: list[bytes]
    """Content-Length; only where both sides say one."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two ways to the app."""

    app_port: int
    door: Door
    cookie: bytes
    """The app's own cookie."""

    def straight(self, request: Request) -> Answer:
        """Ask the app itself."""
        authority = self.door.authority
        fields = (
            b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
            b"X-Forwarded-Host: " + authority + b"\r\nCookie: " + self.cookie + b"\r\n"
        )
        with RawClient(self.app_port) as client:
            return _ask(client, request, authority, fields)

    def through(self, request: Request) -> Answer:
        """Ask the gateway, signed in at both."""
        cookies = b"Cookie: " + self.door.cookie + b"; " + self.cookie + b"\r\n"
        with self.door.connect() as client:
            return _ask(client, request, self.door.authority, cookies)


def seen(answer: Answer) -> Seen:
    """What has to be equal."""
    fields = [
        (name, _same_each_time(value, answer))
        for name, value in answer.fields
        if name.lower() not in DIFFERENCES
    ]
    return Seen(
        first_line=answer.head.partition(b"\r\n")[0],
        fields=fields,
        lengths=answer.values(b"content-length"),
        body=_same_each_time(answer.body, answer),
    )


def _same_each_time(text: bytes, answer: Answer) -> bytes:
    """The text without what the app draws anew for each answer."""
    policy = b"".join(answer.values(b"content-security-policy"))
    if drawn := _nonce(policy):
        text = text.replace(drawn[1], b"NONCE")
    return _token.sub(b"TOKEN", text)


def _ask(client: RawClient, request: Request, authority: bytes, fields: bytes) -> Answer:
    method = request.method.encode("ascii")
    head = method + b" " + request.target.encode("ascii") + b" HTTP/1.1\r\n"
    head += b"Host: " + authority + b"\r\n" + fields
    head += b"".join(field.encode("ascii") + b"\r\n" for field in request.fields)
    if request.body is not None:
        head += b"Content-Length: %d\r\n" % len(request.body)
    return client.ask(head + b"\r\n" + (request.body or b""), method=method)
