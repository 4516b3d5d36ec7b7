"""
However the network cuts the rows of the corpora into packets, the same comes of them.

In memory, because only there a packet is what the test says: each row goes through the proxy
whole, in single bytes, and cut at every place where a state of the reader ends. The app reads
with h11.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.corpora import framings, paths, streams
from tests.corpora.cases import Case, written
from tests.proxy.memory import COOKIE, PUBLIC
from tests.proxy.test_any_bytes import converse, pieces_of

LONG_BYTES = 3000
"""Rows beyond that are about size, and not cut into single bytes."""

REACH_BYTES = 40
"""How far behind the head the cuts of a broken body go: to its end, for most rows."""

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Said only where the body has not come with the head."""

ROWS = [
    case
    for case in [*framings.CASES, *streams.CASES, *paths.KEPT_CASES, *paths.REFUSED_CASES]
    if len(case.sent) < LONG_BYTES and not re.search(rb"[\x80-\xff]", case.sent)
]
"""Not what h11 itself would refuse at the app's end."""

BROKEN = [case for case in streams.BROKEN_CASES if len(case.sent) < 500]

CUTS: dict[str, Callable[[bytes], list[int]]] = {
    "single bytes": lambda text: list(range(len(text))),
    "between CR and LF": lambda text: _behind(rb"\r(?=\n)", text),
    "behind lines": lambda text: _behind(rb"\r\n", text),
    "behind heads": lambda text: _behind(rb"\r\n\r\n", text),
    "before the last LF of heads": lambda text: _behind(rb"\r\n\r(?=\n)", text),
    "at marks": lambda text: _behind(rb"[ :;,/]", text),
}


def _behind(pattern: bytes, text: bytes) -> list[int]:
    return [found.end() for found in re.finditer(pattern, text)]


def text_of(case: Case) -> bytes:
    """The row's bytes at the gateway that `tests.proxy.memory` has, from somebody signed in."""
    session = COOKIE.removeprefix(b"Cookie: ").strip()
    return written(case.sent, host=PUBLIC.authority.encode(), session=session)


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_same_as_whole(case: Case) -> None:
    """The same requests reach the app, and the browser hears the same answers."""
    text = text_of(case)
    heard_at_once, app_at_once = converse([text])

    for cut in CUTS.values():
        heard, app = converse(pieces_of(text, cut(text)))
        assert app_at_once.seen == app.seen
        assert heard_at_once == heard.replace(GO_ON, b"")


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_broken_chunks(case: Case) -> None:
    """A body in broken chunks is never whole at the app, wherever it is cut in two."""
    text = text_of(case)
    begin = text.index(b"\r\n\r\n")

    for cut in range(begin, min(begin + REACH_BYTES, len(text))):
        _, app = converse(pieces_of(text, [cut]))
        assert 0 == app.whole
        assert len(app.seen) <= 1
