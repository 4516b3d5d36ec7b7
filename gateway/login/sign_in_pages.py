"""
The pages at which people sign in and out.

`/sign-in-required` and `/step-up-required` are what the proxy asks for in place of the app's
page; no request from outside can name them, because only `/.gateway/…` reaches this site.
"""

from __future__ import annotations

from klein import Klein
from twisted.logger import Logger

from gateway.login.room import CHALLENGE, Office, Room, way_of
from gateway.login.sign_in import SignInDesk
from gateway.login.visitor import visitor_of
from gateway.pages.reply import Framing, Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules import tokens
from gateway.rules.cookies import clear_cookie
from gateway.rules.entries import Require
from gateway.rules.records import Event, hash_token

FORGET_PAGES = (b"clear-site-data", b'"cache"')
"""
At sign-out the browser drops what it keeps of pages, those that "back" would show included (W3C
Clear Site Data 3.1). Not "storage": what the app keeps in the browser is the app's.
"""


class SignInPages(Room):
    """Signing in, by passkey, and out."""

    log = Logger()
    app = Klein()

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self._sign_in = SignInDesk(
            public=office.pages.public,
            store=office.store,
            sessions=office.sessions,
            ceremonies=office.ceremonies,
            wall=office.wall,
            token_bytes=office.token_bytes,
            announce=office.announce,
        )

    @route(app, "/sign-in-required", methods=["GET"])
    async def sign_in_required(self, visit: Visit) -> Reply:
        """
        The sign-in page in the place of the app's page, whose address it keeps.

        Whoever is signed in, and yet is sent here, is to be verified anew.
        """
        return self._step_up(visit, needs_device_bound=False)

    @route(app, "/step-up-required/<need>", methods=["GET"])
    async def step_up_required(self, visit: Visit, need: str) -> Reply:
        """
        The page at which a signed-in person proves anew who they are, in the app's place.

        `need` is what the address asks for, see `rules.entries.Require`.
        """
        return self._step_up(visit, needs_device_bound=need == Require.DEVICE_BOUND)

    def _step_up(self, visit: Visit, *, needs_device_bound: bool) -> Reply:
        live = self.live(visit)
        if live is None:
            return self.sign_in_page(visit, after="reload", status=401)
        return self.pages.page(
            "step-up.html",
            visit.language,
            status=401,
            framing=Framing.BY_OURSELVES,
            headers=(CHALLENGE,),
            person=live.person,
            needs_device_bound=needs_device_bound,
        )

    @route(app, "/.gateway/login", methods=["GET"])
    async def login(self, visit: Visit) -> Reply:
        """The sign-in page at an address of its own."""
        live = self.live(visit)
        if live is None:
            return self.sign_in_page(visit, after="home", status=200)
        return self.pages.page("signed-in.html", visit.language, person=live.person)

    @route(app, "/.gateway/passkey/options", methods=["POST"], takes=Body.JSON)
    async def passkey_options(self, visit: Visit) -> Reply:
        """Begin a sign-in; the browser gets the cookie that binds it."""
        way = way_of(visit)
        browser, cookies = self.browser_of(visit)
        return json_reply(self._sign_in.begin(way, browser=hash_token(browser)), cookies=cookies)

    @route(app, "/.gateway/passkey/verify", methods=["POST"], takes=Body.JSON)
    async def passkey_verify(self, visit: Visit) -> Reply:
        """Finish a sign-in or a step-up; the browser gets the cookie of its session."""
        signed_in = await self._sign_in.admit(visit.body, visitor_of(visit), self.live(visit))
        cookie = self.cookie(self.pages.cookies.session, tokens.encode(signed_in.token))
        answer = {"ok": True, "offer_passkey": signed_in.offer_passkey}
        return json_reply(answer, cookies=(cookie,))

    @route(app, "/.gateway/logout", methods=["POST"], takes=Body.FORM_OR_JSON)
    async def logout(self, visit: Visit) -> Reply:
        """End the session on the server, whatever the browser does with its cookie."""
        live = self.live(visit)
        if live is not None:
            await self.office.sessions.end(live.session.token_hash)
            self.log.info(
                "{user!r} signed out",
                user=live.person.name,
                session=live.session.id,
                event=Event.SIGNED_OUT,
            )
        secure = self.pages.public.is_secure
        cookies = (clear_cookie(self.pages.cookies.session, is_secure=secure),)
        if visit.wants_page:
            return self.pages.page(
                "signed-out.html", visit.language, cookies=cookies, headers=(FORGET_PAGES,)
            )
        return json_reply({"ok": True}, cookies=cookies, headers=(FORGET_PAGES,))

    explain_routing(app)
