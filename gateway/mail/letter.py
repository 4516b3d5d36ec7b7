"""
A letter as it leaves: RFC 5322 with MIME, in the language of whoever reads it.

Rules:
1. No header can be injected: whatever a person or a stranger wrote stands, in base64, in the
   body or in encoded words of a field (RFC 2047), on one line and of bounded length. Python's
   own email package is not asked: it decodes what looks like an encoded word and writes line
   breaks from in there into the letter, and it loses blanks (measured with 3.11).
2. Old clients and relays read it: 7-bit throughout, UTF-8 in base64, encoded words of at most
   75 characters (RFC 2047 2), one part of plain text. No picture: many clients do not show
   them, and filters take a QR code in a letter for a lure; the page behind a link shows one.
3. Nobody's out-of-office answers it: Auto-Submitted (RFC 3834 5).

Pure: the time and the random part of the Message-ID come in.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime

from gateway.errors import GatewayError

SUBJECT_LIMIT = 120
"""Characters: more is cut off by every client's list."""

NAME_LIMIT = 64
"""Characters of somebody's name in a letter; the store allows no more, others might."""

BODY_LIMIT = 20_000
"""Characters: ours have some hundred; the size of a letter is bounded by it."""

WORD_LIMIT_BYTES = 42
"""Of text in one encoded word: 56 digits of base64 and 12 around them are less than 75."""

_PLAIN = re.compile(r"(?:[A-Za-z0-9]+(?: [A-Za-z0-9]+)*){0,1}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a letter says."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    A letter that is ready to go: plain values, so that an outbox may keep it anywhere.

    It is sent to one mailbox, so that no reader sees another one's address.
    """

    recipient: str
    """See `rules.mailboxes`."""
    content: bytes
    """The whole message; lines end in CRLF, bytes are below 128."""
    kind: str
    """What it is about, for the log."""
    person: str
    """The sign-in name of whoever it is for, for the log."""


class MailError(GatewayError):
    """A letter was not taken."""

    def __init__(self, sentence: str, *, is_final: bool) -> None:
        self.is_final = is_final
        """Whether trying again is in vain: 5yz (RFC 5321 4.2.1)."""
        super().__init__(sentence)


def compose(
    text: Text, *, sender: str, sender_name: str, recipient: str, now: float, token: bytes
) -> bytes:
    """
    The message.

    Args:
        now: POSIX seconds; the Date field says it in UTC.
        token: 16 random bytes, for the Message-ID.
    """
    name = words(one_line(sender_name, NAME_LIMIT))
    fields = (
        ("From", f"{name}\r\n <{sender}>" if name else sender),
        ("To", recipient),
        ("Subject", words(one_line(text.subject, SUBJECT_LIMIT))),
        ("Date", format_datetime(dt.datetime.fromtimestamp(int(now), dt.UTC))),
        ("Message-ID", f"<{token.hex()}@{sender.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "base64"),
    )
    head = "".join(f"{field}: {value}\r\n" for field, value in fields)
    return f"{head}\r\n{_body(text.body[:BODY_LIMIT])}".encode("ascii")


def words(text: str) -> str:
    """
    A field's text: as it is where nothing can misread it, else as encoded words (RFC 2047).

    All of it is encoded then, in pieces that end between characters, so that no blank is lost
    where two of them meet.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "\r\n ".join(f"=?utf-8?b?{_base64(each)}?=" for each in _pieces(text))


def _pieces(text: str) -> Iterator[bytes]:
    piece = b""
    for character in text:
        encoded = character.encode("utf-8")
        if len(piece) + len(encoded) > WORD_LIMIT_BYTES:
            yield piece
            piece = b""
        piece += encoded
    yield piece


def _body(text: str) -> str:
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    encoded = base64.encodebytes(lines.encode("utf-8", "replace"))
    return encoded.decode("ascii").replace("\n", "\r\n")


def _base64(piece: bytes) -> str:
    return base64.b64encode(piece).decode("ascii")


def one_line(text: str, limit: int) -> str:
    """
    What somebody wrote, fit to be shown inside a sentence of ours.

    Line breaks and control characters become blanks; marks that turn the direction of writing
    (Unicode Cf) are gone, so that nobody's name rearranges what stands around it.
    """
    kept = "".join(_harmless(each) for each in text[: limit * 4])
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Cs", "Co", "Cn") else character
