"""
Which terminal and which browser a User-Agent speaks of, so that people know them again.

A browser says what it likes, and every browser says "Mozilla": a name here is a hint for the
eye and decides nothing. Two tables, each read from the top: who pretends to be another one
stands above it. What is said to people is one of the names in these tables or nothing, so no
text of a stranger's reaches a page by this way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows NT", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)
"""A word in the User-Agent, and what people call the system."""

BROWSERS = (
    ("Line/", "LINE"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
"""The same for browsers; Safari is who says a version and is none of the others."""

_WORD = {word: re.compile(rf"(?<![A-Za-z]){re.escape(word)}") for word, _ in (*SYSTEMS, *BROWSERS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """What a browser says of itself; "" where it says nothing that we know."""

    system: str
    browser: str

    @property
    def may_be_ipad(self) -> bool:
        """Safari on an iPad says that it runs on a Mac, word for word."""
        return (self.system, self.browser) == ("Mac", "Safari")


def terminal_of(user_agent: str) -> Terminal:
    """The terminal and the browser that this User-Agent names."""
    return Terminal(
        system=_first(SYSTEMS, user_agent),
        browser=_first(BROWSERS, user_agent),
    )


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for word, name in table if _WORD[word].search(user_agent)), "")
