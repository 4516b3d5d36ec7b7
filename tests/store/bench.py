"""A gateway's open sessions on a workbench: clocks that jump, a disk that fails, restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.errors import StoreError
from gateway.rules.records import Person, PersonId, Session, TokenHash
from gateway.rules.sessions import SessionLimits
from gateway.store.live import LiveSession, LiveSessions
from gateway.store.memory import MemoryStore
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, session, token_hash

HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S
LIMITS = SessionLimits(idle_s=0.5 * HOUR_S, lifetime_s=12 * HOUR_S)
TODAY = 1_800_000_000.0


class Clocks:
    """A machine's two clocks: one can be set wrong, the other only advances."""

    def __init__(self) -> None:
        self.steady = Clock()
        self.steady.advance(1234.5)
        self._now = TODAY

    def wall(self) -> float:
        """Time of day."""
        return self._now

    def advance(self, duration_s: float) -> None:
        """Time passes."""
        self.steady.advance(duration_s)
        self._now += duration_s

    def set_wrong(self, by_s: float) -> None:
        """Somebody sets the wall clock."""
        self._now += by_s

    def reboot(self) -> None:
        """The steady clock begins anew, as after a start of the machine."""
        self.steady = Clock()


class FragileStore(MemoryStore):
    """A store whose disk can fail, and whose changes can take their time."""

    def __init__(self) -> None:
        super().__init__()
        self.is_failing = False
        self.pause: Deferred[None] | None = None

    async def at_the_disk(self) -> None:
        """It may take its time, and it may fail."""
        if self.pause is not None:
            await self.pause
        if self.is_failing:
            raise StoreError("The disk fails.")

    async def remember_session(self, session: Session, *, replacing: TokenHash | None) -> None:
        """By the disk."""
        await self.at_the_disk()
        await super().remember_session(session, replacing=replacing)

    async def renew_session(self, session: Session, *, replacing: TokenHash) -> bool:
        """By the disk."""
        await self.at_the_disk()
        return await super().renew_session(session, replacing=replacing)

    async def end_sessions_of(
        self, person_id: PersonId, *, besides: str | None = None
    ) -> list[Session]:
        """By the disk."""
        await self.at_the_disk()
        return await super().end_sessions_of(person_id, besides=besides)

    async def end_sessions_by(self, credential_id: bytes) -> list[Session]:
        """By the disk."""
        await self.at_the_disk()
        return await super().end_sessions_by(credential_id)

    async def end_session(self, token_hash: TokenHash) -> bool:
        """By the disk."""
        await self.at_the_disk()
        return await super().end_session(token_hash)

    async def note_session_uses(self, uses: Mapping[TokenHash, float]) -> None:
        """By the disk."""
        await self.at_the_disk()
        await super().note_session_uses(uses)


class Bench:
    """A gateway's sessions, which can be restarted on the same store."""

    def __init__(self) -> None:
        self.pump = Pump()
        self.clocks = Clocks()
        self.store = FragileStore()
        self.pump.run(self.store.add_person(ANNA))
        self.pump.run(self.store.add_person(KENJI))
        self.live = self._start()

    def _start(self) -> LiveSessions:
        self.pump.clock = self.clocks.steady
        return LiveSessions(
            self.store, clock=self.clocks.steady, wall=self.clocks.wall, limits=LIMITS
        )

    def restart(self) -> int:
        """Stop without a word and start again; how many sessions were taken up."""
        self.clocks.reboot()
        self.live = self._start()
        count = self.pump.run(self.live.load())
        self.pump.run(self.live.flush())
        return count

    def open(
        self, token: str, *, person: Person = ANNA, replacing: str | None = None
    ) -> LiveSession:
        """Sign somebody in."""
        fresh = session(token, created=self.clocks.wall(), person=person)
        replaced = None if replacing is None else token_hash(replacing)
        return self.pump.run(self.live.open(fresh, person, replacing=replaced))

    def renewed(self, old: str, token: str, **changes: object) -> Session:
        """The record of a session whose person is verified again now."""
        now = self.clocks.wall()
        fresh = replace(session(old), token_hash=token_hash(token), created=TODAY)
        return replace(fresh, verified=now, last_used=now, **changes)  # type: ignore[arg-type]

    def find(self, token: str) -> LiveSession | None:
        """A request with that cookie."""
        return self.live.find(token.encode())

    def stored(self) -> list[str]:
        """Which sessions the store knows."""
        return [each.id.removeprefix("id of ") for each in self.pump.run(self.store.sessions())]
