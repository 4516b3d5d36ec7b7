"""An invitation on a sheet of paper."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from gateway.pages.codes import qr_path
from gateway.pages.languages import Language, load_languages
from gateway.pages.sheet import invitation_sheet
from tests.instruments.house import House

LINK = "https://gw.example.test/.gateway/enroll/" + "A" * 43
TOKYO = timezone(timedelta(hours=9), "JST")


def sheet(language: Language = Language.JA, display_name: str = "山田 太郎") -> str:
    """The sheet of somebody, read."""
    person = House().add_person(display_name=display_name)
    return invitation_sheet(
        load_languages(language),
        gateway_name="サンプル社",
        person=person,
        link=LINK,
        expires=datetime(2026, 11, 26, 1, tzinfo=UTC).astimezone(TOKYO),
    ).decode("utf-8")


def test_the_sheet_says_who_where_and_until_when() -> None:
    """Name, user name, address, code and the last minute are on it, in the office's time."""
    text = sheet()

    assert "山田 太郎 様" in text
    assert LINK in text
    assert qr_path(LINK).path in text
    assert "2026年11月26日 10:00 (JST)" in text
    assert "November 26, 2026 10:00 (JST)" in text


def test_the_sheet_speaks_both_languages_the_offices_first() -> None:
    """Steps and the warning are there in Japanese and in English."""
    japanese, english = sheet(Language.JA), sheet(Language.EN)

    assert japanese.index("登録のしかた") < japanese.index("How to register")
    assert english.index("How to register") < english.index("登録のしかた")
    assert "この用紙は鍵と同じです" in japanese
    assert "This sheet is like a key." in japanese


def test_the_sheet_stands_alone() -> None:
    """It asks for nothing from anywhere: no script, no picture, no style of another place."""
    text = sheet()

    assert [] == re.findall(r"<script|<link|<img|url\(|@import|src=|href=", text)
    assert "size: A4" in text


def test_a_name_is_text() -> None:
    """A name with marks of HTML in it is shown, not obeyed."""
    text = sheet(display_name="<script>alert(1)</script>")

    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_moment_without_a_zone_is_told_without_one() -> None:
    """Where the time zone has no name there are no empty brackets."""
    text = invitation_sheet(
        load_languages(Language.JA),
        gateway_name="サンプル社",
        person=House().add_person(),
        link=LINK,
        expires=datetime(2026, 11, 26, 10),  # noqa: DTZ001  the case of this test
    ).decode("utf-8")

    assert "2026年11月26日 10:00</b>" in text
