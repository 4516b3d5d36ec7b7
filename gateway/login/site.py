"""
The site for everybody, put together from its rooms: one Klein app for each part of it.

Only HTTP is spoken in the rooms: what is decided is decided at the desks (`sign_in`,
`enrolment`). Pages for administrators are elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from klein import Klein
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from gateway.login.account_pages import AccountPages
from gateway.login.ceremonies import Ceremonies
from gateway.login.enrolment_pages import EnrolmentPages
from gateway.login.help_pages import HelpPages
from gateway.login.public_pages import PublicPages
from gateway.login.recovery_pages import RecoveryPages
from gateway.login.room import Announce, Aside, Office, Room
from gateway.login.sign_in_pages import SignInPages
from gateway.pages.door import Door
from gateway.pages.render import Pages
from gateway.rules.attestation import TODAY, PasskeyPolicy
from gateway.rules.records import Change, Person
from gateway.store.interface import Store
from gateway.store.live import LiveSessions

ROOMS: tuple[type[Room], ...] = (
    SignInPages,
    EnrolmentPages,
    AccountPages,
    HelpPages,
    RecoveryPages,
    PublicPages,
)
"""Every room; the last one answers where no address fits."""


class LoginSite:
    """Our pages for everybody."""

    def __init__(
        self,
        *,
        pages: Pages,
        store: Store,
        sessions: LiveSessions,
        clock: IReactorTime,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        aside: Aside,
        announce: Announce | None = None,
        passkeys: PasskeyPolicy = TODAY,
    ) -> None:
        self.pages = pages
        self.ceremonies = Ceremonies(clock=clock, token_bytes=token_bytes)
        self._office = Office(
            pages=pages,
            store=store,
            sessions=sessions,
            clock=clock,
            ceremonies=self.ceremonies,
            wall=wall,
            token_bytes=token_bytes,
            aside=aside,
            announce=announce or partial(_noted, store),
            passkeys=passkeys,
        )

    def resource(self) -> IResource:
        """What a twisted.web Site serves."""
        return Door(self, _Hall([room(self._office) for room in ROOMS]))


async def _noted(store: Store, person: Person, change: Change) -> None:
    """Where there is no mail, people read of it on their account page."""
    del person
    await store.note_change(change)


class _Hall(Resource):
    """Leads each request to the room that has an address for it."""

    isLeaf = True

    def __init__(self, rooms: list[Room]) -> None:
        super().__init__()
        self._doors = [(_first_parts(room.app), room.app_resource()) for room in rooms]

    def render(self, request: Request) -> bytes | int:
        """Pass the request on."""
        first = _first_part(request.path.decode("ascii"))
        ways = (inside for parts, inside in self._doors if first in parts)
        answer: bytes | int = next(ways, self._doors[-1][1]).render(request)
        return answer


def _first_parts(app: Klein) -> set[str]:
    return {_first_part(rule.rule) for rule in app.url_map.iter_rules()}


def _first_part(path: str) -> str:
    """What tells the rooms apart: the first part of an address behind our prefix."""
    return path.removeprefix("/.gateway").split("/")[1]
