"""
A real Chromium loads a page of a hundred files through the gateway, by https.

It opens the six connections that browsers allow themselves, pipes everything through them, and
every byte is there: scripts have run, styles count, pictures have their size.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator

import pytest
import pytest_twisted

from tests.browser.conftest import assert_quiet
from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.instruments.page import Page
from tests.instruments.raw_app import Play, RawApp, answer, close
from tests.wire.door import Door
from tests.wire.signed_in import open_door

KINDS = 4
EACH = 25
MOST_CONNECTIONS = 6 + 1
"""Six per host (Chromium, HTTP/1.1), and one that it may open ahead of need."""

MARK = "表示"
"""A word whose Shift_JIS bytes contain a backslash."""

TIMINGS = """
performance.getEntriesByType('resource').map(each => ({
    path: new URL(each.name).pathname,
    status: each.responseStatus,
    bytes: each.decodedBodySize,
    is_new: each.connectEnd > each.connectStart,
    protocol: each.nextHopProtocol,
}))
"""

LOOK = """
({
    scripts: window.loaded?.size,
    marks: [...(window.marks ?? [])].join(),
    styles: [...document.styleSheets].filter(each => each.cssRules.length === 1).length,
    pictures: [...document.images].filter(each => each.complete && each.naturalWidth === 3).length,
    fetched: window.fetched,
})
"""


FETCH_ALL = """
Promise.all([...Array(count).keys()].map(
    each => fetch(`/a/${each}.txt`).then(answer => answer.text()).then(text => text.length)
)).then(all => { window.fetched = all.reduce((sum, each) => sum + each) });
"""


def picture(number: int) -> bytes:
    """A PNG of 3 by 1 points whose bytes differ by number."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 3, 1, 8, 2, 0, 0, 0)
    points = zlib.compress(b"\0" + bytes([number]) * 9)
    comment = b"n\0" + b"x" * (number * 2000)
    parts = [(b"IHDR", header), (b"tEXt", comment), (b"IDAT", points), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in parts)


def script(number: int) -> bytes:
    """Says that it has run; longer by the number."""
    said = (
        f"(window.loaded ??= new Set()).add({number}); (window.marks ??= new Set()).add('{MARK}');"
    )
    return said.encode("cp932") + b"\n// " + b"x" * (number * 1000)


def style(number: int) -> bytes:
    """One rule."""
    return b"#s%d { color: rgb(%d, 0, 0) }" % (number, number)


def story(number: int) -> bytes:
    """Something for `fetch`."""
    return b"%d " % number * 10_000


def page_of() -> bytes:
    """The page itself."""
    lines = ["<!doctype html><meta charset=utf-8><title>all</title><link rel=icon href=data:,>"]
    lines += [f"<link rel=stylesheet href=/a/{each}.css>" for each in range(EACH)]
    lines += [f"<script src=/a/{each}.js charset=shift_jis></script>" for each in range(EACH)]
    lines += [f"<img src=/a/{each}.png>" for each in range(EACH)]
    lines.append(f"<script>const count = {EACH}; {FETCH_ALL}</script>")
    return "\n".join(lines).encode()


def in_chunks(body: bytes, kind: bytes) -> Play:
    """An answer in chunks of 700 bytes."""
    pieces = [body[at : at + 700] for at in range(0, len(body), 700)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % kind
    return [head, chunks + b"0\r\n\r\n"]


def zipped(body: bytes, kind: bytes) -> Play:
    """A compressed answer."""
    fields = b"Content-Type: %b\r\nContent-Encoding: gzip\r\n" % kind
    return [answer(gzip.compress(body), fields=fields)]


def plain(body: bytes, kind: bytes) -> Play:
    """An answer with its length."""
    return [answer(body, fields=b"Content-Type: %b\r\n" % kind)]


def to_the_end(body: bytes, kind: bytes) -> Play:
    """An answer that ends with the connection to the app."""
    return [b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n" % kind, body, close]


ANSWERS = [plain, in_chunks, zipped, to_the_end]


@pytest.fixture(scope="module")
def app() -> Iterator[RawApp]:
    """An app with a hundred files, which it sends in four ways."""
    with RawApp() as app:
        app.play(b"/all", plain(page_of(), b"text/html"))
        for number in range(EACH):
            answered = ANSWERS[number % len(ANSWERS)]
            app.play(b"/a/%d.css" % number, answered(style(number), b"text/css"))
            app.play(b"/a/%d.js" % number, answered(script(number), b"text/javascript"))
            app.play(b"/a/%d.png" % number, answered(picture(number), b"image/png"))
            app.play(b"/a/%d.txt" % number, answered(story(number), b"text/plain"))
        yield app


@pytest.fixture(scope="module")
def door(app: RawApp, authority: Authority) -> Iterator[Door]:
    """A gateway in front of it, and somebody signed in."""
    setup = Setup(backend=app.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as gateway:
        yield open_door(gateway, authority.certificate)
        assert_quiet(gateway)


@pytest_twisted.ensureDeferred
async def test_a_hundred_files(page: Page, door: Door, app: RawApp) -> None:
    """All arrive whole, by few connections, and the console stays silent."""
    origin = door.origin.decode()
    name, _, token = door.cookie.decode().partition("=")
    await page.send("Network.setCookie", name=name, value=token, url=origin, secure=True, path="/")

    assert (await page.goto(f"{origin}/all")).status == 200
    await page.wait_for("window.fetched")
    seen = await page.evaluate(LOOK)
    timings = await page.evaluate(TIMINGS)

    stories = sum(len(story(number)) for number in range(EACH))
    expected = {"scripts": EACH, "marks": MARK, "styles": EACH, "pictures": EACH}
    assert {**expected, "fetched": stories} == seen
    assert KINDS * EACH == len(timings) == len({each["path"] for each in timings})
    assert {(200, "http/1.1")} == {(each["status"], each["protocol"]) for each in timings}
    sizes = {each["path"]: each["bytes"] for each in timings}
    assert [len(picture(number)) for number in range(EACH)] == [
        sizes[f"/a/{number}.png"] for number in range(EACH)
    ]
    assert 1 + sum(each["is_new"] for each in timings) <= MOST_CONNECTIONS
    assert [] == [each for each in app.exchanges if b"__Host-gw" in each.head]
    assert [] == page.record.unexpected()
