"""
All workers: N processes that take the browsers' connections, while this one has the pages.

This process binds the ports and never accepts from them (`sharing`; the choice is explained
in docs/decisions). It keeps the sessions, and says on N lines what becomes of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IListeningPort, IReactorTime

from gateway.rules.records import Person, TokenHash
from gateway.rules.vitals import CheckResult, Level
from gateway.store.table import LiveSession, slices
from gateway.workers import words
from gateway.workers.overseer import Office, Overseer
from gateway.workers.post import Hire, Post, State
from gateway.workers.sharing import descriptors

LATE_S = 2.0
"""What a use in a worker may need to get here: reported each half second, and some delay."""


class Bind(Protocol):
    """Binds the ports for browsers."""

    def __call__(self) -> Awaitable[Mapping[str, Sequence[IListeningPort]]]:
        """The ports by their keys in `[listen]`. Raises GatewayError."""
        ...


class HireFor(Protocol):
    """How processes are started once the ports are bound."""

    def __call__(self, descriptors: Sequence[tuple[str, int]]) -> Hire:
        """Starts processes that are given these listening sockets."""
        ...


class Crew:
    """Opens, closes and looks after the workers; told of sessions, it tells them."""

    def __init__(
        self, count: int, *, clock: IReactorTime, office: Office, bind: Bind, hire_for: HireFor
    ) -> None:
        self._count = count
        self._clock = clock
        self._office = office
        self._bind = bind
        self._hire_for = hire_for
        self.posts: list[Post] = []

    async def open(self) -> None:
        """
        Bind the ports and start the workers.

        Raises:
            GatewayError: its text is a sentence for the administrator.
        """
        hire = self._hire_for(descriptors(await self._bind()))
        self.posts = [self._post(number, hire) for number in range(1, self._count + 1)]
        self._office.sessions.audience = self
        for post in self.posts:
            post.fill()

    def _post(self, number: int, hire: Hire) -> Post:
        return Post(number, clock=self._clock, hire=hire, make_line=self._make_line)

    def _make_line(self) -> Overseer:
        line = Overseer(self._office)
        line.relay = lambda packed: self._relay(line, packed)
        return line

    def _relay(self, source: Overseer, packed: bytes) -> None:
        for line in self._lines():
            if line is not source:
                line.pass_on(packed)

    def _lines(self) -> list[Overseer]:
        return [post.line for post in self.posts if post.line is not None]

    def sweep(self) -> None:
        """Look after every worker: to be called once a second."""
        for post in self.posts:
            post.look()

    async def close(self) -> None:
        """Have all workers end in good order."""
        leaving = [Deferred.fromCoroutine(post.leave()) for post in self.posts]
        await DeferredList(leaving)

    # As the audience of the sessions

    def opened(self, live: LiveSession) -> Deferred[None]:
        """See `store.audience.Audience.opened`."""
        return self._tell(words.Open, sessions=[live])

    def renewed(self, old: TokenHash, live: LiveSession) -> Deferred[None]:
        """See `store.audience.Audience.renewed`."""
        return self._tell(words.Renew, old=[old], sessions=[live])

    def changed(self, people: Sequence[Person]) -> Deferred[None]:
        """See `store.audience.Audience.changed`."""
        return _all([self._tell(words.ChangePeople, people=some) for some in slices(people)])

    def ended(self, token_hashes: Sequence[TokenHash]) -> Deferred[None]:
        """See `store.audience.Audience.ended`."""
        told = [self._tell(words.End, token_hashes=some) for some in slices(token_hashes)]
        return _all(told)

    def _tell(self, command: type[words.Command], **said: Any) -> Deferred[None]:
        return _all([line.tell(command, **said) for line in self._lines()])

    # Health

    def checks(self) -> dict[str, Callable[[], Awaitable[CheckResult]]]:
        """For the health document: how many serve, and how many connections each has."""
        checks: dict[str, Callable[[], Awaitable[CheckResult]]] = {"workers": self._strength}
        for number in range(1, self._count + 1):
            checks[f"worker {number}:connections"] = self._check_of(number)
        return checks

    async def _strength(self) -> CheckResult:
        serving = sum(post.state is State.SERVING for post in self.posts)
        level = Level.PASS if serving == self._count else Level.WARN if serving else Level.FAIL
        return CheckResult(
            level=level,
            output=f"{serving} of {self._count} workers serve",
            observed=serving,
            unit="workers",
        )

    def _check_of(self, number: int) -> Callable[[], Awaitable[CheckResult]]:
        async def check() -> CheckResult:
            post = self.posts[number - 1]
            serves = post.state is State.SERVING
            return CheckResult(
                level=Level.PASS if serves else Level.WARN,
                output=f"worker {number} is {post.state.value}",
                observed=post.connections,
                unit="connections",
            )

        return check


def _all(deferreds: list[Deferred[None]]) -> Deferred[None]:
    """Fires once all have; none of them fails."""
    done: Deferred[None] = Deferred()
    DeferredList(deferreds).addCallback(lambda _: done.callback(None))
    return done
