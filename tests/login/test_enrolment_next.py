"""After the first passkey: a second way in, recovery codes, another device."""

from __future__ import annotations

import json

import pytest
from twisted.logger import capturedLogs

from gateway.errors import RefusedError
from gateway.login.enrolment import CHAIN_LIMIT, SPARE_LIFETIME_S, Enrolled, EnrolmentDesk
from gateway.login.registrar import Registrar
from gateway.login.visitor import Visitor
from gateway.rules.attestation import PasskeyPolicy
from gateway.rules.ceremony import Way
from gateway.rules.records import Event, InvitationKind, Passkey, Person, hash_token
from gateway.rules.recovery import CODES
from tests.instruments.authenticator import BE, BS, UP, UV
from tests.instruments.house import Answer, Browser, House
from tests.login.invitations import another, begun, following, invite


def passkeys(house: House, person: Person) -> int:
    """How many passkeys that person has."""
    return len(house.await_(house.store.passkeys_of(person.id)))


def events(house: House, person: Person) -> list[Event]:
    """What that person was told of, first things first."""
    told = house.await_(house.store.changes_of(person.id))
    return [each.event for each in reversed(told)]


def test_the_page_that_comes_next_tells_what_is_done() -> None:
    """After the first passkey the page names it, and recommends codes, a spare and a test."""
    house = House()
    browser, _, path = begun(house)

    page = browser.open(path)

    assert 200 == page.status
    assert "登録が完了しました" in page.text
    assert '<p class="row-title">Windows</p>' in page.text
    assert 'id="finish" class="button primary until-loaded" href="/"' in page.text
    assert 2 == page.text.count("おすすめ</span>")


def test_what_comes_next_survives_a_reload() -> None:
    """The page has an address of its own: however often it is loaded, it is the same."""
    house = House()
    browser, _, path = begun(house)

    assert 1 == len({browser.open(path).body for _ in range(3)})


def test_a_second_passkey_is_registered_without_another_invitation() -> None:
    """While the person is at it, a second device needs no administrator."""
    house = House()
    _, person, path = begun(house)

    answer = another(house, path)

    assert (200, 2) == (answer.status, passkeys(house, person))
    page = Browser(house).open(following(answer)).text
    assert 2 == page.count('class="row-title"')
    assert "予備も登録済みです" in page


def test_a_spare_link_works_once() -> None:
    """The second device spends its link, too."""
    house = House()
    _, person, path = begun(house)
    another(house, path)

    assert 410 == another(house, path).status
    assert 2 == passkeys(house, person)


def test_all_spares_end_when_the_first_one_does() -> None:
    """Going on and on prolongs nothing: half an hour after the first passkey it is over."""
    house = House()
    _, _, path = begun(house)
    house.wall += SPARE_LIFETIME_S - 1
    later = following(another(house, path))
    good = Browser(house).open(later).status
    house.wall += 1

    assert [200, 410] == [good, Browser(house).open(later).status]


def test_a_first_spare_ends_after_half_an_hour() -> None:
    """A page that was left open registers nothing later."""
    house = House()
    _, person, path = begun(house)
    house.wall += SPARE_LIFETIME_S

    assert (410, 1) == (another(house, path).status, passkeys(house, person))


def chain(house: House, path: str) -> list[Answer]:
    """Register devices one after the other until there is a refusal."""
    answers = []
    for _ in range(2 * CHAIN_LIMIT):
        answers.append(another(house, path))
        if answers[-1].status != 200:
            break
        path = following(answers[-1])
    return answers


def test_one_beginning_brings_forth_five_passkeys() -> None:
    """Whoever got hold of one invitation registers five devices by it, and not a sixth."""
    house = House()
    person = house.add_person()

    answers = chain(house, house.invite(person))

    assert [200] * CHAIN_LIMIT + [403] == [each.status for each in answers]
    assert CHAIN_LIMIT == passkeys(house, person) == 5


def test_after_five_the_page_still_makes_recovery_codes() -> None:
    """When no more devices can be added the page says so, and what is left can be done."""
    house = House()
    path = following(chain(house, house.invite(house.add_person()))[-2])

    page = Browser(house).open(path).text
    codes = Browser(house).post(f"{path}/recovery-codes")
    code = Browser(house).post(f"{path}/other-device")

    assert "一度に登録できるのは5つまでです" in page
    assert "show-code" not in page
    assert [200, 403] == [codes.status, code.status]


def test_passkeys_from_before_do_not_count() -> None:
    """Somebody with five passkeys who is invited again registers a spare as well."""
    house = House()
    person = house.add_person()
    chain(house, house.invite(person))
    house.wall += SPARE_LIFETIME_S + 60

    again = chain(house, house.invite(person))

    assert 2 * CHAIN_LIMIT == passkeys(house, person)
    assert 403 == again[-1].status


def test_a_device_that_was_begun_too_late_is_refused_when_it_ends() -> None:
    """Two devices that race for the last place do not both get it."""
    house = House()
    person = house.add_person()
    path = house.invite(person)
    for _ in range(CHAIN_LIMIT - 1):
        path = following(another(house, path))
    late = Browser(house)
    options = late.post(f"{path}/options", {}).json
    another(house, invite(house, person, InvitationKind.OTHER_DEVICE))

    answer = late.post(f"{path}/verify", late.device.create(options))

    assert (CHAIN_LIMIT, 403) == (passkeys(house, person), answer.status)


# The company's policy


