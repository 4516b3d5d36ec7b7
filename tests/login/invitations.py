"""Invitations of every kind, and what comes after the first passkey."""

from __future__ import annotations

from gateway.rules import tokens
from gateway.rules.records import Invitation, InvitationKind, Person, hash_token
from tests.instruments.house import Answer, Browser, House


def invite(house: House, person: Person, kind: InvitationKind, *, lifetime_s: float = 600) -> str:
    """The path of the enrolment page of such an invitation."""
    token = house.token_bytes(32)
    invitation = Invitation(
        token_hash=hash_token(token),
        person_id=person.id,
        created=house.wall,
        expires=house.wall + lifetime_s,
        used=None,
        kind=kind,
    )
    house.await_(house.store.issue_invitation(invitation))
    return f"/.gateway/enroll/{tokens.encode(token)}"


def following(enrolled: Answer) -> str:
    """The path of the page that comes after this enrolment."""
    return f"/.gateway/enroll/{enrolled.json['next']}"


def begun(house: House, name: str = "yamada") -> tuple[Browser, Person, str]:
    """Somebody who has just registered a first passkey, and the page that comes next."""
    person, browser = house.add_person(name), Browser(house)
    return browser, person, following(browser.enroll(house.invite(person)))


def another(house: House, path: str) -> Answer:
    """Register a further device by that page."""
    return Browser(house).enroll(path)
