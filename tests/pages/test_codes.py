"""QR codes as one path: is it the code?"""

from __future__ import annotations

import re

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from gateway.pages.codes import qr_path

LINK = "https://gw.example.test/.gateway/enroll/" + "A" * 43


def test_the_path_draws_the_code() -> None:
    """Each dark module of the code is drawn, and no light one."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(LINK)
    rows = code.get_matrix()

    drawn = qr_path(LINK)

    dark = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.path):
        dark |= {(int(x) + step, int(y)) for step in range(int(length))}
    assert len(rows) == drawn.modules
    assert {
        (x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark
    } == dark


def test_a_link_makes_a_small_page() -> None:
    """The code of an enrolment link costs the page a few kilobytes."""
    assert 12_000 > len(qr_path(LINK).path)
