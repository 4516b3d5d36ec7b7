"""What the enrolment page says on different terminals."""

from __future__ import annotations

import pytest

from gateway.rules.records import InvitationKind
from tests.instruments.house import Browser, House
from tests.login.invitations import begun, invite

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Mobile/1"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) Chrome/156.0 Mobile Safari/537.36"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/156.0 Safari/537.36"
QR = "このPCのページは閉じてかまいません"


def page(agent: str, kind: InvitationKind = InvitationKind.ADMINISTRATOR) -> str:
    """The enrolment page as that browser gets it."""
    house = House()
    path = invite(house, house.add_person(), kind)
    return Browser(house).open(path, **{"User-Agent": agent}).text


@pytest.mark.parametrize("agent", [IPHONE, ANDROID])
def test_a_phone_registers_itself(agent: str) -> None:
    """On a phone there is one main button, for this phone, and no code for a phone."""
    text = page(agent)

    assert 1 == text.count('class="button primary"')
    assert "この端末に登録する" in text
    assert QR not in text


def test_a_pc_offers_the_phone_first() -> None:
    """On a PC there is the code for a phone with its steps, and this PC and a key below."""
    text = page(WINDOWS)

    assert QR in text
    assert text.index('id="with-phone"') < text.index('id="register-passkey"')
    assert 'id="register-security-key"' in text


def test_a_device_that_was_sent_here_is_not_sent_on() -> None:
    """A terminal that scanned a code is offered itself only, also when it is no phone."""
    assert QR not in page(WINDOWS, InvitationKind.OTHER_DEVICE)


def test_after_a_recovery_code_the_page_says_why_one_is_here() -> None:
    """The page names the recovery code, and says what to do about the lost device."""
    text = page(IPHONE, InvitationKind.RECOVERY)

    assert "復旧コードを確認しました" in text
    assert "なくした端末のパスキーは" in text


@pytest.mark.parametrize(
    "sign",
    [
        "Safari Line/15.0.0",
        "[FBAN/FBIOS;FBAV/500.0]",
        "Instagram 390.0",
        "MicroMessenger/8",
        "YJApp-IOS jp.co.yahoo",
        "; wv)",
    ],
)
def test_inside_an_app_the_page_says_how_to_get_out(sign: str) -> None:
    """In a browser inside an app the page tells to copy its link into Safari or Chrome."""
    text = page(f"{IPHONE} {sign}")

    assert "SafariまたはChrome" in text
    assert ">https://gw.example.test/.gateway/enroll/" in text


def test_only_line_is_asked_to_open_the_browser() -> None:
    """LINE opens a page in the person's browser when its link asks for that; others do not."""
    assert [True, False, False] == [
        "openExternalBrowser=1" in page(f"{IPHONE} {sign}") for sign in ("Line/15", "FBAN", "")
    ]


def test_a_plain_browser_is_told_nothing_of_apps() -> None:
    """In a browser of its own the page does not speak of apps."""
    assert 'id="in-app"' not in page(IPHONE)


@pytest.mark.parametrize(
    ("transports", "offered"), [(("internal",), False), (("usb",), True), (("hybrid",), True)]
)
def test_this_device_is_offered_as_a_spare_until_it_is_one(
    transports: tuple[str, ...], *, offered: bool
) -> None:
    """Who began with a key or a phone may add this PC; who began with this PC may not."""
    house = House()
    browser = Browser(house)
    browser.device.transports = transports
    answer = browser.enroll(house.invite(house.add_person()))

    text = browser.open(f"/.gateway/enroll/{answer.json['next']}").text

    assert offered == ('id="register-this-device"' in text)


def test_in_english_everything_is_english() -> None:
    """Whoever reads English gets every page of enrolment in English."""
    house = House()
    browser, _, path = begun(house)
    browser.language = "en"

    assert "You’re all set" in browser.open(path).text
    assert 'lang="en"' in browser.open(path).text
