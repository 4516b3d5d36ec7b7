"""
Chromium's remote debugging pipe, spoken from the Twisted reactor.

Chromium reads commands on descriptor 3 and writes answers and events on descriptor 4: JSON
messages, each ended by a NUL byte. A message with `id` answers that call; one without is an
event. When the driver dies the pipe closes and Chromium ends by itself: no orphans.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProcessTransport, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

Json = dict[str, Any]
Listener = Callable[[Json], None]
T = TypeVar("T")

ANSWER_LIMIT_S = 30.0
"""Chromium on a saturated machine with two cores needed up to 46 s for five whole tests."""

COMMANDS, ANSWERS = 3, 4
CHILD_DESCRIPTORS: dict[int, str | int] = {0: "w", 1: "r", 2: "r", COMMANDS: "w", ANSWERS: "r"}
NOISE_LIMIT_BYTES = 64 * 1024


class BrowserError(AssertionError):
    """The browser did not do what a test asked of it."""


class DevToolsPipe(ProcessProtocol):
    """The two pipes to one Chromium: calls out, answers and events in."""

    transport: IProcessTransport

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.ended: Deferred[None] = Deferred()
        self._noise = bytearray()
        self._unfinished: list[bytes] = []
        self._calls = 0
        self._waiting: dict[int, Deferred[Json]] = {}
        self._listeners: defaultdict[tuple[str, str], list[Listener]] = defaultdict(list)

    async def send(self, method: str, session: str, params: Json) -> Json:
        """Call a DevTools method; `session` "" is the browser itself."""
        self._calls += 1
        message: Json = {"id": self._calls, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        return await self._answer(self._calls, message)

    def listen(self, session: str, method: str, listener: Listener) -> Callable[[], None]:
        """Hear every event of that name until what is returned is called."""
        listeners = self._listeners[session, method]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def next_event(self, session: str, method: str) -> Deferred[Json]:
        """The next event of that name; register before doing what brings it about."""
        event: Deferred[Json] = Deferred()

        def happened(params: Json) -> None:
            if not event.called:
                event.callback(params)

        event.addBoth(_after(self.listen(session, method, happened)))
        return event.addTimeout(ANSWER_LIMIT_S, self.clock, _too_late(f"event {method}"))

    def noise(self) -> str:
        """What Chromium said on its standard output and error, for diagnosis."""
        return self._noise.decode(errors="replace")

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803 (Twisted)
        """Cut what arrives on the answers' pipe at the NULs."""
        if childFD != ANSWERS:
            self._noise += data[: NOISE_LIMIT_BYTES - len(self._noise)]
            return
        *finished, rest = data.split(b"\0")
        for end in finished:
            self._message_received(json.loads(b"".join([*self._unfinished, end])))
            self._unfinished = []
        self._unfinished.append(rest)

    def processEnded(self, reason: Failure) -> None:
        """Fail whoever still waits: there will be no answer."""
        waiting, self._waiting = self._waiting, {}
        lost = BrowserError(f"Chromium ended ({reason.value}): {self.noise()}")
        for answer in waiting.values():
            answer.errback(Failure(lost))
        self.ended.callback(None)

    async def _answer(self, number: int, message: Json) -> Json:
        if self.ended.called:
            raise BrowserError(f"{message['method']}: Chromium has ended: {self.noise()}")
        answer: Deferred[Json] = Deferred()
        answer.addTimeout(ANSWER_LIMIT_S, self.clock, _too_late(message["method"]))
        self._waiting[number] = answer
        self.transport.writeToChild(COMMANDS, json.dumps(message).encode() + b"\0")
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    def _message_received(self, message: Json) -> None:
        if "id" not in message:
            for listener in [*self._listeners[message.get("sessionId", ""), message["method"]]]:
                listener(message["params"])
        elif answer := self._waiting.pop(message["id"], None):
            if "error" in message:
                answer.errback(Failure(BrowserError(message["error"]["message"])))
            else:
                answer.callback(message["result"])


class DevToolsSession:
    """One attached target of the browser: a page."""

    def __init__(self, pipe: DevToolsPipe, session_id: str) -> None:
        self.clock = pipe.clock
        self._pipe = pipe
        self._id = session_id

    async def send(self, method: str, **params: object) -> Json:
        """Call a DevTools method on this target."""
        return await self._pipe.send(method, self._id, params)

    def listen(self, method: str, listener: Listener) -> None:
        """Hear every event of that name, for as long as the target lives."""
        self._pipe.listen(self._id, method, listener)

    async def until(self, method: str, doing: Awaitable[T]) -> T:
        """Do something and wait for the event of that name that it brings about."""
        event = self._pipe.next_event(self._id, method)
        try:
            result = await doing
        except BaseException:
            event.addErrback(lambda failure: failure.trap(CancelledError))
            event.cancel()
            raise
        await event
        return result


def _after(forget: Callable[[], None]) -> Callable[[Any], Any]:
    def passing_on(result: Any) -> Any:
        forget()
        return result

    return passing_on


def _too_late(what: str) -> Callable[[Any, float], Any]:
    def failing(result: object, limit_s: float) -> object:
        if isinstance(result, Failure) and result.check(CancelledError):
            raise BrowserError(f"{what}: nothing came within {limit_s:g} s")
        return result

    return failing
