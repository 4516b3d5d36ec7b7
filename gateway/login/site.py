"""
The pages at which people sign in, enrol, look after their account and sign out.

Only HTTP is spoken here: what is decided is decided at the desks (`sign_in`, `enrolment`).
`/sign-in-required` is what the proxy asks for in place of the app's page; no request from
outside can name it, because only `/.gateway/…` reaches this site from there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from klein import Klein
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.resource import IResource

from gateway.errors import Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.login.codes import QrPath, qr_path
from gateway.login.enrolment import EnrolmentDesk
from gateway.login.labels import passkey_label
from gateway.login.sign_in import SignInDesk, Visitor
from gateway.pages.door import Door
from gateway.pages.languages import Language, named
from gateway.pages.render import Pages
from gateway.pages.reply import HEALTH_JSON, Framing, Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules import tokens
from gateway.rules.answers import read_object
from gateway.rules.ceremony import Way
from gateway.rules.cookies import clear_cookie, set_cookie
from gateway.rules.passkeys import Registration
from gateway.rules.records import TOKEN_BYTES, Event, hash_token
from gateway.store.interface import Store
from gateway.store.live import LiveSession, LiveSessions

CHALLENGE = (b"www-authenticate", b'Passkey realm="gateway"')
"""RFC 9110 15.5.2: a 401 names a scheme. Browsers show the body of one they don't know."""

FORGET_PAGES = (b"clear-site-data", b'"cache"')
"""
At sign-out the browser drops what it keeps of pages, those that "back" would show included (W3C
Clear Site Data 3.1). Not "storage": what the app keeps in the browser is the app's.
"""

LANGUAGE_LIFETIME_S = 400 * 24 * 3600
"""Seconds that the choice of a language is kept: the longest that browsers allow."""


Aside = Callable[[Callable[[], QrPath]], Awaitable[QrPath]]
"""Runs work of some 10 ms where it does not hold up other people: in a thread."""


