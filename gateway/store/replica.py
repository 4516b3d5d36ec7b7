"""
A worker process's copy of the open sessions. It is told; it decides nothing for others.

The process that owns the store tells it what opens, what ends and what was used elsewhere;
it tells what was used here (`take_uses`). A session that looks over is refused but stays: a
use in another worker that is still on its way may show that it is not. Only the owner ends
sessions.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.rules.records import Person, TokenHash
from gateway.store.table import LiveSession, SessionTable, Uses


class Replica(SessionTable):
    """The open sessions, as this process was told."""

    def take(self, sessions: Iterable[LiveSession]) -> None:
        """Let these in. One that is here already stays as it is: connections hold it."""
        for live in sessions:
            if live.session.token_hash not in self._live:
                self._admit(live)

    def renew(self, old: TokenHash, renewed: LiveSession) -> None:
        """
        A session lives on under another token, the old one is dead.

        The object that connections hold stays the one.
        """
        live = self._live.get(old)
        if live is None:
            self.take([renewed])
            return
        self._rename(live, renewed.session, verified=renewed.verified)
        live.used = max(live.used, renewed.used)

    def change_people(self, people: Iterable[Person]) -> None:
        """These people have other names, groups, … from now on."""
        for each in people:
            self._show(each)

    def end(self, token_hashes: Iterable[TokenHash]) -> None:
        """These are dead from now on."""
        for each in token_hashes:
            self._drop(each)

    def end_all(self) -> None:
        """Nobody is signed in any more: there is nobody left who could tell who is."""
        self.end(list(self._live))

    def note_uses(self, uses: Uses) -> None:
        """These were used in other processes."""
        self._raise_uses(uses)

    def take_uses(self) -> list[tuple[TokenHash, float]]:
        """What was used here since the last time."""
        used, self._used = self._used, []
        return [(live.session.token_hash, live.used) for live in self._take(used)]
