"""
The health addresses for machines, on loopback: is it alive, is it ready, and why not.

`/livez` says that the reactor turns and asks nothing else. `/readyz` and `/health` run every
check that the service handed in, all at once, each with a time-out of its own; a check that
raises or is late has failed. Plain twisted.web, GET and HEAD alone; no form is ever parsed.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from gateway.errors import GatewayError
from gateway.rules.vitals import CheckResult, Level, health_document, is_ready

CHECK_LIMIT_S = 2.0
"""A check that takes longer has failed: probes give up after a few seconds themselves."""

IDLE_LIMIT_S = 30.0
"""Of a connection to the health port: a probe asks at once or is stuck."""

ALIVE = b"alive\n"
"""What `/livez` says; `gateway check` knows a running gateway by it."""

Check = Callable[[], Awaitable[CheckResult]]


class Health:
    """The checks of the running service."""

    log = Logger()

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        clock: IReactorTime,
        wall: Callable[[], float],
        version: str,
    ) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._wall = wall
        self._version = version

    async def results(self) -> dict[str, CheckResult]:
        """What every check finds now, by its name."""
        running = {
            name: Deferred.fromCoroutine(self._result(name, check))
            for name, check in self._checks.items()
        }
        try:
            return {name: await each for name, each in running.items()}
        finally:
            for each in running.values():  # those that ran for somebody who has left
                each.addErrback(lambda failure: failure.trap(CancelledError))
                each.cancel()

    async def is_ready(self) -> bool:
        """Whether no check fails: what the public health page tells."""
        return is_ready(await self.results())

    async def document(self) -> tuple[bool, dict[str, object]]:
        """Whether it is ready, and application/health+json."""
        results = await self.results()
        document = health_document(results, version=self._version, now=self._wall())
        return is_ready(results), document

    async def _result(self, name: str, check: Check) -> CheckResult:
        running = Deferred.fromCoroutine(_awaited(check))
        running.addTimeout(CHECK_LIMIT_S, self._clock)
        try:
            return await running
        except CancelledError:
            raise  # the one who asked has gone
        except defer.TimeoutError:
            return CheckResult(level=Level.FAIL, output=f"no answer in {CHECK_LIMIT_S:g} s")
        except GatewayError as error:
            return CheckResult(level=Level.FAIL, output=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it raises, it has failed
            self.log.failure("checking {name}", name=name)
            return CheckResult(level=Level.FAIL, output=type(error).__name__)


async def _awaited(check: Check) -> CheckResult:
    return await check()


def health_site(health: Health, *, reactor: IReactorTime) -> Site:
    """The site for `[listen] health`."""
    addresses = _Addresses(
        {
            b"/livez": _alive,
            b"/readyz": lambda: _ready(health),
            b"/health": lambda: _all(health),
        }
    )
    return _QuietSite(
        addresses, reactor=reactor, timeout=IDLE_LIMIT_S, parsePOSTFormSubmission=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said at an address."""

    status: int
    body: bytes
    content_type: bytes = b"text/plain; charset=utf-8"


Asked = Callable[[], Coroutine[Deferred[object], object, Answer]]


async def _alive() -> Answer:
    return Answer(status=200, body=ALIVE)


async def _ready(health: Health) -> Answer:
    results = await health.results()
    if is_ready(results):
        return Answer(status=200, body=b"ready\n")
    failing = [name for name, each in results.items() if each.level is Level.FAIL]
    return Answer(status=503, body=f"not ready: {', '.join(failing)}\n".encode())


async def _all(health: Health) -> Answer:
    ready, document = await health.document()
    return Answer(
        status=200 if ready else 503,
        body=json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n",
        content_type=b"application/health+json",
    )


async def _not_found() -> Answer:
    return Answer(status=404, body=b"not found\n")


class _Addresses(Resource):
    """A few addresses whose answers take a moment."""

    isLeaf = True
    log = Logger()

    def __init__(self, addresses: Mapping[bytes, Asked]) -> None:
        super().__init__()
        self._addresses = addresses

    def render(self, request: Request) -> int:
        """Answer when every check has, unless the asker hangs up before."""
        if request.method not in (b"GET", b"HEAD"):
            request.setHeader(b"Allow", b"GET, HEAD")
            self._write(request, Answer(status=405, body=b"GET and HEAD only\n"))
            return NOT_DONE_YET
        asked = self._addresses.get(request.path, _not_found)
        answering = Deferred.fromCoroutine(asked())
        request.notifyFinish().addErrback(lambda _: answering.cancel())
        answering.addCallback(lambda answer: self._write(request, answer))
        answering.addErrback(self._failed, request)
        return NOT_DONE_YET

    def _write(self, request: Request, answer: Answer) -> None:
        request.setResponseCode(answer.status)
        request.setHeader(b"Content-Type", answer.content_type)
        request.setHeader(b"Content-Length", b"%d" % len(answer.body))
        request.setHeader(b"Cache-Control", b"no-store")
        if request.method != b"HEAD":
            request.write(answer.body)
        request.finish()

    def _failed(self, failure: Failure, request: Request) -> None:
        if failure.check(CancelledError) is None:
            self.log.failure("answering a health probe", failure=failure)
            self._write(request, Answer(status=500, body=b"failed\n"))


class _QuietSite(Site):
    """Without an access log: probes come every few seconds and say nothing."""

    def log(self, request: http.Request) -> None:
        """Nothing."""
