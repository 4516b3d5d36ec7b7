"""The SQLite store keeps every promise of the interface, and outlives the process."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gateway.errors import InvitationSpentError, NameTakenError, StoreError
from gateway.rules.records import PersonId
from gateway.store.interface import Store
from gateway.store.sqlite import SQLiteStore
from tests.store.conftest import Opener
from tests.store.contract import (
    EnrolmentContract,
    PasskeyContract,
    PeopleContract,
    RecoveryContract,
    SessionContract,
)
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, invitation, passkey, session, token_hash

CANARY = b"canary-2f6b1c"


@pytest.fixture
def store(reopen: Opener) -> SQLiteStore:
    """An empty store."""
    return reopen()


class TestPeople(PeopleContract):
    """People and secrets in SQLite."""


class TestEnrolment(EnrolmentContract):
    """Invitations and passkeys in SQLite."""


class TestPasskeys(PasskeyContract):
    """Further and removed passkeys in SQLite."""


class TestRecovery(RecoveryContract):
    """Recovery codes and what happened in SQLite."""


class TestSessions(SessionContract):
    """Sessions in SQLite."""


def test_it_is_a_store(store: SQLiteStore) -> None:
    """The type checker agrees that this is a store."""
    promised: Store = store

    assert promised is store


def test_everything_outlives_a_restart(store: Store, reopen: Opener, pump: Pump) -> None:
    """After a stop and a start all is there: people, passkeys, links, sessions, secrets."""
    pump.run(store.add_person(ANNA))
    pump.run(store.issue_invitation(invitation("link")))
    pump.run(store.register_passkey(passkey(b"key"), invitation=token_hash("link"), now=1999.0))
    pump.run(store.remember_session(session("one"), replacing=None))
    pump.run(store.keep_secret("name", b"value"))
    pump.run(store.close())

    again = reopen()

    assert [ANNA] == pump.run(again.people())
    assert passkey(b"key") == pump.run(again.passkey(b"key"))
    held = pump.run(again.invitation(token_hash("link")))
    assert replace(invitation("link"), used=1999.0, registered=b"key") == held
    assert [session("one")] == pump.run(again.sessions())
    assert b"value" == pump.run(again.secret("name"))


def test_a_clean_stop_leaves_one_file(store: Store, pump: Pump, path: Path) -> None:
    """After a stop the database is one file that can be copied."""
    pump.run(store.add_person(ANNA))

    pump.run(store.close())

    assert [path] == list(path.parent.iterdir())


def test_another_process_sees_what_was_answered(store: Store, reopen: Opener, pump: Pump) -> None:
    """The command line sees a change as soon as the service has acknowledged it."""
    other = reopen()
    assert [] == pump.run(other.people())

    pump.run(store.add_person(ANNA))

    assert [ANNA] == pump.run(other.people())


def test_two_processes_share_one_invitation(store: Store, reopen: Opener, pump: Pump) -> None:
    """Two machines' worth of browsers with one link still register one passkey."""
    other = reopen()
    pump.run(store.add_person(ANNA))
    pump.run(store.issue_invitation(invitation("link")))

    outcomes = pump.outcomes(
        [store, other][number % 2].register_passkey(
            passkey(b"%d" % number), invitation=token_hash("link"), now=1999.0
        )
        for number in range(20)
    )

    refused = [each for each in outcomes if isinstance(each, Failure)]
    assert 19 == len([each for each in refused if each.check(InvitationSpentError)])
    assert 1 == len(pump.run(store.passkeys_of(ANNA.id)))


def test_only_hashes_of_tokens_are_on_the_disk(store: Store, pump: Pump, path: Path) -> None:
    """Whoever steals the database finds no token in it, and the hash where it should be."""
    token = CANARY.decode()
    pump.run(store.add_person(ANNA))
    pump.run(store.issue_invitation(invitation(token)))
    pump.run(store.remember_session(replace(session(token), id="public"), replacing=None))

    stored = _everything_beside(path)

    assert CANARY not in stored
    assert stored.count(token_hash(token)) >= 2


