"""Recovery codes and the language, on the account page."""

from __future__ import annotations

import re

import pytest
from twisted.logger import capturedLogs

from gateway.rules.records import Event
from gateway.rules.recovery import CODES, canonical_code
from tests.instruments.house import Browser, House
from tests.login.accounts import ACCOUNT, act, outcome, person, signed_in, told


def left(browser: Browser) -> int:
    """How many codes the page says are left."""
    found = re.search(r'data-left="(\d+)"', browser.open(ACCOUNT).text)
    assert found
    return int(found[1])


def test_new_codes_are_shown_once() -> None:
    """The answer holds ten readable codes; no page shows them again, no log has them."""
    house = House()
    browser = signed_in(house)

    with capturedLogs() as logged:
        answer = act(browser, "recovery-codes")

    codes = answer.json["codes"]
    assert CODES == len(codes) == len({canonical_code(each) for each in codes})
    assert ["no-store"] == answer.headers["cache-control"]
    page = browser.open(ACCOUNT).text
    assert not any(each in page or each in str(logged) for each in codes)
    assert Event.RECOVERY_CODES_MADE in [each.get("event") for each in logged]
    assert ("recovery.made", "") == told(house)[0]


def test_the_page_says_how_many_are_left() -> None:
    """None before they were made, ten afterwards, and ten again when made anew."""
    browser = signed_in(House())
    counted = [left(browser)]

    for _ in range(2):
        act(browser, "recovery-codes")
        counted.append(left(browser))

    assert [0, CODES, CODES] == counted


def test_the_language_is_the_persons() -> None:
    """The choice is stored with the person and shown in this browser at once."""
    house = House()
    browser = signed_in(house)

    answer = act(browser, "language", language="en")

    assert 200 == answer.status
    assert "en" == person(house).language
    assert '<html lang="en">' in browser.open(ACCOUNT).text


@pytest.mark.parametrize("language", ["fr", "", None, "EN", ["en"]], ids=repr)
def test_a_language_that_we_do_not_speak_is_refused(language: object) -> None:
    """Only Japanese and English can be chosen."""
    house = House()

    answer = act(signed_in(house), "language", language=language)

    assert (400, "bad-request") == outcome(answer)
    assert "" == person(house).language
