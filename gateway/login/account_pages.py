"""
The pages at which people look after their own ways in.

Looking needs a session; every change needs a person who was verified a short while ago
(`freshly_verified`), and is told to that person once it is done. The two exceptions change no
way in: which language one reads, and taking back a code that is still on the screen.
"""

from __future__ import annotations

import base64
import binascii

from klein import Klein
from twisted.logger import Logger

from gateway.errors import GatewayError, Reason, RefusedError
from gateway.login.account import AccountDesk
from gateway.login.account_rows import change_rows, passkey_rows, session_rows
from gateway.login.addition import AdditionDesk
from gateway.login.labels import (
    LABEL_LIMIT,
    Say,
    passkey_label,
    read_label,
    shape_of,
    terminal_name,
)
from gateway.login.public_pages import LANGUAGE_LIFETIME_S
from gateway.login.registrar import registrar_of
from gateway.login.room import Office, Room, way_of
from gateway.login.visitor import visitor_of
from gateway.pages.codes import qr_path
from gateway.pages.languages import Language, named
from gateway.pages.reply import Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules import tokens
from gateway.rules.answers import CREDENTIAL_ID_LIMIT_BYTES, encode_base64url, read_object
from gateway.rules.passkeys import Registration
from gateway.rules.records import Event, Person, TokenHash, hash_token
from gateway.store.live import LiveSession

OK: dict[str, object] = {"ok": True}


