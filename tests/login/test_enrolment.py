"""Enrolment, as a browser sees it."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs

from gateway.errors import InvitationSpentError
from gateway.rules.records import Event, Invitation, Passkey, TokenHash
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator
from tests.instruments.house import Browser, House


def test_a_link_registers_a_passkey_for_its_person() -> None:
    """Who opens the link is welcomed by name and registers a passkey that is theirs."""
    house = House()
    person = house.add_person()
    path = house.invite(person)
    browser = Browser(house)

    page = browser.open(path)
    answer = browser.enroll(path)

    assert 200 == page.status
    assert "山田 太郎さん、ようこそ" in page.text
    assert (200, True, "Windows") == (answer.status, answer.json["ok"], answer.json["label"])
    (passkey,) = house.await_(house.store.passkeys_of(person.id))
    assert browser.device.credential_id == passkey.credential_id
    assert "Windows" == passkey.label


def test_registering_signs_nobody_in() -> None:
    """The new passkey has to prove itself: enrolment opens no session."""
    house = House()
    browser = house.enrolled()

    assert ["__Host-gw-browser"] == list(browser.cookies)
    assert [] == house.await_(house.store.sessions())


def test_looking_spends_nothing() -> None:
    """A mail scanner that follows the link many times leaves it good."""
    house = House()
    path = house.invite(house.add_person())
    for _ in range(10):
        assert 200 == Browser(house).open(path).status
        Browser(house).request("HEAD", path)

    assert 200 == Browser(house).enroll(path).status


def test_two_who_race_for_one_link() -> None:
    """Of two browsers that began with one link, the first to finish wins, the other is told."""
    house = House()
    person = house.add_person()
    path = house.invite(person)
    first, second = Browser(house), Browser(house)
    started = [each.post(f"{path}/options", {}).json for each in (first, second)]

    won = first.post(f"{path}/verify", first.device.create(started[0]))
    lost = second.post(f"{path}/verify", second.device.create(started[1]))

    assert (200, 410) == (won.status, lost.status)
    (passkey,) = house.await_(house.store.passkeys_of(person.id))
    assert first.device.credential_id == passkey.credential_id


class LateStore(MemoryStore):
    """A store in which somebody else spends the invitation between look and leap."""

    async def register_passkey(
        self,
        passkey: Passkey,
        *,
        invitation: TokenHash,
        now: float,
        following: Invitation | None = None,
    ) -> None:
        """Refuse, as the atomic test-and-set of a real store would."""
        del passkey, invitation, now, following
        raise InvitationSpentError("The invitation is unknown, expired or used.")


def test_the_store_has_the_last_word_on_an_invitation() -> None:
    """An invitation that was spent by another process meanwhile registers nothing."""
    house = House(store=LateStore())
    path = house.invite(house.add_person())

    answer = Browser(house).enroll(path)

    assert (410, "invitation-spent") == (answer.status, answer.json["error"])


def test_the_request_cannot_say_whose_passkey_it_is() -> None:
    """Names and handles in the request change nothing: the invitation alone decides."""
    house = House()
    person, other = house.add_person("a"), house.add_person("b")
    path = house.invite(person)
    browser = Browser(house)
    question = {"way": "any", "user": "b", "person_id": other.id, "rp": {"id": "evil.test"}}

    options = browser.post(f"{path}/options", question).json
    browser.post(
        f"{path}/verify", browser.device.create(options) | {"user": "b", "person_id": other.id}
    )

    assert ("a", "gw.example.test") == (options["user"]["name"], options["rp"]["id"])
    assert [1, 0] == [len(house.await_(house.store.passkeys_of(x.id))) for x in (person, other)]


def test_a_challenge_of_one_link_is_no_good_for_another() -> None:
    """A ceremony begun with one invitation cannot spend another one."""
    house = House()
    mine, other = house.invite(house.add_person("a")), house.invite(house.add_person("b"))
    browser = Browser(house)
    credential = browser.device.create(browser.post(f"{mine}/options", {}).json)

    answer = browser.post(f"{other}/verify", credential)

    assert (403, "refused") == (answer.status, answer.json["error"])
    assert 200 == Browser(house).open(other).status


def test_a_sign_in_challenge_registers_nothing() -> None:
    """A challenge that was given for signing in is no good for enrolment."""
    house = House()
    path = house.invite(house.add_person())
    browser = Browser(house)
    options = browser.post(f"{path}/options", {}).json | {
        "challenge": browser.options()["challenge"]
    }

    answer = browser.post(f"{path}/verify", browser.device.create(options))

    assert (403, "refused") == (answer.status, answer.json["error"])


def test_only_the_browser_that_began_can_finish() -> None:
    """A registration carried to another browser registers nothing."""
    house = House()
    path = house.invite(house.add_person())
    victim, stranger = Browser(house), Browser(house)
    stranger.options()
    credential = victim.device.create(victim.post(f"{path}/options", {}).json)

    answer = stranger.post(f"{path}/verify", credential)

    assert (403, "refused") == (answer.status, answer.json["error"])


def test_without_verification_nothing_is_registered() -> None:
    """A device that did not verify its person is refused, and the link stays good."""
    house = House()
    path = house.invite(house.add_person())

    answer = Browser(house).enroll(path, flags=UP)

    assert (403, "not-verified") == (answer.status, answer.json["error"])
    assert 200 == Browser(house).open(path).status


def test_the_same_passkey_is_not_registered_twice() -> None:
    """A credential id that is known, whoever's it is, is refused and the link stays good."""
    house = House()
    first = house.enrolled("a")
    path = house.invite(house.add_person("b"))
    copy = Browser(house, device=first.device)

    answer = copy.enroll(path)

    assert (409, "already-registered") == (answer.status, answer.json["error"])
    assert 200 == Browser(house).open(path).status


