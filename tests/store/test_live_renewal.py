"""A person who is verified again keeps the session, under another token."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gateway.errors import Reason, RefusedError, StoreError
from gateway.rules.records import Session, TokenHash
from gateway.store.live import LiveSession
from tests.store.bench import LIMITS, TODAY, Bench
from tests.store.samples import ANNA, passkey, token_hash


@pytest.fixture
def one(bench: Bench) -> LiveSession:
    """A session of a minute ago."""
    live = bench.open("one")
    bench.clocks.advance(60)
    return live


def renew(bench: Bench, live: LiveSession, token: str) -> Deferred[LiveSession]:
    """Begin to renew the session that was opened as "one"."""
    return Deferred.fromCoroutine(bench.live.renew(live, bench.renewed("one", token)))


def refusal(renewing: Deferred[LiveSession]) -> object:
    """Why it was not renewed."""
    failures: list[Failure] = []
    renewing.addErrback(failures.append)
    [failure] = failures
    assert isinstance(failure.value, RefusedError)
    return failure.value.reason


def stored_record(bench: Bench) -> Session:
    """The only session that is stored."""
    [record] = bench.pump.run(bench.store.sessions())
    return record


def test_the_old_token_is_dead_and_the_session_lives(bench: Bench, one: LiveSession) -> None:
    """The old cookie opens nothing; what is open on the session is not cut."""
    record = bench.renewed("one", "new", credential_id=b"usb key", is_device_bound=False)

    renewed = bench.pump.run(bench.live.renew(one, record))

    assert renewed is one
    assert not one.ended
    assert bench.find("one") is None
    assert one is bench.find("new")
    assert record == stored_record(bench) == one.session
    assert 1 == len(bench.live)


def test_it_is_verified_now_and_as_old_as_before(bench: Bench, one: LiveSession) -> None:
    """A verification opens what asks for a fresh one, and prolongs no lifetime."""
    begun = one.begun

    bench.pump.run(bench.live.renew(one, bench.renewed("one", "new", is_device_bound=False)))

    now = bench.clocks.steady.seconds()
    assert (begun, now, now) == (one.begun, one.verified, one.used)
    assert one.is_device_bound is False
    for _ in range(12 * 60 // 20 - 1):
        bench.clocks.advance(20 * 60)
        bench.find("new")
    bench.clocks.advance(20 * 60 - 60)
    assert bench.find("new") is None


def test_it_outlives_a_restart(bench: Bench, one: LiveSession) -> None:
    """After a restart the new cookie works, and knows when its person was verified."""
    bench.pump.run(bench.live.renew(one, bench.renewed("one", "new")))
    bench.clocks.advance(30)

    assert 1 == bench.restart()
    found = bench.find("new")
    assert found is not None
    now = bench.clocks.steady.seconds()
    assert (90.0, 30.0) == (now - found.begun, now - found.verified)


def test_a_clock_set_back_verifies_nobody(bench: Bench, one: LiveSession) -> None:
    """After a restart with a wrong clock no verification looks later than the last use."""
    used = replace(stored_record(bench), last_used=TODAY + 600, verified=TODAY)
    bench.store._sessions[used.token_hash] = used
    bench.clocks.set_wrong(-3600)

    assert 1 == bench.restart()
    found = bench.find("one")
    assert found is not None
    assert 600 == bench.clocks.steady.seconds() - found.verified


def test_until_it_is_stored_nothing_changes(bench: Bench, one: LiveSession) -> None:
    """While the disk takes its time the old cookie works, and no new one does."""
    verified = one.verified
    bench.store.pause = Deferred()

    renewing = renew(bench, one, "new")

    assert one is bench.find("one")
    assert bench.find("new") is None
    assert verified == one.verified
    bench.store.pause.callback(None)
    assert renewing.called
    assert one is bench.find("new")


def test_a_disk_that_fails_changes_nothing(bench: Bench, one: LiveSession) -> None:
    """A verification that could not be stored leaves the session as it was."""
    bench.store.is_failing = True

    with pytest.raises(StoreError):
        bench.pump.run(bench.live.renew(one, bench.renewed("one", "new")))

    assert one is bench.find("one")
    assert bench.find("new") is None
    assert ["one"] == bench.stored()


def test_hanging_up_leaves_one_token(bench: Bench, one: LiveSession) -> None:
    """A browser that hangs up meanwhile leaves table and store with the same token."""
    bench.store.pause = Deferred()
    renewing = renew(bench, one, "new")
    renewing.addErrback(lambda failure: failure.trap(CancelledError))

    renewing.cancel()
    bench.store.pause.callback(None)

    assert bench.find("one") is None
    assert one is bench.find("new")
    assert token_hash("new") == stored_record(bench).token_hash


@pytest.mark.parametrize("how", ["token", "person", "passkey"])
def test_what_ends_meanwhile_is_ended(bench: Bench, one: LiveSession, how: str) -> None:
    """A sign-out during a verification wins: no cookie works, and nothing stays stored."""
    bench.store.pause = Deferred()
    renewing = renew(bench, one, "new")
    ending: Deferred[object] = Deferred.fromCoroutine(
        {
            "token": lambda: bench.live.end(token_hash("one")),
            "person": lambda: bench.live.end_of_person(ANNA.id),
            "passkey": lambda: bench.live.end_of_passkey(b"\x00credential"),
        }[how]()
    )

    bench.store.pause.callback(None)

    assert Reason.SIGN_IN_REQUIRED is refusal(renewing)
    assert ending.called
    assert one.ended
    assert bench.find("one") is None
    assert bench.find("new") is None
    assert [] == bench.stored()


def test_what_grows_too_old_meanwhile_is_over(bench: Bench, one: LiveSession) -> None:
    """A session that reaches its limit during the verification is not prolonged by it."""
    bench.store.pause = Deferred()
    renewing = renew(bench, one, "new")
    bench.clocks.advance(LIMITS.lifetime_s)
    bench.find("one")

    bench.store.pause.callback(None)

    assert Reason.SIGN_IN_REQUIRED is refusal(renewing)
    assert [] == bench.stored()


def test_what_could_not_be_undone_is_owed(
    bench: Bench, one: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it ends meanwhile, and the disk fails then, the next flush deletes it."""

    async def fail(token_hash: TokenHash) -> bool:
        raise StoreError("The disk fails.")

    bench.store.pause = Deferred()
    renewing = renew(bench, one, "new")
    bench.live._retire([token_hash("one")])
    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "end_session", fail)
        bench.store.pause.callback(None)

    failures: list[Failure] = []
    renewing.addErrback(failures.append)
    assert failures[0].check(StoreError)
    assert ["one"] == bench.stored()
    bench.pump.run(bench.live.flush())
    assert [] == bench.stored()


