"""Sessions end at their limits within five seconds, at a real gateway with two workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.instruments.gateway_process import GatewayProcess, Setup
from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Ending, RawClient
from tests.wire.conftest import assert_quiet
from tests.wire.door import Door
from tests.wire.signed_in import open_door
from tests.wire.sockets import HANDSHAKE, SWITCHED
from tests.wire.test_websocket import echo_bytes

IDLE_S, LIFETIME_S = 2.0, 5.0
LATE_S = 5.0
"""What is promised."""

PERIOD_S = 0.2
"""A tab in a hurry."""


@pytest.fixture(scope="module")
def door(lasting_app: RawApp) -> Iterator[Door]:
    """A gateway whose sessions are short."""
    extra: dict[str, dict[str, object]] = {
        "sessions": {"idle": f"{IDLE_S:g}s", "lifetime": f"{LIFETIME_S:g}s"},
        "listen": {"workers": 2},
    }
    with GatewayProcess(Setup(backend=lasting_app.url, extra=extra)) as gateway:
        yield open_door(gateway)
        assert_quiet(gateway)


def end_of(ask: Callable[[int], int], *, since: float) -> float:
    """Ask again and again; seconds until it was answered 401."""
    number = 0
    while ask(number) != 401:
        number += 1
        assert time.monotonic() - since < LIFETIME_S + LATE_S, "it never ends"
        time.sleep(PERIOD_S)  # a timer is what is played here
    return time.monotonic() - since


def socket_of(stack: ExitStack, door: Door, app: RawApp) -> RawClient:
    """An open WebSocket."""
    app.play(b"/ws", [SWITCHED, echo_bytes])
    client = stack.enter_context(door.connect(patience_s=LIFETIME_S + LATE_S))
    client.send(door.head(b"/ws", fields=HANDSHAKE))
    assert client.read_head().startswith(b"HTTP/1.1 101 ")
    return client


def test_a_silent_session_is_cut_at_the_idle_limit(app: RawApp, door: Door) -> None:
    """A WebSocket of a person who has left is closed, although nobody asks for anything."""
    mine = replace(door, cookie=door.sign_in())
    since = time.monotonic()
    with ExitStack() as stack:
        socket = socket_of(stack, mine, app)

        _, ending = socket.rest()

        assert Ending.TIMED_OUT is not ending
        assert IDLE_S <= time.monotonic() - since + 0.1
        assert time.monotonic() - since < IDLE_S + LATE_S


def test_our_own_page_that_polls_keeps_nobody_signed_in(app: RawApp, door: Door) -> None:
    """The account page that waits for a phone, left open, ends at the idle limit all the same."""
    mine = replace(door, cookie=door.sign_in())
    own = b"Origin: " + door.origin + b"\r\nContent-Type: application/json\r\n"
    question = mine.post(b"/.gateway/account/phone/state", b'{"code":"AA"}', fields=own)
    since = time.monotonic()

    with mine.connect() as client:
        ended_s = end_of(lambda _: client.ask(question).status, since=since)

    assert IDLE_S <= ended_s + 0.1
    assert ended_s < LIFETIME_S, "it lived to the absolute limit"


def test_the_absolute_limit_spares_nobody(app: RawApp, door: Door) -> None:
    """Who works without a pause is out at the end of the session's life, with all its sockets."""
    mine = replace(door, cookie=door.sign_in())
    since = time.monotonic()
    with ExitStack() as stack:
        socket = socket_of(stack, mine, app)

        ended_s = end_of(lambda n: mine.ask(mine.post(b"/%d" % n, b"x")).status, since=since)
        _, ending = socket.rest()

        assert LIFETIME_S <= ended_s + 0.1 < LIFETIME_S + LATE_S
        assert Ending.TIMED_OUT is not ending
        assert time.monotonic() - since < LIFETIME_S + LATE_S
