"""The made-up content: appointments, notices, mails.  Any likeness to real ones is accident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from made_up import made_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An entry of the calendar; the same ones come back every week."""

    number: int
    weekday: int
    """0 = Monday."""
    start: str
    end: str
    title: str
    place: str
    people: tuple[int, ...]
    kind: str
    """"meeting", "visit", "trip", "task" or "leave": its colour."""
    memo: str = ""

    def day(self, monday: date) -> date:
        """The day of this entry in the week that begins on a Monday."""
        return monday + timedelta(days=self.weekday)


APPOINTMENTS = tuple(Appointment(**table) for table in made_up("appointment"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail in the inbox."""

    number: int
    sender: str
    address: str
    days_ago: int
    time: str
    subject: str
    text: str
    attachments: tuple[str, ...] = ()
    is_unread: bool = False


LETTERS = tuple(Letter(**table) for table in made_up("letter"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A line of the portal's news, with a link into the middle of the app."""

    icon: str
    text: str
    link: str
    when: str


NOTICES = tuple(Notice(**table) for table in made_up("notice"))
