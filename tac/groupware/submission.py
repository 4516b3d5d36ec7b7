"""
What a form sent: fields as bytes, files as hashes (RFC 7578, and the urlencoded kind).

Files of any size stream through; only the first part of each is kept, so that a small one can be
handed out again and a big one costs nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from exchange import Exchange
from message import Pairs, form_pairs, text_pairs

FORM_LIMIT_BYTES = 1 << 20
KEPT_BYTES = 1 << 20
"""A file up to this size can be downloaded again."""


@dataclass(slots=True, kw_only=True)
class Upload:
    """One file of a form."""

    field_name: bytes
    filename: bytes
    content_type: str
    size_bytes: int = 0
    kept: bytearray = field(default_factory=bytearray)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size_bytes += len(piece)
        self.digest.update(piece)
        self.kept += piece[: max(0, KEPT_BYTES - len(self.kept))]

    @property
    def is_kept_whole(self) -> bool:
        """Whether the file can be handed out again."""
        return self.size_bytes == len(self.kept)


@dataclass(slots=True, kw_only=True)
class Submission:
    """Everything one form sent."""

    fields: Pairs = field(default_factory=lambda: Pairs([]))
    files: list[Upload] = field(default_factory=list)

    def text(self) -> dict[str, str]:
        """The fields as text."""
        return text_pairs(self.fields)

    def raw(self, name: bytes) -> bytes:
        """One field, byte for byte."""
        return dict(self.fields).get(name, b"")


async def read_submission(exchange: Exchange) -> Submission:
    """Read the request's body as the form it says it is."""
    content_type = exchange.request.value(b"Content-Type")
    if content_type.lower().startswith(b"multipart/form-data"):
        boundary = _parameter(content_type, "boundary").encode("latin-1")
        return await MultipartForm(boundary).read(exchange.body.pieces())
    return Submission(fields=form_pairs(await exchange.body.whole(FORM_LIMIT_BYTES)))


class MultipartForm:
    """Reads one multipart body as it comes, never more than a piece of it at once."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first mark looks like every other
        self._part: Upload | None = None
        self._is_in_head = False
        self._found = Submission()

    async def read(self, pieces: AsyncIterator[bytes]) -> Submission:
        """Read the whole body."""
        async for piece in pieces:
            self._buffer += piece
            while self._step():
                continue
        return self._found

    def _step(self) -> bool:
        """Take what can be taken from the buffer; False = more bytes are needed."""
        return self._read_head() if self._is_in_head else self._read_content()

    def _read_content(self) -> bool:
        content, mark, rest = self._buffer.partition(self._mark)
        if mark:
            self._take(content)
            self._close_part()
            self._buffer = rest
            self._is_in_head = True
            return True
        safe = max(0, len(self._buffer) - len(self._mark) + 1)
        self._take(self._buffer[:safe])
        self._buffer = self._buffer[safe:]
        return False

    def _read_head(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False  # also behind the last mark, where no head comes any more
        self._buffer = rest
        self._part = _part_from(head)
        self._is_in_head = False
        return True

    def _take(self, content: bytes) -> None:
        if self._part is not None:
            self._part.add(content)

    def _close_part(self) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        if part.filename or part.content_type:
            self._found.files.append(part)
        else:
            self._found.fields.append((part.field_name, bytes(part.kept)))


def _part_from(head: bytes) -> Upload:
    """A part's name, file name (raw bytes, in whatever charset) and type."""
    lines = [line.partition(b":") for line in head.split(b"\r\n") if line]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    disposition = headers.get(b"content-disposition", b"")
    return Upload(
        field_name=_parameter(disposition, "name").encode("latin-1"),
        filename=_parameter(disposition, "filename").encode("latin-1"),
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
    )


def _parameter(header: bytes, name: str) -> str:
    """One parameter of a header as latin-1 text, quotes taken off."""
    pattern = rf'(?:^|[;\s]){name}=(?:"([^"]*)"|([^;\s]*))'
    found = re.search(pattern, header.decode("latin-1"), re.IGNORECASE)
    return (found[1] or found[2] or "") if found else ""
