"""Somebody who is enrolled and signed in, over plain HTTP and without a browser."""

from __future__ import annotations

import json
import ssl
from functools import partial
from urllib.parse import urlsplit

from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.raw_client import Answer, RawClient
from tests.wire.door import Door

PERSON = "hanako"


def open_door(gateway: GatewayProcess, authority: bytes | None = None) -> Door:
    """
    Enrol a person at a gateway that has just started, and sign in.

    Args:
        authority: PEM of the certificate authority where the gateway speaks TLS.
    """
    visitor = Visitor(gateway, trusting(authority))
    gateway.add_person(PERSON)
    visitor.enrol(gateway.invite(PERSON))
    return door_of(gateway, visitor)


def door_of(gateway: GatewayProcess, visitor: Visitor) -> Door:
    """The front door of that gateway, as this visitor comes in by it."""
    return Door(
        port=gateway.port,
        authority=visitor.authority,
        scheme=visitor.scheme,
        tls=visitor.tls,
        cookie=visitor.sign_in(),
        sign_in=visitor.sign_in,
        rss_bytes=gateway.rss_bytes,
        descriptors=gateway.descriptors,
    )


def trusting(authority: bytes | None) -> ssl.SSLContext | None:
    """How to speak TLS with what that authority has certified; None: TLS is not spoken."""
    if authority is None:
        return None
    return ssl.create_default_context(cadata=authority.decode("ascii"))


class Visitor:
    """A browser with a passkey of its own."""

    def __init__(
        self, gateway: GatewayProcess, tls: ssl.SSLContext | None, *, is_synced: bool = False
    ) -> None:
        self.tls = tls
        self.scheme = b"http" if tls is None else b"https"
        parts = urlsplit(gateway.url)
        self.authority = parts.netloc.encode("ascii")
        self._origin = gateway.url
        flags = UP | UV | (BE | BS if is_synced else 0)
        self.authenticator = Authenticator(gateway.url, flags=flags)
        self._connect = partial(RawClient, gateway.port, tls=tls, name=parts.hostname or "")
        self._browser = b""

    def enrol(self, link: str) -> None:
        """Register a passkey by an invitation."""
        enrolled = self.try_to_enrol(link)
        assert enrolled.status == 200, (enrolled.status, enrolled.body)

    def try_to_enrol(self, link: str) -> Answer:
        """What the gateway says to this device's passkey at an invitation."""
        path = urlsplit(link).path
        options = self._post(path + "/options", {})
        return self.ask(path + "/verify", self.authenticator.create(options))

    def sign_in(self, *, over: bytes = b"") -> bytes:
        """
        A new session; its cookie as the Cookie field says it.

        Args:
            over: the cookie of a session of the same person, which is then the one that is
                verified anew, under another token.
        """
        options = self._post("/.gateway/passkey/options", {})
        answer = self.ask("/.gateway/passkey/verify", self.authenticator.get(options), cookie=over)
        assert answer.status == 200, (answer.status, answer.body)
        return _cookies(answer)[0]

    def _post(self, path: str, said: object) -> dict[str, object]:
        answer = self.ask(path, said)
        assert answer.status == 200, (path, answer.status, answer.body)
        self._browser = b"".join(_cookies(answer)) or self._browser
        told: dict[str, object] = json.loads(answer.body)
        return told

    def ask(self, path: str, said: object, *, cookie: bytes = b"") -> Answer:
        """What a script of our own pages sends, perhaps with the cookie of a session."""
        cookies = b"; ".join(each for each in (self._browser, cookie) if each)
        body = json.dumps(said).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.authority.decode()}\r\n"
            f"Origin: {self._origin}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nCookie: {cookies.decode()}\r\n\r\n"
        )
        with self._connect() as client:
            return client.ask(head.encode() + body)


def _cookies(answer: Answer) -> list[bytes]:
    return [value.partition(b";")[0] for value in answer.values(b"set-cookie")]
