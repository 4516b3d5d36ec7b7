"""The document shelf: uploads of any size (hash only), and lists as Shift_JIS CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from html import escape

from attachments import disposition
from board import Document, Shelf
from calendar_view import monday_of
from people import STAFF
from stories import APPOINTMENTS
from visit import Visit, fill, icon


class Documents:
    """The acts of the document shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def listing(self, visit: Visit) -> None:
        """What is on the shelf, the upload form, and the lists to take along."""
        html = fill(
            "documents.html",
            token=escape(visit.signed_in.token),
            upload=icon("upload"),
            download=icon("download"),
            rows="".join(_row(document) for document in self._shelf.documents),
        )
        await visit.view("文書管理", html)

    async def upload(self, visit: Visit) -> None:
        """Register the files, then go back by an absolute path."""
        if not visit.is_proven:
            await visit.refuse(
                "この登録は、画面の有効期限が切れています。もう一度開いてください。"
            )
            return
        for upload in visit.form.files:
            self._shelf.add(visit.signed_in.person.name, upload)
        program = visit.settings.program("dneo")
        await visit.exchange.redirect(f"{program}?cmd=docindex#cmd=doclist")

    async def download(self, visit: Visit) -> None:
        """A small uploaded file again; of a big one only the hash is left."""
        document = self._shelf.find(visit.asked.get("id", ""))
        if document is None or document.upload is None or not document.upload.is_kept_whole:
            await visit.refuse("この文書の中身は、デモには入っていません。", 404)
            return
        headers = [
            ("Content-Type", "application/octet-stream"),
            disposition("rfc5987", document.name),
        ]
        await visit.exchange.answer(200, headers, bytes(document.upload.kept))

    async def staff_csv(self, visit: Visit) -> None:
        """The staff list, its name spelled in raw Shift_JIS as old servers do."""
        rows = [("社員番号", "氏名", "フリガナ", "所属", "内線")]
        rows += [
            (f"{person.number:04}", person.name, person.kana, person.group, person.extension)
            for person in STAFF
        ]
        await _send_csv(visit, "社員名簿_一覧表.csv", "cp932", rows)

    async def week_csv(self, visit: Visit) -> None:
        """The week's appointments, its name spelled by RFC 5987."""
        monday = monday_of(visit.settings.today())
        rows = [("日付", "開始", "終了", "件名", "場所", "参加者")]
        for entry in APPOINTMENTS:
            names = "、".join(one.name for one in STAFF if one.number in entry.people)
            day = (monday + timedelta(days=entry.weekday)).strftime("%Y/%m/%d")
            rows.append((day, entry.start, entry.end, entry.title, entry.place, names))
        await _send_csv(visit, "今週の予定表.csv", "rfc5987", rows)


async def _send_csv(
    visit: Visit, name: str, spelling: str, rows: Sequence[tuple[str, ...]]
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    headers = [("Content-Type", "text/csv; charset=Shift_JIS"), disposition(spelling, name)]
    await visit.exchange.answer(200, headers, text.getvalue().encode("cp932", "replace"))


def _row(document: Document) -> str:
    name = escape(document.name)
    is_here = document.upload is not None and document.upload.is_kept_whole
    shown = (
        f'<a href="?cmd=docfile&amp;id={document.number}"><b>{name}</b></a>'
        if is_here
        else f"<b>{name}</b>"
    )
    digest = (
        f'<span class="bytes">SHA-256 <code>{document.digest}</code></span>'
        if document.digest
        else ""
    )
    return (
        f'<li>{icon("file")}<div class="grow">{shown}{digest}</div>'
        f"<small>{document.size_bytes:,} バイト<br>"
        f"{escape(document.author)}・{document.when}</small></li>"
    )
