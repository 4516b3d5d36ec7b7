"""Several backends behind one pool: who is asked, who is left alone, who comes back."""

from __future__ import annotations

from collections import Counter

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError
from twisted.logger import capturedLogs

from gateway.proxy.back import Fault
from gateway.rules.backends import FAULTS_LIMIT, REST_S, SLOW_START_S, State
from tests.proxy.pools import CONNECT_S, OK, Playground

FIRST, SECOND = "10.0.0.1", "10.0.0.2"
BOTH = frozenset((FIRST, SECOND))


def test_requests_are_spread() -> None:
    """Idle backends take turns."""
    ground = Playground(3)

    for _ in range(6):
        ground.ask()

    assert {"10.0.0.1": 2, "10.0.0.2": 2, "10.0.0.3": 2} == Counter(ground.knocks)


def test_requests_are_spread_by_weight() -> None:
    """Who has three times the weight has three times as many under way."""
    ground = Playground(weights=(3, 1))

    for _ in range(8):
        ground.ask()

    assert {FIRST: 6, SECOND: 2} == Counter(ground.knocks)


def test_a_silent_backend_gets_less_and_less() -> None:
    """One that accepts and never answers holds one request while the other serves the rest."""
    ground = Playground(2)
    ground.ask()
    ground.accept()
    asker = ground.ask()
    end = ground.accept()
    end.hear(OK)

    for _ in range(20):
        assert asker.is_answered
        asker = ground.ask()
        end.hear(OK)

    assert [1, 0] == [each.busy for each in ground.backends]
    assert 2 == len(ground.reactor.tcpClients)


def test_refused_goes_on_to_the_next() -> None:
    """Nothing was sent, so another backend is asked, whatever the method."""
    ground = Playground(2)
    asker = ground.ask()

    ground.refuse()
    end = ground.accept()
    end.hear(OK)

    assert asker.is_answered
    assert [] == asker.faults


def test_every_backend_is_tried_once() -> None:
    """With all of them down a request is told so as soon as the last one has refused."""
    ground = Playground(3)
    asker = ground.ask()

    for _ in range(3):
        ground.refuse()

    assert [Fault.REFUSED] == asker.faults
    assert 3 == len(ground.reactor.tcpClients)


def test_a_search_has_an_end() -> None:
    """After a time-out of connecting nothing new is begun: people have waited enough."""
    ground = Playground(3)
    asker = ground.ask()

    ground.reactor.advance(CONNECT_S + 0.1)

    assert [Fault.UNREACHABLE] == asker.faults
    assert 1 == len(ground.reactor.tcpClients)


def put_down(ground: Playground, count: int = FAULTS_LIMIT) -> None:
    """The first backend refuses until it is left alone."""
    for _ in range(2 * count):
        ground.ask()
        while ground.knocks:
            if ground.knocks[0] == FIRST:
                ground.refuse()
            else:
                ground.accept().hear(OK)


def test_faults_in_a_row_put_a_backend_down() -> None:
    """Who refuses three times in a row is asked no more for a while."""
    ground = Playground(2)
    put_down(ground)
    begun = len(ground.reactor.tcpClients)

    for _ in range(10):
        ground.ask(is_fresh=True)

    assert ground.is_first(State.DOWN)
    assert {SECOND} == {each[0] for each in ground.reactor.tcpClients[begun:]}


def test_going_down_is_told_once() -> None:
    """The log has a sentence with the backend's name and for how long, not one per request."""
    ground = Playground(2)
    with capturedLogs() as events:
        put_down(ground, 5)

    told = [each for each in events if each.get("event") == "app.down"]
    assert [(f"{FIRST}:80", REST_S)] == [(each["backend"], each["rest_s"]) for each in told]
    assert 1 == sum(each.get("event") == "app.not_reached" for each in events)


def test_a_connection_that_died_of_age_is_no_fault() -> None:
    """An app that closes idle connections in the very moment of a request stays in service."""
    ground = Playground(2)
    for _ in range(2 * FAULTS_LIMIT):
        ground.ask()
        ground.ask()
        ends = [ground.accept() for _ in ground.knocks]
        for end in ends:
            end.hear(OK)
        ground.ask()
        ground.ask()
        for end in ends:
            end.line.hang_up()

    assert [State.UP, State.UP] == [each.standing.state for each in ground.backends]


def test_breaking_off_is_a_fault() -> None:
    """An app that takes connections and breaks them off is left alone too."""
    ground = Playground(2)
    for _ in range(2 * FAULTS_LIMIT):
        ground.ask(is_fresh=True)
        while ground.knocks:
            is_first = ground.knocks[0] == FIRST
            end = ground.accept()
            end.hear(b"" if is_first else OK)
            if is_first:
                end.line.hang_up()

    assert ground.is_first(State.DOWN)


def test_our_own_shortage_is_no_fault() -> None:
    """Out of descriptors, the gateway does not conclude that the backends are down."""
    ground = Playground(2)
    for _ in range(4 * FAULTS_LIMIT):
        asker = ground.ask(is_fresh=True)
        while ground.knocks:
            ground.break_off(ConnectError(24, "too many open files"))
        assert [Fault.BUSY] == asker.faults

    assert [State.UP, State.UP] == [each.standing.state for each in ground.backends]


