"""Links that are not good any more, and what whoever opens one is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.rules.records import InvitationKind, Person, PersonId
from gateway.store.memory import MemoryStore
from tests.instruments.house import Browser, House
from tests.login.invitations import invite


def test_a_link_works_once() -> None:
    """After the passkey is registered the link is dead, page and ceremony alike."""
    house = House()
    person = house.add_person()
    path = house.invite(person)
    Browser(house).enroll(path)
    stranger = Browser(house)

    assert 410 == stranger.open(path).status
    assert (410, "invitation-spent") == (
        stranger.post(f"{path}/options", {}).status,
        stranger.post(f"{path}/options", {}).json["error"],
    )
    assert 1 == len(house.await_(house.store.passkeys_of(person.id)))


def bad_links(house: House) -> dict[str, str]:
    """Links of which nothing is known any more, by what is wrong with them."""
    person = house.add_person("a")
    superseded, good = house.invite(person), house.invite(person)
    return {
        "superseded": superseded,
        "unknown": good[:-8] + "AAAAAAAA",
        "too short": good[:-1],
        "too long": good + "A",
        "other spelling": good[:-1] + ("B" if good[-1] != "B" else "C"),
        "a word": "/.gateway/enroll/hello",
    }


def test_links_that_are_not_known_look_alike() -> None:
    """Whether a link was superseded, mistyped, or never was: page and answer are the same."""
    house = House()
    links = bad_links(house)
    pages = {name: Browser(house).open(path) for name, path in links.items()}
    answers = {name: Browser(house).post(f"{path}/options", {}) for name, path in links.items()}

    assert {410} == {each.status for each in pages.values()}
    assert 1 == len({each.body for each in pages.values()})
    assert {(410, "invitation-spent")} == {
        (each.status, each.json["error"]) for each in answers.values()
    }


def test_a_used_link_says_that_and_when_it_was_used() -> None:
    """Whoever opens a used link reads when it was used, and whom to tell if that was not them."""
    house = House()
    path = house.invite(house.add_person())
    Browser(house).enroll(path)
    house.wall += 86_400

    page = Browser(house).open(path)

    assert 410 == page.status
    assert 'data-trouble="used"' in page.text
    assert '<time datetime="2027-01-15T08:00:00+00:00">2027年1月15日</time>' in page.text
    assert "登録した覚えがない場合は、すぐに管理者へご連絡ください" in page.text


NEXT_STEPS = {
    InvitationKind.ADMINISTRATOR: "管理者に再発行をご依頼ください。",
    InvitationKind.SPARE: "ログインして、「アカウント」のページから登録してください。",
    InvitationKind.OTHER_DEVICE: "元の画面で、QRコードをもう一度表示してください。",
    InvitationKind.RECOVERY: "別の復旧コードで、もう一度やり直してください。",
}


@pytest.mark.parametrize("kind", InvitationKind)
def test_an_expired_link_says_what_to_do(kind: InvitationKind) -> None:
    """Whoever opens an expired link reads since when, and where to get another of its kind."""
    house = House()
    path = invite(house, house.add_person(), kind, lifetime_s=0)

    page = Browser(house).open(path)

    assert 410 == page.status
    assert 'data-trouble="expired"' in page.text
    assert NEXT_STEPS[kind] in page.text
    assert "山田" not in page.text


def test_who_is_signed_in_is_led_from_a_dead_link_to_the_account() -> None:
    """With a session in this browser a dead link offers the account page, without the sign-in."""
    house = House()
    browser = house.enrolled()
    signed_out = browser.open("/.gateway/enroll/hello").text
    browser.sign_in()

    signed_in = browser.open("/.gateway/enroll/hello").text

    assert [False, True] == [
        'href="/.gateway/account"' in page for page in (signed_out, signed_in)
    ]


def test_a_script_learns_of_a_dead_link_as_data() -> None:
    """Whoever asks for no page gets the refusal as JSON."""
    answer = Browser(House()).request("GET", "/.gateway/enroll/hello")

    assert (410, "invitation-spent") == (answer.status, answer.json["error"])


def test_a_disabled_person_cannot_enrol() -> None:
    """A link of somebody who was disabled is as dead as any other."""
    house = House()
    person = house.add_person()
    path = house.invite(person)
    house.await_(house.store.change_person(person.id, enabled=False))

    assert 410 == Browser(house).open(path).status
    assert 410 == Browser(house).enroll(path).status


class OnceMore(MemoryStore):
    """A store that finds somebody disabled whose link it has not forgotten yet."""

    async def person(self, person_id: PersonId) -> Person | None:
        """As another process may have changed it in the same moment."""
        held = await super().person(person_id)
        return None if held is None else replace(held, enabled=False)


def test_a_link_of_somebody_disabled_in_this_moment_is_not_known() -> None:
    """Between a link and its person nothing is believed: disabled is as good as unknown."""
    house = House(store=OnceMore())

    page = Browser(house).open(house.invite(house.add_person()))

    assert 410 == page.status
    assert 'data-trouble="unknown"' in page.text
