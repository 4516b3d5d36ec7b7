"""SOGo, a real groupware, behind the gateway: calendar, mail and CalDAV, reached by a passkey."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import pytest_twisted

from tests.apps.by_passkey import enrol, enter
from tests.apps.cabinet import digest
from tests.apps.curl import Curl
from tests.apps.sogo.packages import provide
from tests.apps.sogo.people import TOKYO, WEEK
from tests.apps.sogo.running import Sogo
from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.instruments.page import Page
from tests.wire.door import Door
from tests.wire.signed_in import open_door

pytestmark = pytest.mark.slow

LOGIN = "input[ng-model='app.creds.username']"
PASSWORD = "input[ng-model='app.creds.password']"
NEW = "button[ng-click*=newComponent][ng-click*=appointment]"
TITLE = "md-dialog input[ng-model='editor.component.summary']"
PLACE = "md-dialog input[ng-model='editor.component.location']"
BEGINS = "md-dialog .sg-timepicker-input"
MEETING = "パスキー説明会"

IN_THE_WEEK = """
[...document.querySelectorAll('[ng-click^=clickBlock]')].some(
    (block) => block.innerText.includes('%s') && block.checkVisibility())
"""

CALENDAR = "/SOGo/dav/hanako/Calendar/personal/"
DRAFTS = "/SOGo/so/hanako/Mail/0/folderDrafts"
ATTACHMENT = "議事録 表.bin"
ATTACHMENT_BYTES = 20 * 2**20
QUERY = (
    '<?xml version="1.0"?>'
    '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
    '<C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>'
)


@pytest.fixture(scope="module")
def sogo() -> Iterator[Sogo]:
    """The groupware, with a week of appointments."""
    try:
        provide()
    except PermissionError as error:
        pytest.skip(str(error))
    with Sogo(today=datetime.now(TOKYO).date()) as app:
        yield app


@pytest.fixture(scope="module")
def front(sogo: Sogo, authority: Authority) -> Iterator[GatewayProcess]:
    """A gateway in front of it, on https."""
    setup = Setup(backend=sogo.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as running:
        yield running


@pytest.fixture(scope="module")
def entrance(front: GatewayProcess, authority: Authority) -> Door:
    """A session at that gateway, without a browser."""
    return open_door(front, authority.certificate)


@pytest.fixture
def outsider(front: GatewayProcess, authority: Authority, tmp_path: Path) -> Curl:
    """A program that has no session."""
    return Curl.of_stranger(front, authority, tmp_path)


@pytest.fixture
def program(outsider: Curl, entrance: Door) -> Curl:
    """A program that is signed in at the gateway."""
    outsider.keep_cookie(entrance.cookie)
    return outsider


@pytest.fixture
def mailer(program: Curl, sogo: Sogo) -> Curl:
    """A program that is signed in at SOGo, too."""
    connect(program, sogo)
    return program


def connect(curl: Curl, sogo: Sogo) -> list[bytes]:
    """Log in as SOGo's page does; the cookies that it sets."""
    credentials = json.dumps({"userName": "hanako", "password": sogo.password})
    json_type = ("--header", "Content-Type: application/json")
    answer = curl.ask("/SOGo/connect", *json_type, "--data", credentials)
    assert answer.status == 200, answer.head
    return answer.values(b"set-cookie")


def as_script(curl: Curl) -> tuple[str, str]:
    """The words with which SOGo's own scripts prove that they are its own."""
    return "--header", f"X-XSRF-TOKEN: {curl.cookies()['XSRF-TOKEN']}"


