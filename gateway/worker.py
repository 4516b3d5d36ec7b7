"""
A worker process: the data plane, on sockets that it was given, with a copy of the sessions.

`python -m gateway.worker NUMBER KEY…`, started by `workers.spawn` and by nobody else: it
reads its settings from stdin, talks to the main process on descriptor 3, and listens on those
from 4 on, in the order of the keys of `[listen]`. It has no store and no pages of its own,
and it ends with the main process, however that ends.
"""

from __future__ import annotations

from gateway import clock

clock.set_up()

import faulthandler  # noqa: E402 - after the clock
import os  # noqa: E402
import pickle  # noqa: E402
import secrets  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Mapping, Sequence  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any, cast  # noqa: E402

from twisted.internet.interfaces import IListeningPort, IProtocolFactory  # noqa: E402
from twisted.internet.protocol import Factory  # noqa: E402
from twisted.internet.task import LoopingCall  # noqa: E402
from twisted.logger import (  # noqa: E402
    ILogObserver,
    LogEvent,
    Logger,
    globalLogBeginner,
    jsonFileLogObserver,
)
from twisted.python.failure import Failure  # noqa: E402
from zope.interface import provider  # noqa: E402

from gateway.collector import settle  # noqa: E402
from gateway.config import Config  # noqa: E402
from gateway.dataplane import (  # noqa: E402
    SWEEP_EVERY_S,
    Dataplane,
    OwnPages,
    ToExchange,
    ToStepUp,
    make_pages,
)
from gateway.listen.ports import listen  # noqa: E402
from gateway.listen.tls import ServedCertificate  # noqa: E402
from gateway.sockets.lane import Lane  # noqa: E402
from gateway.store.replica import Replica  # noqa: E402
from gateway.workers.deputy import REPORT_EVERY_S, Deputy  # noqa: E402
from gateway.workers.pages import FarPage  # noqa: E402
from gateway.workers.sharing import SharedPort  # noqa: E402
from gateway.workers.spawn import LINE_FD, with_cause  # noqa: E402

LINGER_S = 3
"""After the line broke: whatever still holds this process then, the kernel ends it."""


class Worker:
    """What the main process tells this one to do."""

    log = Logger()

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        number: int,
        descriptors: Mapping[str, Sequence[int]],
    ) -> None:
        self._number = number
        self._config = config
        self._reactor = reactor
        self._descriptors = descriptors
        self._rounds: list[LoopingCall] = []
        replica = Replica(clock=reactor, limits=config.sessions)
        self.line = Deputy(replica, self)
        self._data_plane = self._make_data_plane(replica)

    def _make_data_plane(self, replica: Replica) -> Dataplane:
        page = partial(FarPage, line=self.line)
        return Dataplane(
            self._config,
            self._reactor,
            sessions=replica,
            pages=make_pages(self._config, secrets.token_bytes),
            own_pages=OwnPages(
                to_site=cast("ToExchange", partial(page, in_place=False)),
                to_sign_in=cast("ToExchange", partial(page, in_place=True)),
                to_step_up=cast(
                    "ToStepUp",
                    lambda front, head, need: page(front, head, in_place=True, need=need.value),
                ),
            ),
            wall=time.time,
            token_bytes=secrets.token_bytes,
            listen=self._adopt,
        )

    async def _adopt(
        self,
        lane: Lane,
        key: str,
        endpoint: str,
        factory: IProtocolFactory,
        *,
        tls: ServedCertificate | None,
    ) -> IListeningPort:
        """Listen on the sockets that were given for this key."""
        descriptors = self._descriptors[key.removeprefix("[listen] ")]
        ports = [
            await listen(lane, key, endpoint, factory, tls=tls, adopt_fd=each)
            for each in descriptors
        ]
        own = ports.pop((self._number - 1) % len(ports))
        shared = SharedPort(own, ports, lane)
        shared.startListening()
        return shared

    # As the line's duty

    def connections(self) -> int:
        """See `deputy.Duty.connections`."""
        return self._data_plane.connections()

    async def serve(self) -> None:
        """See `deputy.Duty.serve`."""
        await self._data_plane.open()
        self._go_round(SWEEP_EVERY_S, self._data_plane.sweep)

    async def leave(self) -> None:
        """See `deputy.Duty.leave`."""
        await self._data_plane.close()
        self._reactor.callLater(0, self._reactor.stop)

    def lost(self, why: str) -> None:
        """See `deputy.Duty.lost`."""
        self.log.error("the worker ends: {why}", why=why, event="worker.lost")
        signal.alarm(LINGER_S)
        if self._reactor.running:
            self._reactor.stop()

    def begin(self) -> None:
        """Take up the line, and speak on it."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the terminal: the main one's affair
        factory = Factory.forProtocol(lambda: self.line)
        factory.noisy = False
        os.set_blocking(LINE_FD, False)
        self._reactor.adoptStreamConnection(LINE_FD, socket.AF_UNIX, factory)
        os.close(LINE_FD)
        self._go_round(REPORT_EVERY_S, self.line.report)

    def _go_round(self, every_s: float, work: Any) -> None:
        rounds = LoopingCall(work)
        rounds.clock = self._reactor
        self._rounds.append(rounds)
        rounds.start(every_s, now=False).addErrback(self._round_ended)

    def _round_ended(self, failure: Failure) -> None:
        self.log.failure("a round has ended", failure, event="worker.round_ended")
        self.lost("it can no longer keep in touch")


def main(arguments: Sequence[str]) -> None:
    """Run until the main process says so, or is gone."""
    faulthandler.enable()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a file here
    write = jsonFileLogObserver(sys.stdout, recordSeparator="")

    @provider(ILogObserver)
    def tell(event: LogEvent) -> None:
        write(with_cause(event))

    globalLogBeginner.beginLoggingTo([tell], redirectStandardIO=False)
    number, *keys = arguments
    config: Config = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own parent
    from twisted.internet import reactor

    loop: Any = reactor
    descriptors: dict[str, list[int]] = {key: [] for key in keys}
    for place, key in enumerate(keys, LINE_FD + 1):
        descriptors[key].append(place)
    worker = Worker(config, loop, number=int(number), descriptors=descriptors)
    loop.callWhenRunning(settle)
    loop.callWhenRunning(worker.begin)
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1:])
