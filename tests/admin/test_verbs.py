"""The verbs of administration: what each does, and how it refuses."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.admin.verbs import Verbs
from gateway.errors import GatewayError, NameTakenError
from gateway.rules import tokens
from gateway.rules.public import parse_origin
from gateway.rules.records import hash_token
from gateway.store.memory import MemoryStore

T = TypeVar("T")

NOW = 1_800_000_000.0
"""2027-01-15 08:00 UTC."""


def counting() -> Callable[[int], bytes]:
    """Tokens that differ and are known beforehand."""
    numbers = itertools.count(1)
    return lambda count: next(numbers).to_bytes(count, "big")


@pytest.fixture
def store() -> MemoryStore:
    """An empty store."""
    return MemoryStore()


@pytest.fixture
def verbs(store: MemoryStore) -> Verbs:
    """The verbs over it."""
    return Verbs(
        store=store,
        public=parse_origin("https://gw.example.co.jp"),
        wall=lambda: NOW,
        token_bytes=counting(),
    )


def done(work: Awaitable[T]) -> T:
    """What a verb that need not wait returns or raises."""

    async def run() -> T:
        return await work

    results: list[object] = []
    Deferred.fromCoroutine(run()).addBoth(results.append)
    [result] = results
    if isinstance(result, Failure):
        result.raiseException()
    return result  # type: ignore[return-value]  # a Deferred does not tell


def test_somebody_is_added(verbs: Verbs, store: MemoryStore) -> None:
    """A person gets one canonical name, an id and a random user handle without meaning."""
    described = done(verbs.add_person("Ｔaro", display_name=" 山田 太郎 "))

    person = done(store.person_named("taro"))
    assert person is not None
    assert described == {
        "name": "taro",
        "display_name": "山田 太郎",
        "enabled": True,
        "passkey_count": 0,
        "created": "2027-01-15T08:00:00Z",
    }
    assert (len(person.id), len(person.user_handle)) == (32, 64)


def test_the_name_is_the_display_name_unless_told(verbs: Verbs) -> None:
    """Without a display name the name as typed is shown."""
    assert done(verbs.add_person("Taro"))["display_name"] == "Taro"


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "x" * 65, "a\nb"])
def test_a_name_that_cannot_be_one_is_refused(verbs: Verbs, name: str) -> None:
    """Names without blanks, slashes and controls; the sentence says what is wanted."""
    with pytest.raises(GatewayError, match="wanted: a name"):
        done(verbs.add_person(name))


@pytest.mark.parametrize("display_name", [" ", "x" * 65, "a\nb", "a\x1b[31mb"])
def test_a_display_name_that_cannot_be_shown_is_refused(verbs: Verbs, display_name: str) -> None:
    """A display name is one line without control characters."""
    with pytest.raises(GatewayError, match="display name"):
        done(verbs.add_person("taro", display_name=display_name))


def test_a_name_is_taken_once(verbs: Verbs) -> None:
    """Two people cannot have one name, in whatever spelling."""
    done(verbs.add_person("taro"))

    with pytest.raises(NameTakenError):
        done(verbs.add_person("TARO"))


def test_everybody_is_listed_by_name(verbs: Verbs) -> None:
    """The list is in the order of names."""
    for name in ("jiro", "hanako"):
        done(verbs.add_person(name))

    assert [each["name"] for each in done(verbs.list_people())] == ["hanako", "jiro"]


def test_an_invitation_is_a_link_that_opens_once(verbs: Verbs, store: MemoryStore) -> None:
    """The link carries the token, the store its hash alone, for 24 hours."""
    done(verbs.add_person("taro"))

    invited = done(verbs.invite("Taro"))

    link = str(invited["link"])
    token = tokens.decode(link.removeprefix("https://gw.example.co.jp/.gateway/enroll/"))
    assert token is not None
    kept = done(store.invitation(hash_token(token)))
    assert kept is not None
    assert (kept.expires, kept.used) == (NOW + 86400, None)
    assert invited["expires"] == "2027-01-16T08:00:00Z"


def test_a_new_link_voids_the_old_one(verbs: Verbs, store: MemoryStore) -> None:
    """Whoever finds yesterday's mail finds a link that is void."""
    done(verbs.add_person("taro"))
    first = str(done(verbs.invite("taro"))["link"])

    done(verbs.invite("taro"))

    token = tokens.decode(first.rpartition("/")[2])
    assert token is not None
    assert done(store.invitation(hash_token(token))) is None


def test_hours_can_be_chosen(verbs: Verbs) -> None:
    """A link may be good for a shorter or longer time."""
    done(verbs.add_person("taro"))

    assert done(verbs.invite("taro", hours=0.5))["expires"] == "2027-01-15T08:30:00Z"


@pytest.mark.parametrize("hours", [0.0, -1.0, 721.0, float("nan"), float("inf")])
def test_hours_out_of_range_are_refused(verbs: Verbs, hours: float) -> None:
    """A link that is good for ever, or never, is not made."""
    done(verbs.add_person("taro"))

    with pytest.raises(GatewayError, match="hours"):
        done(verbs.invite("taro", hours=hours))


def test_a_typing_slip_is_noticed(verbs: Verbs) -> None:
    """An unknown name is refused with the nearest known ones; nobody is added by it."""
    done(verbs.add_person("yamada.taro"))

    with pytest.raises(GatewayError, match=r"did you mean yamada\.taro\?"):
        done(verbs.invite("yamada.tarou"))
    with pytest.raises(GatewayError, match="see: users list"):
        done(verbs.invite("suzuki"))


def test_somebody_disabled_is_not_invited(verbs: Verbs, store: MemoryStore) -> None:
    """Who may not sign in gets no link."""
    done(verbs.add_person("taro"))
    person = done(store.person_named("taro"))
    assert person is not None
    done(
        store.add_person(
            replace(
                person,
                id=type(person.id)("0" * 32),
                name="jiro",
                user_handle=b"j" * 64,
                enabled=False,
            )
        )
    )

    with pytest.raises(GatewayError, match="disabled"):
        done(verbs.invite("jiro"))
