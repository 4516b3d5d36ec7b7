"""The letters of a running service: the face of this room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.config import Config
from gateway.mail.letters import Letters, Scribe
from gateway.mail.outbox import Outbox
from gateway.pages.languages import Languages
from gateway.rules.records import Change, Person
from gateway.store.interface import Store


class MailRoom:
    """Letters of a running service: `announce` tells people, `close` ends it."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        store: Store,
        languages: Languages,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
    ) -> None:
        self.outbox: Outbox | None = None
        if config.notices.smtp is None:
            self._letters = Letters(store)
            return
        # Only now: Twisted's SMTP asks for this machine's name when it is imported, which may wait
        # for a name server.
        from gateway.mail.relay import Relay

        relay = Relay(config.notices, reactor, identity=config.gateway.public.host)
        self.outbox = Outbox(relay.deliver, clock=reactor)
        scribe = Scribe(config, languages, wall=wall, token_bytes=token_bytes)
        self._letters = Letters(store, scribe=scribe, post=self.outbox.post)

    async def announce(self, person: Person, change: Change) -> None:
        """Tell that person of the change. Never fails, never waits for a mail server."""
        await self._letters.announce(person, change)

    async def close(self) -> None:
        """Finish what is under way, for a few seconds."""
        if self.outbox is not None:
            await self.outbox.close()
