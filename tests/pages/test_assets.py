"""Our static files: a table, not a file system."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from gateway.pages.assets import Assets
from gateway.pages.languages import Language
from gateway.pages.reply import Visit
from tests.instruments.house import ASSETS

VISIT = Visit(
    body=b"",
    language=Language.JA,
    wants_page=False,
    session=None,
    browser=None,
    address="",
    user_agent="",
    accepts_gzip=False,
    etag=b"",
)
CSS = {"a.css": b"p {}" * 100, "b.js": b"let b = 1;"}


def test_a_file_is_what_it_was_at_start() -> None:
    """A file comes with its kind, its length and its mark."""
    assets = Assets(CSS)

    reply = assets.reply("a.css", assets.version, VISIT)

    assert reply is not None
    assert (200, b"text/css; charset=utf-8", CSS["a.css"]) == (
        reply.status,
        reply.content_type,
        reply.body,
    )


def test_a_browser_that_unpacks_gets_it_packed() -> None:
    """Files travel compressed to whoever asks for it, and caches keep the two apart."""
    assets = Assets(CSS)

    reply = assets.reply("a.css", assets.version, replace(VISIT, accepts_gzip=True))

    assert reply is not None
    assert CSS["a.css"] == gzip.decompress(reply.body)
    assert (b"content-encoding", b"gzip") in reply.headers
    assert (b"vary", b"Accept-Encoding") in reply.headers


@pytest.mark.parametrize("version", ["", "0123456789abcdef"])
def test_another_releases_address_is_not_kept(version: str) -> None:
    """A page that was open during an update gets today's file, and asks again next time."""
    reply = Assets(CSS).reply("a.css", version, VISIT)

    assert reply is not None
    assert (b"cache-control", b"no-cache") in reply.headers


def test_what_has_not_changed_is_not_sent_again() -> None:
    """A browser that has the file is told so."""
    assets = Assets(CSS)

    reply = assets.reply("b.js", "", replace(VISIT, etag=f'"{assets.version}"'.encode()))

    assert reply is not None
    assert (304, b"") == (reply.status, reply.body)


@pytest.mark.parametrize("name", ["c.css", "", "../a.css", "a.css/", "A.CSS"])
def test_other_names_are_not_there(name: str) -> None:
    """Only names of the table are served."""
    assert Assets(CSS).reply(name, "", VISIT) is None


def test_any_change_makes_a_new_version() -> None:
    """A single changed letter, in content or name, changes every file's address."""
    versions = {
        Assets(each).version
        for each in (CSS, CSS | {"b.js": b"let b = 2;"}, {"a.css": b"", "c.js": b""}, {})
    }

    assert 4 == len(versions)


def test_an_unknown_kind_of_file_is_found_at_start() -> None:
    """A file of a kind that we do not serve stops the start, not a visitor."""
    with pytest.raises(KeyError):
        Assets({"a.exe": b""})


def test_what_is_shipped_is_there() -> None:
    """The files that pages name are in the package."""
    shipped = {"gateway.css", "icon.svg", "page.js", "passkey.js"}

    assert shipped <= set(ASSETS._assets)
