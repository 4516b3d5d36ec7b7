"""The inbox and one letter with its attachments."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape

from attachments import ATTACHMENTS
from stories import LETTERS, Letter
from visit import Visit, icon


class Mail:
    """The acts of the mail part."""

    async def listing(self, visit: Visit) -> None:
        """The inbox, newest first."""
        today = visit.settings.today()
        rows = "".join(_row(letter, today) for letter in LETTERS)
        html = f'<div class="toolbar"><h2>受信箱</h2></div><ul class="card rows">{rows}</ul>'
        await visit.view("メール", html)

    async def show(self, visit: Visit) -> None:
        """One letter."""
        wanted = visit.asked.get("id", "")
        letter = next((one for one in LETTERS if str(one.number) == wanted), None)
        if letter is None:
            await visit.refuse("そのメールは見つかりません。", 404)
            return
        when = _when(letter, visit.settings.today())
        html = f"""
<p class="back"><a href="#cmd=maillist">{icon("back")} 受信箱へ戻る</a></p>
<article class="card letter"><h2>{escape(letter.subject)}</h2>
<p class="meta">{escape(letter.sender)} &lt;{letter.address}&gt;・{when}</p>
<pre>{escape(letter.text)}</pre>{_clips(letter)}</article>"""
        await visit.view(letter.subject, html)


def _row(letter: Letter, today: date) -> str:
    clip = icon("clip") if letter.attachments else ""
    return (
        f'<li class="{"unread" if letter.is_unread else ""}">'
        f'<a href="#cmd=mailshow&amp;id={letter.number}"><b>{escape(letter.subject)} {clip}</b>'
        f"<span>{escape(letter.sender)}</span></a><small>{_when(letter, today)}</small></li>"
    )


def _when(letter: Letter, today: date) -> str:
    day = today - timedelta(days=letter.days_ago)
    return f"{day.month}/{day.day} {letter.time}"


def _clips(letter: Letter) -> str:
    rows = "".join(
        f'<li>{icon("clip")}<a href="?cmd=mailfile&amp;file={key}">'
        f"{escape(ATTACHMENTS[key].name)}</a>"
        f"<small>{len(ATTACHMENTS[key].content):,} バイト</small></li>"
        for key in letter.attachments
    )
    return f'<ul class="clips">{rows}</ul>' if rows else ""
