"""The line between main process and worker: sessions agree, and a broken line fails closed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from gateway.store.table import NEVER, SLICE, LiveSession
from gateway.workers import words
from gateway.workers.deputy import SILENT_REPORTS
from gateway.workers.overseer import PAGE_SESSIONS, TELL_LIMIT_S
from tests.store.bench import LIMITS, TODAY
from tests.store.samples import ANNA, KENJI, session, token_hash
from tests.workers.line import Line, hang_up


def test_a_worker_is_told_the_whole_table(line: Line) -> None:
    """A worker that starts late knows everybody who is signed in, and since when."""
    count = 2 * PAGE_SESSIONS + 3
    for number in range(count):
        line.open(f"{number}")
    line.clock.advance(5)

    line.brief()

    found = line.replica.find(b"7")
    original = line.sessions.find(b"7")
    assert count == len(line.replica)
    assert found is not None
    assert original is not None
    assert ANNA == found.person
    assert (original.begun, original.session.id) == (found.begun, found.session.id)


def test_what_ends_while_it_is_told(line: Line) -> None:
    """Nobody who signs out between two pages of the table is let in by the worker."""
    for number in range(2 * PAGE_SESSIONS):
        line.open(f"{number}")
    early, late = token_hash("0"), token_hash(f"{2 * PAGE_SESSIONS - 1}")
    briefing = Deferred.fromCoroutine(line.overseer.brief())
    assert not briefing.called  # the first page is on its way

    for each in (early, late):
        ending = Deferred.fromCoroutine(line.sessions.end(each))
        ending.addErrback(lambda failure: failure.raiseException())
        line.overseer.tell(words.End, token_hashes=[each])
    line.wire.flush()

    assert briefing.called
    assert 2 * PAGE_SESSIONS - 2 == len(line.replica)
    assert line.replica.find(b"0") is None


def test_what_opens_while_it_is_told(line: Line) -> None:
    """Nobody who signs in between two pages of the table is forgotten."""
    for number in range(2 * PAGE_SESSIONS):
        line.open(f"{number}")
    briefing = Deferred.fromCoroutine(line.overseer.brief())
    assert not briefing.called

    line.overseer.tell(words.Open, sessions=[line.open("late")])
    line.wire.flush()

    assert 2 * PAGE_SESSIONS + 1 == len(line.replica)


def test_whoever_tells_knows_when_it_is_known(line: Line) -> None:
    """A sign-out is answered once the worker refuses the cookie."""
    line.open("one")
    line.brief()

    told = line.overseer.tell(words.End, token_hashes=[token_hash("one")])
    assert not told.called
    line.wire.flush()

    assert told.called
    assert line.replica.find(b"one") is None


def test_a_worker_that_is_stuck_holds_nobody_up(line: Line) -> None:
    """Somebody else's sign-out waits for a stuck worker for a second and no longer."""
    line.brief()

    told = line.overseer.tell(words.End, token_hashes=[token_hash("one")])
    line.clock.advance(TELL_LIMIT_S)

    assert told.called


def test_a_worker_that_is_not_told_yet_holds_nobody_up(line: Line) -> None:
    """A worker that is still starting serves nobody, so nobody waits for it."""
    assert line.overseer.tell(words.End, token_hashes=[token_hash("one")]).called


def test_a_renewed_session_is_the_same_there(line: Line) -> None:
    """After a verification the worker refuses the old cookie, and cuts nothing that is open."""
    live = line.open("one")
    line.brief()
    held = line.replica.find(b"one")
    line.clock.advance(60)
    renew(line, live)

    told = line.overseer.tell(words.Renew, old=[token_hash("one")], sessions=[live])
    assert not told.called
    line.wire.flush()

    assert told.called
    assert line.replica.find(b"one") is None
    assert held is line.replica.find(b"new")
    assert held is not None
    assert (live.verified, False, False) == (held.verified, held.is_device_bound, held.ended)


def renew(line: Line, live: LiveSession) -> None:
    """The session's person is verified again, by a passkey that may be on several devices."""
    record = replace(live.session, token_hash=token_hash("new"), is_device_bound=False)
    renewing = Deferred.fromCoroutine(line.sessions.renew(live, record))
    assert renewing.called
    renewing.addErrback(lambda failure: failure.raiseException())


@pytest.mark.parametrize("position", [0, 2 * PAGE_SESSIONS - 1])
def test_what_is_renewed_while_it_is_told(line: Line, position: int) -> None:
    """Nobody who is verified again between two pages of the table is lost, or there twice."""
    lives = [line.open(f"{number}") for number in range(2 * PAGE_SESSIONS)]
    briefing = Deferred.fromCoroutine(line.overseer.brief())
    assert not briefing.called  # the first page is on its way

    renew(line, lives[position])
    old = token_hash(f"{position}")
    line.overseer.tell(words.Renew, old=[old], sessions=[lives[position]])
    line.wire.flush()

    assert briefing.called
    assert 2 * PAGE_SESSIONS == len(line.replica)
    assert line.replica.find(f"{position}".encode()) is None
    assert line.replica.find(b"new") is not None


