"""What belongs to no page in particular: the language, the static files, the health address."""

from __future__ import annotations

from urllib.parse import parse_qs

from klein import Klein

from gateway.errors import Reason, RefusedError
from gateway.login.room import Room
from gateway.pages.languages import Language, named
from gateway.pages.reply import HEALTH_JSON, Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules.answers import read_object

LANGUAGE_LIFETIME_S = 400 * 24 * 3600
"""Seconds that the choice of a language is kept: the longest that browsers allow."""


class PublicPages(Room):
    """What anybody may ask for, signed in or not."""

    app = Klein()

    @route(app, "/.gateway/language", methods=["POST"], takes=Body.FORM_OR_JSON)
    async def language(self, visit: Visit) -> Reply:
        """Remember which language this browser's person reads."""
        chosen = _language_of(visit)
        cookie = self.cookie(self.pages.cookies.language, chosen, max_age_s=LANGUAGE_LIFETIME_S)
        if not visit.wants_page:
            return json_reply({"ok": True}, cookies=(cookie,))
        return Reply(status=303, headers=((b"location", b"/.gateway/login"),), cookies=(cookie,))

    @route(app, "/.gateway/health", methods=["GET"])
    async def health(self, visit: Visit) -> Reply:
        """Whether the gateway answers, for load balancers; no more than that."""
        return json_reply({"status": "pass"}, content_type=HEALTH_JSON)

    @route(app, "/.well-known/passkey-endpoints", methods=["GET"])
    async def passkey_endpoints(self, visit: Visit) -> Reply:
        """Where password managers send people who look after their passkeys (W3C)."""
        account = f"{self.pages.public.origin}/.gateway/account"
        return json_reply({"enroll": account, "manage": account})

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