def test_what_another_process_has_ended_is_not_revived(bench: Bench, one: LiveSession) -> None:
    """A verification does not bring back what the command line has just deleted."""
    bench.store._sessions.clear()

    assert Reason.SIGN_IN_REQUIRED is refusal(renew(bench, one, "new"))

    assert one.ended
    assert bench.find("one") is None
    assert [] == bench.stored()


def test_of_two_verifications_at_once_one_counts(bench: Bench, one: LiveSession) -> None:
    """Two answers to two ceremonies at once leave one cookie that works."""
    bench.store.pause = Deferred()
    first, second = renew(bench, one, "first"), renew(bench, one, "second")

    bench.store.pause.callback(None)

    assert first.called
    assert Reason.SIGN_IN_REQUIRED is refusal(second)
    assert one is bench.find("first")
    assert bench.find("second") is None
    assert token_hash("first") == stored_record(bench).token_hash


def test_a_passkey_that_was_removed_meanwhile(bench: Bench, one: LiveSession) -> None:
    """Nobody is verified by a passkey that is not theirs any more; the session is what it was."""
    bench.pump.run(bench.store.add_passkey(passkey(b"key")))
    bench.pump.run(bench.store.remove_passkey(ANNA.id, b"key", now=TODAY, even_last=True))

    with pytest.raises(StoreError):
        bench.pump.run(bench.live.renew(one, bench.renewed("one", "new", credential_id=b"key")))

    assert one is bench.find("one")
    assert ["one"] == bench.stored()


def test_uses_go_on_under_the_new_token(bench: Bench, one: LiveSession) -> None:
    """A use from before the verification is written to the record that there is now."""
    bench.find("one")
    bench.pump.run(bench.live.renew(one, bench.renewed("one", "new")))
    bench.clocks.advance(60)
    bench.find("new")

    bench.pump.run(bench.live.flush())

    assert TODAY + 120 == stored_record(bench).last_used
