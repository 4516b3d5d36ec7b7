"""What is remembered of requests, and for how long."""

from __future__ import annotations

import pytest

from gateway.proxy.remembered import BLOCK_BYTES, BLOCK_LIMIT, Remembered
from gateway.rules.http1 import BadMessageError, parse_block

BLOCK = b"\r\nHost: gw\r\nAccept: */*\r\nCookie: a=b"


def test_same_meaning() -> None:
    """What is remembered of a block is what a fresh look at it says."""
    remembered = Remembered()

    assert parse_block(BLOCK) == remembered(BLOCK) == remembered(BLOCK)
    assert remembered(BLOCK) is remembered(BLOCK)


def test_cookies_are_forgotten() -> None:
    """Nothing of a block is left when it was not used for two generations."""
    remembered = Remembered()
    remembered(BLOCK)
    remembered.turn()
    remembered(BLOCK)
    remembered.turn()
    assert 1 == len(remembered)
    remembered.turn()

    assert 0 == len(remembered)


def test_bounded() -> None:
    """However many different requests come, the memory stays small."""
    remembered = Remembered()
    for number in range(3 * BLOCK_LIMIT):
        remembered(b"\r\nHost: gw\r\nCookie: a=%d" % number)
    remembered(BLOCK + b"x" * BLOCK_BYTES)

    assert len(remembered) <= 2 * BLOCK_LIMIT


def test_refused_each_time() -> None:
    """What is refused is not remembered as fine."""
    remembered = Remembered()
    for _ in range(2):
        with pytest.raises(BadMessageError):
            remembered(b"\r\nHost: gw\r\n folded")

    assert 0 == len(remembered)