class LoginSite:
    """Our pages for everybody; those for administrators are elsewhere."""

    log = Logger()
    app = Klein()

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
    ) -> None:
        self.pages = pages
        self.ceremonies = Ceremonies(clock=clock, token_bytes=token_bytes)
        self._store = store
        self._sessions = sessions
        self._token_bytes = token_bytes
        self._aside = aside
        self._sign_in = SignInDesk(
            public=pages.public,
            store=store,
            sessions=sessions,
            ceremonies=self.ceremonies,
            wall=wall,
            token_bytes=token_bytes,
        )
        self._enrolment = EnrolmentDesk(
            public=pages.public,
            gateway_name=pages.gateway_name,
            store=store,
            ceremonies=self.ceremonies,
            wall=wall,
        )

    def resource(self) -> IResource:
        """What a twisted.web Site serves."""
        return Door(self, self.app.resource())

    @route(app, "/sign-in-required", methods=["GET"])
    async def sign_in_required(self, visit: Visit) -> Reply:
        """The sign-in page in the place of the app's page, whose address it keeps."""
        return self._sign_in_page(visit, after="reload", status=401)

    @route(app, "/.gateway/login", methods=["GET"])
    async def login(self, visit: Visit) -> Reply:
        """The sign-in page at an address of its own."""
        live = self._live(visit)
        if live is None:
            return self._sign_in_page(visit, after="home", status=200)
        return self.pages.page("signed-in.html", visit.language, person=live.person)

    @route(app, "/.gateway/passkey/options", methods=["POST"], takes=Body.JSON)
    async def passkey_options(self, visit: Visit) -> Reply:
        """Begin a sign-in; the browser gets the cookie that binds it."""
        way = _way_of(visit)
        browser, cookies = self._browser_of(visit)
        return json_reply(self._sign_in.begin(way, browser=hash_token(browser)), cookies=cookies)

    @route(app, "/.gateway/passkey/verify", methods=["POST"], takes=Body.JSON)
    async def passkey_verify(self, visit: Visit) -> Reply:
        """Finish a sign-in; the browser gets the cookie of its new session."""
        visitor = Visitor(
            browser=hash_token(visit.browser) if visit.browser else None,
            session=hash_token(visit.session) if visit.session else None,
            address=visit.address,
            user_agent=visit.user_agent,
        )
        token = await self._sign_in.finish(visit.body, visitor)
        cookie = self._set(self.pages.cookies.session, tokens.encode(token))
        return json_reply({"ok": True}, cookies=(cookie,))

    @route(app, "/.gateway/enroll/<token>", methods=["GET"])
    async def enroll(self, visit: Visit, token: str) -> Reply:
        """The enrolment page of whoever holds this link; looking at it spends nothing."""
        try:
            guest = await self._enrolment.guest(token)
        except RefusedError as refused:
            if not visit.wants_page:
                raise
            self.log.info("an invitation is not good: {detail}", detail=refused.detail)
            return self.pages.page("invitation-spent.html", visit.language, status=410)
        link = f"{self.pages.public.origin}/.gateway/enroll/{token}"
        qr = await self._aside(lambda: qr_path(link))
        return self.pages.page("enroll.html", visit.language, person=guest.person, qr=qr)

    @route(app, "/.gateway/enroll/<token>/options", methods=["POST"], takes=Body.JSON)
    async def enroll_options(self, visit: Visit, token: str) -> Reply:
        """Begin the registration of a passkey."""
        way = _way_of(visit)
        browser, cookies = self._browser_of(visit)
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

        passkey = await self._enrolment.finish(
            token,
            visit.body,
            browser=hash_token(visit.browser) if visit.browser else None,
            label=label,
        )
        return json_reply({"ok": True, "label": passkey.label})

    @route(app, "/.gateway/account", methods=["GET"])
    async def account(self, visit: Visit) -> Reply:
        """A person's own account."""
        live = self._live(visit)
        if live is None:
            return self._sign_in_page(visit, after="reload", status=401)
        passkeys = await self._store.passkeys_of(live.person.id)
        return self.pages.page(
            "account.html", visit.language, person=live.person, passkeys=passkeys
        )

    @route(app, "/.gateway/logout", methods=["POST"], takes=Body.FORM_OR_JSON)
    async def logout(self, visit: Visit) -> Reply:
        """End the session on the server, whatever the browser does with its cookie."""
        live = self._live(visit)
        if live is not None:
            await self._sessions.end(live.session.token_hash)
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

    @route(app, "/.gateway/language", methods=["POST"], takes=Body.FORM_OR_JSON)
    async def language(self, visit: Visit) -> Reply:
        """Remember which language this browser's person reads."""
        chosen = _language_of(visit)
        cookie = self._set(self.pages.cookies.language, chosen, max_age_s=LANGUAGE_LIFETIME_S)
        if not visit.wants_page:
            return json_reply({"ok": True}, cookies=(cookie,))
        return Reply(status=303, headers=((b"location", b"/.gateway/login"),), cookies=(cookie,))

    @route(app, "/.gateway/health", methods=["GET"])
    async def health(self, visit: Visit) -> Reply:
        """Whether the gateway answers, for load balancers; no more than that."""
        return json_reply({"status": "pass"}, content_type=HEALTH_JSON)

    @route(app, "/.gateway/static/<name>", methods=["GET"])
    async def unversioned(self, visit: Visit, name: str) -> Reply:
        """A static file by its bare name."""
        return self.static(visit, "", name)

    @route(app, "/.gateway/static/<version>/<name>", methods=["GET"])
    async def versioned(self, visit: Visit, version: str, name: str) -> Reply:
        """A static file of one release."""
        return self.static(visit, version, name)

    explain_routing(app)

    def static(self, visit: Visit, version: str, name: str) -> Reply:
        """A static file from the table."""
        reply = self.pages.assets.reply(name, version, visit)
        return reply or self.pages.trouble(
            visit, "trouble.not-found", status=404, code="not-found"
        )

    def _sign_in_page(self, visit: Visit, *, after: str, status: int) -> Reply:
        return self.pages.page(
            "sign-in.html",
            visit.language,
            status=status,
            framing=Framing.BY_OURSELVES,
            headers=(CHALLENGE,) if status == 401 else (),
            after=after,
        )

    def _live(self, visit: Visit) -> LiveSession | None:
        return self._sessions.find(visit.session) if visit.session is not None else None

    def _browser_of(self, visit: Visit) -> tuple[bytes, tuple[str, ...]]:
        """The token that names this browser, and the cookie for it if it had none."""
        if visit.browser is not None:
            return visit.browser, ()
        token = self._token_bytes(TOKEN_BYTES)
        return token, (self._set(self.pages.cookies.browser, tokens.encode(token)),)

    def _set(self, name: str, value: str, *, max_age_s: int | None = None) -> str:
        return set_cookie(name, value, is_secure=self.pages.public.is_secure, max_age_s=max_age_s)


def _way_of(visit: Visit) -> Way:
    way = read_object(visit.body).get("way", Way.ANY)
    if way not in tuple(Way):
        raise RefusedError(Reason.BAD_REQUEST, "an unknown way")
    return Way(str(way))


def _language_of(visit: Visit) -> Language:
    """From a form or from JSON: which of them it is shows in its first byte."""
    if visit.body[:1] == b"{":
        chosen = str(read_object(visit.body).get("language"))
    else:
        fields = parse_qs(visit.body.decode("ascii", "replace"), max_num_fields=4)
        chosen = "".join(fields.get("language", []))
    language = named(chosen)
    if language is None:
        raise RefusedError(Reason.BAD_REQUEST, "an unknown language")
    return language
