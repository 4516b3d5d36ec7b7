"""A sign-in by somebody who is signed in here already: the session is verified anew."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import capturedLogs

from gateway.errors import Reason, StoreError
from gateway.rules.records import Event, Session, TokenHash
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import BE, BS, UP, UV
from tests.login.sign_in_desk import Desk, events_of


@pytest.mark.parametrize(
    ("flags", "is_device_bound"), [(UP | UV, True), (UP | UV | BE | BS, False)]
)
def test_a_session_knows_how_it_was_verified(flags: int, is_device_bound: bool) -> None:
    """A new session remembers when its person was verified, and by what kind of passkey."""
    desk = Desk()

    session = desk.session(desk.sign_in(desk.device(flags=flags)))

    assert (desk.house.wall, is_device_bound) == (session.verified, session.is_device_bound)


def test_a_sign_in_by_the_same_person_is_a_step_up() -> None:
    """The session keeps its name and its age, and its person is freshly verified."""
    desk = Desk()
    device = desk.device()
    first = desk.sign_in(device)
    before = desk.session(first)
    desk.house.wall += 600
    desk.house.clock.advance(600)

    second = desk.sign_in(device, over=first)

    after = desk.session(second)
    live = desk.live(second)
    assert live is not None
    assert (False, True) == (first.is_step_up, second.is_step_up)
    assert (before.id, before.created) == (after.id, after.created)
    assert (before.verified + 600, 600) == (after.verified, live.verified)
    assert 0 == live.begun


def test_a_step_up_changes_the_token() -> None:
    """The cookie from before the step-up opens nothing any more, here and in the store."""
    desk = Desk()
    device = desk.device()
    first = desk.sign_in(device)

    second = desk.sign_in(device, over=first)

    assert first.token != second.token
    assert desk.live(first) is None
    assert 1 == len(desk.house.await_(desk.house.store.sessions()))


def test_what_is_open_lives_through_a_step_up() -> None:
    """A download that was begun before the step-up is not cut by it."""
    desk = Desk()
    device = desk.device()
    first = desk.sign_in(device)
    open_before = desk.live(first)

    second = desk.sign_in(device, over=first)

    assert open_before is not None
    assert open_before is desk.live(second)
    assert not open_before.ended


def test_a_step_up_by_another_passkey_is_remembered() -> None:
    """The session knows by which passkey its person was verified last."""
    desk = Desk()
    phone = desk.device(flags=UP | UV | BE | BS)
    key = desk.device(transports=("usb",))
    first = desk.sign_in(phone)

    second = desk.sign_in(key, over=first)

    session = desk.session(second)
    assert (key.credential_id, True) == (session.credential_id, session.is_device_bound)


def test_a_step_up_is_logged_as_one() -> None:
    """The audit trail tells a step-up from a sign-in."""
    desk = Desk()
    device = desk.device()
    first = desk.sign_in(device)

    with capturedLogs() as logged:
        second = desk.sign_in(device, over=first)

    assert [Event.VERIFIED] == events_of(logged)
    assert [desk.session(second).id] == [each["session"] for each in logged if "session" in each]


def test_another_person_gets_a_session_of_their_own() -> None:
    """Somebody else at the same browser never takes over a session: the old one ends."""
    desk = Desk()
    first = desk.sign_in(desk.device("yamada"))
    before = desk.session(first)

    second = desk.sign_in(desk.device("sato"), over=first)

    after = desk.session(second)
    assert not second.is_step_up
    assert before.id != after.id
    assert before.person_id != after.person_id
    assert desk.live(first) is None


def test_a_refused_step_up_leaves_the_session_as_it_was() -> None:
    """Whoever fails to verify themselves is still signed in, and no fresher than before."""
    desk = Desk()
    device = desk.device()
    first = desk.sign_in(device)
    before = desk.session(first)

    assert Reason.NOT_VERIFIED is desk.refusal(device, over=first, flags=UP)
    assert before == desk.session(first)


class EndsMeanwhile(MemoryStore):
    """A store that ends every session while a passkey's use is noted."""

    desk: Desk

    async def note_passkey_use(self, credential_id: bytes, **uses: Any) -> None:
        """See `Store.note_passkey_use`."""
        await super().note_passkey_use(credential_id, **uses)
        for session in await self.sessions():
            await self.desk.house.sessions.end(session.token_hash)


def test_a_session_that_ends_meanwhile_is_not_brought_back() -> None:
    """Where the session was ended during the step-up, a new one opens under a new name."""
    store = EndsMeanwhile()
    store.desk = desk = Desk(store)
    device = desk.device()
    first = desk.sign_in(device)
    before = desk.session(first)

    second = desk.sign_in(device, over=first)

    assert not second.is_step_up
    assert before.id != desk.session(second).id


class EndedElsewhere(MemoryStore):
    """A store from which another process has just deleted the session."""

    async def renew_session(self, session: Session, *, replacing: TokenHash) -> bool:
        """See `Store.renew_session`."""
        assert await self.end_session(replacing)
        return await super().renew_session(session, replacing=replacing)


def test_a_session_that_another_process_ended_is_not_brought_back() -> None:
    """Whoever was signed out from elsewhere and proves themselves is signed in anew."""
    desk = Desk(EndedElsewhere())
    device = desk.device()
    first = desk.sign_in(device)
    before = desk.session(first)

    with capturedLogs() as logged:
        second = desk.sign_in(device, over=first)

    assert not second.is_step_up
    assert before.id != desk.session(second).id
    assert [Event.SIGNED_IN] == events_of(logged)


class Full(MemoryStore):
    """A store that cannot write a step-up down."""

    async def renew_session(self, session: Session, *, replacing: TokenHash) -> bool:
        """See `Store.renew_session`."""
        raise StoreError("the disk is full")


def test_a_step_up_that_is_not_stored_is_none() -> None:
    """A disk that fails makes nobody look freshly verified, and signs nobody out."""
    desk = Desk(Full())
    device = desk.device()
    first = desk.sign_in(device)
    before = desk.session(first)

    with pytest.raises(StoreError):
        desk.sign_in(device, over=first)

    assert before == desk.session(first)
