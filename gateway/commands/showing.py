"""How answers look in a terminal: aligned columns, also of Japanese; moments; QR codes."""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from collections.abc import Iterable, Sequence

import qrcode

GAP = "  "
_WIDE = ("W", "F")
"""East Asian width (UAX 11) of what fills two cells of a terminal."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns under their heads, each as wide as its widest cell."""
    lines = [tuple(map(harmless, each)) for each in (heads, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(each, widths) for each in lines)


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A name and a value on each line."""
    lines = [(name, harmless(value)) for name, value in rows]
    most = max(width(name) for name, _ in lines)
    return "\n".join(f"{name}{' ' * (most - width(name))}{GAP}{value}" for name, value in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)]
    return GAP.join(padded).rstrip()


def width(text: str) -> int:
    """How many cells of a terminal it fills."""
    return sum(
        0
        if unicodedata.combining(each)
        else 2
        if unicodedata.east_asian_width(each) in _WIDE
        else 1
        for each in text
    )


def harmless(text: str) -> str:
    """Without characters that move a terminal's cursor or turn the direction of writing."""
    return "".join(each if unicodedata.category(each)[0] != "C" else "?" for each in text)


def local(text: object) -> str:
    """A moment in ISO 8601, in this machine's time zone and to the minute; "-" for none."""
    if text is None:
        return "-"
    return f"{dt.datetime.fromisoformat(str(text)).astimezone():%Y-%m-%d %H:%M}"


def draw_qr(text: str) -> str:
    """A QR code for a dark terminal, of half blocks."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return drawn.getvalue().rstrip("\n")
