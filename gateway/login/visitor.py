"""Who knocks at a desk, as far as a request tells; and telling people what was done from there."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.logger import Logger

from gateway.errors import GatewayError
from gateway.login.room import Announce
from gateway.pages.reply import Visit
from gateway.rules.records import Change, Event, Person, TokenHash, hash_token

log = Logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who knocks: what is remembered with the session that may be opened."""

    browser: TokenHash | None
    session: TokenHash | None
    """The session that this browser holds already; it ends when another one opens."""
    address: str
    user_agent: str

    async def tell(
        self, announce: Announce, person: Person, event: Event, subject: str, *, now: float
    ) -> None:
        """
        Tell a person what was done from here to their ways in.

        It is done already, so that a notice which fails undoes nothing: it is logged.
        """
        change = Change(
            person_id=person.id,
            time=now,
            event=event,
            subject=subject,
            address=self.address,
            user_agent=self.user_agent,
        )
        try:
            await announce(person, change)
        except GatewayError:
            log.failure("telling {user!r} of {what}", user=person.name, what=event)


def visitor_of(visit: Visit) -> Visitor:
    """The one who sent this request; tokens become hashes here."""
    return Visitor(
        browser=hash_token(visit.browser) if visit.browser else None,
        session=hash_token(visit.session) if visit.session else None,
        address=visit.address,
        user_agent=visit.user_agent,
    )
