"""Sessions on the account page: where one is signed in, and ending that."""

from __future__ import annotations

import re

from twisted.logger import capturedLogs

from gateway.rules.records import Event
from tests.instruments.house import Browser, House
from tests.login.accounts import ACCOUNT, act, idle, outcome, signed_in, signed_in_again, told

PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/156.0.0.0 Mobile Safari/537.36"
)


def listed(browser: Browser) -> list[str]:
    """The sessions that the page lists, by their public names."""
    return re.findall(r'data-session-id="([0-9a-f]+)"', browser.open(ACCOUNT).text)


def test_every_session_of_a_person_is_listed() -> None:
    """The one in use comes first and is marked; nobody else's is there, and no token of any."""
    house = House()
    signed_in(house, "other")
    browser = signed_in(house)
    signed_in_again(browser)
    page = browser.open(ACCOUNT)

    assert 2 == len(listed(browser)) == len(set(listed(browser)))
    assert 1 == page.text.count("この端末</span>")
    for session in house.await_(house.store.sessions()):
        assert session.token_hash.hex() not in page.text


def test_a_session_tells_its_terminal_its_place_and_its_last_use() -> None:
    """What people need to know a session again: system and browser, address, method, times."""
    house = House()
    browser = signed_in(house)
    other = Browser(house, device=browser.device)
    challenge = other.post("/.gateway/passkey/options", {"way": "any"}, {"User-Agent": PHONE})
    credential = other.device.get(challenge.json)
    other.post("/.gateway/passkey/verify", credential, {"User-Agent": PHONE})
    idle(house, 100)
    other.open(ACCOUNT)
    idle(house, 60)

    text = browser.open(ACCOUNT).text

    assert "AndroidのChrome" in text
    assert "2027-01-15T08:01:40+00:00" in text
    addresses = {each.address for each in house.await_(house.store.sessions())}
    assert addresses
    assert all(f">{each}<" in text for each in addresses)


def test_one_session_is_ended() -> None:
    """It is over at once, its person is told which terminal it was, and this one goes on."""
    house = House()
    browser = signed_in(house)
    other = signed_in_again(browser)
    [_, theirs] = listed(browser)

    with capturedLogs() as logged:
        answer = act(browser, "session/end", session_id=theirs)

    assert (200, "") == outcome(answer)
    assert (401, 200) == (other.open(ACCOUNT).status, browser.open(ACCOUNT).status)
    assert 1 == len(house.await_(house.store.sessions()))
    assert ("session.ended", "Windows") == told(house)[0]
    assert Event.SESSION_ENDED in [each.get("event") for each in logged]


def test_ending_a_session_twice_finds_nothing() -> None:
    """What has ended meanwhile is not there any more."""
    browser = signed_in(House())
    signed_in_again(browser)
    [_, theirs] = listed(browser)
    act(browser, "session/end", session_id=theirs)

    assert (404, "not-found") == outcome(act(browser, "session/end", session_id=theirs))


def test_all_other_sessions_are_ended() -> None:
    """Everywhere else one is signed out; here one is not, and is told how many those were."""
    house = House()
    browser = signed_in(house)
    others = [signed_in_again(browser) for _ in range(3)]

    answer = act(browser, "session/end-others")

    assert {"ok": True, "ended": 3} == answer.json
    assert [401] * 3 == [each.open(ACCOUNT).status for each in others]
    assert 200 == browser.open(ACCOUNT).status
    assert ("sessions.ended", "3") == told(house)[0]


def test_where_there_is_no_other_nobody_is_told() -> None:
    """Nothing ended is no news."""
    house = House()
    browser = signed_in(house)
    before = told(house)

    answer = act(browser, "session/end-others")

    assert 0 == answer.json["ended"]
    assert before == told(house)


def test_a_session_keeps_its_name_through_a_step_up() -> None:
    """The list that another page shows still fits after somebody was verified again."""
    browser = signed_in(House())
    before = listed(browser)

    browser.sign_in()

    assert before == listed(browser)
