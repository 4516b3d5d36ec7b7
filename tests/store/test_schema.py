"""What a gateway of an earlier version has stored is there after the upgrade, and complete."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from gateway.rules.records import InvitationKind, Passkey, Session
from gateway.store.migrations import SCHEMA
from tests.store.conftest import Opener
from tests.store.kills import kill_an_upgrade
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, invitation, passkey, session, token_hash

BEFORE = replace(ANNA, mail="", language="", groups=())
"""Anna as the first version knew her."""


@contextmanager
def _raw(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path))
    connection.execute("BEGIN")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def _add_passkey(connection: apsw.Connection, key: Passkey) -> None:
    connection.execute(
        "INSERT INTO passkeys VALUES (?, ?, ?, ?, '[\"usb\"]', ?, ?, ?, ?, ?, NULL)",
        (
            key.credential_id,
            key.person_id,
            key.public_key,
            key.sign_count,
            key.aaguid,
            key.is_synced,
            key.is_backed_up,
            key.label,
            key.created,
        ),
    )


def _add_session(connection: apsw.Connection, held: Session) -> None:
    connection.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, 'passkey', ?, ?, ?, ?, ?)",
        (
            held.token_hash,
            held.id,
            held.person_id,
            held.credential_id,
            held.address,
            held.user_agent,
            held.created,
            held.last_used,
        ),
    )


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """The schema of the first version."""
    schema = tmp_path / "first"
    schema.mkdir()
    (schema / "0001_first.sql").write_bytes((SCHEMA / "0001_first.sql").read_bytes())
    return schema


@pytest.fixture
def old(path: Path, first: Path, reopen: Opener, pump: Pump) -> Path:
    """A database of the first version, with something of everything in it."""
    pump.run(reopen(schema=first).close())
    with _raw(path) as connection:
        for person in (BEFORE, KENJI):
            connection.execute(
                "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)",
                (
                    person.id,
                    person.name,
                    person.display_name,
                    person.user_handle,
                    person.enabled,
                    person.created,
                ),
            )
        for credential_id, is_synced in [(b"phone", True), (b"usb key", False)]:
            key = replace(passkey(credential_id), is_synced=is_synced, transports=("usb",))
            _add_passkey(connection, key)
        for token, used in [("used", 1200.0), ("open", None)]:
            held = invitation(token)
            connection.execute(
                "INSERT INTO invitations VALUES (?, ?, ?, ?, ?)",
                (held.token_hash, held.person_id, held.created, held.expires, used),
            )
        for token, key_id in [("phone", b"phone"), ("usb", b"usb key"), ("none", None)]:
            _add_session(connection, replace(session(token), credential_id=key_id))
    return path


def test_people_and_passkeys_are_complete(old: Path, reopen: Opener, pump: Pump) -> None:
    """Everybody is there, with nothing said that nobody has said."""
    store = reopen()

    assert [BEFORE, KENJI] == pump.run(store.people())
    theirs = pump.run(store.passkeys_of(ANNA.id))
    assert [(b"phone", None), (b"usb key", None)] == [
        (each.credential_id, each.flagged) for each in theirs
    ]
    assert 0 == pump.run(store.recovery_codes_left(ANNA.id))
    assert [] == pump.run(store.changes_of(ANNA.id))


def test_sessions_were_verified_when_they_began(old: Path, reopen: Opener, pump: Pump) -> None:
    """Nobody is signed out, and each session knows by what it was opened."""
    store = reopen()

    found = {each.id: each for each in pump.run(store.sessions())}

    assert {"id of phone": False, "id of usb": True, "id of none": False} == {
        each.id: each.is_device_bound for each in found.values()
    }
    assert {1500.0} == {each.verified for each in found.values()}
    wanted = replace(session("usb"), credential_id=b"usb key")
    assert wanted == found["id of usb"]


def test_links_are_still_good(old: Path, reopen: Opener, pump: Pump) -> None:
    """A link that an administrator has sent works after the upgrade, and only once."""
    store = reopen()

    assert replace(invitation("used"), used=1200.0) == pump.run(
        store.invitation(token_hash("used"))
    )
    key = passkey(b"new")
    pump.run(store.register_passkey(key, invitation=token_hash("open"), now=1999.0))
    code = invitation("code", kind=InvitationKind.OTHER_DEVICE)
    pump.run(store.issue_invitation(code))
    pump.run(store.issue_invitation(invitation("link")))

    held = pump.run(store.invitation(token_hash("open")))
    assert replace(invitation("open"), used=1999.0, registered=b"new") == held
    assert code == pump.run(store.invitation(token_hash("code")))


def test_the_upgraded_schema_is_sound(old: Path, reopen: Opener, pump: Pump) -> None:
    """Nothing in the upgraded file is broken, and all of it is as strict as before."""
    pump.run(reopen().close())

    with _raw(old) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        assert [] == connection.execute("PRAGMA foreign_key_check").fetchall()
        lax = connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main'"
            " AND name NOT LIKE 'sqlite_%' AND NOT strict"
        )
        assert [] == lax.fetchall()


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_an_upgrade_from_the_first_survives_kills(
    old: Path, reopen: Opener, pump: Pump, kills: int
) -> None:
    """Killed in the middle of it, the upgrade can be begun again, and nobody is lost."""
    count = 6_000
    with _raw(old) as connection:
        for number in range(count):
            held = replace(session(f"{number}"), credential_id=b"usb key")
            _add_session(connection, held)
    chance = random.Random(2)
    before = old.read_bytes()
    for _ in range(kills):
        kill_an_upgrade(old, SCHEMA, before, after_s=chance.uniform(0.0, 0.12))

        store = reopen()

        bound = [each.is_device_bound for each in pump.run(store.sessions())]
        assert (count + 3, count + 1) == (len(bound), sum(bound))
        assert [BEFORE, KENJI] == pump.run(store.people())
        pump.run(store.close())
