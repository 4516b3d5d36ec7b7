"""The pretend groupware's pages: views by hash, forms, downloads, the frame, the chat."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import threading
import zipfile
from urllib.parse import quote, urlencode

import pytest

from tests.groupware.running import Groupware
from tests.groupware.staff import MAIN, Desk, as_json, multipart
from tests.instruments.raw_client import Answer

BADGE = "デモ用の模擬グループウェア（架空のデータ）"
APPSUITE = "/cgi-bin/dneo/appsuite.cgi"
CHAT = "/cgi-bin/dneo/zchat.cgi"
XHR = "X-Requested-With: XMLHttpRequest"

# 0x5C and 0x7C as second bytes, a line end of each kind, NUL, and bytes of no charset.
AWKWARD = "表示|能力".encode("cp932") + b"\r\n\n\r\x00\xff&=+%"


@pytest.mark.parametrize(
    "part",
    ["portalindex", "schindex", "bbsindex", "mailindex", "docindex", "appindex", "chatindex"],
)
def test_every_part_has_the_same_shell(desk: Desk, part: str) -> None:
    """The page is a shell in UTF-8, labelled as a pretend app; only the hash says what to see."""
    answer = desk.get(f"{MAIN}?cmd={part}")

    assert answer.values(b"Content-Type") == [b"text/html; charset=UTF-8"]
    assert BADGE in answer.body.decode()
    assert f'data-part="{part}" aria-current="page"' in answer.body.decode()


@pytest.mark.parametrize(
    ("query", "sight"),
    [
        ("cmd=portal", "佐藤 花子さん"),
        ("cmd=schweekgrp&gid=0", "2026年 11月23日（月） から 11月29日（日）"),
        ("cmd=schweekgrp&gid=2&date=2026-12-02", "11月30日（月） から 12月6日（日）"),
        ("cmd=schshow&id=107", "週次定例（総務・営業）"),
        ("cmd=bbslist", "展示会のブース図面"),
        ("cmd=bbsshow&id=2", "1階ホール"),
        ("cmd=bbsnew", 'id="post-form"'),
        ("cmd=maillist", "お見積りの件"),
        ("cmd=mailshow&id=31", "展示会_予定表.csv"),
        ("cmd=doclist", 'id="upload-form"'),
        ("cmd=applist", APPSUITE),
        ("cmd=chat", 'id="say"'),
    ],
)
def test_views_come_as_json(desk: Desk, query: str, sight: str) -> None:
    """What stands behind the hash is asked for by XHR."""
    answer = desk.view(query)

    assert answer["status"] == "ok"
    assert sight in answer["html"]


@pytest.mark.parametrize(
    "query", ["cmd=schshow&id=9", "cmd=bbsshow", "cmd=mailshow&id=x", "cmd=?"]
)
def test_what_is_not_there_is_told_in_json(desk: Desk, query: str) -> None:
    """A script gets a message, not a page."""
    assert desk.view(query)["status"] == "ng"


def test_a_big_page_is_packed(desk: Desk) -> None:
    """Pages are gzipped for who takes it."""
    plain = desk.get(f"{MAIN}?cmd=schindex")
    packed = desk.get(f"{MAIN}?cmd=schindex", "Accept-Encoding: gzip")

    assert packed.values(b"Content-Encoding") == [b"gzip"]
    assert gzip.decompress(packed.body) == plain.body


def test_the_phone_version_has_its_own_address(desk: Desk) -> None:
    """The same app under the phone's program."""
    assert BADGE in desk.get("/cgi-bin/dneosp/dneosp.cgi?cmd=portalindex").body.decode()


def test_an_open_page_asks_for_news(desk: Desk) -> None:
    """The poll tells how many mails are unread."""
    answer = as_json(desk.post(MAIN, b"cmd=poll", XHR))

    assert (answer["status"], answer["mail"]) == ("ok", 2)


def test_a_bulletin_is_kept_byte_for_byte(desk: Desk) -> None:
    """The relative redirect leads to the new bulletin, whose bytes are those that were sent."""
    body = f"title=%95%5C&text={quote(AWKWARD)}&{desk.token}=1".encode()
    answer = desk.post(f"{MAIN}?cmd=bbspost", body)
    location = answer.values(b"Location")[0].decode()
    number = location.rpartition("=")[2]

    assert answer.status == 302
    assert location.startswith("dneo.cgi?cmd=bbsindex#cmd=bbsshow&id=")
    assert desk.get(f"{MAIN}?cmd=bbsraw&id={number}").body == AWKWARD
    assert hashlib.sha256(AWKWARD).hexdigest() in desk.view(f"cmd=bbsshow&id={number}")["html"]


def test_a_bulletin_with_a_file_is_kept_byte_for_byte(desk: Desk) -> None:
    """The same as multipart, with an attachment that can be had again."""
    content = bytes(range(256)) * 2000
    body = multipart(
        "----edge",
        ('name="title"', "写真".encode()),
        ('name="text"', AWKWARD),
        ('name="file"; filename="写真.bin"', content),
        (f'name="{desk.token}"', b"1"),
    )
    kind = "multipart/form-data; boundary=----edge"
    answer = desk.post(f"{MAIN}?cmd=bbspost", body, kind=kind)
    number = answer.values(b"Location")[0].decode().rpartition("=")[2]

    assert desk.get(f"{MAIN}?cmd=bbsraw&id={number}").body == AWKWARD
    assert desk.get(f"{MAIN}?cmd=bbsfile&id={number}&file=0").body == content


