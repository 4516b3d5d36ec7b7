"""Letters on their way: tried again, given up, told in the log; never in anybody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from gateway.mail import outbox
from gateway.mail.letter import Letter, MailError
from gateway.mail.outbox import AT_ONCE, FAREWELL_S, RETRY_AFTER_S, Outbox

LATER = MailError("450 come back", is_final=False)
NEVER = MailError("550 no", is_final=True)


def a_letter(number: int = 0) -> Letter:
    """One letter among others."""
    return Letter(recipient="taro@example.test", content=b"", kind=f"kind-{number}", person="taro")


class Server:
    """What becomes of each attempt, as the test says; later ones wait for it."""

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.attempts: list[Letter] = []
        self.open: list[Deferred[None]] = []

    async def deliver(self, letter: Letter) -> None:
        """See `Relay.deliver`."""
        self.attempts.append(letter)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        waiting: Deferred[None] = Deferred() if answer == "wait" else succeed(None)
        self.open.append(waiting)
        await waiting


@pytest.fixture
def server() -> Server:
    """A server that takes everything."""
    return Server()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def box(server: Server, clock: Clock) -> Outbox:
    """An outbox to that server."""
    return Outbox(server.deliver, clock=clock)


@pytest.fixture
def log() -> Iterator[Callable[[], list[str]]]:
    """What the log says, a line for each event, named by its `event`."""
    events: list[LogEvent] = []
    observer = cast("ILogObserver", events.append)
    globalLogPublisher.addObserver(observer)
    yield lambda: [f"{each['event']}: {formatEvent(each)}" for each in events if "event" in each]
    globalLogPublisher.removeObserver(observer)


def closed(box: Outbox) -> Deferred[None]:
    """The end of the outbox, perhaps still to come."""
    return Deferred.fromCoroutine(box.close())


def test_a_letter_is_sent_at_once(
    box: Outbox, server: Server, log: Callable[[], list[str]]
) -> None:
    """Where the server takes it, one attempt is all."""
    box.post(a_letter())

    assert (server.attempts, box.waiting) == ([a_letter()], 0)
    assert log() == ["mail.sent: a letter of kind-0 to 'taro' is with the mail server"]


def test_a_server_that_comes_back_gets_it(box: Outbox, server: Server, clock: Clock) -> None:
    """A letter is tried again after a while, and again."""
    server.answers += [LATER, LATER]
    box.post(a_letter())
    clock.advance(RETRY_AFTER_S[0])
    assert (len(server.attempts), box.waiting) == (2, 1)

    clock.advance(RETRY_AFTER_S[1])

    assert (len(server.attempts), box.waiting) == (3, 0)


def test_after_an_hour_a_letter_is_given_up(
    box: Outbox, server: Server, clock: Clock, log: Callable[[], list[str]]
) -> None:
    """With growing pauses for an hour in all; then the log says that it was not sent."""
    server.answers += [LATER] * 20
    box.post(a_letter())

    for _ in range(3600):
        clock.advance(1)

    assert (len(server.attempts), box.waiting) == (8, 0)
    assert sum(RETRY_AFTER_S) == 3600
    assert sorted(RETRY_AFTER_S) == list(RETRY_AFTER_S)
    assert log()[-1] == "mail.lost: a letter of kind-0 to 'taro' was not sent: '450 come back'"


def test_what_is_refused_for_good_is_given_up(
    box: Outbox, server: Server, log: Callable[[], list[str]]
) -> None:
    """A 5yz is not tried again."""
    server.answers.append(NEVER)

    box.post(a_letter())

    assert (len(server.attempts), box.waiting) == (1, 0)
    assert log() == ["mail.lost: a letter of kind-0 to 'taro' was not sent: '550 no'"]


def test_a_slow_server_is_not_run_over(box: Outbox, server: Server) -> None:
    """A few connections at a time; the others follow as these end."""
    server.answers += ["wait"] * 5
    for number in range(5):
        box.post(a_letter(number))
    assert (len(server.attempts), box.waiting) == (AT_ONCE, 5)

    server.open[0].callback(None)

    assert [each.kind for each in server.attempts] == ["kind-0", "kind-1", "kind-2"]


def test_a_mistake_of_ours_stops_nothing(
    box: Outbox, server: Server, log: Callable[[], list[str]]
) -> None:
    """What nobody expected is logged, and the next letter goes out."""
    server.answers.append(ZeroDivisionError())

    box.post(a_letter(1))
    box.post(a_letter(2))

    assert [line.partition(":")[0] for line in log()] == ["mail.failed", "mail.sent"]


def test_a_flood_is_dropped(
    box: Outbox,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    log: Callable[[], list[str]],
) -> None:
    """The outbox is bounded; what does not fit is told."""
    monkeypatch.setattr(outbox, "LETTERS_LIMIT", 3)
    server.answers += ["wait"] * 4

    for number in range(4):
        box.post(a_letter(number))

    assert box.waiting == 3
    assert log()[-1].startswith("mail.lost: a letter of kind-3 to 'taro' was not sent")


def test_the_end_waits_for_what_is_under_way(box: Outbox, server: Server) -> None:
    """A restart right after an act does not cost its letter."""
    server.answers += ["wait"] * 3
    for number in range(3):
        box.post(a_letter(number))
    end = closed(box)
    assert not end.called

    for waiting in (0, 1, 2):
        server.open[waiting].callback(None)

    assert end.called
    assert len(server.attempts) == 3


def test_the_end_does_not_wait_for_ever(
    box: Outbox, server: Server, clock: Clock, log: Callable[[], list[str]]
) -> None:
    """After a few seconds what is not sent is lost, and the log says so."""
    server.answers += ["wait"] * 3
    for number in range(3):
        box.post(a_letter(number))
    end = closed(box)

    clock.advance(FAREWELL_S)

    assert (end.called, box.waiting) == (True, 0)
    assert sum(line.startswith("mail.lost") for line in log()) == 3


def test_the_end_forgets_what_waits(
    box: Outbox, server: Server, clock: Clock, log: Callable[[], list[str]]
) -> None:
    """Letters that wait for another attempt are counted in the log; nothing follows them."""
    server.answers.append(LATER)
    box.post(a_letter())

    end = closed(box)
    box.post(a_letter(1))

    assert end.called
    assert clock.getDelayedCalls() == []
    assert "mail.lost: 1 letters were not sent" in log()
    assert len(server.attempts) == 1


def test_a_refusal_at_the_end_is_final(box: Outbox, server: Server, clock: Clock) -> None:
    """While the service ends nothing is put off."""
    server.answers.append("wait")
    box.post(a_letter())
    end: Any = closed(box)

    server.open[0].errback(LATER)

    assert (end.called, clock.getDelayedCalls()) == (True, [])
