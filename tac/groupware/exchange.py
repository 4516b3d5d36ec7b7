"""One request and its answer, in any framing that HTTP/1.1 allows (RFC 9112 §6.3)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote

from message import Request
from streams import Inlet, Outlet

Header = tuple[str, str | bytes]

SOFTWARE = "pretend-groupware"
GZIP_FROM_BYTES = 600
"""Below this, packing makes an answer longer."""
BODYLESS = (204, 304)


class Exchange:
    """What a route works with: the request, its body, and the answer it builds."""

    def __init__(self, request: Request, inlet: Inlet, outlet: Outlet) -> None:
        self.request = request
        self.body = inlet
        self.outlet = outlet
        self.keeps_open = request.keeps_open
        self.is_begun = False
        self._is_chunked = False
        self._is_mute = request.method == b"HEAD"

    async def answer(self, status: int, headers: Iterable[Header] = (), body: bytes = b"") -> None:
        """Answer in one piece, with its length."""
        await self.begin(status, headers, length=len(body))
        await self.write(body)
        await self.finish()

    async def page(self, html: str, *, status: int = 200, headers: Iterable[Header] = ()) -> None:
        """Answer with a page in UTF-8, packed if the browser takes it."""
        fixed: list[Header] = [
            ("Content-Type", "text/html; charset=UTF-8"),
            ("Cache-Control", "no-cache"),
        ]
        await self.packed(status, [*fixed, *headers], html.encode())

    async def json(
        self, content: object, *, status: int = 200, headers: Iterable[Header] = ()
    ) -> None:
        """Answer a script."""
        fixed: list[Header] = [
            ("Content-Type", "application/json; charset=utf-8"),
            ("Cache-Control", "no-store"),
        ]
        text = json.dumps(content, ensure_ascii=False)
        await self.packed(status, [*fixed, *headers], text.encode())

    async def packed(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """Answer with a body that is gzipped when that is accepted and worth it."""
        headers = [*headers, ("Vary", "Accept-Encoding")]
        if len(body) >= GZIP_FROM_BYTES and self.request.lists(b"Accept-Encoding", b"gzip"):
            headers.append(("Content-Encoding", "gzip"))
            body = gzip.compress(body, mtime=0)
        await self.answer(status, headers, body)

    async def redirect(self, location: str, headers: Iterable[Header] = ()) -> None:
        """Send the browser elsewhere, the address spelled exactly as given (but ASCII)."""
        ascii_only = quote(location, safe="%/:?#[]@!$&'()*+,;=~")
        await self.answer(302, [("Location", ascii_only), *headers])

    async def begin(
        self,
        status: int,
        headers: Iterable[Header] = (),
        *,
        length: int | None = None,
        until_close: bool = False,
        version: str = "HTTP/1.1",
    ) -> None:
        """Send the head; without a length the body is chunked, or ends with the connection."""
        self._is_chunked = length is None and not until_close and self._may_chunk(version)
        if version == "HTTP/1.0" or (length is None and not self._is_chunked):
            self.keeps_open = False
        framing = [] if status in BODYLESS else self._framing(length)
        if not self.keeps_open:
            framing.append(("Connection", "close"))
        if status in BODYLESS:
            self._is_mute = True
        self.is_begun = True
        first: list[Header] = [("Date", formatdate(usegmt=True)), ("Server", SOFTWARE)]
        await self.outlet.send(head_bytes(version, status, [*first, *headers, *framing]))

    async def interim(self, status: int, headers: Iterable[Header]) -> None:
        """Send an informational answer ahead of the final one (RFC 9110 §15.2)."""
        await self.outlet.send(head_bytes("HTTP/1.1", status, headers))

    async def write(self, piece: bytes) -> None:
        """Send a piece of the body; an empty one is no piece."""
        if self._is_mute or not piece:
            return
        if self._is_chunked:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        await self.outlet.send(piece)

    async def finish(self) -> None:
        """End the body."""
        if self._is_chunked and not self._is_mute:
            await self.outlet.send(b"0\r\n\r\n")

    def _may_chunk(self, version: str) -> bool:
        return version == "HTTP/1.1" and self.request.version == b"HTTP/1.1"

    def _framing(self, length: int | None) -> list[Header]:
        if length is not None:
            return [("Content-Length", str(length))]
        return [("Transfer-Encoding", "chunked")] if self._is_chunked else []


def head_bytes(version: str, status: int, headers: Iterable[Header]) -> bytes:
    """A whole head; header values given as bytes go out as they are."""
    lines = [f"{version} {status} {HTTPStatus(status).phrase}".encode("ascii")]
    for name, value in headers:
        plain = value.encode("latin-1") if isinstance(value, str) else value
        lines.append(name.encode("ascii") + b": " + plain)
    return b"\r\n".join([*lines, b"", b""])
