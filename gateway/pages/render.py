"""
Pages from templates, in the person's language.

Templates know sentences by name (`t("sign-in.title")`) and escape every value. A name that
is missing, in a template or in the catalogue, is an error and never an empty place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from babel.dates import format_date
from jinja2 import DictLoader, Environment, StrictUndefined

from gateway.config.look_options import Look
from gateway.errors import Reason
from gateway.pages.assets import Assets
from gateway.pages.languages import Catalogue, Language, Languages
from gateway.pages.reply import Framing, Reply, Visit, json_reply
from gateway.rules.answers import encode_base64url
from gateway.rules.cookies import CookieNames, cookie_names
from gateway.rules.public import PublicOrigin

STATUS: dict[Reason, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.FOREIGN_ORIGIN: 403,
    Reason.EXPIRED: 403,
    Reason.UNKNOWN_PASSKEY: 403,
    Reason.REMOVED_PASSKEY: 403,
    Reason.NOT_VERIFIED: 403,
    Reason.REFUSED: 403,
    Reason.ALREADY_REGISTERED: 409,
    Reason.INVITATION_SPENT: 410,
    Reason.TOO_LARGE: 413,
    Reason.SIGN_IN_REQUIRED: 401,
    Reason.VERIFICATION_REQUIRED: 403,
    Reason.NOT_FOUND: 404,
    Reason.LAST_WAY_IN: 409,
    Reason.NOT_ALLOWED_HERE: 403,
    Reason.RECOVERY_CODE: 403,
}
"""How each refusal is told in HTTP."""

PLAIN = Look()
"""No logo, no colour, no notice."""

INCIDENT_BYTES = 4
"""Random bytes of an incident's number: short enough to be read out on the telephone."""


class Pages:
    """Everything that it takes to answer with a page: shared by all sites of ours."""

    def __init__(
        self,
        *,
        public: PublicOrigin,
        gateway_name: str,
        languages: Languages,
        assets: Assets,
        token_bytes: Callable[[int], bytes],
        look: Look = PLAIN,
    ) -> None:
        self.public = public
        self.gateway_name = gateway_name
        self.languages = languages
        self.assets = assets
        self.look = look
        """The same that `load_assets` was given."""
        self.cookies: CookieNames = cookie_names(public.is_secure)
        self._token_bytes = token_bytes
        self.failures: dict[tuple[int, tuple[Language, ...], bool], bytes] = {}
        """See `gateway.pages.failure`."""
        self._templates = template_environment()

    def render(self, template: str, **values: object) -> str:
        """That template with these values, and with what every template may use."""
        return self._templates.get_template(template).render(
            gateway_name=self.gateway_name, look=self.look, static=self.assets.prefix, **values
        )

    def page(
        self,
        template: str,
        language: Language,
        *,
        status: int = 200,
        framing: Framing = Framing.NEVER,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        cookies: tuple[str, ...] = (),
        **values: object,
    ) -> Reply:
        """A page of that template in that language."""
        catalogue = self.languages.catalogue(language)
        body = self.render(
            template,
            t=catalogue.say,
            day=_day(catalogue),
            language=language,
            other_language=Language.EN if language is Language.JA else Language.JA,
            **values,
        )
        return Reply(
            status=status,
            body=body.encode("utf-8"),
            headers=((b"vary", b"Cookie, Accept-Language"), *headers),
            cookies=cookies,
            framing=framing,
        )

    def refusal(self, visit: Visit, reason: Reason) -> Reply:
        """What a person or a script sees of a refusal: the reason, never the detail."""
        return self.trouble(visit, f"refused.{reason}", status=STATUS[reason], code=reason)

    def trouble(
        self, visit: Visit, sentence: str, *, status: int, code: str, incident: str = ""
    ) -> Reply:
        """Something went wrong: one sentence, and a number to ask about where we have one."""
        if visit.wants_page:
            return self.page(
                "trouble.html",
                visit.language,
                status=status,
                framing=Framing.BY_OURSELVES,
                sentence=sentence,
                code=code,
                incident=incident,
            )
        message = self.languages.catalogue(visit.language).say(sentence)
        known = {"error": code, "message": message}
        return json_reply(known | ({"incident": incident} if incident else {}), status=status)

    def new_incident(self) -> str:
        """A number by which a person and the log mean the same trouble."""
        digits = self._token_bytes(INCIDENT_BYTES).hex().upper()
        return f"{digits[:4]}-{digits[4:]}"


@cache
def template_environment() -> Environment:
    """Every template that is shipped, read now."""
    templates = files("gateway") / "web" / "templates"
    environment = Environment(
        loader=DictLoader({each.name: each.read_text("utf-8") for each in templates.iterdir()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"base64url": encode_base64url, "iso": _iso}
    return environment


def _iso(when: float) -> str:
    return datetime.fromtimestamp(when, tz=UTC).isoformat(timespec="seconds")


def _day(catalogue: Catalogue) -> Callable[[float], str]:
    def day(when: float) -> str:
        moment = datetime.fromtimestamp(when, tz=UTC)
        return format_date(moment, format="long", locale=str(catalogue.language))

    return day
