"""The portal: what a person sees first, with news that link into the middle of the app."""

from __future__ import annotations

from html import escape

from board import Board
from calendar_view import appointments_of, japanese
from stories import LETTERS, NOTICES
from visit import Visit, fill, icon


class Portal:
    """The first page and its news."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def show(self, visit: Visit) -> None:
        """Greeting, news, and a card for each part of the app."""
        html = fill(
            "portal.html",
            **{name: icon(name) for name in ("bell", "calendar", "mail", "board", "check")},
            today=japanese(visit.settings.today()),
            person=escape(visit.signed_in.person.name),
            notices=_notices(),
            agenda=self._today(visit),
            unread=_unread(),
            posts=self._posts(),
        )
        await visit.view("ポータル", html)

    async def news(self, visit: Visit) -> None:
        """What an open page asks for every now and then."""
        unread = sum(letter.is_unread for letter in LETTERS)
        await visit.exchange.json(
            {"status": "ok", "mail": unread, "newest_post": self._board.posts[0].number}
        )

    def _today(self, visit: Visit) -> str:
        day = visit.settings.today()
        entries = appointments_of(visit.signed_in.person, day.weekday())
        if not entries:
            return '<p class="none">今日の予定はありません。</p>'
        rows = "".join(
            f'<li><a class="chip kind-{entry.kind}" '
            f'href="?cmd=schindex#cmd=schshow&amp;id={entry.number}">'
            f"<time>{entry.start}</time>{escape(entry.title)}"
            f"<small>{escape(entry.place)}</small></a></li>"
            for entry in entries
        )
        return f'<ul class="agenda">{rows}</ul>'

    def _posts(self) -> str:
        return "".join(
            f'<li><a href="?cmd=bbsindex#cmd=bbsshow&amp;id={post.number}">'
            f"{escape(post.title.decode('utf-8', 'replace'))}</a>"
            f"<small>{post.author}・{post.when}</small></li>"
            for post in list(self._board.posts)[:3]
        )


def _notices() -> str:
    return "".join(
        f'<li>{icon(notice.icon)}<a href="?cmd={escape(notice.link)}">{escape(notice.text)}</a>'
        f"<small>{notice.when}</small></li>"
        for notice in NOTICES
    )


def _unread() -> str:
    return "".join(
        f'<li class="unread"><a href="?cmd=mailindex#cmd=mailshow&amp;id={letter.number}">'
        f"{escape(letter.subject)}</a><small>{escape(letter.sender)}・{letter.time}</small></li>"
        for letter in LETTERS
        if letter.is_unread
    )
