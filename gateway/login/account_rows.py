"""
What the account page shows of passkeys, sessions and changes, in words of one language.

Nothing is decided here, and nothing that a stranger wrote is shown but labels that a person
gave: a User-Agent becomes one of the names that `labels` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.login.labels import Say, keeper_of, shape_of, terminal_name
from gateway.rules.records import Change, Event, Method, Passkey
from gateway.store.live import LiveSession

METHODS = {Method.PASSKEY: "label.passkey"}
"""How each method of signing in is called."""

CHANGES = {
    Event.SIGNED_IN: "label.change-signed-in",
    Event.ENROLLED: "label.change-registered",
    Event.PASSKEY_RENAMED: "label.change-renamed",
    Event.PASSKEY_REMOVED: "label.change-removed",
    Event.COUNTER_FELL: "label.change-counter-fell",
    Event.SESSION_ENDED: "label.change-session-ended",
    Event.SESSIONS_ENDED: "label.change-sessions-ended",
    Event.INVITED: "label.change-invited",
    Event.RECOVERY_CODES_MADE: "label.change-codes-made",
    Event.RECOVERY_USED: "label.change-code-used",
    Event.PERSON_ENABLED: "label.change-enabled",
    Event.PERSON_DISABLED: "label.change-disabled",
    Event.PERSON_CHANGED: "label.change-person",
}
"""What happened, for people; `{subject}` is what it happened to."""

SUSPICIOUS = frozenset({Event.COUNTER_FELL, Event.RECOVERY_USED})
"""What a person should look at even if nothing else is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRow:
    """One passkey."""

    passkey: Passkey
    shape: str
    """See `labels.shape_of`."""
    keeper: str
    """Who keeps it, or "" where its label says all that is known."""
    is_in_use: bool
    """This session was verified by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session."""

    id: str
    terminal: str
    address: str
    method: str
    passkey: str
    """The label of the passkey by which it was verified, or ""."""
    created: float
    last_used: float
    """POSIX seconds, UTC."""
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One change."""

    sentence: str
    time: float
    terminal: str
    """From which terminal, or "" where it was no browser."""
    address: str
    is_suspicious: bool


def passkey_rows(say: Say, passkeys: Sequence[Passkey], live: LiveSession) -> list[PasskeyRow]:
    """A person's passkeys, as the store has them."""
    return [
        PasskeyRow(
            passkey=each,
            shape=shape_of(each),
            keeper=_unless(keeper_of(say, each), each.label),
            is_in_use=each.credential_id == live.session.credential_id,
        )
        for each in passkeys
    ]


def session_rows(
    say: Say,
    theirs: Sequence[LiveSession],
    live: LiveSession,
    passkeys: Sequence[Passkey],
    *,
    last_used: Callable[[LiveSession], float],
) -> list[SessionRow]:
    """A person's sessions: this one first, then by last use (POSIX seconds)."""
    labels = {each.credential_id: each.label for each in passkeys}
    rows = [
        SessionRow(
            id=each.session.id,
            terminal=terminal_name(say, each.session.user_agent),
            address=each.session.address,
            method=say(METHODS[each.session.method]),
            passkey=labels.get(each.session.credential_id or b"", ""),
            created=each.session.created,
            last_used=last_used(each),
            is_this=each.session.id == live.session.id,
        )
        for each in theirs
    ]
    return sorted(rows, key=lambda row: (not row.is_this, -row.last_used))


def change_rows(say: Say, changes: Sequence[Change]) -> list[ChangeRow]:
    """What happened to a person's ways in, latest first."""
    return [
        ChangeRow(
            sentence=say(CHANGES.get(each.event, "label.change-other"), subject=each.subject),
            time=each.time,
            terminal=terminal_name(say, each.user_agent) if each.user_agent else "",
            address=each.address,
            is_suspicious=each.event in SUSPICIOUS,
        )
        for each in changes
    ]


def _unless(text: str, same: str) -> str:
    """That text, unless it only repeats what stands beside it."""
    return "" if text == same else text