@pytest_twisted.ensureDeferred
async def test_an_appointment_is_made_in_the_calendar(
    page: Page, front: GatewayProcess, sogo: Sogo, artifacts: Path
) -> None:
    """Passkey, SOGo's own log-in, a week in Japanese, and a new appointment that stays."""
    page.record.tolerate("/passwordRecoveryEnabled")  # SOGo asks itself what it has not
    await page.send("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    await enrol(page, front, "yamada")

    status = await enter(page, front.url)
    await page.type(LOGIN, "hanako")
    await page.type(PASSWORD, sogo.password)
    await page.follow("button[type=submit]")
    await page.wait_for(IN_THE_WEEK % WEEK[0].title)
    await make_appointment(page)
    await page.reload()
    await page.wait_for(IN_THE_WEEK % MEETING)
    await page.wait_for("document.fonts.status === 'loaded'")
    await page.wait_for("document.getAnimations().length === 0")
    await page.screenshot(artifacts / "sogo-calendar.png")

    assert 401 == status
    assert "山田 花子" in await page.text("body")
    assert "水曜日" in await page.text("body")


async def make_appointment(page: Page) -> None:
    """Today at 16:00, by the round button and the form behind it."""
    await page.click("md-fab-trigger button")
    await page.click(NEW)
    await page.type(TITLE, MEETING)
    await page.type(PLACE, "大会議室")
    await page.type(BEGINS, "16:00")
    await page.press("Tab")
    await page.wait_for(f"document.querySelectorAll('{BEGINS}')[1].value === '17:00'")
    await page.click("md-dialog button[type=submit]")
    await page.wait_for(IN_THE_WEEK % MEETING)


def test_a_cookie_of_four_kilobytes_arrives_whole(program: Curl, sogo: Sogo) -> None:
    """SOGo's log-in sets three cookies, one of them about 4 kB, and is believed afterwards."""
    lines = connect(program, sogo)

    names = [line.partition(b"=")[0] for line in lines]
    assert [b"0xHIGHFLYxSOGo", b"XSRF-TOKEN", b"SOGoLogin"] == names
    assert max(map(len, lines)) > 4_000
    assert 201 == program.ask("/SOGo/so/hanako/Mail/0/compose", *as_script(program)).status


def test_redirects_name_the_public_address(program: Curl, sogo: Sogo) -> None:
    """The web server's own redirect names its inner port and http; the browser sees neither."""
    answer = program.ask("/")

    assert 302 == answer.status
    assert [f"{program.origin}/SOGo/".encode("ascii")] == answer.values(b"location")


def test_a_large_attachment_goes_up_and_comes_back(mailer: Curl, tmp_path: Path) -> None:
    """20 MiB with a Japanese name, into a letter and out of it, by public addresses."""
    large = tmp_path / "large"
    large.write_bytes(random.Random(5).randbytes(ATTACHMENT_BYTES))
    script = as_script(mailer)
    draft = json.loads(mailer.ask("/SOGo/so/hanako/Mail/0/compose", *script).body)["draftId"]

    form = ("--form", f"attachments=@{large};filename={ATTACHMENT}")
    kept = mailer.ask(f"{DRAFTS}/{draft}/save", *script, *form)

    (attachment,) = json.loads(kept.body)["lastAttachmentAttrs"]
    assert ATTACHMENT == attachment["filename"]
    assert attachment["urlAsAttachment"].startswith(mailer.origin + "/SOGo/")
    back = mailer.ask(attachment["urlAsAttachment"].removeprefix(mailer.origin))
    (tmp_path / "back").write_bytes(back.body)
    assert digest(large) == digest(tmp_path / "back")


def test_a_calendar_program_that_brings_the_session_works(program: Curl, sogo: Sogo) -> None:
    """CalDAV with SOGo's own password: listing, query, a new entry, not modified, removal."""
    basic = ("--user", f"hanako:{sogo.password}")
    entry = CALENDAR + "dentist.ics"
    text = program.ask(CALENDAR + "week-3.ics", *basic).body.decode()
    new = text.replace("UID:week-3", "UID:dentist").replace("週次定例", "歯科")

    kind = ("--header", "Content-Type: text/calendar; charset=utf-8")
    put = program.ask(entry, *basic, "--request", "PUT", *kind, "--data-binary", new)
    (tag,) = program.ask(entry, *basic).values(b"etag")
    same = ("--header", f"If-None-Match: {tag.decode('ascii')}")
    report = program.ask(
        *(CALENDAR, *basic, "--request", "REPORT", "--header", "Depth: 1"),
        *("--header", "Content-Type: application/xml", "--data", QUERY),
    )

    assert 201 == put.status
    assert 207 == report.status
    assert "SUMMARY:歯科\n" in "".join(ET.fromstring(report.body).itertext())
    assert 304 == program.ask(entry, *basic, *same).status
    assert 204 == program.ask(entry, *basic, "--request", "DELETE").status


def test_a_calendar_program_without_session_gets_401(outsider: Curl, sogo: Sogo) -> None:
    """The app's password alone opens nothing from outside."""
    basic = ("--user", f"hanako:{sogo.password}")
    answer = outsider.ask(CALENDAR, *basic, "--request", "PROPFIND")

    assert 401 == answer.status
    assert "sign_in_required" == json.loads(answer.body)["error"]
