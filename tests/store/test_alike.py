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

from gateway.rules.records import InvitationKind, Person, PersonId
from gateway.store.interface import Store
from gateway.store.memory import MemoryStore
from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import SQLiteStore, open_store
from tests.store.pump import Pump
from tests.store.samples import ANNA, change, invitation, passkey, session, token_hash

NAMES = st.sampled_from(["anna", "健二", "é"])
TOKENS = st.sampled_from(["one", "two", "three", "four"])
CREDENTIALS = st.sampled_from([b"k1", b"k2", b"\x00"])
TIMES = st.sampled_from([0.0, 1500.0, 1999.0, 2000.0, 2500.5])
TEXTS = st.text(max_size=20)
KINDS = st.sampled_from(InvitationKind)
CODES = st.sampled_from([b"%032d" % number for number in range(3)])


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

    @rule(
        name=NAMES,
        mail=st.none() | TEXTS,
        groups=st.none() | st.lists(TEXTS, max_size=3),
        is_enabled=st.none() | st.booleans(),
    )
    def change_person(
        self, name: str, mail: str | None, groups: list[str] | None, is_enabled: bool | None
    ) -> None:
        """Somebody is changed, perhaps disabled, perhaps nobody that is known."""
        listed = None if groups is None else tuple(groups)
        self._alike(
            *(
                each.change_person(_person(name).id, mail=mail, groups=listed, enabled=is_enabled)
                for each in self._both
            )
        )

    @rule(name=NAMES, token=TOKENS, kind=KINDS)
    def issue_invitation(self, name: str, token: str, kind: InvitationKind) -> None:
        """Somebody is invited, perhaps nobody that is known."""
        issued = invitation(token, _person(name), kind=kind)
        self._alike(*(each.issue_invitation(issued) for each in self._both))

    @rule(
        name=NAMES,
        token=TOKENS,
        credential_id=CREDENTIALS,
        now=TIMES,
        created=TIMES,
        spare=st.none() | TOKENS,
    )
    def register(
        self,
        name: str,
        token: str,
        credential_id: bytes,
        now: float,
        created: float,
        spare: str | None,
    ) -> None:
        """Somebody registers, perhaps with another's link, perhaps too late."""
        person = _person(name)
        key = replace(passkey(credential_id, person), created=created)
        link = token_hash(token)
        following = spare and invitation(spare, person, kind=InvitationKind.SPARE)
        self._alike(
            *(
                each.register_passkey(key, invitation=link, now=now, following=following or None)
                for each in self._both
            )
        )

    @rule(name=NAMES, credential_id=CREDENTIALS, created=TIMES)
    def add_passkey(self, name: str, credential_id: bytes, created: float) -> None:
        """Somebody registers a further passkey, perhaps one that is taken."""
        key = replace(passkey(credential_id, _person(name)), created=created)
        self._alike(*(each.add_passkey(key) for each in self._both))

    @rule(name=NAMES, credential_id=CREDENTIALS, label=TEXTS)
    def rename_passkey(self, name: str, credential_id: bytes, label: str) -> None:
        """Somebody renames a passkey, perhaps another's."""
        person_id = _person(name).id
        self._alike(*(each.rename_passkey(person_id, credential_id, label) for each in self._both))

    @rule(name=NAMES, credential_id=CREDENTIALS, even_last=st.booleans())
    def remove_passkey(self, name: str, credential_id: bytes, *, even_last: bool) -> None:
        """Somebody removes a passkey, perhaps the last one, perhaps another's."""
        person_id = _person(name).id
        self._alike(
            *(
                each.remove_passkey(person_id, credential_id, now=1600.0, even_last=even_last)
                for each in self._both
            )
        )
        self._alike(*(each.was_removed(credential_id) for each in self._both))

    @rule(name=NAMES, codes=st.lists(CODES, max_size=3))
    def make_codes(self, name: str, codes: list[bytes]) -> None:
        """Somebody prints recovery codes."""
        person_id = _person(name).id
        self._alike(
            *(each.replace_recovery_codes(person_id, codes, now=1.0) for each in self._both)
        )

    @rule(name=NAMES, code=CODES, token=TOKENS)
    def spend_code(self, name: str, code: bytes, token: str) -> None:
        """Somebody uses a recovery code."""
        person = _person(name)
        grant = invitation(token, person, kind=InvitationKind.RECOVERY)
        self._alike(
            *(
                each.spend_recovery_code(person.id, code, now=1600.0, grant=grant)
                for each in self._both
            )
        )

    @rule(name=NAMES, time=TIMES, subject=TEXTS)
    def note_change(self, name: str, time: float, subject: str) -> None:
        """Something happened to somebody's ways in."""
        noted = change(subject, time=time, person=_person(name))
        self._alike(*(each.note_change(noted) for each in self._both))

    @rule(
        credential_id=CREDENTIALS,
        sign_count=st.integers(0, 2**32 - 1),
        is_backed_up=st.booleans(),
        now=TIMES,
        has_fallen=st.booleans(),
    )
    def use_passkey(
        self,
        credential_id: bytes,
        sign_count: int,
        now: float,
        *,
        is_backed_up: bool,
        has_fallen: bool,
    ) -> None:
        """Somebody signs in by a passkey."""
        self._alike(
            *(
                each.note_passkey_use(
                    credential_id,
                    sign_count=sign_count,
                    is_backed_up=is_backed_up,
                    now=now,
                    has_counter_fallen=has_fallen,
                )
                for each in self._both
            )
        )

    @rule(name=NAMES, token=TOKENS, old=st.none() | TOKENS, created=TIMES, key=CREDENTIALS)
    def remember_session(
        self, name: str, token: str, old: str | None, created: float, key: bytes
    ) -> None:
        """Somebody signs in, perhaps instead of a session that is open."""
        fresh = session(token, created=created, person=_person(name))
        fresh = replace(fresh, credential_id=key)
        replacing = None if old is None else token_hash(old)
        self._alike(*(each.remember_session(fresh, replacing=replacing) for each in self._both))

    @rule(name=NAMES, old=TOKENS, token=TOKENS, id_of=TOKENS, key=CREDENTIALS, now=TIMES)
    def renew_session(
        self, name: str, old: str, token: str, id_of: str, key: bytes, now: float
    ) -> None:
        """Somebody is verified again, perhaps in a session that is over or another's."""
        fresh = session(token, created=now, person=_person(name))
        fresh = replace(
            fresh, id=f"id of {id_of}", credential_id=key, verified=now, is_device_bound=False
        )
        self._alike(*(each.renew_session(fresh, replacing=token_hash(old)) for each in self._both))

    @rule(name=NAMES, besides=st.none() | TOKENS)
    def end_sessions_of(self, name: str, besides: str | None) -> None:
        """Somebody signs out elsewhere."""
        spared = None if besides is None else f"id of {besides}"
        person_id = _person(name).id
        self._alike(*(each.end_sessions_of(person_id, besides=spared) for each in self._both))

    @rule(credential_id=CREDENTIALS)
    def end_sessions_by(self, credential_id: bytes) -> None:
        """A passkey is not trusted any more."""
        self._alike(*(each.end_sessions_by(credential_id) for each in self._both))

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
            self._alike(*(each.people_after(person_id) for each in self._both))
            self._alike(*(each.sessions_of(person_id) for each in self._both))
            self._alike(*(each.changes_of(person_id) for each in self._both))
            self._alike(*(each.recovery_codes_left(person_id) for each in self._both))
        for token in ["one", "two", "three", "four"]:
            self._alike(*(each.invitation(token_hash(token)) for each in self._both))


def test_two_stores_are_alike() -> None:
    """Memory and SQLite cannot be told apart by what they answer."""
    limits = settings(max_examples=25, stateful_step_count=25, deadline=None)

    run_state_machine_as_test(TwoStores, settings=limits)
