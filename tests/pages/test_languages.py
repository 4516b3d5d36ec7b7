"""Who reads which language, and whether every sentence is there."""

from __future__ import annotations

import re
import string
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway
from gateway.errors import Reason
from gateway.pages.failure import STATUSES
from gateway.pages.languages import Language, load_languages, preferred
from tests.instruments.house import LANGUAGES

WEB = files("gateway") / "web"
SOURCES = files(gateway)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (b"", None),
        (b"ja", Language.JA),
        (b"ja-JP,ja;q=0.9,en-US;q=0.8,en;q=0.7", Language.JA),
        (b"en-US,en;q=0.9,ja;q=0.8", Language.EN),
        (b"en;q=0.1, ja;q=0.2", Language.JA),
        (b"EN", Language.EN),
        (b"fr,de;q=0.9", None),
        (b"fr,en;q=0.1", Language.EN),
        (b"ja;q=0,en;q=0.5", Language.EN),
        (b"ja;q=0", None),
        (b"ja;q=abc,en", Language.EN),
        (b"*", None),
        (b"english", None),
        (b"ja\xff", None),
        (b"," * 5_000 + b"ja", None),
    ],
    ids=repr,
)
def test_the_browser_says_what_its_person_reads(accept: bytes, expected: Language | None) -> None:
    """Of our languages, the one that Accept-Language weighs most."""
    assert expected is preferred(accept)


@given(st.binary(max_size=100))
def test_any_preference_is_read(accept: bytes) -> None:
    """No header, however odd, ends in an accident."""
    assert preferred(accept) in {None, *Language}


@pytest.mark.parametrize(
    ("cookies", "accept", "default", "expected"),
    [
        ([b"x=1; gw-lang=en"], b"ja", Language.JA, Language.EN),
        ([b"gw-lang=fr"], b"en", Language.JA, Language.EN),
        ([b"gw-lang=\xff"], b"en", Language.JA, Language.EN),
        ([], b"fr", Language.EN, Language.EN),
        ([], b"", Language.JA, Language.JA),
        ([b"gw-lang=en; gw-lang=ja"], b"", Language.JA, Language.EN),
    ],
)
def test_choice_comes_before_preference_before_setting(
    cookies: list[bytes], accept: bytes, default: Language, expected: Language
) -> None:
    """What the person chose wins, then what the browser prefers, then what is configured."""
    languages = load_languages(default)

    chosen = languages.choose(cookies=cookies, cookie_name=b"gw-lang", accept_language=accept)

    assert expected is chosen


# The catalogues


def texts_of(*kinds: str) -> dict[str, str]:
    """Every template, script and module, by name."""
    found = {}
    for folder in (WEB / "templates", WEB / "static"):
        for each in folder.iterdir():
            if each.name.endswith(kinds):
                found[each.name] = each.read_text("utf-8")
    for room in ("pages", "login", "mail"):
        for each in (SOURCES / room).iterdir():
            if each.name.endswith(kinds):
                found[f"{room}/{each.name}"] = each.read_text("utf-8")
    return found


def used() -> set[str]:
    """Every sentence that a template or a module asks for."""
    names = set()
    for text in texts_of(".html").values():
        names |= set(re.findall(r'\b(?:t|say)\("([^"]+)"', text))
    for text in texts_of(".py").values():
        names |= set(NAMED.findall(text))
    names |= {f"refused.{reason}" for reason in Reason}
    names |= {f"failure.{status}.{part}" for status in STATUSES for part in FAILURE_PARTS}
    return names


NAMED = re.compile(r'(?<!event=)"((?:trouble|label|mail)\.(?!html")[a-z0-9-]+)"')
"""How a module names a sentence; events of the log have names of the same shape."""

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
TEXTS = texts_of("texts.html")["texts.html"]
FAILURE_PARTS = ("title", "what", "next")


