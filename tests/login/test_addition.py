"""A further passkey of somebody who is signed in: whose it becomes, and who may finish it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.logger import capturedLogs

from gateway.errors import Reason, RefusedError, StoreError
from gateway.login.addition import AdditionDesk
from gateway.login.registrar import Registrar
from gateway.login.visitor import Visitor
from gateway.rules.attestation import PasskeyPolicy
from gateway.rules.ceremony import CEREMONY_LIFETIME_S, Way
from gateway.rules.passkeys import Registration
from gateway.rules.records import (
    Change,
    Event,
    Method,
    Passkey,
    Person,
    Purpose,
    Session,
    TokenHash,
    hash_token,
)
from gateway.store.live import LiveSession
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import BE, BS, UP, UV, Authenticator, encode
from tests.instruments.house import House

HERE = hash_token(b"this browser")


class Counter:
    """The desk in a house, and what people were told at it."""

    def __init__(
        self, policy: PasskeyPolicy | None = None, store: MemoryStore | None = None
    ) -> None:
        self.house = House(store=store)
        self.told: list[Change] = []
        self.desk = AdditionDesk(
            Registrar(
                public=self.house.public,
                gateway_name="サンプル社",
                store=self.house.store,
                ceremonies=self.house.site.ceremonies,
                wall=lambda: self.house.wall,
                policy=policy or PasskeyPolicy(),
            ),
            store=self.house.store,
            wall=lambda: self.house.wall,
            announce=self._announce,
        )

    async def _announce(self, person: Person, change: Change) -> None:
        assert person.id == change.person_id
        self.told.append(change)

    def live(self, name: str = "yamada", *, token: str = "token", id_: str = "s1") -> LiveSession:
        """A session of that person, who is added if need be."""
        found = self.house.await_(self.house.store.person_named(name))
        person = found or self.house.add_person(name)
        session = Session(
            id=id_,
            token_hash=hash_token(token.encode()),
            person_id=person.id,
            method=Method.PASSKEY,
            credential_id=None,
            address="",
            user_agent="",
            created=0.0,
            last_used=0.0,
        )
        return LiveSession(session, person, begun=0.0, used=0.0)

    def begin(self, live: LiveSession, *, browser: TokenHash = HERE) -> dict[str, Any]:
        """The options that the browser gets."""
        options: dict[str, Any] = self.house.await_(
            self.desk.begin(live, Way.ANY, browser=browser)
        )
        return options

    def finish(
        self, live: LiveSession, credential: object, *, browser: TokenHash | None = HERE
    ) -> Passkey:
        """Send the answer of the device."""
        visitor = Visitor(browser=browser, session=None, address="192.0.2.7", user_agent="UA")
        body = json.dumps(credential).encode()
        passkey: Passkey = self.house.await_(self.desk.finish(live, body, visitor, _label))
        return passkey

    def refusal(
        self, live: LiveSession, credential: object, *, browser: TokenHash | None = HERE
    ) -> Reason:
        """Why the answer of the device is refused."""
        with pytest.raises(RefusedError) as caught:
            self.finish(live, credential, browser=browser)
        return caught.value.reason

    def passkeys(self, live: LiveSession) -> list[Passkey]:
        """What that person has."""
        held: list[Passkey] = self.house.await_(self.house.store.passkeys_of(live.person.id))
        return held


def _label(registration: Registration) -> str:
    return f"鍵 {len(registration.credential_id)}"


def device(**knobs: Any) -> Authenticator:
    """A new device in front of our page."""
    return Authenticator("https://gw.example.test", **knobs)


def test_a_further_passkey_belongs_to_whom_the_session_belongs_to() -> None:
    """Who is signed in gets the passkey, and is told from where it was added."""
    counter = Counter()
    live = counter.live()

    passkey = counter.finish(live, device().create(counter.begin(live)))

    assert [passkey] == counter.passkeys(live)
    assert ("鍵 32", counter.house.wall) == (passkey.label, passkey.created)
    expected = Change(
        person_id=live.person.id,
        time=counter.house.wall,
        event=Event.ENROLLED,
        subject="鍵 32",
        address="192.0.2.7",
        user_agent="UA",
    )
    assert [expected] == counter.told


def test_an_addition_is_logged_once() -> None:
    """The log says who registered a passkey, without its id."""
    counter = Counter()
    live = counter.live()
    credential = device().create(counter.begin(live))

    with capturedLogs() as logged:
        counter.finish(live, credential)

    assert [Event.ENROLLED] == [each["event"] for each in logged]
    assert credential["id"] not in repr(logged)


def test_the_passkeys_that_are_there_are_excluded() -> None:
    """A device that has a passkey of this person already says so."""
    counter = Counter()
    live = counter.live()
    first = counter.finish(live, device().create(counter.begin(live)))

    options = counter.begin(live)

    assert 1 == len(options["excludeCredentials"])
    assert Reason.ALREADY_REGISTERED is counter.refusal(
        live, device(credential_id=first.credential_id).create(options)
    )


def test_a_step_up_in_between_does_not_disturb() -> None:
    """The session may have got another token while the person was at the device."""
    counter = Counter()
    credential = device().create(counter.begin(counter.live(token="before")))

    counter.finish(counter.live(token="after"), credential)

    assert 1 == len(counter.told)


def test_another_session_cannot_finish_it() -> None:
    """What was begun in one session ends in no other, not even of the same person."""
    counter = Counter()
    credential = device().create(counter.begin(counter.live()))

    assert Reason.REFUSED is counter.refusal(counter.live(id_="s2"), credential)
    assert Reason.EXPIRED is counter.refusal(counter.live(), credential)
    assert [] == counter.told


def test_another_person_cannot_finish_it() -> None:
    """Nobody gets somebody else's new passkey, or gives one to somebody else."""
    counter = Counter()
    credential = device().create(counter.begin(counter.live("yamada")))

    assert Reason.REFUSED is counter.refusal(counter.live("sato", id_="s2"), credential)
    assert [] == counter.passkeys(counter.live("sato"))


