"""The made-up staff of a made-up company, and who of them is signed in to the app itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from made_up import made_up

COMPANY = "株式会社みどり野製作所"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the staff."""

    number: int
    login: str
    name: str
    kana: str
    group: str
    extension: str
    hue: int
    """The colour of the round badge, in degrees."""
    password: str = ""


STAFF = tuple(Person(**table) for table in made_up("person"))
"""The first one is the demo's person: an empty password is enough, as the real thing allows."""

GROUPS = ("総務部", "営業部", "製造部")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSession:
    """A sign-in to the app itself (not to any gateway in front of it)."""

    rssid: str
    token: str
    """The page's scripts send it back as the *name* of a field, against forged requests."""
    person: Person


def by_number(number: str) -> Person | None:
    """The person of a list entry."""
    return next((person for person in STAFF if str(person.number) == number), None)


def by_login(login: str) -> Person | None:
    """The person of a login ID, compared without regard to case."""
    return next((person for person in STAFF if person.login == login.lower()), None)


class Attendance:
    """The open sessions of the app, and the wrong passwords in a row."""

    def __init__(self, lock_out_after: int) -> None:
        self._lock_out_after = lock_out_after
        self._sessions: dict[str, AppSession] = {}
        self._misses: dict[int, int] = {}

    def sign_in(self, person: Person | None, password: str) -> AppSession | None:
        """Open a session, or refuse without saying why."""
        if person is None or self._is_locked(person):
            return None
        if password != person.password:
            self._misses[person.number] = self._misses.get(person.number, 0) + 1
            return None
        self._misses.pop(person.number, None)
        return self._open(person)

    def find(self, rssid: str) -> AppSession | None:
        """The session of a cookie, which must come back verbatim."""
        return self._sessions.get(rssid)

    def end(self, rssid: str) -> None:
        """Sign out."""
        self._sessions.pop(rssid, None)

    def _is_locked(self, person: Person) -> bool:
        return 0 < self._lock_out_after <= self._misses.get(person.number, 0)

    def _open(self, person: Person) -> AppSession:
        # The odd characters are meant: a proxy must carry such a cookie value untouched.
        rssid = f"ACeR..%5COF..{secrets.token_hex(12)}|{person.number}"
        session = AppSession(rssid=rssid, token=secrets.token_hex(8), person=person)
        self._sessions[rssid] = session
        return session
