"""What a person sees when the app's page cannot be shown."""

from __future__ import annotations

import json

import pytest
from markupsafe import escape

from gateway.pages.failure import RETRY_AFTER_S, STATUSES, failure_page
from gateway.pages.render import Pages
from gateway.rules.http1 import FieldBlock, parse_block
from tests.instruments.house import House

HEAD = b"\r\nHost: gw.example.test\r\nAccept-Language: %b\r\nCookie: %b"


def asked(language: bytes = b"ja", cookie: bytes = b"a=b", more: bytes = b"") -> FieldBlock:
    """The header fields of whoever asks."""
    return parse_block(HEAD % (language, cookie) + more)


@pytest.fixture
def pages() -> Pages:
    """What pages are made with."""
    return House().pages


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_its_page(pages: Pages, status: int) -> None:
    """Each failure says what happened and what to do next, in the person's language."""
    content_type, body = failure_page(pages, status, asked(), is_page=True)

    sentences = pages.languages.catalogue(pages.languages.default).sentences
    assert b"text/html; charset=utf-8" == content_type
    for part in ("title", "what", "next"):
        sentence = sentences[f"failure.{status}.{part}"]
        assert escape(sentence.format(seconds=RETRY_AFTER_S.get(status))) in body.decode()


@pytest.mark.parametrize("status", STATUSES)
def test_every_page_leads_on(pages: Pages, status: int) -> None:
    """Where waiting helps, a press loads the page again; elsewhere it leads to the first page."""
    body = failure_page(pages, status, asked(), is_page=True)[1].decode()

    is_reload, is_home = 'href=""' in body, 'href="https://gw.example.test/"' in body
    assert (status in RETRY_AFTER_S, status not in RETRY_AFTER_S) == (is_reload, is_home)


def test_a_script_gets_json(pages: Pages) -> None:
    """A script of the app learns the same as data."""
    content_type, body = failure_page(pages, 502, asked(b"en"), is_page=False)

    told = json.loads(body)
    assert (b"application/json", "bad_gateway") == (content_type, told["error"])
    assert told["message"].startswith("The gateway is running")


def test_the_chosen_language_counts(pages: Pages) -> None:
    """The language cookie decides here too."""
    _, body = failure_page(pages, 504, asked(cookie=b"__Host-gw-lang=en"), is_page=True)

    assert "The app doesn’t answer" in body.decode()


def test_a_request_that_nobody_could_read_is_answered_in_both_languages(pages: Pages) -> None:
    """When cookies are too large to be read, the advice stands in Japanese and English."""
    content_type, body = failure_page(pages, 431, None, is_page=False)

    assert b"text/html; charset=utf-8" == content_type
    assert "クッキーを削除してから" in body.decode()
    assert "Delete this site’s cookies" in body.decode()


@pytest.mark.parametrize(("status", "told"), [(418, 400), (599, 500), (411, 400)])
def test_other_statuses_are_told_as_their_family(pages: Pages, status: int, told: int) -> None:
    """A status without sentences of its own still gets a page."""
    _, body = failure_page(pages, status, None, is_page=True)

    sentences = pages.languages.catalogue(pages.languages.default).sentences
    assert sentences[f"failure.{told}.what"] in body.decode()


def test_nothing_of_the_request_is_repeated(pages: Pages) -> None:
    """What a stranger wrote never stands in the page."""
    block = asked(b"canary", b"canary=canary", b"\r\nCanary: canary")

    for is_page in (True, False):
        assert b"canary" not in failure_page(pages, 400, block, is_page=is_page)[1]


def test_a_page_is_made_once(pages: Pages) -> None:
    """A flood of failures costs a look into a table."""
    first = failure_page(pages, 502, None, is_page=True)[1]

    assert first is failure_page(pages, 502, None, is_page=True)[1]


def test_pages_kept_are_few(pages: Pages) -> None:
    """However odd the requests, only so many pages are kept."""
    for accept in (b"ja", b"en", b"fr", b"x" * 50, b""):
        for is_page in (True, False):
            failure_page(pages, 502, asked(accept), is_page=is_page)

    assert 4 >= len(pages.failures)
