"""Style, script and pictures: ETag, Last-Modified, ranges, gzip (RFC 9110 §8.8, §13, §14)."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from exchange import Exchange, Header

ROOT = Path(__file__).parent / "static"
PREFIX = b"/dneores/dneo/"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file with its validators."""

    content: bytes
    content_type: str
    etag: str
    modified: str


def load(name: str) -> StaticFile | None:
    """One of our files; only names that are really there, so ``..`` leads nowhere."""
    known = {path.relative_to(ROOT).as_posix(): path for path in ROOT.rglob("*") if path.is_file()}
    path = known.get(name)
    if path is None:
        return None
    content = path.read_bytes()
    return StaticFile(
        content=content,
        content_type=TYPES.get(path.suffix, "application/octet-stream"),
        etag=hashlib.sha256(content).hexdigest()[:16],
        modified=formatdate(int(path.stat().st_mtime), usegmt=True),
    )


async def send(exchange: Exchange) -> None:
    """Answer with a file, a part of it, or 304."""
    found = load(exchange.request.path.removeprefix(PREFIX).decode("latin-1"))
    if found is None:
        await exchange.answer(404, [("Content-Type", "text/plain")], b"no such file\n")
        return
    packs = exchange.request.lists(b"Accept-Encoding", b"gzip") and not _range(exchange)
    etag = f'"{found.etag}{"-gzip" if packs else ""}"'
    headers: list[Header] = [
        ("ETag", etag),
        ("Last-Modified", found.modified),
        ("Cache-Control", "max-age=0, must-revalidate"),
        ("Vary", "Accept-Encoding"),
    ]
    if _is_unchanged(exchange, etag, found.modified):
        await exchange.answer(304, headers)
        return
    headers += [("Content-Type", found.content_type), ("Accept-Ranges", "bytes")]
    await _send_content(exchange, headers, found.content, packs=packs)


async def _send_content(
    exchange: Exchange, headers: list[Header], content: bytes, *, packs: bool
) -> None:
    asked = _range(exchange)
    if packs:
        headers.append(("Content-Encoding", "gzip"))
        await exchange.answer(200, headers, gzip.compress(content, mtime=0))
    elif asked is None:
        await exchange.answer(200, headers, content)
    else:
        await _send_range(exchange, headers, content, asked)


async def _send_range(
    exchange: Exchange, headers: list[Header], content: bytes, asked: tuple[str, str]
) -> None:
    """One range, counted from the front or from the end (RFC 9110 §14.1.2)."""
    size = len(content)
    first = int(asked[0]) if asked[0] else max(0, size - int(asked[1]))
    last = min(int(asked[1]), size - 1) if asked[0] and asked[1] else size - 1
    if first > last:
        await exchange.answer(416, [("Content-Range", f"bytes */{size}")])
        return
    headers.append(("Content-Range", f"bytes {first}-{last}/{size}"))
    await exchange.answer(206, headers, content[first : last + 1])


def _range(exchange: Exchange) -> tuple[str, str] | None:
    """The asked range; several at once are answered with everything, as the RFC allows."""
    value = exchange.request.value(b"Range").decode("latin-1")
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", value)
    return (found[1], found[2]) if found and (found[1] or found[2]) else None


def _is_unchanged(exchange: Exchange, etag: str, modified: str) -> bool:
    known = exchange.request.value(b"If-None-Match").decode("latin-1")
    if known:
        return known == "*" or etag in [one.strip() for one in known.split(",")]
    return exchange.request.value(b"If-Modified-Since").decode("latin-1") == modified
