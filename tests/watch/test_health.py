"""The health addresses: alive, ready, and why not; nothing hangs and nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import treq
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import StoreError
from gateway.rules.vitals import CheckResult, Level
from gateway.watch.health import CHECK_LIMIT_S, Check, Health, health_site

GOOD = CheckResult(level=Level.PASS)
BAD = CheckResult(level=Level.FAIL, output="gone")
AMISS = CheckResult(level=Level.WARN, output="slow")


def says(result: CheckResult) -> Check:
    """A check that finds that."""

    async def check() -> CheckResult:
        return result

    return check


def raises(error: Exception) -> Check:
    """A check that breaks."""

    async def check() -> CheckResult:
        raise error

    return check


async def hangs() -> CheckResult:
    """Never finds anything."""
    await Deferred()
    return GOOD


class HealthTests(SynchronousTestCase):
    """A probe that asks the health port."""

    def setUp(self) -> None:
        """Time stands still unless told."""
        self.clock = Clock()

    def stub(self, checks: Mapping[str, Check]) -> Any:
        """The site with these checks."""
        health = Health(checks, clock=self.clock, wall=lambda: 0.0, version="1.2")
        return StubTreq(health_site(health, reactor=self.clock).resource)

    def ask(
        self, path: str, checks: Mapping[str, Check] | None = None, *, method: str = "GET"
    ) -> tuple[int, str]:
        """Status and body of one answer."""
        stub = self.stub(checks or {})
        answer = self.successResultOf(stub.request(method, f"http://127.0.0.1{path}"))
        return answer.code, self.successResultOf(treq.text_content(answer))

    def test_alive(self) -> None:
        """/livez says that the service turns, whatever its checks find."""
        assert self.ask("/livez", {"store": says(BAD)}) == (200, "alive\n")

    def test_ready(self) -> None:
        """/readyz is 200 when nothing fails; a warning is no failure."""
        checks = {"store": says(GOOD), "app": says(AMISS)}
        assert self.ask("/readyz", checks) == (200, "ready\n")

    def test_not_ready(self) -> None:
        """/readyz is 503 and names what fails."""
        checks = {"store": says(BAD), "app": says(GOOD)}
        assert self.ask("/readyz", checks) == (503, "not ready: store\n")

    def test_health(self) -> None:
        """/health is application/health+json with every check."""
        stub = self.stub({"store": says(GOOD), "app": says(BAD)})
        answer = self.successResultOf(stub.get("http://127.0.0.1/health"))
        document = json.loads(self.successResultOf(treq.text_content(answer)))

        assert answer.code == 503
        kind = answer.headers.getRawHeaders("Content-Type")
        assert kind == ["application/health+json"]
        assert document["status"] == "fail"
        assert document["checks"]["app"][0]["output"] == "gone"

    def test_head(self) -> None:
        """HEAD answers as GET does, without a body (RFC 9110 9.3.2)."""
        assert self.ask("/livez", method="HEAD") == (200, "")

    def test_other_methods(self) -> None:
        """Nothing can be changed here."""
        for method in ("POST", "PUT", "DELETE"):
            assert self.ask("/readyz", method=method)[0] == 405

    def test_other_addresses(self) -> None:
        """There is nothing else."""
        for path in ("/", "/livez/", "/livez/x", "/metrics"):
            assert self.ask(path)[0] == 404

    def test_a_check_that_breaks(self) -> None:
        """A check that raises has failed, and the log has the reason."""
        code, body = self.ask("/health", {"store": raises(ZeroDivisionError("secret"))})

        assert code == 503
        assert "ZeroDivisionError" in body
        assert "secret" not in body
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_a_check_that_knows(self) -> None:
        """An error of our own says its sentence."""
        code, body = self.ask("/health", {"store": raises(StoreError("The disk is full."))})

        assert code == 503
        assert "The disk is full." in body

    def test_a_check_that_hangs(self) -> None:
        """A check that does not come back has failed after two seconds."""
        stub = self.stub({"store": hangs, "app": says(GOOD)})
        asking = stub.get("http://127.0.0.1/readyz")
        self.assertNoResult(asking)

        self.clock.advance(CHECK_LIMIT_S)
        stub.flush()

        assert self.successResultOf(asking).code == 503

    def test_a_probe_that_leaves(self) -> None:
        """A probe that hangs up stops the checks that ran for it."""
        stub = self.stub({"store": hangs, "app": hangs})
        asking = stub.get("http://127.0.0.1/readyz")
        self.clock.advance(CHECK_LIMIT_S / 2)

        asking.cancel()
        stub.flush()

        self.failureResultOf(asking)
        assert self.clock.getDelayedCalls() == []

    def test_is_ready(self) -> None:
        """The public page learns whether it is ready, and nothing else."""
        for result, ready in ((GOOD, True), (BAD, False)):
            health = Health(
                {"store": says(result)}, clock=self.clock, wall=lambda: 0.0, version="1"
            )
            assert self.successResultOf(Deferred.fromCoroutine(health.is_ready())) == ready
