"""Whatever happens in whatever order, the table, its copy and the store agree in the end."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from gateway.errors import GatewayError
from gateway.rules.records import Person, TokenHash
from gateway.store.live import LiveSession, LiveSessions
from gateway.store.replica import Replica
from tests.store.bench import LIMITS, Bench, FragileStore
from tests.store.samples import ANNA, MIO, session, token_hash

SOMEBODY = st.sampled_from([ANNA, MIO])
KEYS = st.sampled_from([b"k1", b"k2"])
WAITS = st.sampled_from([1.0, 60.0, LIMITS.idle_s / 2, LIMITS.idle_s])
MOSTLY = st.sampled_from([True, True, True, True, False])


class NewsStore(FragileStore):
    """A store that other processes use, too."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0

    async def foreign_change(self) -> int:
        """Differs once another process has changed something."""
        return self.changes


class Worker:
    """A worker process that hears everything at once."""

    def __init__(self, bench: Bench) -> None:
        self.replica = Replica(clock=bench.clocks.steady, limits=LIMITS)

    def opened(self, live: LiveSession) -> Deferred[None]:
        """Let it in."""
        self.replica.take([self._copied(live)])
        return succeed(None)

    def renewed(self, old: TokenHash, live: LiveSession) -> Deferred[None]:
        """It has another token."""
        self.replica.renew(old, self._copied(live))
        return succeed(None)

    def changed(self, people: Sequence[Person]) -> Deferred[None]:
        """People have changed."""
        self.replica.change_people(people)
        return succeed(None)

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """These are dead."""
        self.replica.end(token_hashes)
        return succeed(None)

    def _copied(self, live: LiveSession) -> LiveSession:
        return LiveSession(
            live.session, live.person, begun=live.begun, used=live.used, verified=live.verified
        )