def test_a_second_passkey_excludes_the_first() -> None:
    """The browser is told what is registered, so that one device registers once."""
    house = House()
    person = house.add_person()
    first = Browser(house)
    first.enroll(house.invite(person))

    options = Browser(house).post(f"{house.invite(person)}/options", {}).json

    assert [first.device.create(options)["id"]] == [
        each["id"] for each in options["excludeCredentials"]
    ]


APPLE = bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)"


@pytest.mark.parametrize(
    ("transports", "aaguid", "agent", "ja", "en"),
    [
        (("internal", "hybrid"), APPLE, IPHONE, "Apple パスワード", "Apple Passwords"),
        (("internal",), bytes(16), IPHONE, "iPhone", "iPhone"),
        (("internal",), bytes(16), "unheard of", "この端末", "This device"),
        (("hybrid",), bytes(16), "Windows", "スマートフォン", "Phone"),
        (("usb",), bytes(16), "Windows", "セキュリティキー", "Security key"),
        ((), bytes(16), "Windows", "パスキー", "Passkey"),
    ],
)
def test_a_passkey_gets_a_name_that_people_know(
    transports: tuple[str, ...], aaguid: bytes, agent: str, ja: str, en: str
) -> None:
    """A new passkey is called by its maker, its kind, or its terminal, in the person's words."""
    for language, expected in (("ja", ja), ("en", en)):
        house = House()
        device = Authenticator(house.public.origin, transports=transports, aaguid=aaguid)
        browser = Browser(house, device=device)
        browser.language = language
        path = house.invite(house.add_person())
        options = browser.post(f"{path}/options", {}).json

        answer = browser.post(f"{path}/verify", device.create(options), {"User-Agent": agent})

        assert expected == answer.json["label"]


def test_a_synced_passkey_is_known_as_one() -> None:
    """The list of passkeys tells those that live on several devices from the others."""
    house = House()
    device = Authenticator(house.public.origin, flags=UP | UV | BE | BS)
    Browser(house, device=device).enroll(house.invite(house.add_person()))

    passkey = house.await_(house.store.passkey(device.credential_id))

    assert (True, True) == (passkey.is_synced, passkey.is_backed_up)


def test_the_log_tells_of_enrolment_and_not_the_link() -> None:
    """An enrolment is in the log by name; the link's secret never is."""
    house = House()
    path = house.invite(house.add_person())
    token = path.rpartition("/")[2]

    with capturedLogs() as logged:
        Browser(house).open(path)
        Browser(house).enroll(path, flags=UP)
        Browser(house).enroll(path)
        Browser(house).open(path)

    events = [each["event"] for each in logged if "event" in each]
    assert [Event.ENROLMENT_REFUSED, Event.ENROLLED] == events
    assert token not in repr(logged)
