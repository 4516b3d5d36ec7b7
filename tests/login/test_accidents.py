"""What people see when something fails behind a page."""

from __future__ import annotations

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import StoreError
from gateway.rules.records import Passkey
from gateway.store.memory import MemoryStore
from tests.instruments.house import House


class BrokenStore(MemoryStore):
    """A store that fails when asked for a passkey."""

    error: Exception = StoreError("the disk is gone")

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """Fail."""
        raise self.error


class Accidents(SynchronousTestCase):
    """What happens when something fails behind a page; trial sees each logged failure."""

    def verify(self, error: Exception) -> tuple[int, dict[str, object], dict[str, list[str]]]:
        """Sign in while the store fails so."""
        store = BrokenStore()
        store.error = error
        browser = House(store=store).enrolled()
        answer = browser.sign_in()
        return answer.status, answer.json, answer.headers

    def test_a_store_that_fails_lets_nobody_in(self) -> None:
        """Without the store sign-in answers 503 with an incident number, and no cookie."""
        status, told, headers = self.verify(StoreError("the disk is gone"))

        (failure,) = self.flushLoggedErrors(StoreError)
        assert "the disk is gone" == str(failure.value)
        assert (503, "unavailable") == (status, told["error"])
        assert ["5"] == headers["retry-after"]
        assert "set-cookie" not in headers

    def test_an_accident_shows_a_number_and_no_cause(self) -> None:
        """Something unexpected answers 500: the person gets a number, the log gets the cause."""
        with capturedLogs() as logged:
            status, told, headers = self.verify(ZeroDivisionError("secret detail"))

        assert 1 == len(self.flushLoggedErrors(ZeroDivisionError))
        assert (500, "internal") == (status, told["error"])
        assert "secret detail" not in str(told)
        assert told["incident"] in [each.get("incident") for each in logged]
        assert "set-cookie" not in headers
