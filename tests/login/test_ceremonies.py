"""The table of open ceremonies: bounded, forgetful, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from gateway.errors import Reason, RefusedError
from gateway.login.ceremonies import Ceremonies
from gateway.rules.ceremony import CEREMONIES_PER_BROWSER, CEREMONY_LIFETIME_S
from gateway.rules.records import Purpose, TokenHash
from tests.instruments.house import House


def browser(number: int) -> TokenHash:
    """One of many browsers."""
    return TokenHash(number.to_bytes(32, "big"))


def table(clock: Clock | None = None, **limits: int) -> Ceremonies:
    """An empty table."""
    return Ceremonies(clock=clock or Clock(), token_bytes=House().token_bytes, **limits)


def refusal(ceremonies: Ceremonies, challenge: bytes, owner: TokenHash) -> Reason:
    """Why an answer with that challenge is refused."""
    with pytest.raises(RefusedError) as caught:
        ceremonies.take(challenge, Purpose.SIGN_IN, browser=owner)
    return caught.value.reason


def test_what_was_begun_can_be_taken_once() -> None:
    """A challenge opens its ceremony for its browser, once."""
    ceremonies = table()
    begun = ceremonies.begin(Purpose.SIGN_IN, browser=browser(1))

    taken = ceremonies.take(begun.challenge, Purpose.SIGN_IN, browser=browser(1))

    assert begun == taken
    assert Reason.EXPIRED is refusal(ceremonies, begun.challenge, browser(1))
    assert 0 == len(ceremonies)


def test_a_challenge_nobody_gave_is_expired() -> None:
    """A made-up challenge looks like one that is too old."""
    assert Reason.EXPIRED is refusal(table(), b"x" * 32, browser(1))


def test_too_many_tabs_forget_the_oldest_only() -> None:
    """The ninth ceremony of one browser closes its first, and no other browser's."""
    ceremonies = table()
    other = ceremonies.begin(Purpose.SIGN_IN, browser=browser(2))
    begun = [
        ceremonies.begin(Purpose.SIGN_IN, browser=browser(1))
        for _ in range(CEREMONIES_PER_BROWSER + 1)
    ]

    assert CEREMONIES_PER_BROWSER + 1 == len(ceremonies)
    assert Reason.EXPIRED is refusal(ceremonies, begun[0].challenge, browser(1))
    for each in begun[1:]:
        assert each == ceremonies.take(each.challenge, Purpose.SIGN_IN, browser=browser(1))
    assert other == ceremonies.take(other.challenge, Purpose.SIGN_IN, browser=browser(2))


def test_the_table_is_bounded() -> None:
    """However many browsers ask, the table keeps to its limit."""
    ceremonies = table(limit=50)
    for number in range(500):
        ceremonies.begin(Purpose.SIGN_IN, browser=browser(number))

    assert 50 == len(ceremonies)
    assert 50 == len(ceremonies._of_browser)


def test_the_outlived_are_forgotten() -> None:
    """Ceremonies that nobody finished leave no trace after five minutes."""
    clock = Clock()
    ceremonies = table(clock)
    for number in range(10):
        ceremonies.begin(Purpose.SIGN_IN, browser=browser(number))
    clock.advance(CEREMONY_LIFETIME_S)

    ceremonies.begin(Purpose.SIGN_IN, browser=browser(99))

    assert 1 == len(ceremonies)
    assert [browser(99)] == list(ceremonies._of_browser)


def test_broken_randomness_opens_nothing() -> None:
    """If the same challenge is ever drawn twice, neither ceremony can be finished."""
    ceremonies = Ceremonies(clock=Clock(), token_bytes=bytes)
    ceremonies.begin(Purpose.SIGN_IN, browser=browser(1))

    with pytest.raises(RefusedError):
        ceremonies.begin(Purpose.SIGN_IN, browser=browser(2))

    assert Reason.EXPIRED is refusal(ceremonies, bytes(32), browser(1))


STEPS = st.tuples(
    st.sampled_from(["begin", "take", "wait"]), st.integers(0, 3), st.integers(0, 400)
)


@given(st.lists(STEPS, max_size=60))
def test_any_course_keeps_the_table_whole(steps: list[tuple[str, int, int]]) -> None:
    """Whatever browsers do in whatever order, limits hold and nothing is taken twice."""
    clock = Clock()
    ceremonies = table(clock, limit=10, limit_per_browser=4)
    given_out: list[bytes] = []
    taken: set[bytes] = set()
    for what, who, number in steps:
        if what == "begin":
            begun = ceremonies.begin(Purpose.SIGN_IN, browser=browser(who))
            given_out.append(begun.challenge)
        elif what == "wait":
            clock.advance(number)
        elif given_out:
            challenge = given_out[number % len(given_out)]
            try:
                ceremonies.take(challenge, Purpose.SIGN_IN, browser=browser(who))
            except RefusedError:
                continue
            assert challenge not in taken
            taken.add(challenge)

        assert len(ceremonies) <= 10
        assert len(ceremonies) == sum(map(len, ceremonies._of_browser.values()))
        assert all(len(each) <= 4 for each in ceremonies._of_browser.values())