def test_changed_people_are_shown_there(line: Line) -> None:
    """Who is put into a group is in it in every worker, before that is answered."""
    line.open("one")
    line.brief()
    changed = replace(ANNA, groups=("it", "経理"), display_name="安奈")

    told = line.overseer.tell(words.ChangePeople, people=[changed])
    assert not told.called
    line.wire.flush()

    assert told.called
    found = line.replica.find(b"one")
    assert found is not None
    assert changed == found.person


def test_a_background_request_is_not_told(line: Line) -> None:
    """A page that polls in a worker keeps nobody signed in anywhere."""
    live = line.open("one")
    line.brief()
    used = live.used
    line.clock.advance(5)
    assert line.replica.find(b"one", is_use=False) is not None

    line.deputy.report()
    line.wire.flush()

    assert used == live.used


def test_uses_travel_both_ways(line: Line) -> None:
    """What is used in one worker keeps the session alive in the table and in other workers."""
    live = line.open("one")
    line.brief()
    relayed: list[bytes] = []
    line.overseer.relay = relayed.append
    line.clock.advance(5)
    line.replica.find(b"one")

    line.deputy.report()
    line.wire.flush()

    assert line.clock.seconds() == live.used
    assert [(token_hash("one"), live.used)] == list(words.unpack_uses(relayed[0]))
    line.clock.advance(LIMITS.idle_s - 1)
    line.overseer.pass_on(words.pack_uses([(token_hash("one"), line.clock.seconds())]))
    line.wire.flush()
    line.clock.advance(LIMITS.idle_s - 1)
    assert line.replica.find(b"one") is not None


def test_many_uses_at_once(line: Line) -> None:
    """More uses than fit into one message all arrive."""
    count = 2 * SLICE + 1
    lives = [line.open(f"{number}") for number in range(count)]
    line.brief()
    line.clock.advance(5)
    for number in range(count):
        line.replica.find(f"{number}".encode())

    line.deputy.report()
    line.wire.flush()

    assert {line.clock.seconds()} == {live.used for live in lives}


def test_a_broken_line_lets_nobody_in(line: Line) -> None:
    """When the main process dies, every session is dead in the worker at once, and it ends."""
    line.open("one")
    line.brief()
    held = line.replica.find(b"one")

    hang_up(line.overseer)
    line.wire.flush()

    assert line.replica.find(b"one") is None
    assert held is not None
    assert held.ended
    assert ["lost: the line to the main process broke"] == line.orders.heard


def test_a_silent_main_process_lets_nobody_in(line: Line) -> None:
    """A worker that hears nothing for ten seconds could not hear of a sign-out either: it ends."""
    line.open("one")
    line.brief()
    for _ in range(SILENT_REPORTS):
        line.deputy.report()
    assert [] == line.orders.heard

    line.deputy.report()
    line.deputy.report()

    assert line.replica.find(b"one") is None
    assert 1 == len(line.orders.heard)


def test_what_is_said_counts_as_life(line: Line) -> None:
    """As long as it is asked how it is, a worker goes on."""
    line.brief()

    for _ in range(3):
        for _ in range(SILENT_REPORTS):
            line.deputy.report()
        line.overseer.callRemote(words.Ping)
        line.wire.flush()

    assert [] == line.orders.heard


def test_leaving_in_good_order(line: Line) -> None:
    """A worker that is told to leave tells its last uses first, and is not taken for lost."""
    live = line.open("one")
    line.brief()
    line.clock.advance(5)
    line.replica.find(b"one")

    left = line.overseer.callRemote(words.Leave)
    line.wire.flush()
    hang_up(line.overseer)
    line.wire.flush()

    assert left.called
    assert line.clock.seconds() == live.used
    assert ["leave"] == line.orders.heard


@pytest.mark.parametrize("size", [0, 1, words.PART_BYTES, 3 * words.PART_BYTES + 1])
def test_bytes_of_any_length_travel(size: int) -> None:
    """What is longer than one of AMP's values is put together again."""
    said = {"packed": bytes(range(256)) * (size // 256 + 1)}
    said["packed"] = said["packed"][:size]

    box = words.NoteUses.makeArguments(said, None)

    assert all(len(each) <= words.PART_BYTES for each in box.values())
    assert said == words.NoteUses.parseArguments(box, None)


def test_people_and_sessions_travel_whole(line: Line) -> None:
    """A worker knows the person, whatever the name, and what it needs of the session."""
    live = line.open("one")
    line.clock.advance(60)
    live.used = line.clock.seconds()

    [copied] = words.Sessions().fromString(words.Sessions().toString([live]))

    assert ANNA == copied.person
    assert (live.begun, live.used, live.verified) == (copied.begun, copied.used, copied.verified)
    assert (live.method, True) == (copied.method, copied.is_device_bound)
    assert session("one", created=TODAY).token_hash == copied.session.token_hash
    assert live.session.method is copied.session.method


def test_what_was_never_verified_travels(line: Line) -> None:
    """A session whose person was never verified is not fresh in any worker."""
    live = line.open("one")
    live.verified = NEVER

    [copied] = words.Sessions().fromString(words.Sessions().toString([live]))

    assert NEVER == copied.verified


def test_people_travel_whole() -> None:
    """Nothing of a person is lost on the way, whatever the letters."""
    people = [ANNA, KENJI]

    assert people == words.People().fromString(words.People().toString(people))
