"""One worker's place: filled, watched, filled again, emptied."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs

from gateway.rules.respawn import FIRST_PAUSE_S
from gateway.workers.overseer import Overseer
from gateway.workers.post import LEAVE_LIMIT_S, SILENT_LOOKS, START_LOOKS, Post, State
from tests.workers.agency import Agency
from tests.workers.line import Line, hang_up


@pytest.fixture
def post(line: Line, agency: Agency) -> Post:
    """A place that is not filled yet."""
    return Post(
        1, clock=line.clock, hire=agency, make_line=lambda: Overseer(line.overseer._office)
    )


def look(post: Post, times: int) -> None:
    """So many seconds pass, in which nothing is heard."""
    for _ in range(times):
        post.look()


def test_a_worker_serves_once_it_knows(line: Line, agency: Agency, post: Post) -> None:
    """Connections are taken only when all sessions were told."""
    line.open("one")
    post.fill()
    states = [post.state]

    agency.turn()
    states.append(post.state)

    assert [State.STARTING, State.SERVING] == states
    assert ["serve"] == agency.hired[0].orders.heard
    assert agency.hired[0].replica.find(b"one") is not None


def test_a_worker_that_dies_is_replaced(line: Line, agency: Agency, post: Post) -> None:
    """After an accident another one is there in a moment, and knows everybody."""
    line.open("one")
    post.fill()
    agency.turn()

    agency.hired[0].die()
    states = [post.state]
    line.clock.advance(FIRST_PAUSE_S)
    agency.turn()
    states.append(post.state)

    assert [State.EMPTY, State.SERVING] == states
    assert agency.hired[1].replica.find(b"one") is not None


def test_a_worker_that_cannot_serve_is_replaced_ever_more_slowly(
    line: Line, agency: Agency, post: Post
) -> None:
    """A worker that fails at each start does not keep the machine busy."""
    post.fill()
    waits = []
    for _ in range(4):
        agency.hired[-1].orders.is_willing = False
        with capturedLogs() as seen:
            agency.turn()
        [event] = [each for each in seen if each.get("event") == "worker.failed"]
        assert "There is no certificate." in event["why"]
        [call] = line.clock.getDelayedCalls()
        waits.append(call.getTime() - line.clock.seconds())
        line.clock.advance(waits[-1])

    assert waits == [FIRST_PAUSE_S * 2**n for n in range(4)]
    assert "kill" == agency.hired[0].signals[0]


def test_a_worker_that_never_starts_is_replaced(line: Line, agency: Agency, post: Post) -> None:
    """A worker that hangs at its start is given up after a while, and asked where it hung."""
    agency.is_stuck = True
    post.fill()
    agency.is_stuck = False

    look(post, START_LOOKS)
    assert "abort" == agency.hired[0].signals[0]
    line.clock.advance(FIRST_PAUSE_S)
    agency.turn()

    assert State.SERVING is post.state


def test_a_worker_that_does_not_answer_is_replaced(line: Line, agency: Agency, post: Post) -> None:
    """A worker that is stuck is found within seconds."""
    post.fill()
    agency.turn()
    for _ in range(2 * SILENT_LOOKS):
        post.look()
        agency.turn()
    assert [] == agency.hired[0].signals
    assert 7 == post.connections

    look(post, 1 + SILENT_LOOKS)

    assert "abort" == agency.hired[0].signals[0]


def test_a_main_process_that_was_stuck_blames_nobody(
    line: Line, agency: Agency, post: Post
) -> None:
    """After the machine stood still for a minute the workers that answer stay."""
    post.fill()
    agency.turn()
    post.look()

    line.clock.advance(60)
    post.look()
    agency.turn()

    assert [] == agency.hired[0].signals
    assert State.SERVING is post.state


def test_a_worker_whose_line_broke_is_killed(agency: Agency, post: Post) -> None:
    """A worker that cannot be told of a sign-out does not live on."""
    post.fill()
    agency.turn()
    assert post.line is not None

    hang_up(post.line)
    agency.turn()

    assert "kill" in agency.hired[0].signals


def test_old_troubles_do_not_hit_the_next_one(line: Line, agency: Agency, post: Post) -> None:
    """A question that the last worker did not answer is not held against the next one."""
    post.fill()
    agency.turn()
    post.look()
    agency.hired[0].die()
    line.clock.advance(FIRST_PAUSE_S)
    agency.turn()

    look(post, SILENT_LOOKS)

    assert [] == agency.hired[1].signals
    assert State.SERVING is post.state


def test_leaving_in_good_order(agency: Agency, post: Post) -> None:
    """At a stop each worker is told to go, waited for, and not replaced."""
    post.fill()
    agency.turn()

    leaving = Deferred.fromCoroutine(post.leave())
    agency.turn()
    assert ["serve", "leave"] == agency.hired[0].orders.heard
    assert not leaving.called
    agency.hired[0].die()

    assert leaving.called
    assert [] == agency.hired[0].signals
    assert 1 == len(agency.hired)


def test_who_does_not_leave_is_killed(line: Line, agency: Agency, post: Post) -> None:
    """A worker that cannot go holds the stop up for seconds only."""
    post.fill()
    agency.turn()

    leaving = Deferred.fromCoroutine(post.leave())
    line.clock.advance(LEAVE_LIMIT_S)

    assert leaving.called
    assert ["kill"] == agency.hired[0].signals


def test_a_stop_during_a_start(agency: Agency, post: Post) -> None:
    """A worker that serves nobody yet is ended at once."""
    agency.is_stuck = True
    post.fill()

    leaving = Deferred.fromCoroutine(post.leave())

    assert leaving.called
    assert ["kill"] == agency.hired[0].signals


def test_a_stop_during_a_pause(line: Line, agency: Agency, post: Post) -> None:
    """A place that waits for its next worker stays empty."""
    post.fill()
    agency.turn()
    agency.hired[0].die()

    leaving = Deferred.fromCoroutine(post.leave())
    line.clock.advance(60)

    assert leaving.called
    assert 1 == len(agency.hired)


def test_the_log_says_how_it_ended(agency: Agency, post: Post) -> None:
    """Each death is an error in the log, with its cause."""
    post.fill()
    agency.turn()

    with capturedLogs() as seen:
        agency.hired[0].die()

    [event] = [each for each in seen if each.get("event") == "worker.ended"]
    assert LogLevel.error is event["log_level"]
    assert "killed" == event["how"]
