"""The app's own sign-in, which knows nothing of any gateway in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.groupware.running import Groupware
from tests.groupware.staff import MAIN, Desk, as_json

WRONG = {"uid": "2", "_word": "wrong"}
RIGHT = {"uid": "2", "_word": "himawari"}


@pytest.fixture(scope="module")
def variant() -> Iterator[Groupware]:
    """The other variants of sign-in: fields, server-set cookies, a lock after two misses."""
    with Groupware("--sign-in", "fields", "--set-cookie", "--lock-out", "2") as app:
        yield app


def test_the_start_page_is_reached_by_the_inner_name(groupware: Groupware) -> None:
    """The root redirects to the app as the app calls itself."""
    answer = Desk(groupware.port).get("/")

    assert answer.values(b"Location") == [b"http://groupware.internal" + MAIN.encode()]


def test_names_of_staff_show_before_sign_in(groupware: Groupware) -> None:
    """The select list is why nothing of the app may show before the gateway's sign-in."""
    page = Desk(groupware.port).get(MAIN).body.decode()

    assert 'id="inputfrm"' in page
    assert '<option value="1" selected>佐藤 花子' in page


def test_the_demo_person_needs_no_password(groupware: Groupware) -> None:
    """One click is enough for the pre-selected person."""
    desk = Desk(groupware.port)

    certificate = desk.sign_in(uid="1", _word="")

    assert (certificate["status"], certificate["id"]) == ("ok", "1")
    assert 'id="person">佐藤 花子' in desk.get(MAIN).body.decode()


def test_the_cookies_are_left_to_the_script(groupware: Groupware) -> None:
    """The server sets none; the values come as JSON."""
    answer = Desk(groupware.port).post(MAIN, b"cmd=certify&uid=1&_word=")

    assert answer.values(b"Set-Cookie") == []
    assert {"rssid", "STOKEN", "id", "svlid"} < set(as_json(answer))


def test_a_session_cookie_must_come_back_verbatim(desk: Desk) -> None:
    """Its value has a per cent sign, dots and a bar, which no proxy may touch."""
    assert "%5C" in desk.cookies["dnzSid"]

    desk.cookies["dnzSid"] = desk.cookies["dnzSid"].replace("%5C", "\\")

    assert b'id="inputfrm"' in desk.get(MAIN).body


def test_a_wrong_password_is_refused(groupware: Groupware) -> None:
    """Without saying which of the two was wrong."""
    certificate = Desk(groupware.port).sign_in(**WRONG)

    assert certificate["status"] == "ng"


def test_the_wanted_page_is_remembered(groupware: Groupware) -> None:
    """The sign-in page holds the address that was asked for."""
    page = Desk(groupware.port).get(f"{MAIN}?cmd=mailindex&x=1").body.decode()

    assert f'name="nexturl" value="{MAIN}?cmd=mailindex&amp;x=1"' in page


def test_log_on_forces_the_sign_in_page(desk: Desk) -> None:
    """An address may ask for the sign-in page although one is signed in."""
    page = desk.get(f"{MAIN}?cmd=portalindex&log=on").body.decode()

    assert f'name="nexturl" value="{MAIN}?cmd=portalindex"' in page


def test_a_script_without_a_session_is_told_in_json(groupware: Groupware) -> None:
    """XHR never gets the sign-in page."""
    desk = Desk(groupware.port)
    desk.cookies["dnzToken"] = "none"

    assert desk.view("cmd=portal")["status"] == "timeout"


def test_rest_clients_sign_in_behind_the_program_name(groupware: Groupware) -> None:
    """The path goes on after the program, with a slash at the end."""
    answer = Desk(groupware.port).post("/cgi-bin/dneo/dneor.cgi/certify/", b"UserID=HANAKO&_word=")

    assert as_json(answer)["status"] == "ok"


def test_signing_out_ends_the_session_and_refreshes(desk: Desk) -> None:
    """The old Refresh header carries the inner name."""
    answer = desk.get(f"{MAIN}?cmd=logout")

    assert answer.values(b"Refresh") == [
        b"1; url=http://groupware.internal/cgi-bin/dneo/dneo.cgi?cmd=login"
    ]
    assert b'id="inputfrm"' in desk.get(MAIN).body


def test_sign_in_by_fields(variant: Groupware) -> None:
    """The other form asks for login ID and password."""
    desk = Desk(variant.port)

    assert b'name="UserID"' in desk.get(MAIN).body
    assert desk.sign_in(UserID="Hanako", _word="")["status"] == "ok"


def test_cookies_set_by_the_server(variant: Groupware) -> None:
    """Several in one answer, one name twice, one with the inner Domain."""
    answer = Desk(variant.port).post(MAIN, b"cmd=certify&UserID=hanako&_word=")

    names = [line.partition(b"=")[0] for line in answer.values(b"Set-Cookie")]

    assert names == [b"dnzSid", b"dnzToken", b"dnzInfo", b"dnzInfo", b"dnzSv"]
    assert b"Domain=groupware.internal" in answer.values(b"Set-Cookie")[4]


def test_lock_out(variant: Groupware) -> None:
    """After two misses the right password no longer helps."""
    desk = Desk(variant.port)
    for _ in range(2):
        desk.sign_in(**WRONG)

    assert desk.sign_in(**RIGHT)["status"] == "ng"


def test_other_addresses_by_option() -> None:
    """On Windows the programs live elsewhere, and case counts."""
    with Groupware("--directory", "/Scripts/dneo", "--suffix", ".exe") as app:
        desk = Desk(app.port, "/Scripts/dneo/dneo.exe")

        assert desk.sign_in()["status"] == "ok"
        assert desk.get(desk.main).status == 200
        assert desk.get("/scripts/dneo/dneo.exe").status == 404