def test_secrets_are_sealed_on_the_disk(store: Store, pump: Pump, path: Path) -> None:
    """Whoever steals the database reads no secret in it."""
    pump.run(store.keep_secret("a name", CANARY))

    stored = _everything_beside(path)

    assert CANARY not in stored
    assert b"a name" in stored


def test_a_secret_in_another_row_is_refused(store: Store, pump: Pump, path: Path) -> None:
    """Whoever can write to the database cannot pass one secret off as another."""
    pump.run(store.keep_secret("mine", b"1"))
    pump.run(store.keep_secret("yours", b"2"))
    meddler = apsw.Connection(str(path))
    meddler.execute(
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'yours')"
    )
    meddler.close()

    with pytest.raises(StoreError, match="sealed for another place"):
        pump.run(store.secret("mine"))
    with pytest.raises(StoreError, match="sealed for another place"):
        pump.run(store.keep_secret("mine", b"3"))


def test_hanging_up_undoes_nothing(store: Store, pump: Pump) -> None:
    """A browser that hangs up while its change is being written does not undo it."""
    waiting = Deferred.fromCoroutine(store.add_person(ANNA))
    outcomes: list[object] = []
    waiting.addErrback(outcomes.append)

    waiting.cancel()
    pump.run(store.add_person(KENJI))

    [outcome] = outcomes
    assert isinstance(outcome, Failure)
    assert outcome.check(CancelledError)
    assert [ANNA, KENJI] == pump.run(store.people())


def test_a_refused_change_takes_no_other_along(store: Store, pump: Pump) -> None:
    """Changes that share a commit succeed or are refused each on its own."""
    twin = replace(KENJI, name="anna")

    outcomes = pump.outcomes(
        store.add_person(each) for each in [ANNA, twin, replace(KENJI, name="kenji")]
    )

    assert [True, False, True] == [outcome is None for outcome in outcomes]
    assert isinstance(outcomes[1], Failure)
    assert outcomes[1].check(NameTakenError)
    assert ["anna", "kenji"] == [each.name for each in pump.run(store.people())]


def test_the_reactor_never_commits(store: Store, pump: Pump) -> None:
    """Whatever waits for the disk runs on one thread that is not the reactor's."""
    assert isinstance(store, SQLiteStore)
    threads = {
        pump.run(store._writer.write(lambda _connection: threading.get_ident())) for _ in range(3)
    }

    assert 1 == len(threads)
    assert threading.get_ident() not in threads


def test_reads_go_on_while_a_write_waits(store: Store, pump: Pump, path: Path) -> None:
    """While another program holds the write lock, people are still looked up at once."""
    pump.run(store.add_person(ANNA))
    hog = apsw.Connection(str(path))
    hog.execute("BEGIN IMMEDIATE")
    waiting = Deferred.fromCoroutine(store.add_person(KENJI))

    assert [ANNA] == pump.run(store.people())
    assert not waiting.called

    hog.execute("ROLLBACK")
    hog.close()
    pump.turn()
    assert waiting.called
    assert [ANNA, KENJI] == pump.run(store.people())


def test_nothing_goes_into_a_closed_store(store: Store, pump: Pump) -> None:
    """After the stop, changes and questions are refused in words."""
    pump.run(store.close())

    with pytest.raises(StoreError, match="is closed"):
        pump.run(store.add_person(ANNA))
    with pytest.raises(StoreError, match="is closed"):
        pump.run(store.people())


def test_closing_finishes_what_was_begun(store: Store, reopen: Opener, pump: Pump) -> None:
    """A stop waits for the changes that are under way, and answers them."""
    people = [
        replace(ANNA, id=PersonId(f"{n:032}"), name=f"{n:03}", user_handle=b"%d" % n)
        for n in range(300)
    ]

    outcomes = pump.outcomes([*(store.add_person(each) for each in people), store.close()])

    assert [None] * 301 == outcomes
    assert people == pump.run(reopen().people())


def test_two_who_close_wait_for_the_same_end(store: Store, pump: Pump) -> None:
    """Closing while it is being closed waits for the end of the first."""
    pump.run(store.add_person(ANNA))

    assert [None, None] == pump.outcomes([store.close(), store.close()])


def _everything_beside(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))
