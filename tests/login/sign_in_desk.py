"""The sign-in desk without its pages, and devices in front of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.errors import Reason, RefusedError
from gateway.login.sign_in import SignedIn, SignInDesk
from gateway.login.visitor import Visitor
from gateway.rules.ceremony import Way
from gateway.rules.records import Change, Event, Person, Session, hash_token
from gateway.store.live import LiveSession
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import Authenticator
from tests.instruments.house import House

HERE = hash_token(b"this browser")


class Desk:
    """The sign-in desk of a house, and what people were told at it."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.house = House(store=store)
        self.told: list[Change] = []
        self.desk = SignInDesk(
            public=self.house.public,
            store=self.house.store,
            sessions=self.house.sessions,
            ceremonies=self.house.site.ceremonies,
            wall=lambda: self.house.wall,
            token_bytes=self.house.token_bytes,
            announce=self._announce,
        )

    async def _announce(self, person: Person, change: Change) -> None:
        assert person.id == change.person_id
        self.told.append(change)

    def device(self, name: str = "yamada", **knobs: Any) -> Authenticator:
        """A device with a passkey of that person, who may have others already."""
        device = Authenticator(self.house.public.origin, **knobs)
        found = self.house.await_(self.house.store.person_named(name))
        person = found or self.house.add_person(name)
        browser = self.house.enrolled("bystander-of-" + device.credential_id.hex()[:8])
        browser.device = device
        assert 200 == browser.enroll(self.house.invite(person)).status
        return device

    def sign_in(
        self, device: Authenticator, *, over: SignedIn | None = None, **knobs: Any
    ) -> SignedIn:
        """Sign in with that device, in a browser that has the session of `over`."""
        attachment = knobs.pop("attachment", "platform")
        options = self.desk.begin(Way.ANY, browser=HERE)
        credential = device.get(options, **knobs) | {"authenticatorAttachment": attachment}
        live = self.live(over) if over else None
        visitor = Visitor(
            browser=HERE,
            session=hash_token(over.token) if over else None,
            address="192.0.2.7",
            user_agent="UA",
        )
        body = json.dumps(credential).encode()
        signed_in: SignedIn = self.house.await_(self.desk.admit(body, visitor, live))
        return signed_in

    def live(self, signed_in: SignedIn) -> LiveSession | None:
        """The open session of that token."""
        return self.house.sessions.find(signed_in.token)

    def session(self, signed_in: SignedIn) -> Session:
        """The session of that token, which must be open, as the store has it, too."""
        live = self.live(signed_in)
        assert live is not None
        (stored,) = (
            each
            for each in self.house.await_(self.house.store.sessions())
            if each.token_hash == hash_token(signed_in.token)
        )
        assert stored == live.session
        return live.session

    def refusal(self, device: Authenticator, **knobs: Any) -> Reason:
        """Why that device is refused."""
        with pytest.raises(RefusedError) as caught:
            self.sign_in(device, **knobs)
        return caught.value.reason

    def remove(self, device: Authenticator) -> None:
        """Remove the passkey of that device, on purpose."""
        passkey = self.house.await_(self.house.store.passkey(device.credential_id))
        assert self.house.await_(
            self.house.store.remove_passkey(
                passkey.person_id, device.credential_id, now=self.house.wall, even_last=True
            )
        )


def events_of(logged: Sequence[dict[str, Any]]) -> list[object]:
    """The events for the audit trail, in order."""
    return [each["event"] for each in logged if each.get("event") in tuple(Event)]
