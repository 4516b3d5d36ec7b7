"""
What letters say, in the language of whoever reads them.

An invitation carries its link; everything else says what happened to somebody's ways in, when,
from where, and what to do about it. What a person or a browser wrote goes in on one line and
of bounded length; of a User-Agent only names that we know ourselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.mail.letter import NAME_LIMIT, Text, one_line
from gateway.pages.languages import Catalogue
from gateway.rules.devices import terminal_of
from gateway.rules.records import Change, Event, Person

ACCOUNT_PATH = "/.gateway/account"

SUBJECT_LIMIT = 64
"""Characters of a passkey's label in a letter."""

ADDRESS_LIMIT = 64
"""Characters; an IPv6 address with a zone has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The sentences for one kind of event."""

    subject: str
    what: str
    advice: str = "mail.advice"


WORTH_A_LETTER: Mapping[Event, Wording] = {
    Event.ENROLLED: Wording(subject="mail.registered-subject", what="mail.registered"),
    Event.PASSKEY_REMOVED: Wording(subject="mail.removed-subject", what="mail.removed"),
    Event.RECOVERY_CODES_MADE: Wording(subject="mail.codes-made-subject", what="mail.codes-made"),
    Event.RECOVERY_USED: Wording(subject="mail.code-used-subject", what="mail.code-used"),
    Event.COUNTER_FELL: Wording(
        subject="mail.counter-fell-subject",
        what="mail.counter-fell",
        advice="mail.counter-fell-advice",
    ),
    Event.SESSIONS_ENDED: Wording(
        subject="mail.sessions-ended-subject", what="mail.sessions-ended"
    ),
}
"""What a person must learn of even without looking: who gets in has changed, or might have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The gateway that writes."""

    name: str
    origin: str
    zone: dt.tzinfo | None = None
    """In which times are said; None: this machine's."""


def invitation(say: Catalogue, place: Place, person: Person, *, link: str, expires: float) -> Text:
    """The letter by which somebody registers a passkey."""
    return Text(
        subject=say.say("mail.invitation-subject", gateway=place.name),
        body=say.say(
            "mail.invitation",
            person=_name(person),
            user=person.name,
            gateway=place.name,
            link=link,
            expires=moment(say, expires, place.zone),
        ),
    )


def changed(say: Catalogue, place: Place, person: Person, change: Change) -> Text | None:
    """The letter about something that happened; None where none is due."""
    wording = WORTH_A_LETTER.get(change.event)
    if wording is None:
        return None
    subject = one_line(change.subject, SUBJECT_LIMIT)
    return Text(
        subject=say.say(wording.subject, gateway=place.name),
        body=say.say(
            "mail.changed",
            person=_name(person),
            gateway=place.name,
            what=say.say(wording.what, subject=subject),
            moment=moment(say, change.time, place.zone),
            origin=_origin(say, change),
            advice=say.say(_advice(wording, change), account=place.origin + ACCOUNT_PATH),
        ),
    )


def moment(say: Catalogue, seconds: float, zone: dt.tzinfo | None) -> str:
    """A date and a time that nobody can misread: with its offset from UTC."""
    local = dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone(zone)
    offset = local.strftime("%z")
    return say.say(
        "mail.moment",
        year=local.year,
        month=local.month,
        day=local.day,
        clock=local.strftime("%H:%M"),
        offset=f"{offset[:3]}:{offset[3:5]}",
    )


def _name(person: Person) -> str:
    return one_line(person.display_name, NAME_LIMIT) or person.name


def _is_by_administrator(change: Change) -> bool:
    """Verbs of administration have neither terminal nor address."""
    return not change.address and not change.user_agent


def _advice(wording: Wording, change: Change) -> str:
    return "mail.administrator-advice" if _is_by_administrator(change) else wording.advice


def _origin(say: Catalogue, change: Change) -> str:
    """From which terminal and address it was done."""
    if _is_by_administrator(change):
        return say.say("mail.by-administrator")
    return say.say(
        "mail.by-terminal",
        terminal=_terminal(say, change.user_agent),
        address=one_line(change.address, ADDRESS_LIMIT) or "-",
    )


def _terminal(say: Catalogue, user_agent: str) -> str:
    terminal = terminal_of(user_agent)
    system = say.say("label.mac-or-ipad") if terminal.may_be_ipad else terminal.system
    if system and terminal.browser:
        return say.say("label.browser-on", system=system, browser=terminal.browser)
    return system or terminal.browser or say.say("label.unknown-terminal")
