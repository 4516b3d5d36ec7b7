"""Recovery codes, as a browser sees them: from the code to a new passkey."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from twisted.logger import capturedLogs

from gateway.login.recovery import GRANT_LIFETIME_S, TRIES_REMEMBERED, RecoveryDesk
from gateway.rules.records import Event, PersonId
from gateway.rules.recovery import CODES, TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS, TRY_WINDOW_S
from gateway.store.memory import MemoryStore
from tests.instruments.house import Answer, Browser, House
from tests.login.invitations import begun

RECOVERY = "/.gateway/recovery"


def with_codes(house: House, name: str = "yamada") -> list[str]:
    """Recovery codes of a new person."""
    browser, _, path = begun(house, name)
    codes: list[str] = browser.post(f"{path}/recovery-codes").json["codes"]
    return codes


def enter(house: House, username: str, code: str) -> Answer:
    """What a fresh browser gets for that form."""
    return Browser(house).submit(RECOVERY, urlencode({"username": username, "code": code}))


def test_a_code_leads_to_a_new_passkey() -> None:
    """Name and code lead to the enrolment page, and a new device is registered there."""
    house = House()
    code = with_codes(house)[0]

    answer = enter(house, "yamada", code)
    (path,) = answer.headers["location"]
    phone = Browser(house)
    page = phone.open(path)
    enrolled = phone.enroll(path)

    assert (303, 200, 200) == (answer.status, page.status, enrolled.status)
    assert "山田 太郎さんの新しいパスキーを登録します" in page.text
    assert 200 == phone.sign_in().status


def test_a_code_opens_no_session() -> None:
    """A code alone lets nobody in: the new passkey has to prove itself."""
    house = House()

    answer = enter(house, "yamada", with_codes(house)[0])

    assert [] == answer.cookies
    assert [] == house.await_(house.store.sessions())


@pytest.mark.parametrize(
    ("username", "spell"),
    [
        ("yamada", str.lower),
        ("YAMADA", lambda code: code.replace("-", "")),
        ("ｙａｍａｄａ", lambda code: "".join(chr(ord(each) + 0xFEE0) for each in code)),
        ("yamada ", lambda code: code.replace("0", "O").replace("1", "l")),
        ("yamada", lambda code: f"　{code.replace('-', 'ー')}\n"),
    ],
    ids=["lower case", "no hyphens", "full-width", "look-alikes", "long-vowel marks"],
)
def test_name_and_code_are_read_kindly(username: str, spell: Any) -> None:
    """However an input method spells name and code, they are read as what was meant."""
    house = House()

    assert 303 == enter(house, username, spell(with_codes(house)[0])).status


def test_a_code_works_once() -> None:
    """A used code is refused; the other nine stay good."""
    house = House()
    codes = with_codes(house)
    first, again, other = (enter(house, "yamada", each) for each in (codes[0], codes[0], codes[1]))

    assert [303, 403, 303] == [each.status for each in (first, again, other)]


def test_the_grant_ends_after_ten_minutes() -> None:
    """What a code was good for is over when nobody registers."""
    house = House()
    (path,) = enter(house, "yamada", with_codes(house)[0]).headers["location"]
    house.wall += GRANT_LIFETIME_S

    assert 410 == Browser(house).enroll(path).status


def refused_ways(house: House) -> dict[str, tuple[str, str]]:
    """Names and codes that are no good, by what is wrong with them."""
    codes, others = with_codes(house), with_codes(house, "suzuki")
    gone = with_codes(house, "tanaka")
    enter(house, "yamada", codes[0])
    person = house.await_(house.store.person_named("tanaka"))
    house.await_(house.store.change_person(person.id, enabled=False))
    return {
        "unknown name": ("nobody", codes[1]),
        "impossible name": ("no body/", codes[1]),
        "no name": ("", codes[1]),
        "wrong code": ("yamada", "7K3M-Q2XP-9T4H-WD6Z"),
        "no code": ("yamada", "hello"),
        "used code": ("yamada", codes[0]),
        "another person's code": ("yamada", others[0]),
        "disabled person": ("tanaka", gone[0]),
    }


def test_whatever_is_wrong_the_answer_is_the_same() -> None:
    """Unknown name, wrong code, used code, disabled person: a stranger sees no difference."""
    house = House()
    seen = set()
    for username, code in refused_ways(house).values():
        house.clock.advance(TRY_WINDOW_S)
        answer = Browser(house).post(RECOVERY, {"username": username, "code": code})
        seen.add((answer.status, answer.json["error"], answer.body, repr(answer.headers)))

    assert [(403, "recovery-code")] == [each[:2] for each in seen]


class Asked(MemoryStore):
    """A store that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.spent: list[PersonId] = []

    async def spend_recovery_code(self, person_id: PersonId, *args: Any, **named: Any) -> None:
        """Note whose code was asked for."""
        self.spent.append(person_id)
        await super().spend_recovery_code(person_id, *args, **named)


def test_an_unknown_name_costs_the_same_work() -> None:
    """The store is asked for a code also where a name is nobody's, so that time tells nothing."""
    store = Asked()
    house = House(store=store)
    code = with_codes(house)[0]

    enter(house, "nobody", code)
    enter(house, "yamada", code)

    assert 2 == len(store.spent)


def test_what_was_entered_is_not_lost() -> None:
    """After a refusal the name is still there; the code is not sent back."""
    house = House()
    with_codes(house)

    answer = enter(house, 'yamada"><b>', "7K3M-Q2XP-9T4H-WD6Z")

    assert 403 == answer.status
    assert 'value="yamada&#34;&gt;&lt;b&gt;"' in answer.text
    assert 'data-code="recovery-code"' in answer.text
    assert "7K3M" not in answer.text