class Agreement(RuleBasedStateMachine):
    """One gateway whose disk takes its time, and another process at the same store."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.store = NewsStore()
        self.bench.store = self.store
        for person in (ANNA, MIO):
            self.bench.pump.run(self.store.add_person(person))
        self.live: LiveSessions = self.bench._start()
        self.bench.live = self.live
        self.worker = Worker(self.bench)
        self.live.audience = self.worker
        self.bench.pump.run(self.live.look_elsewhere())
        self.seen: list[LiveSession] = []
        self.count = 0
        self.faults: list[Failure] = []
        for person in (ANNA, ANNA, MIO):
            self.open(person, b"k1", None)
        self.store.pause = Deferred()

    def _begin(self, coroutine: Coroutine[Deferred[object], object, object]) -> None:
        """It may take its time, and be refused."""
        begun = Deferred.fromCoroutine(coroutine)
        begun.addErrback(self._judge)

    def _judge(self, failure: Failure) -> None:
        if not failure.check(GatewayError):
            self.faults.append(failure)

    def _fresh(self) -> str:
        self.count += 1
        return f"{self.count}"

    def _some(self, number: int) -> LiveSession | None:
        lives = self.live.those(self.live.open_now())
        return lives[number % len(lives)] if lives else None

    @rule(person=SOMEBODY, key=KEYS, old=st.none() | st.integers(0, 5))
    def open(self, person: Person, key: bytes, old: int | None) -> None:
        """Somebody signs in, perhaps in the place of another session."""
        token = self._fresh()
        fresh = session(token, created=self.bench.clocks.wall(), person=person)
        replaced = None if old is None else self._some(old)
        self._begin(
            self.live.open(
                replace(fresh, credential_id=key),
                person,
                replacing=None if replaced is None else replaced.session.token_hash,
            )
        )

    @rule(number=st.integers(0, 5), key=KEYS)
    def renew(self, number: int, key: bytes) -> None:
        """Somebody is verified again."""
        live = self._some(number)
        if live is None:
            return
        now = self.bench.clocks.wall()
        record = replace(
            live.session,
            token_hash=token_hash(self._fresh()),
            credential_id=key,
            last_used=now,
            verified=now,
        )
        self._begin(self.live.renew(live, record))

    @rule(number=st.integers(0, 5))
    def end(self, number: int) -> None:
        """Somebody signs out."""
        live = self._some(number)
        if live is not None:
            self._begin(self.live.end(live.session.token_hash))

    @rule(person=SOMEBODY, besides=st.none() | st.integers(0, 5))
    def end_of_person(self, person: Person, besides: int | None) -> None:
        """Somebody signs out elsewhere."""
        spared = None if besides is None else self._some(besides)
        token = None if spared is None else spared.session.token_hash
        self._begin(self.live.end_of_person(person.id, besides=token))

    @rule(key=KEYS)
    def end_of_passkey(self, key: bytes) -> None:
        """A passkey is not trusted any more."""
        self._begin(self.live.end_of_passkey(key))

    @rule(person=SOMEBODY, groups=st.sampled_from([(), ("it",)]), is_enabled=MOSTLY)
    def change(self, person: Person, groups: tuple[str, ...], *, is_enabled: bool) -> None:
        """Somebody is changed here, perhaps disabled."""

        async def change() -> None:
            await self.store.at_the_disk()
            changed = await self.store.change_person(person.id, groups=groups, enabled=is_enabled)
            await self.store.at_the_disk()
            assert changed is not None
            await self.live.change_person(changed)

        self._begin(change())

    @rule(person=SOMEBODY, groups=st.sampled_from([(), ("hr",)]), is_enabled=MOSTLY)
    def change_elsewhere(
        self, person: Person, groups: tuple[str, ...], *, is_enabled: bool
    ) -> None:
        """Somebody is changed by another process."""
        self.store.changes += 1
        self.bench.pump.run(self.store.change_person(person.id, groups=groups, enabled=is_enabled))

    @rule(number=st.integers(0, 5))
    def end_elsewhere(self, number: int) -> None:
        """Another process deletes a session."""
        if self.store._sessions:
            tokens = sorted(self.store._sessions)
            self.store.changes += 1
            del self.store._sessions[tokens[number % len(tokens)]]

    @rule(duration_s=WAITS, number=st.integers(0, 5))
    def work(self, duration_s: float, number: int) -> None:
        """Time passes, and somebody goes on working."""
        self.bench.clocks.advance(duration_s)
        live = self._some(number)
        if live is not None:
            self.live.note_uses([(live.session.token_hash, self.bench.clocks.steady.seconds())])

    @rule()
    def flush(self) -> None:
        """What is due is written."""
        self._begin(self.live.flush())

    @rule()
    def look(self) -> None:
        """The gateway looks for changes of other processes."""
        self._begin(self.live.look_elsewhere())

    @rule(is_working=MOSTLY)
    def go_on(self, *, is_working: bool) -> None:
        """The disk has done what it was asked until now, or failed."""
        self._let_go(is_failing=not is_working)
        self.store.pause = Deferred()

    def _let_go(self, *, is_failing: bool) -> None:
        pause, self.store.pause = self.store.pause, None
        self.store.is_failing = is_failing
        if pause is not None:
            pause.callback(None)
        self.store.is_failing = False

    @invariant()
    def whoever_ended_stays_out(self) -> None:
        """What has ended is not found, what is not found has ended, and nothing went wrong."""
        assert [] == self.faults
        self.seen += self.live.those(self.live.open_now())
        for each in self.seen:
            found = self.live.those([each.session.token_hash])
            assert each.ended != (found == [each])

    def teardown(self) -> None:
        """It must be so at the very end, too."""
        self.all_agree_in_the_end()

    @rule()
    def all_agree_in_the_end(self) -> None:
        """When nothing is under way any more, and all was looked for, there is no difference."""
        self._let_go(is_failing=False)
        self.bench.pump.run(self.live.look_elsewhere())
        self.bench.pump.run(self.live.flush())
        stored = {each.token_hash: each for each in self.bench.pump.run(self.store.sessions())}
        lives = self.live.those(self.live.open_now())
        assert stored.keys() == {each.session.token_hash for each in lives}
        assert set(stored) == set(self.worker.replica._live)
        for each in lives:
            assert self.bench.pump.run(self.store.person(each.person.id)) == each.person
            assert each.person.enabled
            record = stored[each.session.token_hash]
            assert record.credential_id == each.session.credential_id
            copied = self.worker.replica._live[each.session.token_hash]
            assert (each.person, each.verified) == (copied.person, copied.verified)
        for person in (ANNA, MIO):
            theirs = {each.session.id for each in self.live.of_person(person.id)}
            assert theirs == {each.id for each in stored.values() if each.person_id == person.id}
        self.store.pause = Deferred()


def test_table_and_store_agree() -> None:
    """Sign-ins, verifications, ends and changes in any order leave nothing in one place only."""
    limits = settings(max_examples=50, stateful_step_count=30, deadline=None)

    run_state_machine_as_test(Agreement, settings=limits)
