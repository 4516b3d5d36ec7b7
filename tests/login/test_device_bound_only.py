"""A company whose passkeys must not leave their device: what its people see."""

from __future__ import annotations

import pytest

from gateway.pages.languages import Language
from gateway.rules.attestation import PasskeyPolicy
from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator
from tests.instruments.house import LANGUAGES, Browser, House
from tests.login.accounts import ACCOUNT, add, outcome, passkeys


@pytest.fixture
def house() -> House:
    """A gateway with that policy."""
    return House(passkeys=PasskeyPolicy(device_bound_only=True))


def synced(house: House) -> Authenticator:
    """A phone whose passkeys are kept in the cloud."""
    return Authenticator(house.public.origin, flags=UP | UV | BE | BS)


@pytest.mark.parametrize("language", [Language.JA, Language.EN])
def test_a_synced_passkey_is_refused_at_enrolment(house: House, language: Language) -> None:
    """The page is told why in the person's language, and the link stays good for another one."""
    browser = Browser(house, device=synced(house))
    browser.language = language
    link = house.invite(house.add_person())

    answer = browser.enroll(link)

    assert (403, "not-allowed-here") == outcome(answer)
    sentence = LANGUAGES.catalogue(language).say("refused.not-allowed-here")
    assert sentence == answer.json["message"]
    assert [] == passkeys(house)
    browser.device = Authenticator(house.public.origin)
    assert 200 == browser.enroll(link).status


def test_a_synced_passkey_is_refused_at_addition(house: House) -> None:
    """A person who is in by a USB key cannot register a phone's passkey beside it."""
    browser = house.enrolled()
    browser.sign_in()

    refused = add(browser, synced(house))
    taken = add(browser, Authenticator(house.public.origin, transports=("usb",)))

    assert (403, "not-allowed-here") == outcome(refused)
    assert 200 == taken.status
    assert [False, False] == [each.is_synced for each in passkeys(house)]
    assert 200 == browser.open(ACCOUNT).status
