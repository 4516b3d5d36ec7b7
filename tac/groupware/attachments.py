"""Mail attachments with Japanese names, spelled in the three ways that servers spell them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from urllib.parse import quote

from exchange import Header
from visit import Visit

ZIP_PIECE_BYTES = 4096
FIXED_TIME = (2026, 11, 20, 10, 30, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of a mail."""

    name: str
    content_type: str
    spelling: str
    content: bytes
    has_length: bool = True


def disposition(spelling: str, name: str) -> Header:
    """
    A download's name.

    Args:
        spelling: "plain" = raw UTF-8 in quotes; "rfc5987" = ``filename*`` beside an ASCII name
            (RFC 6266 §4.3); "cp932" = raw Shift_JIS bytes, whose second byte may be a backslash.

    """
    if spelling == "rfc5987":
        ending = name.rpartition(".")[2]
        ascii_name = f"download.{ending}" if ending.isascii() else "download"
        text = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
        return ("Content-Disposition", text)
    raw = name.encode("cp932" if spelling == "cp932" else "utf-8", "replace")
    return ("Content-Disposition", b'attachment; filename="' + raw + b'"')


class Attachments:
    """The act that hands attachments out."""

    async def send(self, visit: Visit) -> None:
        """One attachment; the archive goes out in chunks, since its length is not known."""
        attachment = ATTACHMENTS.get(visit.asked.get("file", ""))
        if attachment is None:
            await visit.refuse("その添付ファイルは見つかりません。", 404)
            return
        headers = [
            ("Content-Type", attachment.content_type),
            disposition(attachment.spelling, attachment.name),
        ]
        if attachment.has_length:
            await visit.exchange.answer(200, headers, attachment.content)
            return
        await visit.exchange.begin(200, headers)
        for start in range(0, len(attachment.content), ZIP_PIECE_BYTES):
            await visit.exchange.write(attachment.content[start : start + ZIP_PIECE_BYTES])
        await visit.exchange.finish()


def _photos() -> bytes:
    """An archive of small drawings that stand for photographs."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, hue in enumerate((168, 215, 28), start=1):
            entry = zipfile.ZipInfo(f"写真{number:02}.svg", FIXED_TIME)
            archive.writestr(entry, _drawing(f"静岡第二工場 {number}", hue))
    return target.getvalue()


def _drawing(caption: str, hue: int) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 240">'
        f'<rect width="400" height="240" fill="hsl({hue} 45% 88%)"/>'
        f'<path d="M40 190V110l70 40v-40l70 40v-40l70 40V60h40v130z" fill="hsl({hue} 35% 45%)"/>'
        f'<text x="40" y="222" font-size="18" font-family="sans-serif">{caption}</text></svg>'
    )


_TIMETABLE = (
    "時刻,内容,担当\r\n15:00,設営開始,鈴木\r\n16:30,試作機の搬入,渡辺\r\n18:00,最終確認,高橋\r\n"
)
_ESTIMATE = (
    "見積書\r\n\r\nあおば商事 御中\r\n\r\n品名: 樹脂ケース（小）\r\n"
    "数量: 100 個\r\n単価: 480 円\r\n合計: 48,000 円（税別）\r\n"
)

ATTACHMENTS = {
    "schedule-csv": Attachment(
        name="展示会_予定表.csv",
        content_type="text/csv; charset=Shift_JIS",
        spelling="cp932",
        content=_TIMETABLE.encode("cp932"),
    ),
    "layout-svg": Attachment(
        name="ブース配置図（案）.svg",
        content_type="image/svg+xml",
        spelling="rfc5987",
        content=_drawing("ブース配置図（案）", 168).encode(),
    ),
    "estimate-txt": Attachment(
        name="見積書_あおば商事.txt",
        content_type="text/plain; charset=UTF-8",
        spelling="plain",
        content=_ESTIMATE.encode(),
    ),
    "photos-zip": Attachment(
        name="静岡工場の写真.zip",
        content_type="application/zip",
        spelling="rfc5987",
        content=_photos(),
        has_length=False,
    ),
}
