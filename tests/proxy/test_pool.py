"""The pool of connections to one backend: what is used again, and what waits."""

from __future__ import annotations

import errno
import gc
import weakref
from typing import Any, cast

import pytest
from twisted.internet.error import ConnectError, DNSLookupError

from gateway.proxy.back import Fault
from gateway.proxy.pool import LINE_LIMIT
from tests.proxy.pools import CONNECT_S, OK, Asker, Playground

POOL_S, IDLE_LIMIT, LEAVE_S = 4, 64, 5


def test_one_connection_serves_one_request_after_the_other() -> None:
    """The connection of an answered request carries the next one."""
    ground = Playground()
    _, end = ground.serve()

    second = ground.ask()
    end.hear(OK)

    assert second.is_answered
    assert 1 == len(ground.reactor.tcpClients)


def test_the_one_used_last_is_used_first() -> None:
    """So that those that are not needed grow old, and their workers are free."""
    ground = Playground()
    askers = [ground.ask() for _ in range(3)]
    ends = [ground.accept() for _ in range(3)]
    for end in ends:
        end.hear(OK)
        end.said()

    assert all(each.is_answered for each in askers)
    ground.ask()
    ground.ask()

    assert [b"", True, True] == [ends[0].said(), bool(ends[1].said()), bool(ends[2].said())]


def test_what_was_idle_for_too_long_is_not_used() -> None:
    """After 4 seconds a connection is closed: the app may be closing it just now."""
    ground = Playground()
    _, end = ground.serve()

    ground.reactor.advance(POOL_S)
    ground.ask()

    assert end.line.is_over
    assert ["10.0.0.1"] == ground.knocks


def test_idle_connections_are_closed_in_time() -> None:
    """Nobody has to ask for that."""
    ground = Playground()
    _, end = ground.serve()

    ground.wait(POOL_S - 1)
    assert not end.line.is_over
    ground.wait(2)

    assert end.line.is_over


def test_not_more_than_64_idle_ones_are_kept() -> None:
    """After a busy moment the app gets its workers back at once; the oldest go."""
    ground = Playground()
    for _ in range(IDLE_LIMIT + 2):
        ground.ask()
    ends = [ground.accept() for _ in range(IDLE_LIMIT + 2)]
    for end in ends:
        end.hear(OK)

    assert [0, 1] == [at for at, end in enumerate(ends) if end.line.is_over]


def test_a_fresh_one_is_fresh() -> None:
    """Who has met a dead connection of the pool gets none of the others."""
    ground = Playground()
    ground.serve()

    ground.ask(is_fresh=True)

    assert ["10.0.0.1"] == ground.knocks


def test_a_dead_idle_connection_is_forgotten() -> None:
    """What the app has closed is not given to anybody."""
    ground = Playground()
    _, end = ground.serve()
    end.line.hang_up()

    ground.ask()

    assert ["10.0.0.1"] == ground.knocks


def test_whoever_does_not_let_go_is_torn_off() -> None:
    """A backend that never answers our goodbye (close_notify) holds no descriptor for ever."""
    ground = Playground()
    _, end = ground.serve()
    cast(Any, end.line).loseConnection = lambda: None

    ground.wait(POOL_S + LEAVE_S - 1)
    assert not end.line.is_aborted
    ground.wait(2)

    assert end.line.is_aborted


def test_a_connection_remembers_nobody() -> None:
    """The request that it was made for is forgotten while the connection lives on."""
    ground = Playground()
    asker, end = ground.serve()
    trace = weakref.ref(asker)
    del asker
    gc.collect()

    assert not end.line.is_over
    assert trace() is None


@pytest.mark.parametrize(
    ("why", "fault"),
    [
        (ConnectError(errno.EHOSTUNREACH, "no route"), Fault.REFUSED),
        (DNSLookupError("no such name"), Fault.REFUSED),
        (ConnectError(errno.EMFILE, "too many open files"), Fault.BUSY),
        (ConnectError(errno.EADDRNOTAVAIL, "no port left"), Fault.BUSY),
    ],
)
def test_a_failure_to_connect_is_told(why: Exception, fault: Fault) -> None:
    """What the backend did is its fault; where our machine has run out, people may come again."""
    ground = Playground()
    asker = ground.ask()

    ground.break_off(why)

    assert [fault] == asker.faults


def test_refused() -> None:
    """Nobody listens: told at once."""
    ground = Playground()
    asker = ground.ask()

    ground.refuse()

    assert [Fault.REFUSED] == asker.faults


def test_not_reached_in_time() -> None:
    """A connection that does not come about within `connect` is given up, and told so."""
    ground = Playground()
    asker = ground.ask()

    ground.reactor.advance(CONNECT_S - 0.1)
    assert [] == asker.faults
    ground.reactor.advance(0.2)

    assert [Fault.UNREACHABLE] == asker.faults
    assert [] == ground.reactor.getDelayedCalls()


# The limit, and the line


