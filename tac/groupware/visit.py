"""One request as the app's pages see it: who asks, what was asked, how to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from exchange import Exchange
from people import AppSession
from settings import Settings
from submission import Submission

TEMPLATES = Path(__file__).parent / "templates"
BADGE = "デモ用の模擬グループウェア（架空のデータ）"
"""Stands on every page, so that nobody takes this for a real groupware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a page needs to answer."""

    exchange: Exchange
    settings: Settings
    asked: dict[str, str]
    """Query and form fields together; the form wins."""
    form: Submission
    session: AppSession | None

    @property
    def signed_in(self) -> AppSession:
        """The session, on pages that are only reached with one."""
        assert self.session is not None
        return self.session

    @property
    def is_proven(self) -> bool:
        """Whether the page's own script or form sent this: the token comes as a field's name."""
        return self.session is not None and self.asked.get(self.session.token) == "1"

    async def view(self, title: str, html: str) -> None:
        """Answer the page's script with one view."""
        await self.exchange.json({"status": "ok", "title": title, "html": html})

    async def refuse(self, message: str, status: int = 403) -> None:
        """Tell the page's script, or the person, that this does not go."""
        if self.exchange.request.asks_by_script:
            await self.exchange.json({"status": "ng", "message": message}, status=status)
        else:
            page = fill("notice.html", message=escape(message), home=self.settings.program("dneo"))
            await self.exchange.page(page, status=status)


Act = Callable[[Visit], Awaitable[None]]


def fill(template: str, **values: str) -> str:
    """A template file with its ``$names`` filled in; the values must be HTML already."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return Template(text).substitute(values, badge=BADGE)


def icon(name: str) -> str:
    """One of the drawn signs of ``icons.html``."""
    return f'<svg class="icon" aria-hidden="true"><use href="#i-{name}"></use></svg>'


def sprite() -> str:
    """All signs, to be put once into each page."""
    return (TEMPLATES / "icons.html").read_text(encoding="utf-8")
