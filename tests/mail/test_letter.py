"""A letter as it leaves: what mail programs read in it, whatever people are called."""

from __future__ import annotations

import email
import email.header
import email.policy
import email.utils
import re
from email.message import EmailMessage, Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.letter import NAME_LIMIT, SUBJECT_LIMIT, Text, compose, one_line

NOW = 1_800_000_000.0
HOSTILE = [
    'サンプル社"\r\nBcc: victim@example.test\r\n\r\n<html>',
    "a\nSubject: other",
    "\u202egw@evil.example\u202c <x@evil.example>",
    "x" * 10_000,
    "名" * 10_000,
    "a\x00b\x1b[31mc\x85d\u2028e",
    "=?utf-8?q?=0D=0ABcc:_victim?=",
    "\ud800",
    "",
]


def written(subject: str = "お知らせ", body: str = "本文\n", name: str = "サンプル社") -> bytes:
    """A letter with these words in it."""
    return compose(
        Text(subject=subject, body=body),
        sender="gateway@example.test",
        sender_name=name,
        recipient="taro.yamada@example.test",
        now=NOW,
        token=bytes(range(16)),
    )


def read(content: bytes) -> EmailMessage:
    """As a mail program of today reads it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def read_by_an_old_client(content: bytes) -> Message:
    """As one reads it that knows RFC 2047 and nothing since."""
    return email.message_from_bytes(content, policy=email.policy.compat32)


def test_a_japanese_letter_is_read_as_it_was_written() -> None:
    """Subject, sender's name and body come back, with the fields that a letter must have."""
    message = read(
        written("【サンプル社】パスキーが登録されました", "山田 太郎 様\n\n本文です。\n")
    )

    assert message["subject"] == "【サンプル社】パスキーが登録されました"
    assert message["from"] == "サンプル社 <gateway@example.test>"
    assert message["to"] == "taro.yamada@example.test"
    assert message["date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert message["message-id"] == "<000102030405060708090a0b0c0d0e0f@example.test>"
    assert message["auto-submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == "山田 太郎 様\n\n本文です。\n"


def test_an_old_client_reads_the_subject() -> None:
    """Encoded words are cut between characters, none longer than 75 (RFC 2047 2)."""
    subject = "【株式会社サンプルホールディングス】パスキーが複製された可能性があります"
    content = written(subject)

    raw = read_by_an_old_client(content)["subject"]
    words = [part.decode("utf-8") for part, _ in email.header.decode_header(raw)]
    each = [
        email.header.decode_header(word)[0][0].decode("utf-8")  # a word by itself is whole
        for word in re.findall(r"=\?utf-8\?[bq]\?[^?]*\?=", raw, re.IGNORECASE)
    ]

    assert "".join(words) == subject
    assert "".join(each) == subject
    assert max(len(word) for word in re.findall(r"=\?\S+\?=", raw)) <= 75


def test_every_relay_carries_it() -> None:
    """Seven bits, lines of at most 78 characters that end in CRLF (RFC 5322 2.1.1)."""
    content = written("件名" * 50, "とても長い行" * 500)

    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.split(b"\r\n")) <= 78


FIELDS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
]


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("place", ["subject", "name"])
def test_nobody_writes_a_field_of_their_own(words: str, place: str) -> None:
    """Line breaks, turned writing and endless names stay words inside their field."""
    content = written(**{place: words})

    message = read(content)
    assert message.keys() == FIELDS
    assert [each.addr_spec for each in message["from"].addresses] == ["gateway@example.test"]
    assert [each.addr_spec for each in message["to"].addresses] == ["taro.yamada@example.test"]
    assert message.get_content() == "本文\r\n"
    assert content.isascii()
    assert len(content) < 4_000


PARTS = ["=?utf-8?q?=0D=0ABcc:_a@b?=", "=?", "?=", "名前", " ", "\r\n", '"', "<a@b>", "x" * 80]
WORDS = st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=8).map("".join)


@given(WORDS, WORDS)
def test_any_words_make_a_letter(subject: str, name: str) -> None:
    """Whatever stands in subject and name, an old mail program reads just that."""
    content = written(subject, name=name)

    old = read_by_an_old_client(content)
    sender, mailbox = email.utils.parseaddr(old["from"].replace("\n", "").replace("\r", ""))
    assert old.keys() == FIELDS
    assert mailbox == "gateway@example.test"
    assert decoded(sender) == one_line(name, NAME_LIMIT)
    assert decoded(old["subject"]) == one_line(subject, SUBJECT_LIMIT)


def decoded(field: str) -> str:
    """The text of a field by RFC 2047."""
    return "".join(
        part if isinstance(part, str) else part.decode(charset or "ascii")
        for part, charset in email.header.decode_header(field)
    )


@given(st.text(max_size=200))
def test_what_somebody_wrote_is_one_line(text: str) -> None:
    """No control character, no mark that turns the writing, of bounded length."""
    line = one_line(text, NAME_LIMIT)

    assert len(line) <= NAME_LIMIT
    assert line.isprintable()
    assert line == one_line(line, NAME_LIMIT)


def test_a_long_body_is_cut() -> None:
    """A letter does not grow without end."""
    assert len(written(body="あ" * 1_000_000)) < 100_000


def test_what_is_cut_off_is_marked() -> None:
    """A name that is too long ends in an ellipsis."""
    assert one_line("x" * 65, 64) == "x" * 63 + "…"
    assert one_line("x" * 64, 64) == "x" * 64