@pytest.mark.parametrize("browser", [None, hash_token(b"another browser")])
def test_another_browser_cannot_finish_it(browser: TokenHash | None) -> None:
    """An answer that was carried elsewhere registers nothing."""
    counter = Counter()
    credential = device().create(counter.begin(counter.live()))

    assert Reason.REFUSED is counter.refusal(counter.live(), credential, browser=browser)


def test_an_answer_without_a_beginning_is_refused() -> None:
    """The second stage alone, posted directly, registers nothing (no fresh verification)."""
    counter = Counter()
    live = counter.live()
    options = counter.begin(live)

    assert Reason.EXPIRED is counter.refusal(live, device().create(options, challenge="A" * 43))


def test_a_sign_in_challenge_registers_nothing() -> None:
    """What was begun for signing in cannot be ended as a registration."""
    counter = Counter()
    live = counter.live()
    options = counter.begin(live)
    sign_in = counter.house.site.ceremonies.begin(Purpose.SIGN_IN, browser=HERE)
    credential = device().create(options, challenge=encode(sign_in.challenge))

    assert Reason.REFUSED is counter.refusal(live, credential)


def test_an_answer_after_five_minutes_is_refused() -> None:
    """A registration that took too long is told as expired."""
    counter = Counter()
    live = counter.live()
    credential = device().create(counter.begin(live))
    counter.house.clock.advance(CEREMONY_LIFETIME_S)

    assert Reason.EXPIRED is counter.refusal(live, credential)


def test_without_verification_nothing_is_registered() -> None:
    """A touch alone, without fingerprint, face or PIN, registers no passkey."""
    counter = Counter()
    live = counter.live()

    with capturedLogs() as logged:
        reason = counter.refusal(live, device(flags=UP).create(counter.begin(live)))

    assert Reason.NOT_VERIFIED is reason
    assert [Event.ENROLMENT_REFUSED] == [each["event"] for each in logged]


def test_the_companys_policy_counts_here_too() -> None:
    """Where passkeys must stay on their device, one that can be copied is refused."""
    counter = Counter(PasskeyPolicy(device_bound_only=True))
    live = counter.live()
    synced = device(flags=UP | UV | BE | BS)

    assert Reason.NOT_ALLOWED_HERE is counter.refusal(live, synced.create(counter.begin(live)))
    assert [] == counter.passkeys(live)


class Fails(MemoryStore):
    """A store whose disk is full when a passkey comes."""

    async def add_passkey(self, passkey: Passkey) -> None:
        """See `Store.add_passkey`."""
        raise StoreError("the disk is full")


def test_what_was_not_stored_is_not_told() -> None:
    """A disk that fails is never reported as success, to nobody."""
    counter = Counter(store=Fails())
    live = counter.live()
    credential = device().create(counter.begin(live))

    with capturedLogs() as logged, pytest.raises(StoreError):
        counter.finish(live, credential)

    assert ([], []) == (counter.told, [each for each in logged if "event" in each])


class Mute(Counter):
    """A desk whose notices fail."""

    async def _announce(self, person: Person, change: Change) -> None:
        raise StoreError("no notice can be written")


def test_a_notice_that_fails_undoes_nothing() -> None:
    """The passkey is there even if nobody could be told; the log says so."""
    counter = Mute()
    live = counter.live()

    with capturedLogs() as logged:
        passkey = counter.finish(live, device().create(counter.begin(live)))

    assert [passkey] == counter.passkeys(live)
    assert [StoreError] == [each["log_failure"].type for each in logged if "log_failure" in each]
