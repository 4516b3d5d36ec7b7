"""A pool on a clock of the test's own, whose backends the test plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from twisted.internet import error
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from gateway.proxy.back import Back, Fault
from gateway.proxy.connections import Connections
from gateway.proxy.pool import Pool
from gateway.proxy.reach import Place, endpoint_for
from gateway.rules.backends import Backend, State
from gateway.rules.response import ResponseHead
from tests.proxy.memory import End, Line

CONNECT_S = 5.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(eq=False)
class Asker:
    """A request without a browser: GET, and what came of it."""

    back: Back | None = None
    faults: list[Fault] = field(default_factory=list)
    body: bytes = b""
    is_answered: bool = False
    got_nothing: bool = False
    is_gone: bool = False
    """Whether nobody waits any more: whatever is given is given back."""

    def connected(self, back: Back) -> None:
        """Ask."""
        if self.is_gone:
            back.release(is_sent=True, was_slowed=False)
            return
        self.back = back
        back.carry(cast(Any, self), method=b"GET", may_switch=False)
        back.transport.write(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")

    def informed(self, head: ResponseHead) -> None:
        """Nothing waits for it."""

    def answered(self, head: ResponseHead) -> None:
        """The answer begins."""

    def pieces(self, pieces: list[bytes], *, is_last: bool) -> None:
        """The answer goes on; at its end the connection goes back."""
        self.body += b"".join(pieces)
        if is_last:
            back, self.back, self.is_answered = self.back, None, True
            if back is not None:
                back.release(is_sent=True, was_slowed=False)

    def whole(self, head: ResponseHead, body: bytes) -> None:
        """The answer came at once."""
        self.pieces([body], is_last=True)

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """Never asked for."""

    def tunnelled(self, data: bytes) -> None:
        """Never asked for."""

    def failed(self, fault: Fault, *, got_nothing: bool) -> None:
        """No answer."""
        self.back = None
        self.faults.append(fault)
        self.got_nothing = got_nothing


def place(name: str, reactor: object, *, weight: int = 1, probe: bytes = b"") -> Place:
    """A backend at an IP address."""
    host, _, port = name.rpartition(":")
    backend = Backend(scheme="http", host=host.strip("[]"), port=int(port))
    return Place(
        name=backend.name,
        authority=backend.authority.encode(),
        weight=weight,
        endpoint=endpoint_for(backend, reactor, None),
        probe=probe,
    )


class Playground:
    """Backends `10.0.0.1:80`, `10.0.0.2:80` and so on behind one pool."""

    def __init__(
        self,
        count: int = 1,
        *,
        connections: int = 1024,
        weights: tuple[int, ...] = (),
        probe: bytes = b"",
    ) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(1000.0)  # no clock begins at zero
        places = [
            place(f"10.0.0.{at + 1}:80", self.reactor, weight=weight, probe=probe)
            for at, weight in enumerate(weights or (1,) * count)
        ]
        self.pool = Pool(places, self.reactor, connect_s=CONNECT_S, connections=connections)
        self.taken = 0
        """How many attempts to connect the test has answered."""

    @property
    def backends(self) -> tuple[Connections, ...]:
        """What the pool has of each."""
        return self.pool.backends

    def is_first(self, state: State) -> bool:
        """Whether this is believed of the first one."""
        return self.backends[0].standing.state is state

    def ask(self, *, is_fresh: bool = False) -> Asker:
        """One more request."""
        asker = Asker()
        self.pool.find(cast(Any, asker), is_fresh=is_fresh)
        return asker

    @property
    def knocks(self) -> list[str]:
        """Where the pool wants to connect to, as far as the test has not answered."""
        return [each[0] for each in self.reactor.tcpClients[self.taken :]]

    def accept(self) -> End:
        """The next attempt to connect succeeds."""
        factory = self._next()
        back = factory.buildProtocol(None)
        line = Line(back)
        back.makeConnection(line)
        return End(protocol=back, line=line)

    def refuse(self) -> None:
        """The next attempt to connect is refused."""
        self.break_off(error.ConnectionRefusedError())

    def break_off(self, why: Exception) -> None:
        """The next attempt to connect fails so."""
        self._next().clientConnectionFailed(None, Failure(why))

    def _next(self) -> Any:
        factory = self.reactor.tcpClients[self.taken][2]
        self.taken += 1
        return factory

    def serve(self) -> tuple[Asker, End]:
        """A request that is answered on a new connection."""
        asker = self.ask()
        end = self.accept()
        end.hear(OK)
        return asker, end

    def wait(self, seconds: float) -> None:
        """Time passes; once a second the pool is swept."""
        for _ in range(int(seconds)):
            self.reactor.advance(1.0)
            self.pool.sweep()

    def wait_with_probes(self, seconds: float, *, well: frozenset[str]) -> None:
        """The same; each probe finds those backends well, and refused by the others."""
        for _ in range(int(seconds)):
            self.wait(1)
            while self.knocks:
                if self.knocks[0] in well:
                    self.accept()
                else:
                    self.refuse()
