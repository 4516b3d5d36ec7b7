"""All workers together: told of sessions, counted for the health document, told to go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from gateway.rules.records import Person, Session
from gateway.rules.vitals import Level
from gateway.store.table import LiveSession
from gateway.workers.crew import Crew
from tests.store.bench import LIMITS, TODAY
from tests.store.samples import ANNA, session, token_hash
from tests.workers.agency import Agency
from tests.workers.line import Line


@pytest.fixture
def crew(line: Line, agency: Agency) -> Crew:
    """Three places, filled."""

    async def bind() -> dict[str, list[object]]:
        return {}

    crew = Crew(
        3,
        clock=line.clock,
        office=line.overseer._office,
        bind=bind,  # type: ignore[arg-type]  # no ports are needed here
        hire_for=lambda _: agency,
    )
    opening = Deferred.fromCoroutine(crew.open())
    assert opening.called
    opening.addErrback(lambda failure: failure.raiseException())
    agency.turn()
    return crew


def test_every_worker_is_told(line: Line, agency: Agency, crew: Crew) -> None:
    """A sign-in opens every worker's door, and a sign-out closes it, before they are answered."""
    opening = Deferred.fromCoroutine(line.sessions.open(*signed_in(), replacing=None))
    assert not opening.called
    agency.turn()
    assert opening.called
    assert all(each.replica.find(b"one") for each in agency.hired)

    ending = Deferred.fromCoroutine(line.sessions.end(token_hash("one")))
    assert not ending.called
    agency.turn()
    assert ending.called
    assert not any(each.replica.find(b"one") for each in agency.hired)


def test_every_worker_hears_of_a_verification(line: Line, agency: Agency, crew: Crew) -> None:
    """The new cookie opens every worker's door before the browser gets it, the old one none."""
    opening = Deferred.fromCoroutine(line.sessions.open(*signed_in(), replacing=None))
    agency.turn()
    opened: list[LiveSession] = []
    opening.addCallback(opened.append)
    held = [each.replica.find(b"one") for each in agency.hired]
    record = replace(session("one", created=TODAY), token_hash=token_hash("new"))

    renewing = Deferred.fromCoroutine(line.sessions.renew(opened[0], record))
    assert not renewing.called
    agency.turn()

    assert renewing.called
    assert held == [each.replica.find(b"new") for each in agency.hired]
    assert not any(each.replica.find(b"one") for each in agency.hired)


def test_every_worker_hears_of_a_change(line: Line, agency: Agency, crew: Crew) -> None:
    """Who leaves a group has left it in every worker before that is answered; so who is out."""
    Deferred.fromCoroutine(line.sessions.open(*signed_in(), replacing=None))
    agency.turn()
    for wanted in ({"groups": ("it",)}, {"enabled": False}):
        storing = Deferred.fromCoroutine(line.store.change_person(ANNA.id, **wanted))
        stored: list[Person | None] = []
        storing.addCallback(stored.append)
        assert stored[0] is not None

        changing = Deferred.fromCoroutine(line.sessions.change_person(stored[0]))
        assert not changing.called
        agency.turn()

        assert changing.called
        found = [each.replica.find(b"one") for each in agency.hired]
        shown = [None if each is None else each.person.groups for each in found]
        assert [("it",) if "groups" in wanted else None] * 3 == shown


def signed_in() -> tuple[Session, Person]:
    """A session and its person."""
    return session("one", created=TODAY), ANNA


def test_uses_are_told_to_the_others(line: Line, agency: Agency, crew: Crew) -> None:
    """Somebody who works through one worker is not idle in the others."""
    live = line.sessions
    Deferred.fromCoroutine(live.open(*signed_in(), replacing=None))
    agency.turn()
    first, *others = agency.hired
    line.clock.advance(5)
    first.replica.find(b"one")

    assert first.wire is not None
    first.wire.client.report()
    agency.turn()
    line.clock.advance(LIMITS.idle_s - 1)

    assert all(each.replica.find(b"one") for each in others)


def health(crew: Crew) -> dict[str, tuple[Level, float | None]]:
    """What the checks find."""
    found: dict[str, tuple[Level, float | None]] = {}
    for name, check in crew.checks().items():

        async def look(name: str = name, check: object = check) -> None:
            result = await check()  # type: ignore[operator]
            found[name] = result.level, result.observed

        Deferred.fromCoroutine(look())
    return found


def test_health_counts_the_workers(line: Line, agency: Agency, crew: Crew) -> None:
    """The health document says how many serve: fewer is a warning, none a failure."""
    crew.sweep()
    agency.turn()
    assert health(crew) == {
        "workers": (Level.PASS, 3),
        "worker 1:connections": (Level.PASS, 7),
        "worker 2:connections": (Level.PASS, 7),
        "worker 3:connections": (Level.PASS, 7),
    }

    agency.hired[0].die()
    assert (Level.WARN, 2) == health(crew)["workers"]
    assert (Level.WARN, 0) == health(crew)["worker 1:connections"]
    agency.hired[1].die()
    agency.hired[2].die()

    assert (Level.FAIL, 0) == health(crew)["workers"]
    closing = Deferred.fromCoroutine(crew.close())
    assert closing.called


def test_nobody_waits_for_the_dead(line: Line, agency: Agency, crew: Crew) -> None:
    """A sign-out while a worker is being replaced waits for the others only."""
    agency.hired[0].die()

    told = crew.ended([token_hash("one")])
    agency.turn()

    assert told.called
