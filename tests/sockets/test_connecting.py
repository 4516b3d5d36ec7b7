"""Connecting to the app: made, refused, given up, and told as Twisted's endpoints expect it."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from gateway.sockets.connecting import Connecting
from tests.sockets.turns import Ear, Turns


class Caller(ClientFactory):
    """Remembers what becomes of its calls."""

    noisy = False

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ear: Ear | None = Ear()
        self.is_running = False

    def doStart(self) -> None:  # noqa: N802 - Twisted's name
        """Remember."""
        self.is_running = True

    def doStop(self) -> None:  # noqa: N802 - Twisted's name
        """Remember."""
        self.is_running = False

    def startedConnecting(self, connector: IConnector) -> None:  # noqa: N802 - Twisted's name
        """Remember."""
        self.told.append("started")

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Remember."""
        self.told.append("made")
        return self.ear

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Remember."""
        self.told.append(type(reason.value).__name__)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        """Remember."""
        self.told.append(type(reason.value).__name__)


@pytest.fixture
def caller() -> Caller:
    """Who calls."""
    return Caller()


@pytest.fixture
def app(turns: Turns) -> socket.socket:
    """An app that listens."""
    listening = socket.create_server(("127.0.0.1", 0))
    turns.peers.append(listening)
    return listening


def call(turns: Turns, address: tuple[str, int], caller: Caller) -> Connecting:
    """Call an address."""
    connecting = turns.lane.connectTCP(*address, caller, timeout=5)
    assert isinstance(connecting, Connecting)
    return connecting


def test_a_call_is_answered(turns: Turns, caller: Caller, app: socket.socket) -> None:
    """The factory is told when it begins, when it is there, and when it ends."""
    connecting = call(turns, app.getsockname(), caller)
    turns.until(lambda: len(caller.told) == 2)
    theirs, _ = app.accept()
    theirs.send(b"hello")
    ear = caller.ear
    assert ear is not None
    turns.until(lambda: ear.heard)
    theirs.close()
    turns.until(lambda: ear.why)

    assert verifyObject(IConnector, connecting)
    assert caller.told == ["started", "made", "ConnectionDone"]
    assert connecting.getDestination() == IPv4Address("TCP", *app.getsockname())
    assert not caller.is_running
    assert turns.getDelayedCalls() == []


def test_nobody_there_is_told_later(turns: Turns, caller: Caller) -> None:
    """A refusal is told in a later turn, never from within the call."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()

    call(turns, address, caller)
    at_once = list(caller.told)
    turns.until(lambda: len(caller.told) > 1)

    assert at_once == ["started"]
    assert caller.told == ["started", "ConnectionRefusedError"]
    assert not caller.is_running


def test_a_call_that_is_not_taken_ends_in_time(
    turns: Turns, caller: Caller, app: socket.socket
) -> None:
    """After the time-out the call is over, whatever comes later."""
    call(turns, app.getsockname(), caller)

    turns.advance(5)
    turns.turn()

    assert caller.told == ["started", "TimeoutError"]
    assert turns.lane.getWriters() == []


def test_a_call_can_be_given_up(turns: Turns, caller: Caller, app: socket.socket) -> None:
    """Who no longer wants the connection gets none; there is nothing to give up twice."""
    connecting = call(turns, app.getsockname(), caller)

    connecting.disconnect()

    assert caller.told == ["started", "UserError"]
    with pytest.raises(error.NotConnectingError):
        connecting.stopConnecting()


def test_a_connection_can_be_closed_by_its_connector(
    turns: Turns, caller: Caller, app: socket.socket
) -> None:
    """What was made can be closed, and called once more."""
    connecting = call(turns, app.getsockname(), caller)
    turns.until(lambda: len(caller.told) == 2)
    with pytest.raises(RuntimeError):
        connecting.connect()

    connecting.disconnect()
    turns.until(lambda: len(caller.told) == 3)
    connecting.disconnect()
    caller.ear = Ear()
    connecting.connect()
    turns.until(lambda: len(caller.told) == 5)

    assert caller.told == ["started", "made", "ConnectionDone", "started", "made"]


