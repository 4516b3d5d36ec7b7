"""All workers together: told of sessions, counted for the health document, told to go."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from gateway.rules.records import Person, Session
from gateway.rules.vitals import Level
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
