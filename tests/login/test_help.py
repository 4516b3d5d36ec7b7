"""The help pages: open to everybody, complete in both languages, understood without eyes."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gateway.login.help_pages import TOPICS
from gateway.pages.languages import Language
from tests.instruments.house import LANGUAGES, Answer, Browser, House

INDEX = "/.gateway/help"
BUTTONS = [
    ("help.phone.step-1", "sign-in.passkey"),
    ("help.pc.step-1", "sign-in.phone"),
    ("help.key.step-2", "sign-in.security-key"),
    ("help.pc.next-text", "account.add"),
    ("help.lost.new-other-text", "account.add"),
]
"""Sentences of help that name a button, and the button."""

PAGES = [INDEX, *(f"{INDEX}/{topic}" for topic in TOPICS)]

Tag = tuple[str, dict[str, str | None]]


class Tags(HTMLParser):
    """Every tag of a page with its attributes, in order."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.found: list[Tag] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.found.append((tag, dict(attrs)))

    def named(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of each tag of that name."""
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture
def stranger() -> Browser:
    """Somebody whom nobody here knows."""
    return Browser(House())


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("page", PAGES)
def test_help_is_open_to_everybody(stranger: Browser, page: str, language: Language) -> None:
    """Whoever cannot sign in can read how to, in the own language, and leaves no trace."""
    stranger.language = language

    answer = stranger.open(page)

    assert 200 == answer.status
    assert [] == answer.cookies
    assert ["no-store"] == answer.headers["cache-control"]
    assert language == Tags(answer).named("html")[0]["lang"]


def test_the_index_leads_to_every_page(stranger: Browser) -> None:
    """No help page is hidden: the index has a link to each, in the order of the situations."""
    links = [each["href"] for each in Tags(stranger.open(INDEX)).named("a")]

    assert PAGES[1:] == [link for link in links if link and link.startswith(f"{INDEX}/")]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(stranger: Browser, page: str) -> None:
    """No link of a help page ends in "not found" (signing in may be asked for)."""
    links = {each["href"] for each in Tags(stranger.open(page)).named("a")}

    found = {link: stranger.open(str(link)).status for link in links}

    assert found
    assert set(found.values()) <= {200, 401}


def test_a_mistyped_help_page_is_told_so(stranger: Browser) -> None:
    """An address of help that does not exist says so as every other one."""
    answer = stranger.open(f"{INDEX}/nothing")

    assert 404 == answer.status
    assert 'data-code="not-found"' in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_is_described_or_hidden(stranger: Browser, page: str) -> None:
    """A screen reader is told what a picture shows, or passes over it if it only decorates."""
    pictures = Tags(stranger.open(page)).named("svg")

    assert pictures
    for each in pictures:
        assert (each.get("role") == "img" and each.get("aria-label")) or (
            each.get("aria-hidden") == "true"
        )


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_their_own_policy(stranger: Browser, page: str) -> None:
    """Nothing on a help page would be stopped by its policy: no style and no script inside."""
    tags = Tags(stranger.open(page))

    assert all("style" not in attributes for _, attributes in tags.found)
    assert [] == tags.named("style")
    assert all(each.get("src") for each in tags.named("script"))


@pytest.mark.parametrize("language", list(Language))
def test_the_coverage_table_is_said_in_words(stranger: Browser, language: Language) -> None:
    """Every cell of the table of devices has a mark with a name: works, on conditions, not."""
    stranger.language = language
    tags = Tags(stranger.open(f"{INDEX}/devices"))

    heads = len([each for each in tags.named("th") if each["scope"] == "col"])
    devices = len([each for each in tags.named("th") if each["scope"] == "row"])
    marks = [
        each["aria-label"]
        for each in tags.named("svg")
        if str(each["class"]).startswith("mark-sign") and each.get("role") == "img"
    ]

    assert devices * (heads - 1) == len(tags.named("td")) == len(marks)
    assert 3 == len(set(marks))


@pytest.mark.parametrize("host", ["cable.ua5v.com", "cable.auth.com"])
def test_administrators_read_what_the_firewall_must_allow(stranger: Browser, host: str) -> None:
    """Both relays by which a phone reaches a PC are named."""
    assert host in stranger.open(f"{INDEX}/administrators").text


def test_nobody_is_sent_to_pair_devices(stranger: Browser) -> None:
    """The page on PC and phone says that pairing is not needed, which most people expect."""
    assert "ペアリングは不要です" in stranger.open(f"{INDEX}/pc-and-phone").text


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("sentence", "button"), BUTTONS)
def test_help_calls_buttons_by_their_names(sentence: str, button: str, language: Language) -> None:
    """Whoever reads "press …" finds a button of just that name."""
    sentences = LANGUAGES.catalogue(language).sentences

    assert sentences[button] in sentences[sentence]
