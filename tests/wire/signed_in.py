"""Somebody who is enrolled and signed in, over plain HTTP and without a browser."""

from __future__ import annotations

import json
import ssl
from functools import partial
from urllib.parse import urlsplit

from tests.instruments.authenticator import Authenticator
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
    visitor = Visitor(gateway, _trusting(authority))
    gateway.add_person(PERSON)
    visitor.enrol(gateway.invite(PERSON))
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


def _trusting(authority: bytes | None) -> ssl.SSLContext | None:
    if authority is None:
        return None
    return ssl.create_default_context(cadata=authority.decode("ascii"))


class Visitor:
    """A browser with a passkey of its own."""

    def __init__(self, gateway: GatewayProcess, tls: ssl.SSLContext | None) -> None:
        self.tls = tls
        self.scheme = b"http" if tls is None else b"https"
        parts = urlsplit(gateway.url)
        self.authority = parts.netloc.encode("ascii")
        self._origin = gateway.url
        self._authenticator = Authenticator(gateway.url)
        self._connect = partial(RawClient, gateway.port, tls=tls, name=parts.hostname or "")
        self._browser = b""

    def enrol(self, link: str) -> None:
        """Register a passkey by an invitation."""
        path = urlsplit(link).path
        options = self._post(path + "/options", {})
        self._post(path + "/verify", self._authenticator.create(options))

    def sign_in(self) -> bytes:
        """A new session; its cookie as the Cookie field says it."""
        options = self._post("/.gateway/passkey/options", {})
        answer = self._answer("/.gateway/passkey/verify", self._authenticator.get(options))
        return _cookies(answer)[0]

    def _post(self, path: str, said: object) -> dict[str, object]:
        answer = self._answer(path, said)
        self._browser = b"".join(_cookies(answer)) or self._browser
        told: dict[str, object] = json.loads(answer.body)
        return told

    def _answer(self, path: str, said: object) -> Answer:
        body = json.dumps(said).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.authority.decode()}\r\n"
            f"Origin: {self._origin}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nCookie: {self._browser.decode()}\r\n\r\n"
        )
        with self._connect() as client:
            answer = client.ask(head.encode() + body)
        assert answer.status == 200, (path, answer.status, answer.body)
        return answer


def _cookies(answer: Answer) -> list[bytes]:
    return [value.partition(b";")[0] for value in answer.values(b"set-cookie")]
