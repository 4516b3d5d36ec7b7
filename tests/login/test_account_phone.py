"""A code on the screen, by which another phone registers a passkey."""

from __future__ import annotations

from gateway.login.account import PHONE_INVITATION_S
from tests.instruments.authenticator import Authenticator, decode
from tests.instruments.house import Browser, House
from tests.login.accounts import act, idle, name_of, outcome, passkeys, person, signed_in


def shown(browser: Browser) -> dict[str, str]:
    """Show a code; the path that it leads to, and the name by which the page asks about it."""
    answer = act(browser, "phone").json
    path = answer["link"].removeprefix(browser.house.public.origin)
    return {"path": path, "code": answer["code"]}


def progress(browser: Browser, code: str) -> str:
    """What the page is told of that code."""
    return str(act(browser, "phone/state", code=code).json["progress"])


def phone(house: House) -> Browser:
    """Another phone, where nobody is signed in."""
    return Browser(house, device=Authenticator(house.public.origin))


def test_a_phone_registers_by_the_code() -> None:
    """The code leads to the ordinary registration page; the PC then sees which phone it was."""
    house = House()
    browser = signed_in(house)
    code = shown(browser)
    handset = phone(house)
    before = progress(browser, code["code"])

    assert 200 == handset.enroll(code["path"]).status

    after = act(browser, "phone/state", code=code["code"]).json
    assert "waiting" == before
    assert "used" == after["progress"]
    assert name_of(handset.device) == after["credential_id"]
    assert passkeys(house)[1].label == after["label"]


def test_the_code_is_drawn_with_enough_chance() -> None:
    """The link carries 256 random bits, lives ten minutes, and is only in the answer's QR."""
    house = House()

    answer = act(signed_in(house), "phone").json

    assert 32 == len(decode(answer["link"].rpartition("/")[2]))
    assert 600 == answer["lifetime_s"] == PHONE_INVITATION_S
    assert answer["path"].startswith("M")
    assert answer["code"] not in answer["link"]


def test_the_code_works_once() -> None:
    """A second phone that has photographed the code comes too late."""
    house = House()
    code = shown(signed_in(house))
    phone(house).enroll(code["path"])

    assert 410 == phone(house).enroll(code["path"]).status


def test_the_code_lasts_ten_minutes() -> None:
    """After that nobody registers by it, and the page says so."""
    house = House()
    browser = signed_in(house)
    code = shown(browser)
    idle(house, PHONE_INVITATION_S)

    assert 410 == phone(house).enroll(code["path"]).status
    assert "over" == progress(browser, code["code"])


def test_a_new_code_makes_the_old_one_void() -> None:
    """Of two codes that were shown, the later one counts."""
    house = House()
    browser = signed_in(house)
    first, second = shown(browser), shown(browser)

    assert "over" == progress(browser, first["code"])
    assert 410 == phone(house).enroll(first["path"]).status
    assert 200 == phone(house).enroll(second["path"]).status


def test_closing_the_screen_makes_the_code_void() -> None:
    """A code that was taken back is of no use, even to who has photographed it."""
    house = House()
    browser = signed_in(house)
    code = shown(browser)

    assert 200 == act(browser, "phone/cancel").status

    assert "over" == progress(browser, code["code"])
    assert 410 == phone(house).enroll(code["path"]).status


def test_a_code_leaves_an_administrators_link_alone() -> None:
    """Showing and taking back a code does not void the link that an administrator has sent."""
    house = House()
    browser = signed_in(house)
    link = house.invite(person(house))

    shown(browser)
    act(browser, "phone/cancel")

    assert 200 == phone(house).enroll(link).status


def test_an_unknown_phone_is_undone() -> None:
    """A phone that the person does not know is removed from the same screen, and out at once."""
    house = House()
    browser = signed_in(house)
    code = shown(browser)
    stranger = phone(house)
    stranger.enroll(code["path"])
    stranger.sign_in()
    bound = act(browser, "phone/state", code=code["code"]).json

    answer = act(browser, "passkey/remove", credential_id=bound["credential_id"])

    assert (200, "") == outcome(answer)
    assert 401 == stranger.open("/.gateway/account").status
    assert [browser.device.credential_id] == [each.credential_id for each in passkeys(house)]
    assert {"progress": "used"} == act(browser, "phone/state", code=code["code"]).json
