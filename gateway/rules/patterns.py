"""
What a pattern of `[[access]] path` covers.

- `/report` is that one path.
- `/kaikei/` is the folder: the path with and without the last `/`, and everything below it.
- `*` stands for any characters within one part of a path, `/**/` for any parts, or none.

A pattern is written as people read it (`/経理/`, not `/%E7%B5%8C%E7%90%86/`), and is one that
can be read in one way only: otherwise no request would ever fit it for certain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import quote

from gateway.rules.readings import readings

PATTERN_LIMIT = 256
"""Characters of a pattern."""

Covers = Callable[[str], bool]


def checked_pattern(written: str) -> str:
    """
    The pattern, in NFC.

    Raises:
        ValueError: its text says what is wanted.
    """
    pattern = unicodedata.normalize("NFC", written)
    if not pattern.startswith("/") or len(pattern) > PATTERN_LIMIT:
        raise ValueError(f'a path that begins with "/", of at most {PATTERN_LIMIT} characters')
    if "%" in pattern:
        raise ValueError('a path as people read it, such as "/経理/", without %')
    if pattern.count("**") > 1 or pattern.replace("/**/", "//").count("**"):
        raise ValueError('"**" once at most, between two "/"')
    example = pattern.replace("/**/", "/").replace("*", "x")
    if readings(quote(example, safe="/!$&'()*+,;=:@~").encode("ascii")) != (example,):
        raise ValueError(
            "a path that every app reads in the same way: no //, no part that is . or .. or ends "
            'with a dot or blank, no \\ ; + ? # and their full-width forms ("*" covers them)'
        )
    return pattern


def matcher(patterns: Iterable[str]) -> tuple[Covers, Covers]:
    """
    Two questions about a reading of a path: is it covered for certain, and perhaps?

    The second is to be asked about the reading `folded`; and says yes for what lies below a
    pattern that does not end with `/`, too.
    """
    given = list(patterns)
    certain = re.compile("|".join(_expression(each) for each in given))
    below = "|".join(_expression(folded(each)) for each in given)
    perhaps = re.compile(f"(?:{below})(?:/.*)?")
    return (
        lambda path: certain.fullmatch(path) is not None,
        lambda path: perhaps.fullmatch(path) is not None,
    )


def folded(path: str) -> str:
    """A path in which neither case nor full-width and half-width make a difference."""
    if path.isascii():
        return path.lower()
    wide = unicodedata.normalize("NFKC", path).upper().casefold()
    return unicodedata.normalize("NFKC", wide)


def _expression(pattern: str) -> str:
    """
    The regular expression of a pattern.

    Within a part each `*` but the last takes as little as it can and never gives back: that is
    exact, for the part's end is fixed, and takes no more than quadratic time.
    """
    folder = pattern.endswith("/")
    parts = [_part(each) for each in pattern.removesuffix("/").split("/")[1:]]
    return "".join(parts) + ("(?:/.*)?" if folder else "")


def _part(part: str) -> str:
    if part == "**":
        return "(?:/[^/]*)*?"
    first, *others = [re.escape(each) for each in part.split("*")]
    if not others:
        return f"/{first}"
    *middle, last = others
    return f"/{first}" + "".join(f"(?>[^/]*?{each})" for each in middle) + f"[^/]*{last}(?![^/])"
