"""QR codes as one SVG path, so that pages need neither pictures nor inline styles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode


@dataclass(frozen=True, slots=True, kw_only=True)
class QrPath:
    """A code to be drawn: dark runs as a path, one unit a module, quiet zone included."""

    modules: int
    path: str


def qr_path(text: str) -> QrPath:
    """The code of that text (ISO/IEC 18004), medium error correction."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    rows = code.get_matrix()
    return QrPath(modules=len(rows), path="".join(_row(y, row) for y, row in enumerate(rows)))


def _row(y: int, row: list[bool]) -> str:
    parts, x = [], 0
    for is_dark, run in groupby(row):
        length = len(list(run))
        if is_dark:
            parts.append(f"M{x} {y}h{length}v1h-{length}z")
        x += length
    return "".join(parts)
