"""
Every page of ours, found by walking the rooms: what is checked on all pages misses none.

A new page with a plain address is checked without being named here. One whose address has a
place to fill must be told in `ADDRESSES` how to get there, or the walk fails. Addresses that
give no page (JSON, static files, redirects) are left out, and so is the same page twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.login.help_pages import TOPICS
from gateway.login.site import ROOMS
from gateway.rules.entries import Require
from tests.browser.conftest import OpenPage
from tests.instruments.house import Browser, House
from tests.instruments.open_house import OpenHouse
from tests.instruments.page import Page

NOT_PAGES = ("/.gateway/static/", "/.well-known/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A page, and who looks at it."""

    path: str
    visitor: str
    """Which of the `Cast`: "stranger" is unknown, "staff" is signed in at two browsers."""

    def __str__(self) -> str:
        return f"{self.path} ({self.visitor})"


class Cast:
    """Who comes to the house, and what addresses they were given."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.stranger = Browser(house)
        self.staff = Browser(house)
        self.staff.enroll(house.invite(house.add_person("yamada")))
        self.staff.sign_in()
        Browser(house, device=self.staff.device).sign_in()
        self.invitation = house.invite(house.add_person("suzuki", "鈴木 次郎"))
        self.spent = house.invite(house.add_person("tanaka", "田中 三郎"))
        self.next_step = f"/.gateway/enroll/{self._registered(self.spent)}"

    def browser(self, visitor: str) -> Browser:
        """The browser of that one."""
        return {"stranger": self.stranger, "staff": self.staff}[visitor]

    def _registered(self, invitation: str) -> str:
        """What a newcomer is given after the first registration."""
        answer = Browser(self.house).enroll(invitation)
        assert answer.status == 200, answer.text
        return str(answer.json["next"])


def addresses(cast: Cast) -> dict[str, list[str]]:
    """How each address with a place in it is filled; nothing where it gives no page."""
    return {
        "/.gateway/help/<topic>": [f"/.gateway/help/{topic}" for topic in TOPICS],
        "/.gateway/enroll/<token>": [cast.invitation, cast.next_step, cast.spent],
        "/.gateway/enroll/<token>/progress": [],
        "/step-up-required/<need>": [f"/step-up-required/{Require.DEVICE_BOUND}"],
    }


def paths(cast: Cast) -> Iterator[str]:
    """Every address of ours that can be gone to."""
    filled = addresses(cast)
    for room in ROOMS:
        for rule in room.app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.rule.startswith(NOT_PAGES):
                continue
            assert "<" not in rule.rule or rule.rule in filled, f"how to get to {rule.rule}?"
            yield from filled.get(rule.rule, [rule.rule])
    yield "/.gateway/nothing"


def every_page(cast: Cast) -> list[Scene]:
    """What is to be looked at."""
    scenes: dict[bytes, Scene] = {}
    for path in paths(cast):
        for visitor in ("stranger", "staff"):
            answer = cast.browser(visitor).open(path)
            assert answer.status < 500, f"{path}: {answer.text}"
            if answer.headers["content-type"][0].startswith("text/html") and answer.body:
                shown = re.sub(b"<main[^>]*>", b"", answer.body)
                scenes.setdefault(shown, Scene(path=path, visitor=visitor))
    return list(scenes.values())


def kinds(text: str) -> set[str]:
    """What sorts of pages are in that text, as templates name them."""
    return set(re.findall(r'data-page="([a-z-]+)"', text))


class Tour:
    """Goes from page to page, each time as whoever is to look at it."""

    def __init__(self, open_house: OpenHouse, open_page: OpenPage) -> None:
        self.cast = Cast(open_house.house)
        self.open_house = open_house
        self._open_page = open_page
        self._pages: dict[str, Page] = {}

    async def visit(self, scene: Scene) -> Page:
        """That visitor's browser, at that page."""
        page = self._pages.get(scene.visitor) or await self._enter(scene.visitor)
        await page.goto(self.open_house.url + scene.path)
        return page

    async def _enter(self, visitor: str) -> Page:
        page = self._pages[visitor] = await self._open_page()
        await self.open_house.lend_cookies(page, self.cast.browser(visitor))
        for status in (403, 404, 410):
            page.record.tolerate(f"status of {status}")
        return page
