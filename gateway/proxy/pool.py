"""
The connections to the app: which of its backends carries a request, and on which connection.

A request gets an idle connection of the backend whose turn it is (`rules.backends`), else a
new one. A backend that is not reached costs it nothing but time: nothing was sent, so the next
one is tried, as long as the request is younger than `connect_s`. Where every backend has as many
connections as it may have, requests wait in line, in order; who waited for `connect_s`, or
comes when the line is full, is told that the app is busy. So within twice `connect_s` every
request has a connection or a fault.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTCP, IReactorTime

from gateway.proxy.back import Exchange, Fault
from gateway.proxy.connections import Connections, Seeker, Terms
from gateway.proxy.reach import Place, Trouble, endpoint_for
from gateway.rules.backends import Backend, Turns, least_bad

CONNECTIONS = 1024
"""Per backend, see `[[app]] connections`."""

LINE_LIMIT = 512
"""Requests that wait for a connection: with some 20 KiB each about 10 MiB. Who would be
further back than this would wait in vain."""


class Pool:
    """The connections to all backends of one app."""

    def __init__(
        self,
        places: Sequence[Place] | IReactorTCP,
        clock: IReactorTime,
        *,
        connect_s: float,
        connections: int = CONNECTIONS,
        host: str = "",
        port: int = 0,
    ) -> None:
        if host:  # one backend without TLS, by a reactor: as long as anybody calls it so
            backend = Backend(scheme="http", host=host, port=port)
            places = (_plain_place(backend, places),)
        assert isinstance(places, Sequence), "the backends"
        self._line: dict[Exchange, Seeker] = {}
        terms = Terms(
            clock=clock,
            connect_s=connect_s,
            limit=connections,
            has_several=len(places) > 1,
            room=self._serve,
            not_reached=self._not_reached,
        )
        self.backends = tuple(Connections(each, terms, self._line) for each in places)
        self.has_several = terms.has_several
        """Whether what one backend has not answered can be asked of another."""
        self._only = None if terms.has_several else self.backends[0]
        self._turns = Turns(len(self.backends))
        self._now = clock.seconds
        self._connect_s = connect_s
        self._is_serving = False
        self._is_closed = False

    def find(self, exchange: Exchange, *, is_fresh: bool = False) -> None:
        """
        Give the exchange a connection by calling `connected`, perhaps at once.

        Args:
            exchange: who asks; `failed` is called when there is none to be had.
            is_fresh: nothing from the pool: the last one from there was dead.
        """
        only = self._only
        if only is None or is_fresh or not only.hand(exchange):
            self._seek(Seeker(exchange=exchange, is_fresh=is_fresh, began=self._now()))

    def leave(self, exchange: Exchange) -> None:
        """The exchange needs no connection any more; does nothing unless it waits in line."""
        self._line.pop(exchange, None)

    def _seek(self, seeker: Seeker) -> None:
        if self._line:
            self._serve()  # nobody overtakes those who wait
        home = self._choose(seeker.tried)
        if self._is_closed:
            seeker.exchange.failed(Fault.BUSY, got_nothing=False)
        elif home is not None:
            _give(home, seeker)
        elif len(self._line) < LINE_LIMIT:
            self._line[seeker.exchange] = seeker
        else:
            seeker.exchange.failed(Fault.BUSY, got_nothing=False)

    def _choose(self, tried: tuple[Connections, ...]) -> Connections | None:
        """Whom to ask now; None = nobody has room."""
        if self._only is not None:
            return self._only if self._only.has_room else None
        now = self._now()
        weights = [0.0 if each in tried else each.weight(now) for each in self.backends]
        if not any(weights):
            return self._choose_of_down(tried)
        roomy = [
            weight if each.has_room else 0.0
            for each, weight in zip(self.backends, weights, strict=True)
        ]
        chosen = self._turns.choose(roomy, [each.busy for each in self.backends])
        return None if chosen is None else self.backends[chosen]

    def _choose_of_down(self, tried: tuple[Connections, ...]) -> Connections | None:
        down = [each for each in self.backends if each not in tried and each.has_room]
        return down[least_bad([each.standing for each in down])] if down else None

    def _not_reached(self, home: Connections, seeker: Seeker, trouble: Trouble) -> None:
        """Try the next one, if there is one, and time."""
        seeker.tried = (*seeker.tried, home)
        seeker.fault = trouble.fault
        is_in_time = self._now() - seeker.began < self._connect_s
        if is_in_time and len(seeker.tried) < len(self.backends) and not self._is_closed:
            self._seek(seeker)
        else:
            seeker.exchange.failed(seeker.fault, got_nothing=False)
        if self._line:
            self._serve()

    def _serve(self) -> None:
        """Give whoever waits what there is."""
        if self._is_serving:  # whoever is served may give back at once: one loop, no recursion
            return
        self._is_serving = True
        try:
            while self._line:
                seeker = next(iter(self._line.values()))
                home = self._choose(seeker.tried)
                if home is None:
                    break
                del self._line[seeker.exchange]
                _give(home, seeker)
        finally:
            self._is_serving = False

    def sweep(self) -> None:
        """Close what is old, look after the backends: to be called about once a second."""
        for home in self.backends:
            home.sweep()
        self._serve()
        self._end_waiting(self._now() - self._connect_s)

    def _end_waiting(self, since: float) -> None:
        while self._line:
            seeker = next(iter(self._line.values()))
            if seeker.began > since:
                break
            del self._line[seeker.exchange]
            seeker.exchange.failed(Fault.BUSY, got_nothing=False)

    def close(self) -> None:
        """Let go of all that is idle, of whoever waits, and look after nothing any more."""
        self._is_closed = True
        self._end_waiting(self._now())
        for home in self.backends:
            home.close()


def _give(home: Connections, seeker: Seeker) -> None:
    if seeker.is_fresh or not home.hand(seeker.exchange):
        home.open(seeker)


def _plain_place(backend: Backend, reactor: object) -> Place:
    return Place(
        name=backend.name,
        authority=backend.authority.encode("ascii"),
        weight=1,
        endpoint=endpoint_for(backend, reactor, None),
    )
