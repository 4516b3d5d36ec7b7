"""What becomes of requests where the rules themselves have gone wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.rules.access import Decide, Decision, Ruling
from gateway.rules.http1 import RequestHead
from tests.proxy.memory import GET, HEAD, House

STRANGE = HEAD + b"\r\n"


def house_with(decide: Decide[object]) -> House:
    """A gateway whose rule is another."""
    house = House()
    house.plane = replace(house.plane, receive=replace(house.reception, decide=decide))
    return house


def test_a_wrong_rule_lets_no_stranger_in() -> None:
    """Even if the rule said "to the app" of somebody who is not signed in, nobody gets there."""

    def open_to_all(head: RequestHead, *, session: object, peer: str) -> Ruling:
        return Ruling(decision=Decision.APP, reason="a mistake")

    house = house_with(open_to_all)
    browser = house.browser()
    browser.hear(STRANGE)

    assert browser.said().startswith(b"HTTP/1.1 403 ")
    assert [] == house.carried
    assert [] == house.reactor.tcpClients


@pytest.mark.parametrize("request_bytes", [STRANGE, GET])
def test_a_rule_that_fails_lets_nobody_in(request_bytes: bytes) -> None:
    """An accident in the rule ends the connection; it is not a way to the app."""

    def broken(head: RequestHead, *, session: object, peer: str) -> Ruling:
        raise RuntimeError("an accident")

    house = house_with(broken)
    browser = house.browser()
    with pytest.raises(RuntimeError):
        browser.hear(request_bytes)

    assert [] == house.carried
    assert [] == house.reactor.tcpClients
