"""
A folder of copyparty's with names that Japanese offices have, made anew for each request.

The same name in both Unicode forms (NFC by Windows, NFD by macOS) is two files; 表, 能 and ソ
have 0x5C, a backslash, as second byte in Shift_JIS; one name is no UTF-8 at all. All times are
fixed, so that two listings of it are equal to the byte.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

MINUTES = "がぎぐげご 議事録.txt"
NFC = unicodedata.normalize("NFC", MINUTES)
NFD = unicodedata.normalize("NFD", MINUTES)
TABLE = "表と能力ソ.txt"
SHIFT_JIS = os.fsdecode("表計算.csv".encode("shift_jis"))
ROOM = "小部屋"
MEMO = "メモ.txt"
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"

CONTENT = {
    NFC: "composed",
    NFD: "decomposed",
    TABLE: LETTERS,
    SHIFT_JIS: "1,2,3",
    f"{ROOM}/{MEMO}": "in a folder",
    "a;b=c&d+e%41.txt": "marks",
}

FIXED_S = 1_700_000_000
"""2023-11-14 22:13:20 UTC: when everything in the cabinet was changed."""
FIXED_HTTP_DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """One folder, on the disk and as an address."""

    path: Path

    @property
    def target(self) -> str:
        """Its address, with the slash at the end."""
        return self.of("")

    def of(self, name: str) -> str:
        """The address of a file in it, every byte of the name percent-encoded where needed."""
        return quote(os.fsencode(f"/{self.path.name}/{name}"))

    def arrange(self) -> None:
        """Put in what belongs there, and nothing else."""
        shutil.rmtree(self.path, ignore_errors=True)
        (self.path / ROOM).mkdir(parents=True)
        for name, content in CONTENT.items():
            (self.path / name).write_text(content)
        for path in (*self.path.rglob("*"), self.path):
            os.utime(path, (FIXED_S, FIXED_S))

    def tree(self) -> dict[bytes, str]:
        """What is in it: the SHA-256 of each file by its name on the disk, "" for folders."""
        return {
            os.fsencode(path.relative_to(self.path)): digest(path) if path.is_file() else ""
            for path in self.path.rglob("*")
        }


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
