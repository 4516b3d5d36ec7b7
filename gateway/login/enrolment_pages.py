"""The pages to which an invitation leads."""

from __future__ import annotations

from klein import Klein
from twisted.logger import Logger

from gateway.errors import RefusedError
from gateway.login.codes import qr_path
from gateway.login.enrolment import EnrolmentDesk
from gateway.login.labels import passkey_label
from gateway.login.room import Office, Room, way_of
from gateway.pages.reply import Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules.passkeys import Registration
from gateway.rules.records import hash_token


class EnrolmentPages(Room):
    """Registering a passkey by an invitation."""

    log = Logger()
    app = Klein()

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self._enrolment = EnrolmentDesk(
            public=office.pages.public,
            gateway_name=office.pages.gateway_name,
            store=office.store,
            ceremonies=office.ceremonies,
            wall=office.wall,
        )

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
        qr = await self.office.aside(lambda: qr_path(link))
        return self.pages.page("enroll.html", visit.language, person=guest.person, qr=qr)

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

        passkey = await self._enrolment.finish(
            token,
            visit.body,
            browser=hash_token(visit.browser) if visit.browser else None,
            label=label,
        )
        return json_reply({"ok": True, "label": passkey.label})

    explain_routing(app)
