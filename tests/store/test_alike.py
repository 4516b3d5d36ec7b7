"""Whatever is asked of them, in whatever order, the two stores give the same answers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.rules.records import Person, PersonId
from gateway.store.interface import Store
from gateway.store.memory import MemoryStore
from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import SQLiteStore, open_store
from tests.store.pump import Pump
from tests.store.samples import ANNA, invitation, passkey, session, token_hash

NAMES = st.sampled_from(["anna", "健二", "é"])
TOKENS = st.sampled_from(["one", "two", "three", "four"])
CREDENTIALS = st.sampled_from([b"k1", b"k2", b"\x00"])
TIMES = st.sampled_from([0.0, 1500.0, 1999.0, 2000.0, 2500.5])
TEXTS = st.text(max_size=20)


def _person(name: str) -> Person:
    return replace(
        ANNA, id=PersonId(name.encode().hex()), name=name, user_handle=name.encode() * 8
    )


class TwoStores(RuleBasedStateMachine):
    """The reference beside the real one; now and then the real one is closed and opened."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.pump = Pump()
        self.reference = MemoryStore()
        self.real = self._open()

    def _open(self) -> SQLiteStore:
        sealer = Sealer([b"k" * KEY_BYTES], os.urandom)
        path = self.directory / "gateway.sqlite"
        return open_store(path, sealer, from_thread=self.pump.from_thread)

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.pump.run(self.real.close())
        shutil.rmtree(self.directory)

    def _alike(self, *asked: Coroutine[Deferred[object], object, object]) -> None:
        wanted, seen = (self.pump.outcomes([each])[0] for each in asked)
        if isinstance(wanted, Failure):
            assert isinstance(seen, Failure)
            assert wanted.type is seen.type
        else:
            assert wanted == seen

    @property
    def _both(self) -> tuple[Store, Store]:
        return self.reference, self.real

    @initialize()
    def somebody(self) -> None:
        """Somebody is there from the beginning."""
        self._alike(*(each.add_person(_person("anna")) for each in self._both))

    @rule(name=NAMES, handle=NAMES, display_name=TEXTS, is_enabled=st.booleans())
    def add_person(self, name: str, handle: str, display_name: str, *, is_enabled: bool) -> None:
        """Somebody is added, perhaps a second time, perhaps with another's handle."""
        person = replace(
            _person(name),
            user_handle=_person(handle).user_handle,
            display_name=display_name,
            enabled=is_enabled,
        )
        self._alike(*(each.add_person(person) for each in self._both))

    @rule(name=NAMES, token=TOKENS)
    def issue_invitation(self, name: str, token: str) -> None:
        """Somebody is invited, perhaps nobody that is known."""
        issued = invitation(token, _person(name))
        self._alike(*(each.issue_invitation(issued) for each in self._both))

    @rule(name=NAMES, token=TOKENS, credential_id=CREDENTIALS, now=TIMES, created=TIMES)
    def register(
        self, name: str, token: str, credential_id: bytes, now: float, created: float
    ) -> None:
        """Somebody registers, perhaps with another's link, perhaps too late."""
        key = replace(passkey(credential_id, _person(name)), created=created)
        link = token_hash(token)
        self._alike(*(each.register_passkey(key, invitation=link, now=now) for each in self._both))

    @rule(
        credential_id=CREDENTIALS,
        sign_count=st.integers(0, 2**32 - 1),
        is_backed_up=st.booleans(),
        now=TIMES,
    )
    def use_passkey(
        self, credential_id: bytes, sign_count: int, now: float, *, is_backed_up: bool
    ) -> None:
        """Somebody signs in by a passkey."""
        self._alike(
            *(
                each.note_passkey_use(
                    credential_id, sign_count=sign_count, is_backed_up=is_backed_up, now=now
                )
                for each in self._both
            )
        )

    @rule(name=NAMES, token=TOKENS, old=st.none() | TOKENS, created=TIMES, user_agent=TEXTS)
    def remember_session(
        self, name: str, token: str, old: str | None, created: float, user_agent: str
    ) -> None:
        """Somebody signs in, perhaps instead of a session that is open."""
        fresh = session(token, created=created, person=_person(name))
        fresh = replace(fresh, user_agent=user_agent)
        replacing = None if old is None else token_hash(old)
        self._alike(*(each.remember_session(fresh, replacing=replacing) for each in self._both))

    @rule(token=TOKENS)
    def end_session(self, token: str) -> None:
        """Somebody signs out."""
        self._alike(*(each.end_session(token_hash(token)) for each in self._both))

    @rule(uses=st.dictionaries(TOKENS, TIMES))
    def note_session_uses(self, uses: dict[str, float]) -> None:
        """Sessions were used."""
        noted = {token_hash(token): used for token, used in uses.items()}
        self._alike(*(each.note_session_uses(noted) for each in self._both))

    @rule(created_before=TIMES, used_before=TIMES)
    def forget_sessions(self, created_before: float, used_before: float) -> None:
        """Sessions grow old."""
        self._alike(
            *(
                each.forget_sessions(created_before=created_before, used_before=used_before)
                for each in self._both
            )
        )

    @rule(name=TEXTS, value=st.binary(max_size=40))
    def keep_secret(self, name: str, value: bytes) -> None:
        """A secret is drawn."""
        self._alike(*(each.keep_secret(name, value) for each in self._both))
        self._alike(*(each.secret(name) for each in self._both))

    @rule()
    def restart(self) -> None:
        """The service is stopped and started."""
        self.pump.run(self.real.close())
        self.real = self._open()

    @invariant()
    def answers_are_alike(self) -> None:
        """Every question has the same answer, and lists the same order."""
        self._alike(*(each.people() for each in self._both))
        self._alike(*(each.sessions() for each in self._both))
        for name in ["anna", "健二", "é"]:
            person_id = _person(name).id
            self._alike(*(each.person(person_id) for each in self._both))
            self._alike(*(each.person_named(name) for each in self._both))
            self._alike(*(each.passkeys_of(person_id) for each in self._both))
        for token in ["one", "two", "three", "four"]:
            self._alike(*(each.invitation(token_hash(token)) for each in self._both))


def test_two_stores_are_alike() -> None:
    """Memory and SQLite cannot be told apart by what they answer."""
    limits = settings(max_examples=25, stateful_step_count=25, deadline=None)

    run_state_machine_as_test(TwoStores, settings=limits)
