"""The pages at which people look after their own account."""

from __future__ import annotations

from klein import Klein

from gateway.login.room import Room
from gateway.pages.reply import Reply, Visit
from gateway.pages.routes import explain_routing, route


class AccountPages(Room):
    """A person's own account."""

    app = Klein()

    @route(app, "/.gateway/account", methods=["GET"])
    async def account(self, visit: Visit) -> Reply:
        """A person's own account."""
        live = self.live(visit)
        if live is None:
            return self.sign_in_page(visit, after="reload", status=401)
        passkeys = await self.office.store.passkeys_of(live.person.id)
        return self.pages.page(
            "account.html", visit.language, person=live.person, passkeys=passkeys
        )

    explain_routing(app)
