"""People who look after their accounts, for the tests of those pages."""

from __future__ import annotations

from typing import Any

from gateway.login.room import FRESH_S
from gateway.rules.records import Change, Passkey, Person
from tests.instruments.authenticator import Authenticator, encode
from tests.instruments.house import Answer, Browser, House

ACCOUNT = "/.gateway/account"


def signed_in(house: House, name: str = "yamada") -> Browser:
    """A browser with an open session of a new person, who was verified just now."""
    browser = house.enrolled(name)
    assert 200 == browser.sign_in().status
    return browser


def signed_in_again(browser: Browser) -> Browser:
    """Another browser of the same person, with the same passkey."""
    other = Browser(browser.house, device=browser.device)
    assert 200 == other.sign_in().status
    return other


def act(browser: Browser, path: str, **question: object) -> Answer:
    """What the account page's script sends."""
    return browser.post(f"{ACCOUNT}/{path}", question)


def outcome(answer: Answer) -> tuple[int, str]:
    """The status of an answer, and why not."""
    return answer.status, str(answer.json.get("error", ""))


def add(browser: Browser, device: Authenticator, way: str = "this-device", **knobs: Any) -> Answer:
    """Register a further passkey from the account page."""
    options = act(browser, "passkey/options", way=way)
    if options.status != 200:
        return options
    return browser.post(f"{ACCOUNT}/passkey/verify", device.create(options.json, **knobs))


def spare(browser: Browser) -> Authenticator:
    """A further device of that person's, registered."""
    device = Authenticator(browser.house.public.origin)
    assert 200 == add(browser, device).status
    return device


def person(house: House, name: str = "yamada") -> Person:
    """The person of that name."""
    found: Person = house.await_(house.store.person_named(name))
    return found


def passkeys(house: House, name: str = "yamada") -> list[Passkey]:
    """What that person has registered."""
    found: list[Passkey] = house.await_(house.store.passkeys_of(person(house, name).id))
    return found


def changes(house: House, name: str = "yamada") -> list[Change]:
    """What that person was told of, latest first."""
    found: list[Change] = house.await_(house.store.changes_of(person(house, name).id))
    return found


def told(house: House, name: str = "yamada") -> list[tuple[str, str]]:
    """The same as event and subject."""
    return [(str(each.event), each.subject) for each in changes(house, name)]


def idle(house: House, seconds: float) -> None:
    """Time passes, by both clocks."""
    house.clock.advance(seconds)
    house.wall += seconds


def grow_stale(house: House) -> None:
    """So much time passes that a verification does not count as fresh any more."""
    idle(house, FRESH_S + 1)


def name_of(device: Authenticator) -> str:
    """How pages call that device's passkey."""
    return encode(device.credential_id)
