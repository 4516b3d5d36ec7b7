"""
``/bench/…``: the odd things that web apps do, each at an address of its own, for proxy tests.

No session is needed here.  ``/bench/echo…`` takes any further path, so that a test can see how
``;``, ``%2F`` or Shift_JIS bytes arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from html import escape

import bench_slow
import sockets
from exchange import Exchange, Header
from settings import Settings
from submission import read_submission
from visit import fill

PLAIN: Header = ("Content-Type", "text/plain; charset=UTF-8")
BLOCK_BYTES = 65536
BIG_COOKIE_BYTES = 4000
CHARSETS = {"Shift_JIS": "cp932", "EUC-JP": "euc_jp", "ISO-2022-JP": "iso2022_jp"}


async def route(exchange: Exchange, settings: Settings) -> None:
    """Answer an address of the bench."""
    path = exchange.request.path.decode("latin-1").removeprefix("/bench/")
    act = ACTS.get(path)
    if path.startswith("echo"):
        await echo(exchange)
    elif path in ("redirect", "refresh", "cookies"):
        await Names(exchange, settings).answer(path)
    elif act is None:
        await exchange.answer(404, [PLAIN], b"no such bench address\n")
    else:
        await act(exchange)


async def echo(exchange: Exchange) -> None:
    """Tell what arrived, as JSON with latin-1 text for the bytes."""
    body = await exchange.body.whole(BLOCK_BYTES)
    request = exchange.request
    await exchange.json(
        {
            "line": request.line.decode("latin-1"),
            "target": request.target.decode("latin-1"),
            "headers": [line.decode("latin-1") for line in request.header_lines],
            "body": body.decode("latin-1"),
        }
    )


async def form(exchange: Exchange) -> None:
    """GET: two forms, urlencoded and multipart. POST: what arrived, byte for byte."""
    if exchange.request.method != b"POST":
        await exchange.page(fill("bench_form.html", shown=""))
        return
    kind = exchange.request.value(b"Content-Type").partition(b";")[0].decode("latin-1")
    sent = await read_submission(exchange)
    rows = "".join(
        f"<dt>{escape(name.decode('utf-8', 'replace'))}</dt>"
        f"<dd><pre>{escape(value.decode('utf-8', 'replace'))}</pre>"
        f"<code>{value.hex()}</code></dd>"
        for name, value in sent.fields
    )
    rows += "".join(
        f"<dt>{escape(one.filename.decode('utf-8', 'replace'))}</dt>"
        f"<dd>{one.size_bytes}<code>{one.digest.hexdigest()}</code></dd>"
        for one in sent.files
    )
    shown = f'<p id="kind">{escape(kind)}</p><dl id="shown">{rows}</dl>'
    await exchange.page(fill("bench_form.html", shown=shown))


async def upload(exchange: Exchange) -> None:
    """Take any body, keep nothing, tell its length and SHA-256."""
    digest, size = hashlib.sha256(), 0
    async for piece in exchange.body.pieces():
        digest.update(piece)
        size += len(piece)
    await exchange.json({"bytes": size, "sha256": digest.hexdigest()})


async def download(exchange: Exchange) -> None:
    """``bytes=N``: N bytes; ``framing=length`` (default), ``chunked`` or ``close``."""
    asked = exchange.request.query_text()
    size, framing = int(asked.get("bytes", "0")), asked.get("framing", "length")
    length = size if framing == "length" else None
    headers: list[Header] = [("Content-Type", "application/octet-stream")]
    await exchange.begin(200, headers, length=length, until_close=framing == "close")
    async for block in blocks(size):
        await exchange.write(block)
    await exchange.finish()


async def blocks(size: int) -> AsyncIterator[bytes]:
    """
    The content of a big download.

    Block number n of 65,536 bytes is SHA-256 of n (8 bytes, big-endian), repeated: any part can
    be checked, and no two blocks are alike.
    """
    for start in range(0, size, BLOCK_BYTES):
        block = hashlib.sha256((start // BLOCK_BYTES).to_bytes(8, "big")).digest() * 2048
        yield block[: size - start]


async def close_delimited(exchange: Exchange) -> None:
    """An answer without a length that ends with the connection (RFC 9112 §6.3 item 8)."""
    await exchange.begin(200, [PLAIN], until_close=True)
    for line in ("ひとつ\n", "ふたつ\n", "みっつ\n"):
        await exchange.write(line.encode())


async def chunked(exchange: Exchange) -> None:
    """An answer in several chunks."""
    await exchange.begin(200, [PLAIN])
    for line in ("ひとつ\n", "ふたつ\n", "みっつ\n"):
        await exchange.write(line.encode())
    await exchange.finish()


async def http10(exchange: Exchange) -> None:
    """What a server of 1996 says: HTTP/1.0, no length, then it closes."""
    await exchange.begin(200, [PLAIN], until_close=True, version="HTTP/1.0")
    await exchange.write("古い返事\n".encode())


async def empty(exchange: Exchange) -> None:
    """204: no body, no framing."""
    await exchange.answer(204)


async def early_hints(exchange: Exchange) -> None:
    """103 with a Link ahead of the answer (RFC 8297)."""
    await exchange.interim(103, [("Link", "</dneores/dneo/style.css>; rel=preload; as=style")])
    await exchange.answer(200, [PLAIN], b"after the hint\n")


async def charset(exchange: Exchange) -> None:
    """A page in an old charset: ``name=Shift_JIS``, ``EUC-JP`` or ``ISO-2022-JP``; ``bare=1``: not told."""  # noqa: E501
    asked = exchange.request.query_text()
    name = asked.get("name", "Shift_JIS")
    bare = "bare" in asked
    label = "text/html" if bare else f"text/html; charset={name}"
    html = f"<!doctype html><meta charset={name}><p id=text>予定表と能力の一覧</p>"
    await exchange.answer(200, [("Content-Type", label)], html.encode(CHARSETS[name]))


async def untyped(exchange: Exchange) -> None:
    """An answer without Content-Type."""
    await exchange.answer(200, [], b"who knows what this is")


async def basic(exchange: Exchange) -> None:
    """The app's own Basic sign-in: 401 with a challenge, then what was sent."""
    given = exchange.request.value(b"Authorization")
    if not given:
        await exchange.answer(401, [("WWW-Authenticate", 'Basic realm="app"'), PLAIN], b"no\n")
        return
    await exchange.answer(200, [PLAIN], given)


