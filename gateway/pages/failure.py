"""
What a person sees in the app's place when the app's page cannot be shown.

The proxy asks for it, at once and often, so each page is made once and kept: there are as
many as statuses, languages and kinds. Nothing of a request is repeated in it. Where not even
the head of the request could be read, nobody knows the person's language, or whether it is
a person: then it is a page, in both languages.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from gateway.pages.languages import Catalogue, Language
from gateway.pages.render import Pages
from gateway.pages.reply import HTML, JSON
from gateway.rules.http1 import FieldBlock

STATUSES = (400, 403, 405, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504)
"""What there are sentences for; others are told as the first of their family."""

RETRY_AFTER_S = {408: 5, 429: 5, 500: 5, 502: 5, 503: 5, 504: 30}
"""
Seconds after which trying again may help, said to people and in Retry-After (RFC 9110 10.2.3).

The others stay as they are however often one tries: their pages lead to the first page.
"""


def failure_page(
    pages: Pages, status: int, block: FieldBlock | None, is_page: bool
) -> tuple[bytes, bytes]:
    """
    The content type and the body of an answer with that status.

    Args:
        pages: what all pages of ours are made with.
        status: of the answer, 400 to 599.
        block: the request's header fields, None when they could not be read.
        is_page: whether a person's browser is going to show it; a script gets JSON.
    """
    speakers = _speakers(pages, block)
    key = (status, tuple(each.language for each in speakers), is_page or block is None)
    if key not in pages.failures:
        make = _page if key[-1] else _json
        pages.failures[key] = make(pages, status, speakers)
    return (HTML if key[-1] else JSON), pages.failures[key]


def _speakers(pages: Pages, block: FieldBlock | None) -> list[Catalogue]:
    if block is None:
        first = pages.languages.default
        second = Language.EN if first is Language.JA else Language.JA
        return [pages.languages.catalogue(each) for each in (first, second)]
    accepted = [value for name, value in block.fields if name.lower() == b"accept-language"]
    language = pages.languages.choose(
        cookies=block.cookies.values,
        cookie_name=pages.cookies.language.encode(),
        accept_language=b",".join(accepted),
    )
    return [pages.languages.catalogue(language)]


def _seconds(status: int) -> int:
    """What stands in a sentence that names seconds; the others leave it out."""
    return RETRY_AFTER_S.get(status, 0)


def _name(status: int) -> str:
    told = status if status in STATUSES else status // 100 * 100
    return f"failure.{told}"


def _page(pages: Pages, status: int, speakers: list[Catalogue]) -> bytes:
    return pages.render(
        "failure.html",
        status=status,
        name=_name(status),
        speakers=speakers,
        helps_to_wait=status in RETRY_AFTER_S,
        seconds=_seconds(status),
        home=f"{pages.public.origin}/",
    ).encode("utf-8")


def _json(pages: Pages, status: int, speakers: list[Catalogue]) -> bytes:
    del pages
    name, speaker = _name(status), speakers[0]
    next_step = speaker.say(f"{name}.next", seconds=_seconds(status))
    message = f"{speaker.say(name + '.what')} {next_step}"
    known = {"error": HTTPStatus(status).name.lower(), "message": message}
    return json.dumps(known, ensure_ascii=False).encode("utf-8")
