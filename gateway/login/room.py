"""
What the rooms of the login site have in common: whom they belong to, and who is there.

Each room is a Klein app of its own for one part of `/.gateway/`; `site` puts them together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from klein import Klein
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource

from gateway.errors import Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.pages.codes import QrPath
from gateway.pages.render import Pages
from gateway.pages.reply import Framing, Reply, Visit
from gateway.rules import tokens
from gateway.rules.answers import read_object
from gateway.rules.attestation import TODAY, PasskeyPolicy
from gateway.rules.ceremony import Way
from gateway.rules.cookies import set_cookie
from gateway.rules.records import TOKEN_BYTES, Change, Event, Person
from gateway.store.interface import Store
from gateway.store.live import LiveSession, LiveSessions

CHALLENGE = (b"www-authenticate", b'Passkey realm="gateway"')
"""RFC 9110 15.5.2: a 401 names a scheme. Browsers show the body of one they don't know."""

Aside = Callable[[Callable[[], QrPath]], Awaitable[QrPath]]
"""Runs work of some 10 ms where it does not hold up other people: in a thread."""


Announce = Callable[[Person, Change], Awaitable[None]]

FRESH_S = 300.0
"""Seconds after a user verification in which ways in may be changed without another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What every room works with."""

    pages: Pages
    store: Store
    sessions: LiveSessions
    clock: IReactorTime
    ceremonies: Ceremonies
    wall: Callable[[], float]
    token_bytes: Callable[[int], bytes]
    aside: Aside
    announce: Announce
    """Tell a person what happened to their ways in."""
    passkeys: PasskeyPolicy = TODAY
    """Which ones may be registered."""


class Room:
    """One part of the site."""

    app: ClassVar[Klein]

    def __init__(self, office: Office) -> None:
        self.office = office
        self.pages = office.pages

    def app_resource(self) -> IResource:
        """Its addresses, for twisted.web."""
        return self.app.resource()

    def live(self, visit: Visit) -> LiveSession | None:
        """
        The session of whoever asks, if there is one.

        It is not used by that: whether a person is there was judged where the request came in
        (`proxy.reception`), which knows a page of ours that only asks for news.
        """
        if visit.session is None:
            return None
        return self.office.sessions.find(visit.session, is_use=False)

    def signed_in(self, visit: Visit) -> LiveSession:
        """
        The session of whoever asks.

        Raises:
            RefusedError: SIGN_IN_REQUIRED.
        """
        live = self.live(visit)
        if live is None:
            raise RefusedError(Reason.SIGN_IN_REQUIRED, "no session")
        return live

    def freshly_verified(self, visit: Visit) -> LiveSession:
        """
        The session of whoever asks, if that person was verified a short while ago.

        Raises:
            RefusedError: SIGN_IN_REQUIRED or VERIFICATION_REQUIRED.
        """
        live = self.signed_in(visit)
        if self.office.clock.seconds() - live.verified > FRESH_S:
            raise RefusedError(Reason.VERIFICATION_REQUIRED, "not verified lately enough")
        return live

    async def announce(self, visit: Visit, person: Person, event: Event, subject: str) -> None:
        """Tell that person what was just done."""
        change = Change(
            person_id=person.id,
            time=self.office.wall(),
            event=event,
            subject=subject,
            address=visit.address,
            user_agent=visit.user_agent,
        )
        await self.office.announce(person, change)

    def sign_in_page(self, visit: Visit, *, after: str, status: int) -> Reply:
        """The page at which people sign in; `after`: "reload" this address, or go "home"."""
        return self.pages.page(
            "sign-in.html",
            visit.language,
            status=status,
            framing=Framing.BY_OURSELVES,
            headers=(CHALLENGE,) if status == 401 else (),
            after=after,
        )

    def browser_of(self, visit: Visit) -> tuple[bytes, tuple[str, ...]]:
        """The token that names this browser, and the cookie for it if it had none."""
        if visit.browser is not None:
            return visit.browser, ()
        token = self.office.token_bytes(TOKEN_BYTES)
        return token, (self.cookie(self.pages.cookies.browser, tokens.encode(token)),)

    def cookie(self, name: str, value: str, *, max_age_s: int | None = None) -> str:
        """The value of a Set-Cookie of ours."""
        return set_cookie(name, value, is_secure=self.pages.public.is_secure, max_age_s=max_age_s)


def way_of(visit: Visit) -> Way:
    """
    The button that was pressed, as a script of ours says it.

    Raises:
        RefusedError: BAD_REQUEST.
    """
    way = read_object(visit.body).get("way", Way.ANY)
    if way not in tuple(Way):
        raise RefusedError(Reason.BAD_REQUEST, "an unknown way")
    return Way(str(way))