def test_a_factory_may_not_want_it_any_more(
    turns: Turns, caller: Caller, app: socket.socket
) -> None:
    """A connection for which there is no protocol is closed at once."""
    caller.ear = None

    call(turns, app.getsockname(), caller)
    turns.until(lambda: len(caller.told) == 3)

    assert caller.told == ["started", "made", "ConnectionDone"]


def test_the_end_of_the_lane_ends_calls(turns: Turns, caller: Caller, app: socket.socket) -> None:
    """A call under way at the end is told as failed."""
    call(turns, app.getsockname(), caller)

    turns.lane.stop()

    assert caller.told == ["started", "ConnectError"]


def test_no_descriptor_is_told_as_such(
    turns: Turns, caller: Caller, app: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When this machine has run out of descriptors, that is no fault of the app."""

    def refuse(*_: object) -> None:
        raise OSError(24, os.strerror(24))

    address = app.getsockname()
    with monkeypatch.context() as patch:
        patch.setattr("gateway.sockets.connecting.socket.socket", refuse)
        call(turns, address, caller)
    turns.turn()

    assert caller.told == ["started", "ConnectBindError"]


def test_an_address_that_cannot_be_reached_is_told(turns: Turns, caller: Caller) -> None:
    """A refusal of the kernel itself comes in a later turn too."""
    call(turns, ("255.255.255.255", 80), caller)
    at_once = list(caller.told)
    turns.turn()

    assert at_once == ["started"]
    assert len(caller.told) == 2


def test_endpoints_meet_on_a_lane(turns: Turns) -> None:
    """Twisted's own endpoints listen and connect on a lane as on a reactor."""
    ears = [Ear(), Ear()]
    results: list[Any] = []
    factory = Factory.forProtocol(lambda: ears[1])
    factory.noisy = False
    server = TCP4ServerEndpoint(turns.lane, 0, interface="127.0.0.1")
    server.listen(factory).addCallback(results.append)
    [port] = results
    client = Factory.forProtocol(lambda: ears[0])
    client.noisy = False

    endpoint = TCP4ClientEndpoint(turns.lane, "127.0.0.1", port.getHost().port)
    endpoint.connect(client).addCallback(results.append)
    turns.until(lambda: len(results) == 2)
    results[1].transport.write(b"hello")
    turns.until(lambda: ears[1].heard)

    assert results[1] is ears[0]
    assert ears[1].heard == b"hello"


def test_an_endpoints_call_can_be_cancelled(turns: Turns, app: socket.socket) -> None:
    """Who cancels the Deferred gets no connection."""
    failures: list[Failure] = []
    endpoint = TCP4ClientEndpoint(turns.lane, *app.getsockname())
    factory = Factory.forProtocol(Ear)
    factory.noisy = False
    calling: Deferred[Any] = endpoint.connect(factory)

    calling.addErrback(failures.append)
    calling.cancel()
    turns.turn()

    assert failures[0].check(error.ConnectingCancelledError)
    assert turns.lane.getWriters() == []


def test_names_are_left_to_the_reactor(turns: Turns, caller: Caller) -> None:
    """A host name is looked up by the real reactor, off this path."""
    asked: list[tuple[object, ...]] = []
    turns.connectTCP = lambda *all_of_it: asked.append(all_of_it)  # type: ignore[attr-defined]

    turns.lane.connectTCP("app.example.test", 80, caller)

    assert [("app.example.test", 80)] == [each[:2] for each in asked]


def test_what_the_app_said_before_it_hung_up_is_heard(
    turns: Turns, caller: Caller, app: socket.socket
) -> None:
    """An app that refuses a long upload and closes is heard, and the end is told as a loss."""
    call(turns, app.getsockname(), caller)
    turns.until(lambda: len(caller.told) == 2)
    ear = caller.ear
    assert ear is not None
    assert ear.transport is not None
    theirs, _ = app.accept()
    ear.transport.write(b"x" * 20_000_000)
    turns.turn()

    theirs.send(b"413 Content Too Large")
    theirs.close()
    turns.until(lambda: ear.why)

    assert ear.heard == b"413 Content Too Large"
    assert ear.why is not None
    assert ear.why.check(error.ConnectionLost)
