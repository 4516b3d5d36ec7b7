"""Removed passkeys, fallen counters, and what may be offered after a sign-in."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs

from gateway.errors import Reason
from gateway.login.sign_in import COUNTER_NOTICE_PAUSE_S
from gateway.rules.records import Event, Passkey
from tests.instruments.authenticator import Authenticator
from tests.login.sign_in_desk import Desk, events_of

# Passkeys that are not there


def test_a_removed_passkey_is_told_as_removed() -> None:
    """Only what was removed on purpose is told so: the page lets the device forget it."""
    desk = Desk()
    device = desk.device()
    desk.remove(device)

    with capturedLogs() as logged:
        reason = desk.refusal(device)

    assert Reason.REMOVED_PASSKEY is reason
    assert [Event.SIGN_IN_REFUSED] == events_of(logged)


def test_a_passkey_that_was_never_here_is_told_as_unknown() -> None:
    """A passkey that is missing for another reason, such as an old back-up, is not deleted."""
    desk = Desk()
    desk.device()
    stranger = Authenticator(desk.house.public.origin)
    stranger.user_handle = b"h" * 64

    assert Reason.UNKNOWN_PASSKEY is desk.refusal(stranger)


def test_a_removed_passkey_that_is_back_signs_in() -> None:
    """Whoever registers the same passkey again is not told that it was removed."""
    desk = Desk()
    device = desk.device()
    desk.remove(device)
    browser = desk.house.enrolled("bystander")
    browser.device = device
    person = desk.house.await_(desk.house.store.person_named("yamada"))
    browser.enroll(desk.house.invite(person))

    assert not desk.sign_in(device).is_step_up


# Counters


def test_a_fallen_counter_flags_and_tells() -> None:
    """The passkey is flagged, its person is told from where, and is let in."""
    desk = Desk()
    device = desk.device()
    desk.sign_in(device, counter=9)

    with capturedLogs() as logged:
        desk.session(desk.sign_in(device, counter=3))

    passkey = desk.house.await_(desk.house.store.passkey(device.credential_id))
    assert (9, desk.house.wall) == (passkey.sign_count, passkey.flagged)
    (change,) = desk.told
    assert (Event.COUNTER_FELL, passkey.label) == (change.event, change.subject)
    assert ("192.0.2.7", "UA", desk.house.wall) == (
        change.address,
        change.user_agent,
        change.time,
    )
    assert [Event.COUNTER_FELL, Event.SIGNED_IN] == events_of(logged)


def test_a_passkey_that_counts_nothing_raises_no_alarm() -> None:
    """Synced passkeys report nought for ever, and that is fine."""
    desk = Desk()
    device = desk.device()

    for _ in range(2):
        desk.sign_in(device, counter=0)

    passkey = desk.house.await_(desk.house.store.passkey(device.credential_id))
    assert (None, []) == (passkey.flagged, desk.told)


@pytest.mark.parametrize(
    ("pause_s", "notices"), [(COUNTER_NOTICE_PAUSE_S - 1, 1), (COUNTER_NOTICE_PAUSE_S, 2)]
)
def test_a_counter_that_keeps_falling_is_told_once_a_day(pause_s: float, notices: int) -> None:
    """A device that has lost count does not flood its person with notices; the log has all."""
    desk = Desk()
    device = desk.device()
    desk.sign_in(device, counter=9)
    desk.sign_in(device, counter=3)
    desk.house.wall += pause_s

    with capturedLogs() as logged:
        desk.sign_in(device, counter=4)

    assert notices == len(desk.told)
    assert [Event.COUNTER_FELL, Event.SIGNED_IN] == events_of(logged)


def test_nobody_can_raise_a_false_alarm() -> None:
    """An answer whose signature is wrong says nothing about anybody's counter."""
    desk = Desk()
    device = desk.device()
    desk.sign_in(device, counter=9)

    assert Reason.REFUSED is desk.refusal(device, counter=3, spoil_signature=True)

    passkey: Passkey = desk.house.await_(desk.house.store.passkey(device.credential_id))
    assert (None, []) == (passkey.flagged, desk.told)


# What may be offered next


@pytest.mark.parametrize(
    ("attachment", "transports", "is_offered"),
    [
        ("cross-platform", ("internal", "hybrid"), True),
        ("cross-platform", ("internal",), True),
        ("cross-platform", ("ble", "hybrid"), True),
        ("platform", ("internal", "hybrid"), False),
        ("cross-platform", ("usb",), False),
        ("cross-platform", ("nfc", "usb"), False),
        ("cross-platform", ("hybrid", "usb"), False),
        ("cross-platform", ("nfc", "smart-card"), False),
        ("cross-platform", (), False),
        (None, ("internal", "hybrid"), False),
        ("anything", ("internal", "hybrid"), False),
        (["cross-platform"], ("internal",), False),
    ],
)
def test_a_phone_that_signed_in_a_pc_leads_to_an_offer(
    attachment: object, transports: tuple[str, ...], is_offered: bool
) -> None:
    """Who signs in by a phone may be offered a passkey on this terminal; others are not asked."""
    desk = Desk()
    device = desk.device(transports=transports)

    assert is_offered is desk.sign_in(device, attachment=attachment).offer_passkey


def test_a_step_up_offers_nothing() -> None:
    """Whoever is in the middle of something is not asked about something else."""
    desk = Desk()
    phone = desk.device(transports=("internal", "hybrid"))
    first = desk.sign_in(phone, attachment="cross-platform")

    assert not desk.sign_in(phone, over=first, attachment="cross-platform").offer_passkey
