"""The frame around every view: top bar, parts of the app, and the script that loads by hash."""

from __future__ import annotations

from html import escape
from typing import ClassVar

from people import COMPANY
from visit import Visit, fill, icon, sprite


class Shell:
    """Shows the same page for every part; only the hash says which view is meant."""

    PARTS: ClassVar[dict[str, tuple[str, str, str]]] = {
        "portalindex": ("ポータル", "home", "cmd=portal"),
        "schindex": ("スケジュール", "calendar", "cmd=schweekgrp&gid=0"),
        "bbsindex": ("掲示板", "board", "cmd=bbslist"),
        "mailindex": ("メール", "mail", "cmd=maillist"),
        "docindex": ("文書管理", "folder", "cmd=doclist"),
        "appindex": ("日報アプリ", "form", "cmd=applist"),
        "chatindex": ("チャット", "chat", "cmd=chat"),
    }

    async def show(self, visit: Visit) -> None:
        """The shell for the asked part."""
        part = visit.asked.get("cmd", "portalindex")
        title, _, first_view = self.PARTS[part]
        person = visit.signed_in.person
        page = fill(
            "shell.html",
            sprite=sprite(),
            title=title,
            company=COMPANY,
            parts="".join(self._part(name, part) for name in self.PARTS),
            person=escape(person.name),
            group=escape(person.group),
            initial=escape(person.name[0]),
            hue=str(person.hue),
            program=visit.settings.program("dneo"),
            chat=visit.settings.program("zchat"),
            socket=visit.settings.program("zsocket"),
            first_view=escape(first_view),
            poll_seconds=str(visit.settings.poll_s),
        )
        await visit.exchange.page(page)

    def _part(self, name: str, current: str) -> str:
        title, sign, first_view = self.PARTS[name]
        mark = ' aria-current="page"' if name == current else ""
        address = escape(f"?cmd={name}#{first_view}")
        return f'<a href="{address}" data-part="{name}"{mark}>{icon(sign)}<span>{title}</span></a>'