def test_no_more_connections_than_the_limit() -> None:
    """What is more than the backend may have waits in line."""
    ground = Playground(connections=2)

    askers = [ground.ask() for _ in range(4)]

    assert 2 == len(ground.knocks)
    assert [[]] * 4 == [each.faults for each in askers]


def test_the_line_moves_in_order() -> None:
    """Who came first is served first, on the connection that is free."""
    ground = Playground(connections=1)
    askers = [ground.ask() for _ in range(3)]
    end = ground.accept()

    for count in range(1, 4):
        end.hear(OK)
        assert [True] * count + [False] * (3 - count) == [each.is_answered for each in askers]

    assert 1 == len(ground.reactor.tcpClients)


def test_a_broken_connection_makes_room() -> None:
    """A slot is free again however its connection ended."""
    ground = Playground(connections=1)
    first, second = ground.ask(), ground.ask()

    ground.accept().line.hang_up()
    end = ground.accept()
    end.hear(OK)

    assert [Fault.CUT] == first.faults
    assert second.is_answered


def test_a_refused_connection_makes_room() -> None:
    """So does one that never came about."""
    ground = Playground(connections=1)
    ground.ask()
    ground.ask()

    ground.refuse()

    assert 1 == len(ground.knocks)


def test_who_waits_too_long_is_told_busy() -> None:
    """Nobody waits in line for longer than for a connection."""
    ground = Playground(connections=1)
    ground.ask()
    ground.accept()
    waiting = ground.ask()

    ground.wait(CONNECT_S - 1)
    assert [] == waiting.faults
    ground.wait(2)

    assert [Fault.BUSY] == waiting.faults


def test_a_full_line_is_told_busy_at_once() -> None:
    """Who would wait in vain is told so before, not after."""
    ground = Playground(connections=1)
    for _ in range(1 + LINE_LIMIT):
        assert [] == ground.ask().faults

    assert [Fault.BUSY] == ground.ask().faults


def test_who_leaves_the_line_is_not_served() -> None:
    """A browser that has gone while it waited costs the app nothing."""
    ground = Playground(connections=1)
    ground.ask()
    end = ground.accept()
    leaving, staying = ground.ask(), ground.ask()

    ground.pool.leave(cast(Any, leaving))
    end.hear(OK)
    end.hear(OK)

    assert not leaving.is_answered
    assert staying.is_answered


def test_a_line_of_people_who_have_gone_is_passed_quickly() -> None:
    """Hundreds who left without a word are passed over in one go, without running deep."""
    ground = Playground(connections=1)
    ground.ask()
    end = ground.accept()
    gone = [ground.ask() for _ in range(LINE_LIMIT - 1)]
    for each in gone:
        each.is_gone = True
    last = ground.ask()

    end.hear(OK)
    end.hear(OK)

    assert last.is_answered


def test_a_fresh_one_at_the_limit_takes_the_place_of_an_idle_one() -> None:
    """Idle connections never keep anybody waiting."""
    ground = Playground(connections=1)
    _, end = ground.serve()

    ground.ask(is_fresh=True)

    assert end.line.is_over
    assert 1 == len(ground.knocks)


# The end


def test_close_ends_everything() -> None:
    """What is idle is closed; who waits, for a connection or in line, is told."""
    ground = Playground(connections=2)
    _, end = ground.serve()
    ground.ask()
    connecting, waiting = ground.ask(), ground.ask()
    end.hear(OK)
    end.hear(OK)
    assert waiting.is_answered
    waiting = ground.ask()
    more = ground.ask()

    ground.pool.close()
    end.hear(OK)

    assert end.line.is_over
    assert [Fault.UNREACHABLE] == connecting.faults
    assert [Fault.BUSY] == more.faults
    assert [] == ground.reactor.getDelayedCalls()
    assert [Fault.BUSY] == ground.ask().faults


def test_close_ends_the_probes() -> None:
    """Nothing looks after backends any more once the gateway has stopped."""
    ground = Playground(2)
    ground.wait(1)
    assert 2 == len(ground.knocks)

    ground.pool.close()

    assert [] == ground.reactor.getDelayedCalls()


def test_what_is_under_way_at_the_end_is_closed_when_it_is_done() -> None:
    """An answer that still comes is taken; its connection is not kept."""
    ground = Playground()
    asker = ground.ask()
    end = ground.accept()

    ground.pool.close()
    end.hear(OK)

    assert asker.is_answered
    assert end.line.is_over


def test_todays_call_makes_a_pool_of_one() -> None:
    """A host and a port are enough where there is one backend without TLS."""
    ground = Playground()
    pool = type(ground.pool)(
        cast(Any, ground.reactor), ground.reactor, host="10.0.0.9", port=8080, connect_s=1.0
    )

    pool.find(cast(Any, Asker()))

    assert ["10.0.0.9"] == ground.knocks
    assert b"10.0.0.9:8080" == pool.backends[0].authority