def test_a_passkey_that_may_be_copied_is_refused_where_the_company_says_so() -> None:
    """Under such a policy a synced passkey is not registered, and the link stays good."""
    house = House()
    person, device = house.add_person(), Browser(house).device
    path = house.invite(person)
    office = house.site._office
    desk = EnrolmentDesk(
        Registrar(
            public=house.public,
            gateway_name="サンプル社",
            store=house.store,
            ceremonies=office.ceremonies,
            wall=office.wall,
            policy=PasskeyPolicy(device_bound_only=True),
        ),
        store=house.store,
        wall=office.wall,
        token_bytes=house.token_bytes,
        announce=office.announce,
    )
    token, browser = path.rpartition("/")[2], hash_token(b"a browser")
    visitor = Visitor(browser=browser, session=None, address="", user_agent="")

    def register(flags: int) -> Passkey:
        options = house.await_(desk.begin(token, Way.ANY, browser=browser))
        body = json.dumps(device.create(options, flags=flags)).encode()
        enrolled = house.await_(desk.finish(token, body, visitor, lambda _: "label"))
        assert isinstance(enrolled, Enrolled)
        return enrolled.passkey

    with pytest.raises(RefusedError, match="not-allowed-here"):
        register(UP | UV | BE | BS)

    assert not register(UP | UV).is_synced


# Recovery codes


def test_recovery_codes_are_made_when_they_are_asked_for() -> None:
    """The page makes ten codes, and the link goes on to be good."""
    house = House()
    browser, person, path = begun(house)

    codes = browser.post(f"{path}/recovery-codes").json["codes"]

    assert CODES == len(set(codes)) == house.await_(house.store.recovery_codes_left(person.id))
    assert "作成済みです（残り10個）。" in browser.open(path).text


def test_codes_are_shown_once() -> None:
    """No page ever shows the codes again, and the log never has them."""
    house = House()
    browser, _, path = begun(house)

    with capturedLogs() as logged:
        codes = browser.post(f"{path}/recovery-codes").json["codes"]
        page = browser.open(path).text

    assert not any(each in page or each in repr(logged) for each in codes)


def test_new_codes_void_the_old_ones() -> None:
    """Whoever makes codes again has ten, not twenty."""
    house = House()
    browser, person, path = begun(house)

    first, second = (set(browser.post(f"{path}/recovery-codes").json["codes"]) for _ in "12")

    assert not first & second
    assert CODES == house.await_(house.store.recovery_codes_left(person.id))


KINDS_WITHOUT = sorted(set(InvitationKind) - {InvitationKind.SPARE})


@pytest.mark.parametrize("act", ["recovery-codes", "other-device"])
@pytest.mark.parametrize("kind", KINDS_WITHOUT)
def test_only_who_has_just_registered_may_go_on(act: str, kind: InvitationKind) -> None:
    """An invitation by which nobody has registered yet makes no codes and invites no others."""
    house = House()
    person = house.add_person()
    path = invite(house, person, kind)

    answer = Browser(house).post(f"{path}/{act}")

    assert (410, "invitation-spent") == (answer.status, answer.json["error"])
    assert 0 == house.await_(house.store.recovery_codes_left(person.id))


def test_a_dead_spare_makes_no_codes() -> None:
    """After half an hour recovery codes are the account page's."""
    house = House()
    browser, person, path = begun(house)
    house.wall += SPARE_LIFETIME_S

    assert 410 == browser.post(f"{path}/recovery-codes").status
    assert 0 == house.await_(house.store.recovery_codes_left(person.id))


# Another device


def test_a_code_for_another_device_leaves_the_page_as_it_is() -> None:
    """The code on the screen is a link of its own; the page sees when it was used."""
    house = House()
    browser, _, path = begun(house)

    code = browser.post(f"{path}/other-device").json
    before = browser.request("GET", f"{path}/progress").json
    another(house, code["link"].removeprefix(house.public.origin))
    after = browser.request("GET", f"{path}/progress").json

    assert ({"passkeys": 1}, {"passkeys": 2}) == (before, after)
    assert {"link", "modules", "path", "lifetime_s"} == set(code)
    assert 200 == browser.open(path).status


def test_another_device_registers_and_is_done() -> None:
    """A phone that scanned the code is told so in its own words, and gets nothing further."""
    house = House()
    _, person, _ = begun(house)
    path = invite(house, person, InvitationKind.OTHER_DEVICE)
    phone = Browser(house)

    page = phone.open(path).text
    answer = phone.enroll(path)

    assert "山田 太郎さんの端末を追加します" in page
    assert "このまま閉じてかまいません。" in page
    assert {"ok": True, "label": "Windows"} == answer.json


# What is told


def test_the_person_is_told_of_each_step() -> None:
    """Each passkey and new codes are told to their person, and are in the log."""
    house = House()
    with capturedLogs() as logged:
        browser, person, path = begun(house)
        browser.post(f"{path}/recovery-codes")
        another(house, path)

    expected = [Event.ENROLLED, Event.RECOVERY_CODES_MADE, Event.ENROLLED]
    assert expected == events(house, person)
    assert expected == [each["event"] for each in logged if "event" in each]


def test_the_spares_secret_is_not_logged() -> None:
    """The link that the page is given is in no line of the log."""
    house = House()
    with capturedLogs() as logged:
        browser, _, path = begun(house)
        browser.open(path)
        another(house, path)

    assert path.rpartition("/")[2] not in repr(logged)
