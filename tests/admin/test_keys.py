"""The verbs about passkeys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.admin.verbs import Verbs
from gateway.errors import GatewayError
from gateway.rules.records import Event
from gateway.store.memory import MemoryStore
from tests.admin.acting import NOW, done, give_passkey, named, sign_in


@pytest.fixture(autouse=True)
def taro(verbs: Verbs, store: MemoryStore) -> None:
    """Taro has an iPhone and a security key."""
    done(verbs.add_person("taro"))
    person = named(store, "taro")
    give_passkey(store, person, "iPhone", start=0x11)
    give_passkey(store, person, "鍵", start=0x22)


def labels(verbs: Verbs) -> list[object]:
    """What Taro has."""
    return [each["label"] for each in done(verbs.list_passkeys("taro"))]


def test_passkeys_are_listed(verbs: Verbs, store: MemoryStore) -> None:
    """Oldest first, in the shape that machines rely on; no key material."""
    done(store.note_passkey_use(b"\x11" * 32, sign_count=0, is_backed_up=True, now=NOW))

    first, second = done(verbs.list_passkeys("taro"))

    assert first == {
        "id": "11" * 32,
        "label": "iPhone",
        "kind": "synced",
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "transports": ["internal"],
        "created": "2027-01-15T07:43:37Z",
        "last_used": "2027-01-15T08:00:00Z",
        "flagged": None,
    }
    assert (second["label"], second["last_used"]) == ("鍵", None)


@pytest.mark.parametrize("key", ["11" * 32, "1111", "iPhone"])
def test_a_passkey_is_removed(
    verbs: Verbs, store: MemoryStore, told: list[tuple[str, str, str]], key: str
) -> None:
    """By its id, the beginning of it, or its label; what it opened ends, its person is told."""
    person = named(store, "taro")
    session = sign_in(store, person, "s1")
    done(store.end_session(session.token_hash))
    opened = replace(session, credential_id=b"\x11" * 32)
    done(store.remember_session(opened, replacing=None))

    removed = done(verbs.remove_passkey("taro", key))

    assert (removed["label"], labels(verbs)) == ("iPhone", ["鍵"])
    assert done(store.sessions()) == []
    assert done(store.was_removed(b"\x11" * 32))
    assert told == [("taro", Event.PASSKEY_REMOVED, "iPhone")]


def test_the_last_way_in_is_not_removed_by_accident(verbs: Verbs) -> None:
    """It is refused, unless it is said to be meant."""
    done(verbs.remove_passkey("taro", "iPhone"))

    with pytest.raises(GatewayError, match="--even-last"):
        done(verbs.remove_passkey("taro", "鍵"))
    assert labels(verbs) == ["鍵"]

    done(verbs.remove_passkey("taro", "鍵", even_last=True))
    assert labels(verbs) == []


@pytest.mark.parametrize("key", ["iphone", "111", "3333", "", "zz"])
def test_an_unknown_passkey_is_told(verbs: Verbs, key: str) -> None:
    """Nothing is removed for a label or an id that fits none."""
    with pytest.raises(GatewayError, match=r"no passkey .* see: keys list taro"):
        done(verbs.remove_passkey("taro", key))

    assert labels(verbs) == ["iPhone", "鍵"]


def test_a_label_that_fits_several_removes_none(verbs: Verbs, store: MemoryStore) -> None:
    """Two passkeys of one name are told apart by their ids."""
    give_passkey(store, named(store, "taro"), "iPhone", start=0x33)

    with pytest.raises(GatewayError, match="more than one"):
        done(verbs.remove_passkey("taro", "iPhone"))

    assert len(labels(verbs)) == 3


def test_a_passkey_of_somebody_else_is_unknown(verbs: Verbs) -> None:
    """An id opens nothing at another person."""
    done(verbs.add_person("jiro"))

    with pytest.raises(GatewayError, match="jiro has no passkey"):
        done(verbs.remove_passkey("jiro", "11" * 32))


class FasterStore(MemoryStore):
    """A store in which somebody else is faster."""

    async def remove_passkey(self, *_: object, **__: object) -> bool:
        """See `Store.remove_passkey`: it is gone already."""
        return False


def test_a_passkey_that_is_gone_meanwhile_is_told(verbs: Verbs) -> None:
    """Somebody else may remove it between the look and the act."""
    store = FasterStore()
    theirs = replace(verbs, store=store)
    done(theirs.add_person("taro"))
    give_passkey(store, named(store, "taro"), "iPhone", start=0x11)

    with pytest.raises(GatewayError, match="just now"):
        done(theirs.remove_passkey("taro", "iPhone"))
