"""
The page at which people enter a recovery code.

A plain form that works without any script: who stands here has lost a device, and may be at a
borrowed one. It leads to the enrolment page of the invitation that the code was good for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from klein import Klein

from gateway.errors import Reason, RefusedError
from gateway.login.recovery import RecoveryDesk
from gateway.login.room import Office, Room
from gateway.login.visitor import visitor_of
from gateway.pages.render import STATUS
from gateway.pages.reply import Reply, Visit, json_reply
from gateway.pages.requests import Body
from gateway.pages.routes import explain_routing, route
from gateway.rules import tokens
from gateway.rules.answers import read_object
from gateway.rules.records import NAME_LIMIT

FIELDS_LIMIT = 8
"""Fields of a form that are read; ours has two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a person has entered."""

    username: str = ""
    code: str = ""


class RecoveryPages(Room):
    """The way back for people who have no device left."""

    app = Klein()

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self._desk = RecoveryDesk(
            store=office.store,
            clock=office.clock,
            wall=office.wall,
            token_bytes=office.token_bytes,
            announce=office.announce,
        )

    @route(app, "/.gateway/recovery", methods=["GET"])
    async def recovery(self, visit: Visit) -> Reply:
        """The form."""
        return self._form(visit, Entry())

    @route(app, "/.gateway/recovery", methods=["POST"], takes=Body.FORM_OR_JSON)
    async def recover(self, visit: Visit) -> Reply:
        """Spend a code, and go on to the enrolment page."""
        entry = _entry_of(visit)
        wait_s = self._desk.count(entry.username, address=visit.address)
        if wait_s > 0:
            return self._wait(visit, entry, wait_s)
        try:
            token = await self._desk.spend(entry.username, entry.code, visitor_of(visit))
        except RefusedError as refused:
            if not visit.wants_page:
                raise
            reason = refused.reason
            return self._form(visit, entry, STATUS[reason], f"refused.{reason}", reason)
        place = f"/.gateway/enroll/{tokens.encode(token)}"
        if visit.wants_page:
            return Reply(status=303, headers=((b"location", place.encode("ascii")),))
        return json_reply({"next": place})

    explain_routing(app)

    def _form(
        self, visit: Visit, entry: Entry, status: int = 200, trouble: str = "", code: str = ""
    ) -> Reply:
        """The form with the name that was entered; a code is never sent back."""
        return self.pages.page(
            "recovery.html",
            visit.language,
            status=status,
            username=entry.username,
            trouble=trouble,
            code=code,
            name_limit=NAME_LIMIT,
        )

    def _wait(self, visit: Visit, entry: Entry, wait_s: float) -> Reply:
        """RFC 6585 4: too many, and when to come again."""
        sentence, code = "trouble.recovery-busy", "too-many-tries"
        if visit.wants_page:
            reply = self._form(visit, entry, 429, sentence, code)
        else:
            reply = self.pages.trouble(visit, sentence, status=429, code=code)
        after = (b"retry-after", b"%d" % math.ceil(wait_s))
        return replace(reply, headers=(*reply.headers, after))


def _entry_of(visit: Visit) -> Entry:
    """
    What was entered, by the form or by a script.

    Raises:
        RefusedError: BAD_REQUEST.
    """
    is_json = visit.body[:1] == b"{"
    fields = read_object(visit.body) if is_json else _form_fields(visit.body)
    username, code = fields.get("username"), fields.get("code")
    if not isinstance(username, str) or not isinstance(code, str):
        raise RefusedError(Reason.BAD_REQUEST, "a field is missing")
    return Entry(username=username[: 4 * NAME_LIMIT], code=code)


def _form_fields(body: bytes) -> dict[str, object]:
    try:
        pairs = parse_qs(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_LIMIT,
        )
    except ValueError:
        raise RefusedError(Reason.BAD_REQUEST, "a form that cannot be read") from None
    return {name: values[0] for name, values in pairs.items() if len(values) == 1}
