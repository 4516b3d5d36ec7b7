"""Field lines by themselves, and what a vocabulary keeps of them."""

from __future__ import annotations

from functools import partial

import pytest

from gateway.rules.fields import (
    KNOWN_LINE_BYTES,
    KNOWN_NAMES,
    BadMessageError,
    Meaning,
    Passage,
    Vocabulary,
    read_line,
)
from gateway.rules.http1 import parse_block
from gateway.rules.names import OF_REQUESTS


def test_block_without_its_line_end() -> None:
    """A block of fields begins with the end of the line before it, or is refused."""
    with pytest.raises(BadMessageError, match=r"^400: "):
        parse_block(b"Host: gw")


@pytest.mark.parametrize("line", [b"no colon", b"X: \x00", b"a b: c", b": nameless"])
def test_read_line_refuses(line: bytes) -> None:
    """One line that is no field is refused by itself, too."""
    with pytest.raises(BadMessageError, match=r"^400: "):
        read_line(line)


def test_long_lines_and_names_are_not_remembered() -> None:
    """What is too long to come often is understood, and not kept."""
    lasting = partial(Meaning, passage=Passage.STAYS, is_meaningful=False, is_lasting=True)
    vocabulary = Vocabulary(lasting)

    vocabulary.read(b"\r\nAccept: " + b"x" * KNOWN_LINE_BYTES)
    vocabulary.read(b"\r\nX-" + b"x" * KNOWN_LINE_BYTES + b": 1")

    assert 0 == len(vocabulary)


def test_names_are_bounded() -> None:
    """However many different names a stranger sends, what they mean stays right."""
    vocabulary = Vocabulary(OF_REQUESTS._meaning_of)
    for number in range(KNOWN_NAMES + 2):
        vocabulary.read(b"\r\nX-%d: 1" % number)

    assert {b"host": [b"gw"]} == vocabulary.read(b"\r\nHost: gw").found
