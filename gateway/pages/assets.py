"""
Our scripts, styles and pictures: read once at start, served from a table.

No path of a request ever reaches the file system. All files share one version, a hash of
all their contents, which stands in their address: so a script's relative imports stay
within one version, and what has been fetched once never needs to be asked for again.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from gateway.config.look_options import Look
from gateway.pages.headers import STATIC
from gateway.pages.palette import stylesheet
from gateway.pages.reply import Reply, Visit

TYPES = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "png": b"image/png",
    "svg": b"image/svg+xml",
}
"""Kinds of files that we serve; another kind in `web/static` is a mistake found at start."""

STYLES = "gateway.css"
"""What every page of ours has."""

VERSION_DIGITS = 16
"""Hexadecimal digits of the version: 64 bits tell any two releases apart."""

PICTURE_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""
For whoever opens a picture as a page of its own: an SVG may hold scripts, and one from the
company's designers is not ours. The policy of all our answers stands beside it; both count.
"""

FOR_EVER = b"public, max-age=31536000, immutable"
REVALIDATE = b"no-cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One static file."""

    content_type: bytes
    body: bytes
    gzipped: bytes


class Assets:
    """The table of static files."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._assets = {name: _asset(name, body) for name, body in sorted(contents.items())}
        digest = hashlib.sha256()
        for name, asset in self._assets.items():
            digest.update(b"%s %d\n" % (name.encode("ascii"), len(asset.body)) + asset.body)
        self.version = digest.hexdigest()[:VERSION_DIGITS]

    @property
    def prefix(self) -> str:
        """What comes before a file's name in its address."""
        return f"{STATIC}{self.version}/"

    def reply(self, name: str, version: str, visit: Visit) -> Reply | None:
        """
        The file, or None if there is none of that name.

        An address of another release gets today's file, to be asked for again next time.
        """
        asset = self._assets.get(name)
        if asset is None:
            return None
        etag = f'"{self.version}"'.encode("ascii")
        caching = FOR_EVER if version == self.version else REVALIDATE
        headers = [(b"cache-control", caching), (b"etag", etag), (b"vary", b"Accept-Encoding")]
        if asset.content_type.startswith(b"image/"):
            headers.append((b"content-security-policy", PICTURE_POLICY))
        status, body = 200, asset.body
        if etag in visit.etag:
            status, body = 304, b""
        elif visit.accepts_gzip:
            headers.append((b"content-encoding", b"gzip"))
            body = asset.gzipped
        return Reply(
            status=status,
            content_type=asset.content_type,
            body=body,
            headers=tuple(headers),
            is_cacheable=True,
        )


def load_assets(look: Look | None = None) -> Assets:
    """Read every static file that is shipped, and add the company's logo and colour."""
    static = files("gateway") / "web" / "static"
    contents = {each.name: each.read_bytes() for each in static.iterdir()}
    if look is not None:
        contents[STYLES] += stylesheet(look)
        if look.logo is not None:
            contents[look.logo.name] = look.logo.body
    return Assets(contents)


def _asset(name: str, body: bytes) -> Asset:
    return Asset(
        content_type=TYPES[name.rpartition(".")[2]],
        body=body,
        gzipped=gzip.compress(body, mtime=0),
    )
