"""A member of staff at the pretend groupware: signs in, asks as its pages do, sends its forms."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tests.instruments.raw_client import Answer, RawClient

MAIN = "/cgi-bin/dneo/dneo.cgi"
URLENCODED = "application/x-www-form-urlencoded; charset=UTF-8"


class Desk:
    """One browser's worth of cookies, and a new connection for each request."""

    def __init__(self, port: int, main: str = MAIN) -> None:
        self._port = port
        self.main = main
        self.cookies: dict[str, str] = {}

    def sign_in(self, **fields: str) -> dict[str, Any]:
        """Certify as the page's script does, and make the cookies from the JSON."""
        form = urlencode({"cmd": "certify", **(fields or {"uid": "1", "_word": ""})})
        certificate = as_json(self.post(self.main, form.encode()))
        if certificate["status"] == "ok":
            self.cookies["dnzSid"] = certificate["rssid"]
            self.cookies["dnzToken"] = certificate["STOKEN"]
        return certificate

    def get(self, target: str, *lines: str, method: str = "GET") -> Answer:
        """Ask for an address."""
        return self._ask(method, target, lines, b"")

    def post(self, target: str, body: bytes, *lines: str, kind: str = URLENCODED) -> Answer:
        """Send a form."""
        return self._ask("POST", target, (f"Content-Type: {kind}", *lines), body)

    def view(self, query: str, program: str = "") -> dict[str, Any]:
        """Load a view by XHR, with the token as the name of a field."""
        body = f"{query}&{self.token}=1".encode()
        return as_json(self.post(program or self.main, body, "X-Requested-With: XMLHttpRequest"))

    @property
    def token(self) -> str:
        """The token against forged requests."""
        return self.cookies["dnzToken"]

    def _ask(self, method: str, target: str, lines: tuple[str, ...], body: bytes) -> Answer:
        crumbs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", *lines]
        if crumbs:
            head.append(f"Cookie: {crumbs}")
        if method == "POST":
            head.append(f"Content-Length: {len(body)}")
        with RawClient(self._port) as client:
            request = "\r\n".join([*head, "", ""]).encode("latin-1") + body
            return client.ask(request, method=method.encode())


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer's JSON."""
    content: dict[str, Any] = json.loads(answer.body)
    return content


def multipart(boundary: str, *parts: tuple[str, bytes]) -> bytes:
    """A multipart body; each part is its headers' tail, such as 'name="a"', and its content."""
    pieces = [
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for head, content in parts
    ]
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()
