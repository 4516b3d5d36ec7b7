"""
The pages that explain: how to sign in with what one has, and what to do when it fails.

They are open to all, since whoever needs them most cannot sign in, and they say nothing that
is not the same for everybody. They change with our releases only, but the person's language
is in a cookie, so they are not kept by browsers either.
"""

from __future__ import annotations

from klein import Klein

from gateway.errors import Reason, RefusedError
from gateway.login.room import Room
from gateway.pages.reply import Framing, Reply, Visit
from gateway.pages.routes import explain_routing, route

TOPICS = (
    "phone",
    "pc-and-phone",
    "security-key",
    "lost",
    "browsers",
    "devices",
    "administrators",
)
"""The pages behind the index, in its order; each has its template `help-TOPIC.html`.

One-time passwords get theirs ("one-time-password") when they come: nothing is promised here
that does not work yet.
"""


class HelpPages(Room):
    """Help for everybody."""

    app = Klein()

    @route(app, "/.gateway/help", methods=["GET"])
    async def index(self, visit: Visit) -> Reply:
        """All help, by the situation in which a person is."""
        return self._page(visit, "help.html")

    @route(app, "/.gateway/help/<topic>", methods=["GET"])
    async def topic(self, visit: Visit, topic: str) -> Reply:
        """One situation: what is needed, step by step, and what if it fails."""
        if topic not in TOPICS:
            raise RefusedError(Reason.NOT_FOUND, "no such help page")
        return self._page(visit, f"help-{topic}.html")

    def _page(self, visit: Visit, template: str) -> Reply:
        """A page that may stand in a frame of our own, where sign-in does (it does nothing)."""
        return self.pages.page(template, visit.language, framing=Framing.BY_OURSELVES)

    explain_routing(app)
