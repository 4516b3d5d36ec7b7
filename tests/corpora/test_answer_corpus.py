"""
Response splitting and pool poisoning: an app that talks nonsense is never believed.

Whatever it sends, nobody gets a second answer for one request, and the next person gets the
next person's own answer, on the same connection to the app or on another.
"""

from __future__ import annotations

import pytest

from tests.corpora.answers import CUT, GARBLED, WHOLE
from tests.corpora.attacker import Attacker
from tests.instruments.raw_app import close
from tests.instruments.raw_client import TruncatedError

OTHERS = [b"%d" % number for number in range(3)]


def next_person_is_well(attacker: Attacker) -> None:
    """Three more requests get their own answers."""
    for number in OTHERS:
        seen = attacker.door.get(b"/next?" + number)
        assert 200 == seen.status
        assert b"/next?" + number in seen.body
        assert b"poison" not in seen.head + seen.body


@pytest.mark.parametrize("said", [said for said, _ in GARBLED.values()], ids=GARBLED.keys())
def test_garbled(attacker: Attacker, said: bytes) -> None:
    """Nonsense becomes a 502, once, and the connection to the browser goes on in step."""
    attacker.app.play(b"/answer", [said])

    with attacker.door.connect() as client:
        seen = client.ask(attacker.door.head(b"/answer"))
        after = client.ask(attacker.door.head(b"/next?same"))

    assert (502, 200) == (seen.status, after.status)
    assert b"/next?same" in after.body
    assert b"poison" not in seen.head + seen.body
    next_person_is_well(attacker)


@pytest.mark.parametrize("said", [said for said, _ in CUT.values()], ids=CUT.keys())
def test_cut(attacker: Attacker, said: bytes) -> None:
    """A body that goes wrong is cut, so that nobody takes it for whole."""
    attacker.app.play(b"/answer", [said])

    with attacker.door.connect() as client:
        client.send(attacker.door.head(b"/answer"))
        try:
            status = client.read_answer().status
        except TruncatedError:
            status = 0

    assert status in (0, 502)
    next_person_is_well(attacker)


@pytest.mark.parametrize(
    ("said", "status", "body"), [row[:3] for row in WHOLE.values()], ids=WHOLE.keys()
)
@pytest.mark.parametrize("ends", [False, True], ids=["stays", "closes"])
def test_whole(attacker: Attacker, said: bytes, status: int, body: bytes, *, ends: bool) -> None:
    """The browser gets this one answer, and nobody what stands behind it."""
    attacker.app.play(b"/answer", [said, close] if ends else [said])

    with attacker.door.connect() as client:
        seen = client.ask(attacker.door.head(b"/answer"))
        after = client.ask(attacker.door.head(b"/next?same"))

    assert (status, body) == (seen.status, seen.body)
    assert b"Set-Cookie: poison" not in seen.head
    assert b"/next?same" in after.body
    next_person_is_well(attacker)
