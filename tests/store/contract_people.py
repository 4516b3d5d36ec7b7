"""The part of the suite for every store that is about people and secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import NameTakenError, StoreError
from gateway.rules.records import PersonId
from gateway.store.interface import PEOPLE_PER_PAGE, Store
from tests.store.pump import Pump
from tests.store.samples import ANNA, KENJI, MIO, invitation, session, token_hash


class PeopleContract:
    """What a store promises about people and secrets."""

    def test_a_person_comes_back_as_they_were(self, store: Store, pump: Pump) -> None:
        """Whoever is added is found by id and by name, with every letter of their name."""
        pump.run(store.add_person(ANNA))

        assert ANNA == pump.run(store.person(ANNA.id))
        assert ANNA == pump.run(store.person_named("anna"))

    def test_a_disabled_person_stays_disabled(self, store: Store, pump: Pump) -> None:
        """Somebody who may not sign in is remembered as such."""
        pump.run(store.add_person(KENJI))

        assert KENJI == pump.run(store.person(KENJI.id))

    def test_strangers_are_not_found(self, store: Store, pump: Pump) -> None:
        """Asking for somebody unknown finds nobody and is no error."""
        assert pump.run(store.person(ANNA.id)) is None
        assert pump.run(store.person_named("anna")) is None

    def test_a_name_is_given_once(self, store: Store, pump: Pump) -> None:
        """A second person of the same name is refused, and the first is unchanged."""
        pump.run(store.add_person(ANNA))

        with pytest.raises(NameTakenError):
            pump.run(store.add_person(replace(KENJI, name="anna")))

        assert [ANNA] == pump.run(store.people())

    @pytest.mark.parametrize("field", ["id", "user_handle"])
    def test_ids_are_given_once(self, store: Store, pump: Pump, field: str) -> None:
        """Two people never share the id or the handle that passkeys are bound to."""
        pump.run(store.add_person(ANNA))

        with pytest.raises(StoreError):
            pump.run(store.add_person(replace(KENJI, **{field: getattr(ANNA, field)})))

        assert [ANNA] == pump.run(store.people())

    def test_people_come_in_order_of_their_names(self, store: Store, pump: Pump) -> None:
        """The list of people is sorted by name, whenever they were added."""
        names = ["zoe", "健二", "anna", "é", "ａ", "a-b", "ab"]
        for number, name in enumerate(names):
            pump.run(
                store.add_person(
                    replace(
                        ANNA, id=PersonId(f"{number:032}"), name=name, user_handle=b"%d" % number
                    )
                )
            )

        assert sorted(names) == [each.name for each in pump.run(store.people())]

    def test_people_come_in_pages(self, store: Store, pump: Pump) -> None:
        """However many there are, page by page everybody is seen once."""
        count = 2 * PEOPLE_PER_PAGE + 1
        pump.outcomes(
            store.add_person(
                replace(ANNA, id=PersonId(f"{n:032}"), name=f"{-n}", user_handle=b"%d" % n)
            )
            for n in range(count)
        )

        seen: list[PersonId] = []
        sizes: list[int] = []
        while page := pump.run(store.people_after(seen[-1] if seen else PersonId(""))):
            seen += [each.id for each in page]
            sizes.append(len(page))

        assert [f"{n:032}" for n in range(count)] == seen
        assert [PEOPLE_PER_PAGE, PEOPLE_PER_PAGE, 1] == sizes

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("display_name", "安奈"),
            ("mail", ""),
            ("language", "en"),
            ("groups", ()),
            ("groups", ("it", "経理")),
            ("enabled", True),
        ],
    )
    def test_a_person_is_changed(
        self, store: Store, pump: Pump, field: str, value: object
    ) -> None:
        """One thing is changed, and the rest stays; the answer is the person as they are then."""
        pump.run(store.add_person(ANNA))
        pump.run(store.add_person(MIO))
        wanted = replace(ANNA, **{field: value})  # type: ignore[arg-type]  # one of its fields

        changed = pump.run(
            store.change_person(ANNA.id, **{field: value})  # type: ignore[arg-type]  # the same
        )

        assert wanted == changed
        assert wanted == pump.run(store.person(ANNA.id))
        assert MIO == pump.run(store.person(MIO.id))

    def test_nobody_unknown_is_changed(self, store: Store, pump: Pump) -> None:
        """A change of somebody who is not there makes nobody."""
        assert pump.run(store.change_person(ANNA.id, mail="x")) is None
        assert [] == pump.run(store.people())

    def test_who_is_disabled_is_out(self, store: Store, pump: Pump) -> None:
        """In the instant of being disabled a person's sessions and links are void."""
        for person in (ANNA, MIO):
            pump.run(store.add_person(person))
            pump.run(store.issue_invitation(invitation(f"link of {person.name}", person)))
            fresh = session(f"of {person.name}", person=person)
            pump.run(store.remember_session(fresh, replacing=None))

        pump.run(store.change_person(ANNA.id, enabled=False))

        assert ["id of of mio"] == [each.id for each in pump.run(store.sessions())]
        assert pump.run(store.invitation(token_hash("link of anna"))) is None
        assert pump.run(store.invitation(token_hash("link of mio"))) is not None

    def test_who_is_enabled_again_begins_anew(self, store: Store, pump: Pump) -> None:
        """Enabling somebody brings no session back, and lets them sign in."""
        pump.run(store.add_person(ANNA))
        pump.run(store.remember_session(session("one"), replacing=None))
        pump.run(store.change_person(ANNA.id, enabled=False))

        pump.run(store.change_person(ANNA.id, enabled=True))

        assert [] == pump.run(store.sessions())
        pump.run(store.remember_session(session("two"), replacing=None))
        assert [session("two")] == pump.run(store.sessions())

    def test_a_secret_comes_back(self, store: Store, pump: Pump) -> None:
        """A kept secret is read back as it was, whatever its bytes."""
        value = bytes(range(256))

        assert value == pump.run(store.keep_secret("signing key", value))
        assert value == pump.run(store.secret("signing key"))

    def test_the_first_secret_of_a_name_stays(self, store: Store, pump: Pump) -> None:
        """Two processes that both draw a key end up with the same one."""
        pump.run(store.keep_secret("key", b"first"))

        assert b"first" == pump.run(store.keep_secret("key", b"second"))
        assert b"first" == pump.run(store.secret("key"))

    def test_an_unknown_secret_is_none(self, store: Store, pump: Pump) -> None:
        """A secret that was never kept is told from an empty one."""
        pump.run(store.keep_secret("empty", b""))

        assert b"" == pump.run(store.secret("empty"))
        assert pump.run(store.secret("key")) is None

    def test_closing_twice_does_no_harm(self, store: Store, pump: Pump) -> None:
        """A store that was closed can be closed again."""
        pump.run(store.add_person(ANNA))

        pump.run(store.close())
        pump.run(store.close())
