"""
Japanese and English: which one a person reads, and what the sentences are.

The sentences live in `web/messages/*/*.po` under short stable names ("sign-in.title"), are
read once at start, and are looked up by `Catalogue`. A sentence that is missing is our
mistake and stops the page, never shows a name to a person: a test finds it before.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from babel.messages.pofile import read_po

from gateway.rules.cookies import cookie_values

ACCEPT_LIMIT_BYTES = 1_000
"""Bytes of Accept-Language that are looked at: browsers send about 40."""

_RANGE = re.compile(
    r"(?P<tag>[A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*(?:\s*;\s*q=(?P<weight>[01](?:\.\d{0,3})?))?"
)
"""RFC 9110 12.5.4 with RFC 4647 2.1; only the first subtag matters here."""


class Language(enum.StrEnum):
    """The languages that we speak."""

    JA = "ja"
    EN = "en"


class Catalogue:
    """All sentences in one language."""

    def __init__(self, language: Language, sentences: Mapping[str, str]) -> None:
        self.language = language
        self.sentences = sentences

    def say(self, name: str, /, **values: object) -> str:
        """
        The sentence of that name, with its `{places}` filled.

        Raises:
            KeyError: there is no such sentence, or one of its places has no value.
        """
        sentence = self.sentences[name]
        return sentence.format_map(values) if values else sentence


class Languages:
    """Both catalogues, and the choice between them."""

    def __init__(self, catalogues: Iterable[Catalogue], *, default: Language) -> None:
        self._catalogues = {each.language: each for each in catalogues}
        self.default = default

    def catalogue(self, language: Language) -> Catalogue:
        """The sentences of that language."""
        return self._catalogues[language]

    def choose(
        self, *, cookies: Iterable[bytes], cookie_name: bytes, accept_language: bytes
    ) -> Language:
        """What the person chose, else what the browser prefers, else what is configured."""
        for value in cookie_values(cookies, cookie_name)[:1]:
            if (chosen := named(value.decode("ascii", "replace"))) is not None:
                return chosen
        return preferred(accept_language) or self.default


def named(name: str) -> Language | None:
    """The language of that two-letter name, if we speak it."""
    return Language(name) if name in tuple(Language) else None


def preferred(accept_language: bytes) -> Language | None:
    """The one of our languages that Accept-Language weighs most; the first among equals."""
    best: tuple[float, Language] | None = None
    for text in accept_language[:ACCEPT_LIMIT_BYTES].decode("latin-1").split(","):
        matched = _RANGE.fullmatch(text.strip())
        language = named(matched["tag"].lower()) if matched else None
        if matched is None or language is None:
            continue
        weight = float(matched["weight"] or 1)
        if weight > 0 and (best is None or weight > best[0]):
            best = weight, language
    return best[1] if best else None


def load_languages(default: Language) -> Languages:
    """Read every catalogue that is shipped."""
    messages = files("gateway") / "web" / "messages"
    return Languages(
        [Catalogue(each, _all_sentences(messages / each)) for each in Language],
        default=default,
    )


def _all_sentences(folder: Traversable) -> dict[str, str]:
    """One language's sentences: a file for each part of the site, no name in two of them."""
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        sentences = _sentences(path)
        assert not found.keys() & sentences.keys(), f"{path.name}: a name that another file has"
        found |= sentences
    return found


def _sentences(path: Traversable) -> dict[str, str]:
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    return {str(each.id): str(each.string) for each in catalogue if each.id}
