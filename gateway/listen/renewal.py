"""
Keeps what is served up to date: certificate files that change, and keys of session tickets.

Every few seconds the files of `[tls] mode = "files"` are looked at (not read). When they have
changed, and then stayed the same for one look, they are read and checked by the very rules of
the start, in a thread, and served from the next connection on; connections that are there live
on. Whatever is wrong with them keeps the old pair and is told once, and tried again now and
then: a file that could not be read may become readable. A certificate of our own making is
made anew in time. Once a day new ticket keys are taken (RFC 8446 C.4).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gateway.config import Config
from gateway.errors import GatewayError
from gateway.listen.certificates import Pair, read_files
from gateway.listen.selfsigned import self_signed
from gateway.listen.tls import ServedCertificate

LOOK_EVERY_S = 5.0
"""certbot and its like renew weeks before the end: a few seconds do not matter."""

AGAIN_S = 600.0
"""Before files that were refused are read again though nothing seems to have changed, and
before a certificate of our own making is looked at."""

TICKETS_S = 86400.0
"""For so long who steals the ticket keys out of memory could read the past."""

Seen = tuple[tuple[int, ...], ...]
"""Of each file its inode, its size, and when it was last written, in nanoseconds."""


class Renewal:
    """Looks after one served certificate."""

    log = Logger()

    def __init__(
        self,
        config: Config,
        served: ServedCertificate,
        *,
        clock: IReactorTime,
        wall: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        aside: Callable[[Callable[[], Pair]], Deferred[Pair]],
    ) -> None:
        """
        Look after what is served.

        Args:
            config: names the files.
            served: what new connections get.
            clock: monotonic, for the rounds.
            wall: the time of day, for what is valid when.
            token_bytes: for a certificate of our own making.
            aside: does some work outside of the reactor's thread.
        """
        self._config = config
        self._served = served
        self._clock = clock
        self._wall = wall
        self._token_bytes = token_bytes
        self._aside = aside
        self._taken = self._look()
        """What the files looked like when they were read last."""
        self._last_look = self._taken
        self._told = ""
        self._again_at = clock.seconds() + AGAIN_S
        self._tickets_at = clock.seconds() + TICKETS_S
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self.go_round()))
        self._rounds.clock = clock

    def start(self) -> None:
        """Begin to look."""
        ended = self._rounds.start(LOOK_EVERY_S, now=False)
        ended.addErrback(lambda why: self.log.failure("renewal has ended", why))

    def stop(self) -> None:
        """Look no more."""
        if self._rounds.running:
            self._rounds.stop()

    async def go_round(self) -> None:
        """One look, and what follows from it."""
        now = self._clock.seconds()
        if now >= self._tickets_at:
            self._tickets_at = now + TICKETS_S
            self._served.renew_tickets()
        look, before = self._look(), self._last_look
        self._last_look = look
        has_changed = look != self._taken and look == before  # nobody is writing just now
        if has_changed or now >= self._again_at:
            self._taken = look
            self._again_at = now + AGAIN_S
            await self._renew()

    async def _renew(self) -> None:
        try:
            pair = await self._aside(self._read)
        except GatewayError as error:
            self._complain(str(error))
            return
        except Exception:  # noqa: BLE001 - the old certificate is better than none
            self.log.failure("reading the certificate", event="tls.renewal_failed")
            return
        self._told = ""
        if pair.leaf != self._served.pair.leaf or pair.chain != self._served.pair.chain:
            self._served.serve(pair)
            self.log.info(
                "a new certificate is served: for {names}, number {serial}, until {expires}",
                names=", ".join(pair.names()),
                serial=f"{pair.leaf.serial_number:x}",
                expires=pair.leaf.not_valid_after_utc.date().isoformat(),
                event="tls.renewed",
            )

    def _read(self) -> Pair:
        now = self._wall()
        if self._config.tls.mode == "files":
            return read_files(self._config, now=now)
        return self_signed(self._config, now=now, token_bytes=self._token_bytes)

    def _complain(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self.log.error(
                "the new certificate is not served, the one before is: {reason}",
                reason=sentence,
                event="tls.renewal_refused",
            )

    def _look(self) -> Seen:
        tls = self._config.tls
        if tls.mode != "files":
            return ()
        return tuple(_mark(path) for path in (tls.certificate, tls.private_key) if path)


def _mark(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns)
