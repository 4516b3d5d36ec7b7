"""A self-made-form part as such apps have it: the form lives in a same-origin frame that posts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from html import escape

from visit import Visit, fill, sprite

REPORT_LIMIT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One daily report."""

    author: str
    day: str
    work: str
    hours: str


class Reports:
    """The acts of the daily reports."""

    def __init__(self) -> None:
        self._reports = deque(
            (
                Report(
                    author="鈴木 一郎",
                    day="昨日",
                    work="ひかり電機様へ納期の回答、見積 2 件",
                    hours="7.5",
                ),
                Report(
                    author="渡辺 翔", day="昨日", work="3 号機の刃物交換、試し削り", hours="8.0"
                ),
            ),
            maxlen=REPORT_LIMIT,
        )

    async def page(self, visit: Visit) -> None:
        """The part's view in the shell: a heading and the frame."""
        source = visit.settings.program("appsuite") + "?cmd=cdbbrowsedetailframe&amp;app=1"
        html = (
            '<div class="toolbar"><h2>日報アプリ</h2></div>'
            f'<iframe class="card" id="report-frame" title="日報の入力" src="{source}"></iframe>'
        )
        await visit.view("日報アプリ", html)

    async def frame(self, visit: Visit) -> None:
        """What the frame shows: the form and the reports so far."""
        await self._show(visit, message="")

    async def post(self, visit: Visit) -> None:
        """Take a report from within the frame."""
        if not visit.is_proven:
            await visit.refuse("画面の有効期限が切れています。もう一度開いてください。")
            return
        report = Report(
            author=visit.signed_in.person.name,
            day="今日",
            work=visit.asked.get("work", ""),
            hours=visit.asked.get("hours", ""),
        )
        self._reports.appendleft(report)
        await self._show(visit, message="登録しました。")

    async def _show(self, visit: Visit, message: str) -> None:
        rows = "".join(
            f"<tr><td>{one.day}</td><td>{escape(one.author)}</td>"
            f"<td>{escape(one.work)}</td><td>{escape(one.hours)}</td></tr>"
            for one in self._reports
        )
        page = fill(
            "frame.html",
            sprite=sprite(),
            action=visit.settings.program("appsuite") + "?cmd=cdbpost&amp;app=1",
            token=escape(visit.signed_in.token),
            message=f'<p class="done" id="frame-message">{message}</p>' if message else "",
            rows=rows,
        )
        await visit.exchange.page(page)
