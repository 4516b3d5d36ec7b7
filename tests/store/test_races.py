"""What two processes do at once to one database is told apart by the database."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.errors import (
    CredentialTakenError,
    InvitationSpentError,
    LastWayInError,
    RecoveryCodeError,
)
from gateway.rules.records import InvitationKind
from gateway.store.sqlite import SQLiteStore
from tests.store.conftest import Opener
from tests.store.pump import Pump
from tests.store.samples import ANNA, MIO, invitation, passkey, session, token_hash

ROUNDS = 20
Stores = tuple[SQLiteStore, SQLiteStore]


@pytest.fixture
def stores(reopen: Opener, pump: Pump) -> Stores:
    """One database, opened twice, as by the service and by the command line."""
    one, other = reopen(), reopen()
    for person in (ANNA, MIO):
        pump.run(one.add_person(person))
    return one, other


def at_once(pump: Pump, *asked: Coroutine[Deferred[object], object, object]) -> list[object]:
    """What came of each; an error is told by its type."""
    outcomes = pump.outcomes(asked)
    return [each.type if isinstance(each, Failure) else each for each in outcomes]


def test_the_last_passkey_is_not_removed_twice(stores: Stores, pump: Pump) -> None:
    """Two who remove the last two passkeys from two processes leave one of them, each time."""
    for number in range(ROUNDS):
        keys = [b"%d a" % number, b"%d b" % number]
        for key in keys:
            pump.run(stores[0].add_passkey(passkey(key)))

        outcomes = at_once(
            pump,
            *(
                store.remove_passkey(ANNA.id, key, now=1600.0)
                for store, key in zip(stores, keys, strict=True)
            ),
        )

        assert {True, LastWayInError} == set(outcomes)
        [left] = pump.run(stores[1].passkeys_of(ANNA.id))
        assert pump.run(stores[0].was_removed(left.credential_id)) is False
        pump.run(stores[0].remove_passkey(ANNA.id, left.credential_id, now=1.0, even_last=True))


def test_a_recovery_code_is_spent_once(stores: Stores, pump: Pump) -> None:
    """One code that is tried in two processes gives one link."""
    for number in range(ROUNDS):
        pump.run(stores[0].replace_recovery_codes(ANNA.id, [b"c" * 32], now=1500.0))
        grants = [
            invitation(f"{number} {which}", kind=InvitationKind.RECOVERY) for which in ("a", "b")
        ]

        outcomes = at_once(
            pump,
            *(
                store.spend_recovery_code(ANNA.id, b"c" * 32, now=1600.0, grant=grant)
                for store, grant in zip(stores, grants, strict=True)
            ),
        )

        assert {None, RecoveryCodeError} == set(outcomes)
        issued = [pump.run(stores[0].invitation(each.token_hash)) for each in grants]
        assert 1 == sum(each is not None for each in issued)


def test_a_link_registers_once(stores: Stores, pump: Pump) -> None:
    """One link that is used in two processes registers one passkey, and one more may follow."""
    for number in range(ROUNDS):
        link = invitation(f"{number}")
        pump.run(stores[0].issue_invitation(link))
        spares = [
            invitation(f"{number} {which}", kind=InvitationKind.SPARE) for which in ("a", "b")
        ]

        outcomes = at_once(
            pump,
            *(
                store.register_passkey(
                    passkey(spare.token_hash),
                    invitation=link.token_hash,
                    now=1999.0,
                    following=spare,
                )
                for store, spare in zip(stores, spares, strict=True)
            ),
        )

        assert {None, InvitationSpentError} == set(outcomes)
        assert number + 1 == len(pump.run(stores[0].passkeys_of(ANNA.id)))
        issued = [pump.run(stores[1].invitation(each.token_hash)) for each in spares]
        assert 1 == sum(each is not None for each in issued)


def test_a_passkey_has_one_owner(stores: Stores, pump: Pump) -> None:
    """One passkey that is added for two people at once belongs to one of them."""
    for number in range(ROUNDS):
        key = b"%d" % number
        outcomes = at_once(
            pump,
            *(
                store.add_passkey(passkey(key, person))
                for store, person in zip(stores, (ANNA, MIO), strict=True)
            ),
        )

        assert {None, CredentialTakenError} == set(outcomes)


def test_a_session_is_renewed_or_ended(stores: Stores, pump: Pump) -> None:
    """A verification in one process and an end in the other leave no session, in any order."""
    service, command = stores
    for number in range(ROUNDS):
        old, fresh = f"{number} old", f"{number} fresh"
        pump.run(service.remember_session(session(old), replacing=None))
        renewed = replace(session(old), token_hash=token_hash(fresh))
        asked = [
            service.renew_session(renewed, replacing=token_hash(old)),
            command.end_sessions_of(ANNA.id),
        ]

        at_once(pump, *asked[:: 1 if number % 2 else -1])

        assert [] == pump.run(command.sessions())


def test_nobody_slips_in_while_being_disabled(stores: Stores, pump: Pump) -> None:
    """A sign-in in one process and a lock-out in the other leave no session, in any order."""
    service, command = stores
    for number in range(ROUNDS):
        asked = [
            service.remember_session(session(f"{number}"), replacing=None),
            command.change_person(ANNA.id, enabled=False),
        ]

        at_once(pump, *asked[:: 1 if number % 2 else -1])

        assert [] == pump.run(service.sessions())
        pump.run(command.change_person(ANNA.id, enabled=True))
