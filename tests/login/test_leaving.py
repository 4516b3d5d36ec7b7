"""What happens when a browser hangs up before it has its answer."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import StoreError
from gateway.pages.reply import Reply
from gateway.pages.routes import shielded
from gateway.rules.records import Passkey, PersonId
from gateway.store.memory import MemoryStore
from tests.instruments.house import Browser, House


class SlowStore(MemoryStore):
    """A store that takes its time over two things, once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_slow = False
        self.waiting: Deferred[None] = Deferred()

    async def note_passkey_use(self, credential_id: bytes, **use: Any) -> None:
        """Wait, then do it."""
        if self.is_slow:
            await self.waiting
        await super().note_passkey_use(credential_id, **use)

    async def passkeys_of(self, person_id: PersonId) -> list[Passkey]:
        """Wait, then do it."""
        if self.is_slow:
            await self.waiting
        return await super().passkeys_of(person_id)


def ask_and_leave(browser: Browser, head: str, body: bytes = b"") -> None:
    """Send a request over a connection of its own, and close it."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    lines = [head, "Host: gw.example.test", f"Cookie: {cookies}", f"Content-Length: {len(body)}"]
    connection = browser.house.server().buildProtocol(None)
    assert connection is not None
    connection.makeConnection(StringTransport())
    connection.dataReceived("\r\n".join([*lines, "", ""]).encode() + body)
    connection.connectionLost(Failure(ConnectionDone()))


VERIFY = (
    "POST /.gateway/passkey/verify HTTP/1.1\r\n"
    "Content-Type: application/json\r\n"
    "Sec-Fetch-Site: same-origin"
)


class Leaving(SynchronousTestCase):
    """Trial sees each failure that is logged and not expected."""

    def setUp(self) -> None:
        """A person with a passkey, and a store that is slow from now on."""
        self.store = SlowStore()
        self.house = House(store=self.store)
        self.browser = self.house.enrolled()

    def leave_while_signing_in(self) -> None:
        """Send a sign-in's answer, and hang up while the store is at work."""
        credential = self.browser.device.get(self.browser.options())
        self.store.is_slow = True
        ask_and_leave(self.browser, VERIFY, json.dumps(credential).encode())

    def test_a_sign_in_that_has_begun_is_finished(self) -> None:
        """A browser that leaves half-way leaves a whole session, not half of one."""
        self.leave_while_signing_in()
        before = len(self.house.sessions)

        self.store.waiting.callback(None)

        assert (0, 1) == (before, len(self.house.sessions))
        assert 1 == len(self.house.await_(self.store.sessions()))

    def test_a_failure_after_the_browser_left_is_logged(self) -> None:
        """What fails when nobody waits any more is in the log with its incident number."""
        self.leave_while_signing_in()

        self.store.waiting.errback(StoreError("the disk is gone"))

        assert 1 == len(self.flushLoggedErrors(StoreError))
        assert 0 == len(self.house.sessions)

    def test_even_a_failure_to_tell_of_a_failure_is_logged(self) -> None:
        """Nothing that goes wrong after the browser left is lost."""

        async def fail() -> Reply:
            await self.store.waiting
            raise ZeroDivisionError

        nobody = shielded(fail())
        nobody.addErrback(lambda failure: failure.trap(CancelledError))
        nobody.cancel()

        self.store.waiting.callback(None)

        assert 1 == len(self.flushLoggedErrors(ZeroDivisionError))

    def test_a_page_that_nobody_waits_for_is_let_go(self) -> None:
        """Looking changes nothing, so a page whose browser left ends quietly."""
        self.browser.sign_in()
        self.store.is_slow = True

        ask_and_leave(self.browser, "GET /.gateway/account HTTP/1.1")

        assert self.store.waiting.called
        assert [] == self.flushLoggedErrors()