@pytest.mark.parametrize("language", Language)
def test_no_sentence_is_missing(language: Language) -> None:
    """Whatever a page, a script or a refusal may say is there in both languages."""
    assert set() == used() - set(LANGUAGES.catalogue(language).sentences)


@pytest.mark.parametrize("language", Language)
def test_no_sentence_is_idle(language: Language) -> None:
    """Every sentence of a catalogue is said somewhere."""
    assert set() == set(LANGUAGES.catalogue(language).sentences) - used()


@pytest.mark.parametrize("language", Language)
def test_no_sentence_is_empty(language: Language) -> None:
    """No sentence waits for its translation."""
    sentences = LANGUAGES.catalogue(language).sentences

    assert [] == [name for name, sentence in sentences.items() if not sentence.strip()]


def places(sentence: str) -> set[str]:
    """The `{places}` of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_fill_the_same_places() -> None:
    """A name that appears in the Japanese sentence appears in the English one."""
    ja, en = (LANGUAGES.catalogue(each).sentences for each in (Language.JA, Language.EN))

    assert {name: places(text) for name, text in ja.items()} == {
        name: places(text) for name, text in en.items()
    }


def test_no_japanese_in_the_english_and_no_english_in_the_japanese() -> None:
    """Sentences are in the language that they claim, names of products apart."""
    ja, en = (LANGUAGES.catalogue(each).sentences for each in (Language.JA, Language.EN))
    names = {name for name in ja if name.startswith("label.")}

    assert [] == [name for name, text in en.items() if JAPANESE.search(text)]
    assert [] == [
        name for name, text in ja.items() if name not in names and not JAPANESE.search(text)
    ]


def held(kind: str) -> set[str]:
    """What the pages keep for their scripts under that attribute."""
    pattern = rf'data-{kind}="([a-z-]+)"'
    return {name for text in texts_of(".html").values() for name in re.findall(pattern, text)}


def test_scripts_say_only_what_the_page_holds() -> None:
    """Every code that a script shows has its sentence in a page, and every sentence a script."""
    scripts = "".join(texts_of("page.js", "passkey.js", "sign-in.js").values())
    shown = set(re.findall(r'\b(?:show|textOf|warn)\("([^"]+)"', scripts))
    returned = set(re.findall(r'(?:return|[?:]) "([a-z-]+)"(?= :|;)', scripts))
    mentioned = set(re.findall(r'"?\b([a-z-]+)\b"?', scripts))

    assert set() == (shown | returned) - held("code") - {"conditional"}  # the browser's own word
    assert set() == set(re.findall(r'data-code="([a-z-]+)"', TEXTS)) - mentioned


def test_what_a_script_offers_to_do_next_is_in_the_page() -> None:
    """Every step that a trouble leads to has its button or link, and every one of these a use."""
    table = texts_of("page.js")["page.js"].partition("const STEPS = {")[2].partition("};")[0]
    offered = {name for row in re.findall(r"\[(.*?)\]", table) for name in row.split(", ")}

    assert held("step") == {name.strip('"') for name in offered}


def test_templates_hold_no_sentence_of_their_own() -> None:
    """Whatever a person reads comes from the catalogues."""
    for name, text in texts_of(".html").items():
        spoken = re.sub(r"\{[{%#].*?[%}#]\}", "", text, flags=re.DOTALL)
        spoken = re.sub(r"^class=.*$|<[^>]*>", "", spoken, flags=re.MULTILINE)
        assert "" == re.sub(r"[\s–:：|]", "", spoken), name


def test_a_missing_sentence_stops_the_page() -> None:
    """A name that is not in the catalogue is an error and never shown to a person."""
    with pytest.raises(KeyError):
        LANGUAGES.catalogue(Language.JA).say("no.such.sentence")


def test_a_missing_value_stops_the_page() -> None:
    """A sentence whose place nobody fills is an error."""
    with pytest.raises(KeyError):
        LANGUAGES.catalogue(Language.JA).say("enroll.welcome", nobody="")
