"""The verbs about sessions."""

from __future__ import annotations

import pytest

from gateway.admin.verbs import Verbs
from gateway.errors import GatewayError
from gateway.rules.records import Event
from gateway.store.memory import MemoryStore
from tests.admin.acting import NOW, done, named, sign_in

Told = list[tuple[str, str, str]]


@pytest.fixture(autouse=True)
def two_people(verbs: Verbs, store: MemoryStore) -> None:
    """Taro is signed in twice, Jiro once."""
    for name in ("taro", "jiro"):
        done(verbs.add_person(name))
    sign_in(store, named(store, "taro"), "t1", created=NOW - 120)
    sign_in(store, named(store, "jiro"), "j1", created=NOW - 90)
    sign_in(store, named(store, "taro"), "t2")


def ids(verbs: Verbs, name: str = "") -> list[object]:
    """Who is signed in."""
    return [each["id"] for each in done(verbs.list_sessions(name))]


def test_sessions_are_listed(verbs: Verbs) -> None:
    """Everybody's or one person's, oldest first, in the shape that machines rely on."""
    first = done(verbs.list_sessions())[0]

    assert first == {
        "id": "t1",
        "user": "taro",
        "method": "passkey",
        "address": "192.0.2.7",
        "created": "2027-01-15T07:58:00Z",
        "last_used": "2027-01-15T07:58:00Z",
    }
    assert ids(verbs) == ["t1", "j1", "t2"]
    assert ids(verbs, "Taro") == ["t1", "t2"]


def test_sessions_that_are_over_are_not_listed(verbs: Verbs, store: MemoryStore) -> None:
    """What has reached a limit opens nothing, even before it is swept away."""
    sign_in(store, named(store, "jiro"), "old", created=NOW - 3_600)

    assert ids(verbs, "jiro") == ["j1"]


def test_a_session_is_ended(verbs: Verbs, told: Told) -> None:
    """One ends, the others go on; its person is told."""
    ended = done(verbs.end_session("t1"))

    assert (ended["id"], ended["user"]) == ("t1", "taro")
    assert ids(verbs) == ["j1", "t2"]
    assert told == [("taro", Event.SESSION_ENDED, "192.0.2.7")]


def test_a_session_ends_once(verbs: Verbs) -> None:
    """An unknown id, or one that has ended, is told."""
    done(verbs.end_session("t1"))

    for gone in ("t1", "nobody's"):
        with pytest.raises(GatewayError, match="see: sessions list"):
            done(verbs.end_session(gone))


def test_all_sessions_of_one_person_are_ended(verbs: Verbs, told: Told) -> None:
    """Nobody else's end; where there were none, nobody is told of anything."""
    ended = done(verbs.end_all_sessions("taro"))
    again = done(verbs.end_all_sessions("taro"))

    assert (ended, again) == ({"user": "taro", "ended": 2}, {"user": "taro", "ended": 0})
    assert ids(verbs) == ["j1"]
    assert told == [("taro", Event.SESSIONS_ENDED, "2")]