class AccountPages(Room):
    """A person's own account."""

    log = Logger()
    app = Klein()

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self._desk = AccountDesk(
            store=office.store,
            sessions=office.sessions,
            wall=office.wall,
            token_bytes=office.token_bytes,
        )
        self._addition = AdditionDesk(
            registrar_of(office),
            store=office.store,
            wall=office.wall,
            announce=office.announce,
        )

    # Looking

    @route(app, "/.gateway/account", methods=["GET"])
    async def account(self, visit: Visit) -> Reply:
        """A person's own account."""
        live = self.live(visit)
        if live is None:
            return self.sign_in_page(visit, after="reload", status=401)
        person = await self._desk.person(live)
        store, say = self.office.store, self._say(visit)
        passkeys = await store.passkeys_of(person.id)
        sessions = session_rows(
            say,
            self.office.sessions.of_person(person.id),
            live,
            passkeys,
            last_used=self.office.sessions.last_used,
        )
        return self.pages.page(
            "account.html",
            visit.language,
            person=person,
            rp_id=self.pages.public.host,
            passkeys=passkey_rows(say, passkeys, live),
            sessions=sessions,
            codes_left=await store.recovery_codes_left(person.id),
            changes=change_rows(say, await store.changes_of(person.id)),
            label_limit=LABEL_LIMIT,
            recovery_url=f"{self.pages.public.origin}/.gateway/recovery",
            address=visit.address,
        )

    # Passkeys

    @route(app, "/.gateway/account/passkey/options", methods=["POST"], takes=Body.JSON)
    async def passkey_options(self, visit: Visit) -> Reply:
        """Begin the registration of a further passkey."""
        live, _ = await self._verified_person(visit)
        way = way_of(visit)
        browser, cookies = self.browser_of(visit)
        options = await self._addition.begin(live, way, browser=hash_token(browser))
        return json_reply(options, cookies=cookies)

    @route(app, "/.gateway/account/passkey/verify", methods=["POST"], takes=Body.JSON)
    async def passkey_verify(self, visit: Visit) -> Reply:
        """Finish that registration; the ceremony proves that it began freshly verified."""
        live = self.signed_in(visit)
        await self._desk.person(live)
        say = self._say(visit)

        def label(registration: Registration) -> str:
            return passkey_label(
                say,
                aaguid=registration.aaguid,
                transports=registration.transports,
                user_agent=visit.user_agent,
            )

        passkey = await self._addition.finish(live, visit.body, visitor_of(visit), label)
        return json_reply(OK | {"label": passkey.label})

    @route(app, "/.gateway/account/passkey/rename", methods=["POST"], takes=Body.JSON)
    async def passkey_rename(self, visit: Visit) -> Reply:
        """Give one of one's passkeys another label."""
        _, person = await self._verified_person(visit)
        label = read_label(read_object(visit.body).get("label"))
        was = await self._desk.rename(person, _credential_id(visit), label)
        await self._tell(visit, person, Event.PASSKEY_RENAMED, f"{was.label} → {label}")
        return json_reply(OK | {"label": label})

    @route(app, "/.gateway/account/passkey/remove", methods=["POST"], takes=Body.JSON)
    async def passkey_remove(self, visit: Visit) -> Reply:
        """Remove one of one's passkeys; sessions that were verified by it are over."""
        live, person = await self._verified_person(visit)
        was = await self._desk.remove(person, _credential_id(visit))
        await self._tell(visit, person, Event.PASSKEY_REMOVED, was.label)
        return json_reply(OK | {"is_signed_out": live.ended})

    # Another phone

    @route(app, "/.gateway/account/phone", methods=["POST"], takes=Body.JSON)
    async def phone(self, visit: Visit) -> Reply:
        """A code on the screen, by which another phone registers a passkey."""
        _, person = await self._verified_person(visit)
        token, invitation = await self._desk.invite_phone(person)
        link = f"{self.pages.public.origin}/.gateway/enroll/{tokens.encode(token)}"
        qr = await self.office.aside(lambda: qr_path(link))
        return json_reply(
            {
                "link": link,
                "modules": qr.modules,
                "path": qr.path,
                "lifetime_s": invitation.expires - invitation.created,
                "code": encode_base64url(invitation.token_hash),
            }
        )

    @route(app, "/.gateway/account/phone/state", methods=["POST"], takes=Body.JSON)
    async def phone_state(self, visit: Visit) -> Reply:
        """What has become of that code; the page asks every other second."""
        person = await self._desk.person(self.signed_in(visit))
        bound = await self._desk.bound(person, TokenHash(_bytes_of(visit, "code")))
        if bound.passkey is None:
            return json_reply({"progress": bound.progress})
        return json_reply(
            {
                "progress": bound.progress,
                "label": bound.passkey.label,
                "shape": shape_of(bound.passkey),
                "credential_id": encode_base64url(bound.passkey.credential_id),
            }
        )

    @route(app, "/.gateway/account/phone/cancel", methods=["POST"], takes=Body.JSON)
    async def phone_cancel(self, visit: Visit) -> Reply:
        """Make that code void."""
        await self._desk.withdraw_phone(await self._desk.person(self.signed_in(visit)))
        return json_reply(OK)

    # Sessions

    @route(app, "/.gateway/account/session/end", methods=["POST"], takes=Body.JSON)
    async def session_end(self, visit: Visit) -> Reply:
        """End one of one's sessions."""
        _, person = await self._verified_person(visit)
        session_id = read_object(visit.body).get("session_id")
        if not isinstance(session_id, str):
            raise RefusedError(Reason.BAD_REQUEST, "no session is named")
        ended = await self._desk.end_session(person, session_id)
        where = terminal_name(self._say(visit), ended.session.user_agent)
        await self._tell(visit, person, Event.SESSION_ENDED, where)
        return json_reply(OK)

    @route(app, "/.gateway/account/session/end-others", methods=["POST"], takes=Body.JSON)
    async def session_end_others(self, visit: Visit) -> Reply:
        """End all of one's sessions but this one."""
        live, person = await self._verified_person(visit)
        ended = await self._desk.end_others(live)
        if ended:
            await self._tell(visit, person, Event.SESSIONS_ENDED, str(ended))
        return json_reply(OK | {"ended": ended})

    # Recovery codes and the language

    @route(app, "/.gateway/account/recovery-codes", methods=["POST"], takes=Body.JSON)
    async def recovery_codes(self, visit: Visit) -> Reply:
        """New recovery codes: this answer is the only place where they are ever shown."""
        _, person = await self._verified_person(visit)
        codes = await self._desk.new_recovery_codes(person)
        await self._tell(visit, person, Event.RECOVERY_CODES_MADE, "")
        return json_reply({"codes": list(codes)})

    @route(app, "/.gateway/account/language", methods=["POST"], takes=Body.JSON)
    async def language(self, visit: Visit) -> Reply:
        """Remember which language this person reads, and show it in this browser at once."""
        person = await self._desk.person(self.signed_in(visit))
        chosen = _language_of(visit)
        await self._desk.speak(person, chosen)
        cookie = self.cookie(self.pages.cookies.language, chosen, max_age_s=LANGUAGE_LIFETIME_S)
        return json_reply(OK, cookies=(cookie,))

    explain_routing(app)

    def _say(self, visit: Visit) -> Say:
        return self.pages.languages.catalogue(visit.language).say

    async def _verified_person(self, visit: Visit) -> tuple[LiveSession, Person]:
        """
        Who changes something here: verified a short while ago, and still somebody.

        Raises:
            RefusedError: SIGN_IN_REQUIRED or VERIFICATION_REQUIRED.
        """
        live = self.freshly_verified(visit)
        return live, await self._desk.person(live)

    async def _tell(self, visit: Visit, person: Person, event: Event, subject: str) -> None:
        """Tell the person; what is done stays done when that fails."""
        try:
            await self.announce(visit, person, event, subject)
        except GatewayError:
            self.log.failure("telling {user!r} of {what}", user=person.name, what=event)


def _credential_id(visit: Visit) -> bytes:
    return _bytes_of(visit, "credential_id")


def _bytes_of(visit: Visit, name: str) -> bytes:
    """
    A member of the question in base64url; what is no spelling of anything is nobody's.

    Raises:
        RefusedError: BAD_REQUEST.
    """
    text = read_object(visit.body).get(name)
    if not isinstance(text, str) or len(text) > 2 * CREDENTIAL_ID_LIMIT_BYTES:
        raise RefusedError(Reason.BAD_REQUEST, f"{name}: not base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(Reason.BAD_REQUEST, f"{name}: not base64url") from None


def _language_of(visit: Visit) -> Language:
    language = named(str(read_object(visit.body).get("language")))
    if language is None:
        raise RefusedError(Reason.BAD_REQUEST, "an unknown language")
    return language