def test_the_person_is_told_and_the_log_has_it() -> None:
    """Who used a code is told of it; refusals are in the log without names that are nobody's."""
    house = House()
    code = with_codes(house)[0]
    person = house.await_(house.store.person_named("yamada"))

    with capturedLogs() as logged:
        enter(house, code, "secret-password")
        enter(house, "secret-name", code)
        enter(house, "yamada", code)

    told = house.await_(house.store.changes_of(person.id))
    assert Event.RECOVERY_USED == told[0].event
    assert [Event.RECOVERY_REFUSED, Event.RECOVERY_REFUSED, Event.RECOVERY_USED] == [
        each["event"] for each in logged if "event" in each
    ]
    assert not any(each in repr(logged) for each in (code, "secret"))


# Tries


def test_many_tries_from_one_address_have_to_wait() -> None:
    """After ten tries in a minute an address waits some seconds; a good code is good then."""
    house = House()
    code = with_codes(house)[0]
    for _ in range(TRIES_PER_ADDRESS):
        assert 403 == enter(house, "nobody", code).status

    answer = enter(house, "yamada", code)
    house.clock.advance(float(answer.headers["retry-after"][0]))
    later = enter(house, "yamada", code)

    assert (429, ["6"], 303) == (answer.status, answer.headers["retry-after"], later.status)
    assert 'data-code="too-many-tries"' in answer.text
    assert 'value="yamada"' in answer.text


def test_a_script_learns_that_it_has_to_wait() -> None:
    """Whoever asks for no page gets the same as JSON."""
    house = House()
    question = {"username": "yamada", "code": "x"}
    answers = [Browser(house).post(RECOVERY, question) for _ in range(TRIES_PER_ADDRESS + 1)]

    assert (429, "too-many-tries") == (answers[-1].status, answers[-1].json["error"])
    assert ["6"] == answers[-1].headers["retry-after"]


def desk(house: House) -> RecoveryDesk:
    """The desk alone: a browser in memory has one address only."""
    return RecoveryDesk(
        store=house.store,
        clock=house.clock,
        wall=lambda: house.wall,
        token_bytes=house.token_bytes,
        announce=house.site._office.announce,
    )


def test_many_tries_for_one_name_have_to_wait() -> None:
    """From however many addresses, one name is tried so many times a minute, however spelled."""
    house = House()
    tries = desk(house)
    names = ["yamada", "YAMADA", "ｙａｍａｄａ"]
    for count in range(TRIES_PER_ACCOUNT):
        assert 0.0 == tries.count(names[count % 3], address=f"192.0.2.{count}")

    assert 0.0 < tries.count("yamada", address="192.0.2.200")
    assert 0.0 == tries.count("suzuki", address="192.0.2.201")


def test_one_address_cannot_keep_a_person_out() -> None:
    """Who tries from one address only uses up that address's tries, not the person's."""
    house = House()
    tries = desk(house)
    for _ in range(10 * TRIES_PER_ACCOUNT):
        tries.count("yamada", address="192.0.2.1")

    assert 0.0 == tries.count("yamada", address="192.0.2.2")


def test_tries_of_many_addresses_cost_bounded_memory() -> None:
    """However many addresses and names a stranger uses, only so many are remembered."""
    house = House()
    tries = desk(house)
    for count in range(TRIES_REMEMBERED):
        tries.count(f"name{count}", address=f"2001:db8:0:{count:x}::1")

    assert TRIES_REMEMBERED == len(tries._tries)


# What is sent


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"username=yamada",
        b"username=yamada&code=1&code=2",
        b"username=%ff&code=1",
        b"&".join(b"a%d=1" % count for count in range(100)),
        b"{",
        b'{"username": "yamada", "code": 5}',
        b'{"username": null, "code": "x"}',
        b"[]",
    ],
    ids=repr,
)
def test_odd_forms_are_refused(form: bytes) -> None:
    """A form that lacks a field, has one twice or cannot be read gets a clean refusal."""
    house = House()
    answer = Browser(house).submit(RECOVERY, form.decode())

    assert 400 == answer.status


def test_a_long_name_and_code_are_a_plain_refusal() -> None:
    """Sixty thousand characters are nobody's name and no code."""
    house = House()

    assert 403 == enter(house, "x" * 30_000, "7" * 30_000).status


def test_the_form_is_there_for_everybody() -> None:
    """The page needs no session and no script, in both languages."""
    browser = Browser(House())
    japanese = browser.open(RECOVERY)
    browser.language = "en"
    english = browser.open(RECOVERY)

    assert (200, 200) == (japanese.status, english.status)
    assert "復旧コードを使う" in japanese.text
    assert "Use a recovery code" in english.text


def test_codes_of_one_person_are_nobody_elses() -> None:
    """All ten codes of a person are good for that person."""
    house = House()
    codes = with_codes(house)

    assert [303] * CODES == [enter(house, "yamada", each).status for each in codes]


def test_a_script_gets_the_way_on_as_data() -> None:
    """Whoever asks for no page gets the enrolment page's address as JSON."""
    house = House()
    question = {"username": "yamada", "code": with_codes(house)[0]}

    answer = Browser(house).post(RECOVERY, question)

    assert 200 == answer.status
    assert 200 == Browser(house).open(answer.json["next"]).status
