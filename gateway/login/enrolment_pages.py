"""
The pages to which an invitation leads.

An invitation of an administrator, for a recovery code or from a signed-in screen leads to the
page that registers this device. A spare one leads to the page of what comes next: it is the
address that a browser has after its first registration, so a reload loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from klein import Klein
from twisted.logger import Logger

from gateway.login.account import AccountDesk
from gateway.login.enrolment import EnrolmentDesk, Guest, Spent
from gateway.login.labels import passkey_label
from gateway.login.registrar import registrar_of
from gateway.login.room import Office, Room, way_of
from gateway.login.visitor import visitor_of
from gateway.pages.codes import qr_path
from gateway.pages.reply import Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules import tokens
from gateway.rules.devices import terminal_of
from gateway.rules.passkeys import Registration
from gateway.rules.records import Event, InvitationKind, Person, hash_token

HANDHELDS = frozenset({"iPhone", "iPad", "Android"})
"""Systems of terminals that register themselves; whoever has another one has a phone, too."""

IN_APP_SIGNS = (
    "Line/",
    "FBAN",
    "FBAV",
    "Instagram",
    "MicroMessenger",
    "YJApp",
    "KAKAOTALK",
    "BytedanceWebview",
    "; wv)",
)
"""
What apps that show pages inside themselves add to User-Agent. Passkeys mostly fail there: the
app would have to be registered with the site.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """What a page says differently on different terminals; it decides nothing."""

    is_handheld: bool
    is_in_app: bool
    is_line: bool
    """LINE opens a link of a page in the person's own browser if it is asked to."""


class EnrolmentPages(Room):
    """Registering passkeys by an invitation."""

    log = Logger()
    app = Klein()

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self._enrolment = EnrolmentDesk(
            registrar_of(office),
            store=office.store,
            wall=office.wall,
            token_bytes=office.token_bytes,
            announce=office.announce,
        )
        self._account = AccountDesk(
            store=office.store,
            sessions=office.sessions,
            wall=office.wall,
            token_bytes=office.token_bytes,
        )

    # Looking

    @route(app, "/.gateway/enroll/<token>", methods=["GET"])
    async def enroll(self, visit: Visit, token: str) -> Reply:
        """The page of whoever holds this link; looking at it spends nothing."""
        if not visit.wants_page:
            await self._enrolment.guest(token)
        found = await self._enrolment.look(token)
        if isinstance(found, Spent):
            return self._spent_page(visit, found)
        if found.invitation.kind is InvitationKind.SPARE:
            return await self._next_page(visit, token, found)
        return await self._first_page(visit, token, found)

    async def _first_page(self, visit: Visit, token: str, guest: Guest) -> Reply:
        link, kind, terminal = self._link(token), guest.invitation.kind, _terminal(visit)
        offers_phone = not terminal.is_handheld and kind is not InvitationKind.OTHER_DEVICE
        return self.pages.page(
            "enroll.html",
            visit.language,
            person=guest.person,
            kind=kind,
            link=link,
            terminal=terminal,
            qr=await self.office.aside(lambda: qr_path(link)) if offers_phone else None,
        )

    async def _next_page(self, visit: Visit, token: str, guest: Guest) -> Reply:
        left = await self.office.store.recovery_codes_left(guest.person.id)
        return self.pages.page(
            "enroll-next.html",
            visit.language,
            person=guest.person,
            token=token,
            passkeys=guest.chain,
            passkeys_in_all=len(guest.passkeys),
            has_this_device=any("internal" in each.transports for each in guest.chain),
            may_register=guest.may_register,
            codes_left=left,
            now=self.office.wall(),
            recovery=f"{self.pages.public.origin}/.gateway/recovery",
            terminal=_terminal(visit),
        )

    def _spent_page(self, visit: Visit, spent: Spent) -> Reply:
        self.log.info("an invitation is not good: {detail}", detail=spent.trouble)
        return self.pages.page(
            "invitation-spent.html",
            visit.language,
            status=410,
            spent=spent,
            has_session=self.live(visit) is not None,
        )

    # Registering

    @route(app, "/.gateway/enroll/<token>/options", methods=["POST"], takes=Body.JSON)
    async def enroll_options(self, visit: Visit, token: str) -> Reply:
        """Begin the registration of a passkey."""
        way = way_of(visit)
        browser, cookies = self.browser_of(visit)
        options = await self._enrolment.begin(token, way, browser=hash_token(browser))
        return json_reply(options, cookies=cookies)

    @route(app, "/.gateway/enroll/<token>/verify", methods=["POST"], takes=Body.JSON)
    async def enroll_verify(self, visit: Visit, token: str) -> Reply:
        """Finish the registration: the passkey is stored and the invitation spent."""
        say = self.pages.languages.catalogue(visit.language).say

        def label(registration: Registration) -> str:
            return passkey_label(
                say,
                aaguid=registration.aaguid,
                transports=registration.transports,
                user_agent=visit.user_agent,
            )

        enrolled = await self._enrolment.finish(token, visit.body, visitor_of(visit), label)
        answer: dict[str, object] = {"ok": True, "label": enrolled.passkey.label}
        if enrolled.following is not None:
            answer["next"] = tokens.encode(enrolled.following)
        return json_reply(answer)

    # What comes next

    @route(app, "/.gateway/enroll/<token>/recovery-codes", methods=["POST"], takes=Body.JSON)
    async def recovery_codes(self, visit: Visit, token: str) -> Reply:
        """New recovery codes: this answer is the only place where they are ever shown."""
        guest = await self._enrolment.spare_guest(token)
        codes = await self._account.new_recovery_codes(guest.person)
        await self._tell(visit, guest.person, Event.RECOVERY_CODES_MADE)
        return json_reply({"codes": list(codes)})

    @route(app, "/.gateway/enroll/<token>/other-device", methods=["POST"], takes=Body.JSON)
    async def other_device(self, visit: Visit, token: str) -> Reply:
        """A code for this screen, by which another device registers itself."""
        guest = await self._enrolment.spare_guest(token, wants_passkey=True)
        secret, invitation = await self._account.invite_phone(guest.person)
        link = self._link(tokens.encode(secret))
        qr = await self.office.aside(lambda: qr_path(link))
        lifetime_s = invitation.expires - invitation.created
        return json_reply(
            {"link": link, "modules": qr.modules, "path": qr.path, "lifetime_s": lifetime_s}
        )

    @route(app, "/.gateway/enroll/<token>/progress", methods=["GET"])
    async def progress(self, visit: Visit, token: str) -> Reply:
        """How many passkeys there are; the page asks while it shows a code for another device."""
        del visit
        guest = await self._enrolment.spare_guest(token)
        return json_reply({"passkeys": len(guest.passkeys)})

    explain_routing(app)

    def _link(self, token: str) -> str:
        return f"{self.pages.public.origin}/.gateway/enroll/{token}"

    async def _tell(self, visit: Visit, person: Person, event: Event) -> None:
        now = self.office.wall()
        await visitor_of(visit).tell(self.office.announce, person, event, "", now=now)


def _terminal(visit: Visit) -> Terminal:
    return Terminal(
        is_handheld=terminal_of(visit.user_agent).system in HANDHELDS,
        is_in_app=any(sign in visit.user_agent for sign in IN_APP_SIGNS),
        is_line="Line/" in visit.user_agent,
    )