async def big_header(exchange: Exchange) -> None:
    """Set-Cookie lines of 4 KB, as some groupwares send."""
    cookie = "0WUx4" * (BIG_COOKIE_BYTES // 5)
    await exchange.answer(200, [PLAIN, ("Set-Cookie", f"big={cookie}; Path=/bench")], b"big\n")


async def worker(exchange: Exchange) -> None:
    """A service worker's script, which a gateway has to refuse."""
    await exchange.answer(200, [("Content-Type", "text/javascript")], b"self.onfetch=()=>{};\n")


class Names:
    """Answers in which the app names itself by its inner name."""

    def __init__(self, exchange: Exchange, settings: Settings) -> None:
        self._exchange = exchange
        self._settings = settings

    async def answer(self, path: str) -> None:
        """Redirect, refresh or set cookies."""
        acts = {"redirect": self._redirect, "refresh": self._refresh, "cookies": self._cookies}
        await acts[path]()

    async def _redirect(self) -> None:
        """``to`` says how the same place is spelled; ``elsewhere`` leaves the app."""
        inside = self._settings.inside("/bench/echo/arrived?x=1")
        spellings = {
            "absolute": inside,
            "https": inside.replace("http://", "https://"),
            "no-scheme": inside.removeprefix("http:"),
            "path": "/bench/echo/arrived?x=1",
            "relative": "echo/arrived?x=1",
            "fragment": inside + "#cmd=arrived",
            "elsewhere": "https://other.example/arrived?x=1",
        }
        asked = self._exchange.request.query_text().get("to", "absolute")
        await self._exchange.redirect(spellings.get(asked, inside))

    async def _refresh(self) -> None:
        target = self._settings.inside("/bench/echo/refreshed")
        headers: list[Header] = [("Refresh", f"0;URL={target}"), PLAIN]
        await self._exchange.answer(200, headers, b"wait\n")

    async def _cookies(self) -> None:
        """Six lines: plain, inner Domain, leading dot, Path, lower case, odd value."""
        inner = self._settings.internal_name.partition(":")[0]
        lines: list[Header] = [
            ("Set-Cookie", "plain=1"),
            ("Set-Cookie", f"inner=1; Domain={inner}; Path=/"),
            ("Set-Cookie", f"dotted=1; Path=/; domain=.{inner}; HttpOnly"),
            ("Set-Cookie", "narrow=1; Path=/bench/deep"),
            ("set-cookie", "lower=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/"),
            ("Set-Cookie", "_xsrf=2|3c..%5C|; Path=/"),
        ]
        await self._exchange.answer(200, [PLAIN, *lines], b"cookies\n")


ACTS = {
    "form": form,
    "upload": upload,
    "download": download,
    "close": close_delimited,
    "chunked": chunked,
    "http10": http10,
    "empty": empty,
    "early-hints": early_hints,
    "charset": charset,
    "untyped": untyped,
    "basic": basic,
    "big-header": big_header,
    "worker.js": worker,
    "socket": sockets.echo,
    "slow": bench_slow.slow,
    "trickle": bench_slow.trickle,
    "poll": bench_slow.poll,
    "events": bench_slow.events,
    "early": bench_slow.early,
}
