"""From a touch in the browser to a letter: the login site with letters behind it."""

from __future__ import annotations

from pathlib import Path

from treq.testing import RequestTraversalAgent

from gateway.login.site import LoginSite
from gateway.mail.letter import Letter
from gateway.mail.letters import Letters
from tests.instruments.house import Browser, House
from tests.mail.test_letters import configured, scribe, text_of


def writing_house(directory: Path, posted: list[Letter]) -> House:
    """A house whose people are written to."""
    house = House()
    letters = Letters(house.store, scribe=scribe(configured(directory)), post=posted.append)
    house.site = LoginSite(
        pages=house.pages,
        store=house.store,
        sessions=house.sessions,
        clock=house.clock,
        wall=lambda: house.wall,
        token_bytes=house.token_bytes,
        aside=house.site._office.aside,
        announce=letters.announce,
    )
    house.agent = RequestTraversalAgent(house.site.resource())
    house.agent._serverFactory = house.server()
    return house


def test_who_registers_a_passkey_is_written_to(tmp_path: Path) -> None:
    """The letter names the passkey, the terminal and the address, in the person's language."""
    posted: list[Letter] = []
    house = writing_house(tmp_path, posted)
    person = house.add_person()
    house.await_(house.store.change_person(person.id, mail="yamada@example.test"))

    answer = Browser(house).enroll(house.invite(person))

    assert answer.status == 200
    [letter] = posted
    assert (letter.kind, letter.recipient) == ("passkey.registered", "yamada@example.test")
    text = text_of(letter)
    [passkey] = house.await_(house.store.passkeys_of(person.id))
    assert f"パスキー「{passkey.label}」が登録されました。" in text
    assert "端末：Windows\n" in text
