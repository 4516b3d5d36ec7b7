"""The gateway's front door as wire tests use it: where it is, and the cookie that opens it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Answer, RawClient

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A running gateway and one session on it."""

    port: int
    authority: bytes
    """What the Host field says."""
    scheme: bytes
    tls: ssl.SSLContext | None
    cookie: bytes
    """`gw=…`, as the Cookie field says it."""
    sign_in: Callable[[], bytes]
    """Opens another session of the same person, and gives its cookie."""
    rss_bytes: Callable[[], int]
    descriptors: Callable[[], int]

    def settles(self, wanted: int) -> bool:
        """Whether the gateway's open descriptors come down to that number in time."""
        never, waited_s = threading.Event(), 0.0
        while self.descriptors() > wanted and waited_s < PATIENCE_S:
            never.wait(0.05)
            waited_s += 0.05
        return self.descriptors() <= wanted

    @property
    def origin(self) -> bytes:
        """What the Origin field of the gateway's own pages says."""
        return self.scheme + b"://" + self.authority

    def connect(
        self, *, window_bytes: int | None = None, patience_s: float | None = None
    ) -> RawClient:
        """A new connection to the gateway."""
        name = self.authority.partition(b":")[0].decode("ascii")
        client = RawClient(self.port, tls=self.tls, name=name, window_bytes=window_bytes)
        if patience_s is not None:
            client.sock.settimeout(patience_s)
        return client

    def head(
        self,
        target: bytes,
        *,
        method: bytes = b"GET",
        fields: bytes = b"",
        is_signed_in: bool = True,
    ) -> bytes:
        """The head of a request; `fields` are whole lines, each with its CRLF."""
        cookie = b"Cookie: " + self.cookie + b"\r\n" if is_signed_in else b""
        first = method + b" " + target + b" HTTP/1.1\r\nHost: " + self.authority + b"\r\n"
        return first + cookie + fields + b"\r\n"

    def post(self, target: bytes, body: bytes, *, fields: bytes = b"") -> bytes:
        """A whole POST with a Content-Length."""
        fields += b"Content-Length: %d\r\n" % len(body)
        return self.head(target, method=b"POST", fields=fields) + body

    def ask(self, request: bytes, *, method: bytes = b"GET") -> Answer:
        """The answer to one request on a connection of its own."""
        with self.connect() as client:
            return client.ask(request, method=method)

    def get(self, target: bytes, *, fields: bytes = b"") -> Answer:
        """The answer to a GET of somebody who is signed in."""
        return self.ask(self.head(target, fields=fields))


def assert_app_saw_nothing(app: RawApp, door: Door, *, since: int) -> None:
    """
    Not one byte came to the app since it had received so many.

    A request that must come through is sent behind, so that what was on its way is there.
    """
    assert door.get(b"/probe").status == 200
    probes = app.exchanges_of(b"/probe")
    assert [probe.target for probe in probes] == [each.target for each in app.exchanges]
    assert app.received_count - since == sum(len(probe.head) for probe in probes)
