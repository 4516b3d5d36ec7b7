"""
The keys of `[look]`, by which people see that these are their company's pages.

The logo is read with the settings, not later: all processes then show the same one, and
`gateway check` finds what is wrong with it.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import xml.parsers.expat
from dataclasses import dataclass
from pathlib import Path

from gateway.config import kinds
from gateway.config.kinds import Kind
from gateway.config.option import DERIVED, Option, Table

LOGO_LIMIT_BYTES = 64 * 1024
"""A sign-in page is small; a logo for the web has a few kilobytes."""

NOTICE_LIMIT = 400
"""Characters: what people still read before they sign in."""

LOGO_HEIGHT_PX = 32
LOGO_WIDTH_PX = 160
"""The box that a logo is shown in, beside the gateway's name on a phone's screen."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:px)?")
_PNG = b"\x89PNG\r\n\x1a\n"
_WANTED = "an SVG or PNG file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """The company's picture, as it was when the gateway started."""

    name: str
    """Of the file that browsers ask for: `logo.svg` or `logo.png`."""
    body: bytes
    width: int
    """CSS pixels at which it is shown, so that its place is kept before it has come."""
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What tells people that these are their company's pages."""

    logo: Logo | None = None
    colour: str = ""
    """`#rrggbb`, lower case; "" = our own blue."""
    notice: str = ""
    """Shown at sign-in; plain text, lines kept."""
    notice_en: str = ""
    """For who reads English; "" = the same as for everybody."""


def read_logo(path: Path) -> Logo:
    """
    The picture in that file.

    Raises:
        ValueError: its text says what is wanted.
    """
    try:
        with path.open("rb") as file:
            body = file.read(LOGO_LIMIT_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{_WANTED} that can be read ({error.strerror})") from None
    if len(body) > LOGO_LIMIT_BYTES:
        raise ValueError(f"{_WANTED} of at most {LOGO_LIMIT_BYTES // 1024} KB")
    kind, (width, height) = ("png", _png_size(body)) if body[:8] == _PNG else _svg(body)
    scale = min(LOGO_HEIGHT_PX / height, LOGO_WIDTH_PX / width)
    return Logo(
        name=f"logo.{kind}",
        body=body,
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
    )


def _png_size(body: bytes) -> tuple[float, float]:
    """From the header chunk, which comes first (PNG, W3C, 11.2.2)."""
    if len(body) < 24 or body[12:16] != b"IHDR":
        raise ValueError(f"{_WANTED}; this one begins like a PNG and is none")
    width, height = struct.unpack(">II", body[16:24])
    if not width or not height:
        raise ValueError(f"{_WANTED}; this one has no pixels")
    return width, height


def _svg(body: bytes) -> tuple[str, tuple[float, float]]:
    """Well-formed, an <svg> at its root, and of a size that can be known."""
    found: list[dict[str, str]] = []
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, attributes: found.append(
        attributes if name == "http://www.w3.org/2000/svg svg" else {}
    )
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(body, True)  # noqa: FBT003 - the C function takes no keyword
    except xml.parsers.expat.ExpatError as error:
        raise ValueError(f"{_WANTED}; this one is neither ({error})") from None
    size = _svg_size(found[0])
    if size is None:
        raise ValueError(f"{_WANTED}; an <svg> needs a viewBox, or width and height in pixels")
    return "svg", size


def _refuse_entities(*declared: object) -> None:
    """Entities can make megabytes of a few letters; no drawing needs them."""
    raise ValueError(f"{_WANTED} without <!ENTITY>")


def _svg_size(root: dict[str, str]) -> tuple[float, float] | None:
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    sizes = box[2:] if len(box) == 4 else [root.get("width", ""), root.get("height", "")]
    lengths = [_LENGTH.fullmatch(each) for each in sizes]
    width, height = (float(each[1]) if each else 0.0 for each in lengths)
    return (width, height) if width and height else None


def _read_colour(value: object) -> str:
    if not isinstance(value, str) or _COLOUR.fullmatch(value) is None:
        raise ValueError('a colour of six hexadecimal digits, such as "#1f4e8c"')
    return value.lower()


def _read_notice(value: object) -> str:
    wanted = f"plain text of at most {NOTICE_LIMIT} characters"
    if not isinstance(value, str):
        raise ValueError(wanted)  # noqa: TRY004 - told to a person
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if len(text) > NOTICE_LIMIT:
        raise ValueError(f"{wanted}; these are {len(text)}")
    if any(unicodedata.category(each) == "Cc" and each != "\n" for each in text):
        raise ValueError(f"{wanted}, without control characters")
    return text


COLOUR_KIND = Kind(english="colour", japanese="色", read=_read_colour)
NOTICE_KIND = Kind(english="text", japanese="文字列", read=_read_notice)

TABLE = Table()

LOGO: Option[Path] = TABLE.add(
    Option(
        table="look",
        key="logo",
        kind=kinds.PATH,
        default=DERIVED,
        derived=("our own sign", "ゲートウェイの標準マーク"),
        english="The company's logo, beside `[gateway] name` at the top of every page of ours: an "
        "SVG or PNG file of at most 64 KB; a relative path starts at the directory of this file. "
        "It is read at start.",
        japanese="会社のロゴ。ゲートウェイの全ページの上部で `[gateway] name` の横に表示します。"
        "64 KB までの SVG または PNG ファイル。相対パスはこの設定ファイルの場所から数えます。"
        "起動時に読み込みます。",
    )
)
COLOUR: Option[str] = TABLE.add(
    Option(
        table="look",
        key="colour",
        kind=COLOUR_KIND,
        default=DERIVED,
        derived=("a dark blue", "濃い青"),
        english="The company's colour, for buttons and links. Where letters in it would be hard "
        "to read (WCAG 2.2 AA), and in the dark theme, a darker or lighter shade is used.",
        japanese="ボタンとリンクに使う会社の色。文字が読みにくくなる場所（WCAG 2.2 AA）と"
        "ダークテーマでは、自動的に濃淡を調整します。",
    )
)
NOTICE: Option[str] = TABLE.add(
    Option(
        table="look",
        key="notice",
        kind=NOTICE_KIND,
        default="",
        english="Shown on the sign-in page to everybody, strangers included: whom to call, "
        "planned downtime. Plain text, at most 400 characters; line breaks are kept.",
        japanese="ログイン画面に表示する案内（社外の人にも見えます）。問い合わせ先や停止の予定など。"
        "400 文字までのプレーンテキストで、改行はそのまま表示されます。",
    )
)
NOTICE_EN: Option[str] = TABLE.add(
    Option(
        table="look",
        key="notice_en",
        kind=NOTICE_KIND,
        default="",
        english="The same for people who read English; empty: they see `notice`.",
        japanese="英語で表示する人のための案内。空なら `notice` を表示します。",
    )
)