def test_with_all_down_the_least_bad_is_tried() -> None:
    """What we believe may be wrong: a request is carried if anybody takes it."""
    ground = Playground(2)
    for _ in range(2 * FAULTS_LIMIT):
        ground.ask()
        while ground.knocks:
            ground.refuse()
    assert [State.DOWN, State.DOWN] == [each.standing.state for each in ground.backends]

    asker = ground.ask()
    ground.accept().hear(OK)

    assert asker.is_answered


def test_an_only_backend_is_never_left_alone() -> None:
    """However often it fails, the next request tries it: there is nobody else to ask."""
    ground = Playground()
    for _ in range(10):
        ground.ask()
        ground.refuse()

    asker = ground.ask()
    ground.accept().hear(OK)

    assert asker.is_answered
    assert "" == ground.backends[0].in_words


def test_an_only_backend_is_not_probed() -> None:
    """Nothing would follow from it."""
    ground = Playground()

    ground.wait(20)

    assert [] == ground.reactor.tcpClients


def test_it_comes_back_by_a_probe_and_slowly() -> None:
    """After its rest a probe finds it well, and its share grows to the whole in 30 seconds."""
    ground = Playground(2)
    put_down(ground)

    ground.wait_with_probes(REST_S - 1, well=BOTH)
    assert ground.is_first(State.DOWN)
    ground.wait_with_probes(4, well=BOTH)
    assert ground.is_first(State.RETURNING)
    ground.wait_with_probes(SLOW_START_S + 1, well=BOTH)

    assert ground.is_first(State.UP)


def test_who_comes_back_is_given_little_at_first() -> None:
    """Of thirty requests right after the return about one in eleven goes there."""
    ground = Playground(2)
    put_down(ground)
    ground.wait_with_probes(REST_S + 3, well=BOTH)
    assert ground.is_first(State.RETURNING)

    for _ in range(30):
        ground.ask(is_fresh=True)

    assert 1 <= Counter(ground.knocks)[FIRST] <= 5


def test_a_probe_that_is_refused_twice_puts_a_backend_down() -> None:
    """A backend that is dead is known before people meet it."""
    ground = Playground(2)

    ground.wait_with_probes(8, well=frozenset((SECOND,)))

    assert [State.DOWN, State.UP] == [each.standing.state for each in ground.backends]


def test_a_silent_probe_is_ill() -> None:
    """A probe has 2.5 seconds; who has not taken the connection by then is ill."""
    ground = Playground(2)

    ground.wait(10)

    assert [State.DOWN, State.DOWN] == [each.standing.state for each in ground.backends]


def test_the_health_path_is_asked() -> None:
    """With `health` a status of 500 or more is ill, and any other is well."""
    request = b"GET /health HTTP/1.1\r\nHost: app\r\n\r\n"
    ground = Playground(2, probe=request)

    for _ in range(8):
        ground.wait(1)
        while ground.knocks:
            is_first = ground.knocks[0] == FIRST
            end = ground.accept()
            assert request == end.said()
            end.hear(b"HTTP/1.1 %b\r\n\r\n" % (b"503 Down" if is_first else b"404 What"))
            assert end.line.is_over

    assert [State.DOWN, State.UP] == [each.standing.state for each in ground.backends]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "it does not answer in time"),
        (b"SSH-2.0-x\r\n", "what it answers is not HTTP"),
        (b"x" * 300, "what it answers is not HTTP"),
        (b"HTTP/1.1 500 Oh\r\n\r\n", "it answers its health path with status 500"),
        (b"HTTP/1.0 302 Found\r\n\r\n", ""),
    ],
)
def test_what_a_visit_finds(said: bytes, why: str) -> None:
    """A visit has a deadline, and says what is wrong in a clause."""
    ground = Playground(probe=b"GET / HTTP/1.1\r\n\r\n")
    found: list[str] = []
    ground.backends[0].visit(2.0).addCallback(found.append)
    end = ground.accept()
    end.hear(said)

    ground.reactor.advance(2.0)

    assert [why] == found
    assert end.line.is_over
    assert [] == ground.reactor.getDelayedCalls()


def test_a_visit_that_is_called_off_leaves() -> None:
    """Whoever asked for health and has gone costs no connection."""
    ground = Playground(probe=b"GET / HTTP/1.1\r\n\r\n")
    visiting = ground.backends[0].visit(2.0)
    visiting.addErrback(lambda failure: failure.trap(CancelledError) and None)
    end = ground.accept()

    visiting.cancel()

    assert end.line.is_aborted
    assert [] == ground.reactor.getDelayedCalls()


def test_requests_wait_only_when_all_are_full() -> None:
    """A backend with room is asked before anybody has to wait."""
    ground = Playground(2, connections=1)

    askers = [ground.ask() for _ in range(3)]
    assert BOTH == set(ground.knocks)
    ends = [ground.accept(), ground.accept()]
    ends[1].hear(OK)

    assert [False, True, False] == [each.is_answered for each in askers]
    assert askers[2].back is not None


def test_health_tells_why_one_is_left_alone() -> None:
    """The health document has a sentence for whoever is not asked as usual."""
    ground = Playground(2)
    put_down(ground)

    assert "left alone after failures, for 10 s more" == ground.backends[0].in_words
    assert "" == ground.backends[1].in_words
    ground.wait_with_probes(REST_S + 3, well=BOTH)
    assert "not yet given its whole share" in ground.backends[0].in_words