@pytest.mark.parametrize("cmd", ["bbspost", "docupload"])
def test_a_form_without_the_token_is_refused(desk: Desk, cmd: str) -> None:
    """A form that another site made up changes nothing."""
    assert desk.post(f"{MAIN}?cmd={cmd}", b"title=a&text=b").status == 403


def test_an_uploaded_document_is_listed_with_its_hash(desk: Desk) -> None:
    """A small one can be had again; the redirect is an absolute path."""
    content = b"minutes " * 1000
    answer = upload(desk, "議事録.txt", content)
    shelf = desk.view("cmd=doclist")["html"]
    number = re.search(r"cmd=docfile&amp;id=(\d+)", shelf)

    assert answer.values(b"Location") == [MAIN.encode() + b"?cmd=docindex#cmd=doclist"]
    assert hashlib.sha256(content).hexdigest() in shelf
    assert number is not None
    assert desk.get(f"{MAIN}?cmd=docfile&id={number[1]}").body == content


def test_a_big_document_leaves_only_its_hash(desk: Desk) -> None:
    """Nothing big is stored."""
    content = b"0123456789abcdef" * 200_000
    upload(desk, "大きな図面.bin", content)
    shelf = desk.view("cmd=doclist")["html"]

    assert hashlib.sha256(content).hexdigest() in shelf
    assert "<b>大きな図面.bin</b></a>" not in shelf


def upload(desk: Desk, name: str, content: bytes) -> Answer:
    """Send the shelf's form."""
    body = multipart(
        "b0", (f'name="file"; filename="{name}"', content), (f'name="{desk.token}"', b"1")
    )
    return desk.post(f"{MAIN}?cmd=docupload", body, kind="multipart/form-data; boundary=b0")


def test_the_staff_list_is_a_shift_jis_csv(desk: Desk) -> None:
    """CP932 inside, and a raw Shift_JIS file name with a backslash byte in it."""
    answer = desk.get(f"{MAIN}?cmd=csvstaff")
    name = "社員名簿_一覧表.csv".encode("cp932")

    assert answer.values(b"Content-Type") == [b"text/csv; charset=Shift_JIS"]
    assert answer.values(b"Content-Disposition") == [b'attachment; filename="' + name + b'"']
    assert b"\x95\x5c" in name
    assert "佐藤 花子,サトウ ハナコ,総務部" in answer.body.decode("cp932")


def test_the_weeks_csv_has_an_rfc_5987_name(desk: Desk) -> None:
    """The modern spelling beside an ASCII name."""
    answer = desk.get(f"{MAIN}?cmd=csvweek")

    assert answer.values(b"Content-Disposition") == [
        b"attachment; filename=\"download.csv\"; filename*=UTF-8''"
        + quote("今週の予定表.csv", safe="").encode()
    ]
    assert "2026/11/23,09:00,09:30,全体朝礼,1階ホール," in answer.body.decode("cp932")


def test_an_attachment_with_a_plain_utf_8_name(desk: Desk) -> None:
    """Raw UTF-8 in quotes, as some servers do."""
    answer = desk.get(f"{MAIN}?cmd=mailfile&file=estimate-txt")

    assert answer.values(b"Content-Disposition") == [
        'attachment; filename="見積書_あおば商事.txt"'.encode()
    ]


def test_an_archive_comes_in_chunks(desk: Desk) -> None:
    """An archive whose length is not known before, with Japanese names inside."""
    answer = desk.get(f"{MAIN}?cmd=mailfile&file=photos-zip")

    assert answer.values(b"Transfer-Encoding") == [b"chunked"]
    assert zipfile.ZipFile(io.BytesIO(answer.body)).namelist()[0] == "写真01.svg"


def test_the_frame_shows_and_takes_reports(desk: Desk) -> None:
    """A form in a frame of the same origin, which posts within the frame."""
    frame = desk.get(f"{APPSUITE}?cmd=cdbbrowsedetailframe&app=1").body.decode()
    form = urlencode({"work": "図面の<整理>", "hours": "2.5", desk.token: "1"}).encode()
    after = desk.post(f"{APPSUITE}?cmd=cdbpost&app=1", form).body.decode()

    assert 'id="report-form"' in frame
    assert "<td>図面の&lt;整理&gt;</td><td>2.5</td>" in after


def test_a_chat_poll_is_held_until_somebody_speaks() -> None:
    """The answer comes with the new line, not before."""
    answers = []
    with Groupware() as app:  # its own, where no colleague's late reply can come in between
        desk = Desk(app.port)
        desk.sign_in()
        poll = b"cmd=wait&after=1&hold=10"
        waiting = threading.Thread(
            target=lambda: answers.append(as_json(desk.post(CHAT, poll, XHR)))
        )
        waiting.start()
        app.record(requests=2)
        desk.post(CHAT, urlencode({"cmd": "say", "text": "了解", desk.token: "1"}).encode(), XHR)
        waiting.join(10)

    assert [line["text"] for line in answers[0]["lines"]] == ["了解"]


def test_a_chat_poll_ends_empty(desk: Desk) -> None:
    """When nobody speaks, the held answer ends by itself."""
    lines = as_json(desk.post(CHAT, b"cmd=wait&after=9999&hold=0.05", XHR))["lines"]

    assert lines == []
