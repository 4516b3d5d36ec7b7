"""
The health addresses for machines, on loopback: is it alive, is it ready, and why not.

`/livez` says that the reactor turns and asks nothing else. `/readyz` and `/health` run every
check that the service handed in, all at once, each with a time-out of its own; a check that
raises or is late has failed. Plain twisted.web, GET and HEAD alone; no form is ever parsed.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred, gatherResults
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
        running = [
            Deferred.fromCoroutine(self._result(name, check))
            for name, check in self._checks.items()
        ]
        found = await gatherResults(running, consumeErrors=True)
        return dict(zip(self._checks, found, strict=True))

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
    root = Resource()
    root.putChild(b"livez", _Page(_alive))
    root.putChild(b"readyz", _Page(lambda: _ready(health)))
    root.putChild(b"health", _Page(lambda: _all(health)))
    return _QuietSite(root, reactor=reactor, timeout=IDLE_LIMIT_S, parsePOSTFormSubmission=False)


Answer = tuple[int, bytes, bytes]
"""Status, content type, body."""

_TEXT = b"text/plain; charset=utf-8"


async def _alive() -> Answer:
    return 200, _TEXT, ALIVE


async def _ready(health: Health) -> Answer:
    results = await health.results()
    if is_ready(results):
        return 200, _TEXT, b"ready\n"
    failing = [name for name, each in results.items() if each.level is Level.FAIL]
    return 503, _TEXT, f"not ready: {', '.join(failing)}\n".encode()


async def _all(health: Health) -> Answer:
    ready, document = await health.document()
    body = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
    return (200 if ready else 503), b"application/health+json", body


class _Page(Resource):
    """One address whose answer takes a moment."""

    log = Logger()

    def __init__(self, answer: Callable[[], Coroutine[Deferred[object], object, Answer]]) -> None:
        super().__init__()
        self._answer = answer

    def render_GET(self, request: Request) -> int:
        """Answer when every check has, unless the asker hangs up before."""
        answering = Deferred.fromCoroutine(self._write(request))
        request.notifyFinish().addErrback(lambda _: answering.cancel())
        answering.addErrback(self._failed, request)
        return NOT_DONE_YET

    async def _write(self, request: Request) -> None:
        status, kind, body = await self._answer()
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", kind)
        request.setHeader(b"Content-Length", b"%d" % len(body))
        if request.method != b"HEAD":
            request.write(body)
        request.finish()

    def _failed(self, failure: Failure, request: Request) -> None:
        if failure.check(CancelledError) is None:
            self.log.failure("answering a health probe", failure=failure)
            request.setResponseCode(500)
            request.finish()


class _QuietSite(Site):
    """Without an access log: probes come every few seconds and say nothing."""

    def log(self, request: http.Request) -> None:
        """Nothing."""
