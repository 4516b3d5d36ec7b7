"""The verbs about people: what each does, and how it refuses."""

from __future__ import annotations

import pytest

from gateway.admin.verbs import Verbs
from gateway.errors import GatewayError, NameTakenError
from gateway.rules import tokens
from gateway.rules.public import parse_origin
from gateway.rules.records import Event, hash_token
from gateway.store.memory import MemoryStore
from tests.admin.acting import NOW, counting, done, give_passkey, named, sign_in

Told = list[tuple[str, str, str]]


def test_somebody_is_added(verbs: Verbs, store: MemoryStore) -> None:
    """A person gets one canonical name, an id and a random user handle without meaning."""
    described = done(verbs.add_person("Ｔaro", display_name=" 山田 太郎 "))

    person = done(store.person_named("taro"))
    assert person is not None
    assert described == {
        "name": "taro",
        "display_name": "山田 太郎",
        "enabled": True,
        "mail": "",
        "groups": [],
        "passkey_count": 0,
        "created": "2027-01-15T08:00:00Z",
    }
    assert (len(person.id), len(person.user_handle)) == (32, 64)


def test_the_name_is_the_display_name_unless_told(verbs: Verbs) -> None:
    """Without a display name the name as typed is shown."""
    assert done(verbs.add_person("Taro"))["display_name"] == "Taro"


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "x" * 65, "a\nb"])
def test_a_name_that_cannot_be_one_is_refused(verbs: Verbs, name: str) -> None:
    """Names without blanks, slashes and controls; the sentence says what is wanted."""
    with pytest.raises(GatewayError, match="wanted: a name"):
        done(verbs.add_person(name))


@pytest.mark.parametrize("display_name", [" ", "x" * 65, "a\nb", "a\x1b[31mb"])
def test_a_display_name_that_cannot_be_shown_is_refused(verbs: Verbs, display_name: str) -> None:
    """A display name is one line without control characters."""
    with pytest.raises(GatewayError, match="display name"):
        done(verbs.add_person("taro", display_name=display_name))


def test_a_name_is_taken_once(verbs: Verbs) -> None:
    """Two people cannot have one name, in whatever spelling."""
    done(verbs.add_person("taro"))

    with pytest.raises(NameTakenError):
        done(verbs.add_person("TARO"))


def test_everybody_is_listed_by_name(verbs: Verbs) -> None:
    """The list is in the order of names."""
    for name in ("jiro", "hanako"):
        done(verbs.add_person(name))

    assert [each["name"] for each in done(verbs.list_people())] == ["hanako", "jiro"]


def test_an_invitation_is_a_link_that_opens_once(verbs: Verbs, store: MemoryStore) -> None:
    """The link carries the token, the store its hash alone, for 24 hours."""
    done(verbs.add_person("taro"))

    invited = done(verbs.invite("Taro"))

    link = str(invited["link"])
    token = tokens.decode(link.removeprefix("https://gw.example.co.jp/.gateway/enroll/"))
    assert token is not None
    kept = done(store.invitation(hash_token(token)))
    assert kept is not None
    assert (kept.expires, kept.used) == (NOW + 86400, None)
    assert invited["expires"] == "2027-01-16T08:00:00Z"


def test_a_new_link_voids_the_old_one(verbs: Verbs, store: MemoryStore) -> None:
    """Whoever finds yesterday's mail finds a link that is void."""
    done(verbs.add_person("taro"))
    first = str(done(verbs.invite("taro"))["link"])

    done(verbs.invite("taro"))

    token = tokens.decode(first.rpartition("/")[2])
    assert token is not None
    assert done(store.invitation(hash_token(token))) is None


def test_hours_can_be_chosen(verbs: Verbs) -> None:
    """A link may be good for a shorter or longer time."""
    done(verbs.add_person("taro"))

    assert done(verbs.invite("taro", hours=0.5))["expires"] == "2027-01-15T08:30:00Z"


@pytest.mark.parametrize("hours", [0.0, -1.0, 721.0, float("nan"), float("inf")])
def test_hours_out_of_range_are_refused(verbs: Verbs, hours: float) -> None:
    """A link that is good for ever, or never, is not made."""
    done(verbs.add_person("taro"))

    with pytest.raises(GatewayError, match="hours"):
        done(verbs.invite("taro", hours=hours))


def test_a_typing_slip_is_noticed(verbs: Verbs) -> None:
    """An unknown name is refused with the nearest known ones; nobody is added by it."""
    done(verbs.add_person("yamada.taro"))

    with pytest.raises(GatewayError, match=r"did you mean yamada\.taro\?"):
        done(verbs.invite("yamada.tarou"))
    with pytest.raises(GatewayError, match="see: users list"):
        done(verbs.invite("suzuki"))


def test_somebody_disabled_is_not_invited(verbs: Verbs) -> None:
    """Who may not sign in gets no link."""
    done(verbs.add_person("jiro"))
    done(verbs.disable_person("jiro"))

    with pytest.raises(GatewayError, match="disabled"):
        done(verbs.invite("jiro"))


def test_everything_about_a_person_can_be_said_at_once(verbs: Verbs, store: MemoryStore) -> None:
    """Address, language and groups, each in the one form in which it is kept."""
    done(
        verbs.add_person(
            "taro",
            mail=" Taro@Example.CO.JP ",
            language="en",
            groups=["営業", "Ａdmins", "admins"],
        )
    )

    person = named(store, "taro")
    assert (person.mail, person.language) == ("Taro@example.co.jp", "en")
    assert person.groups == ("admins", "営業")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"mail": "taro"}, "a mail address"),
        ({"mail": "taro@example.com\r\nBcc: x@y"}, "a mail address"),
        ({"language": "fr"}, '"ja", "en"'),
        ({"groups": ["a b"]}, "no blanks"),
        ({"groups": [f"g{number}" for number in range(65)]}, "up to 64"),
        ({"display_name": "a\u202eb"}, "no marks that turn the writing"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    verbs: Verbs, store: MemoryStore, values: dict[str, object], wanted: str
) -> None:
    """Each wrong value is told with what is wanted, and nothing is changed by it."""
    done(verbs.add_person("jiro"))
    before = named(store, "jiro")

    with pytest.raises(GatewayError, match=wanted):
        done(verbs.add_person("taro", **values))  # type: ignore[arg-type]  # as in a table
    with pytest.raises(GatewayError, match=wanted):
        done(verbs.edit_person("jiro", **values))  # type: ignore[arg-type]  # as in a table

    assert done(store.people()) == [before]


def test_a_person_is_shown_with_their_ways_in(verbs: Verbs, store: MemoryStore) -> None:
    """The shape that machines rely on."""
    done(verbs.add_person("taro", groups=["営業"]))
    person = named(store, "taro")
    give_passkey(store, person, "iPhone", start=1)
    done(store.replace_recovery_codes(person.id, [b"a" * 32, b"b" * 32], now=NOW))

    shown = done(verbs.show_person("Taro"))

    passkeys = shown.pop("passkeys")
    assert shown == {
        "name": "taro",
        "display_name": "taro",
        "enabled": True,
        "mail": "",
        "language": "",
        "groups": ["営業"],
        "created": "2027-01-15T08:00:00Z",
        "otp": False,
        "recovery_codes": 2,
    }
    assert passkeys == done(verbs.list_passkeys("taro"))


def test_what_is_given_is_changed_and_no_more(
    verbs: Verbs, store: MemoryStore, told: Told
) -> None:
    """An edit changes what it names; "" forgets an address, an empty list the groups."""
    done(verbs.add_person("taro", display_name="太郎", mail="a@example.com", groups=["g"]))

    done(verbs.edit_person("taro", display_name="山田 太郎"))
    first = named(store, "taro")
    done(verbs.edit_person("taro", mail="", groups=[], language="ja"))
    second = named(store, "taro")

    assert (first.display_name, first.mail, first.groups) == ("山田 太郎", "a@example.com", ("g",))
    assert (second.display_name, second.mail, second.groups) == ("山田 太郎", "", ())
    assert told == [("taro", Event.PERSON_CHANGED, "")] * 2


def test_an_edit_without_a_change_is_refused(verbs: Verbs) -> None:
    """Whoever names nothing has forgotten something."""
    done(verbs.add_person("taro"))

    with pytest.raises(GatewayError, match="say what to change"):
        done(verbs.edit_person("taro"))


def test_who_is_disabled_is_out(verbs: Verbs, store: MemoryStore, told: Told) -> None:
    """Sessions and unused links end in the same instant; enabling brings neither back."""
    done(verbs.add_person("taro"))
    person = named(store, "taro")
    sign_in(store, person, "s1")
    link = str(done(verbs.invite("taro"))["link"])

    disabled = done(verbs.disable_person("taro"))
    enabled = done(verbs.enable_person("taro"))

    token = tokens.decode(link.rpartition("/")[2])
    assert token is not None
    assert (disabled["enabled"], enabled["enabled"]) == (False, True)
    assert done(store.sessions()) == []
    assert done(store.invitation(hash_token(token))) is None
    assert [what for _, what, _ in told] == [
        Event.INVITED,
        Event.PERSON_DISABLED,
        Event.PERSON_ENABLED,
    ]


class VanishingStore(MemoryStore):
    """A store in which somebody else is faster."""

    async def change_person(self, *_: object, **__: object) -> None:
        """See `Store.change_person`: there is nobody any more."""


def test_who_is_gone_meanwhile_is_told(told: Told) -> None:
    """Between looking somebody up and changing them, somebody else may remove them."""
    verbs = Verbs(
        store=VanishingStore(),
        public=parse_origin("https://gw.example.co.jp"),
        wall=lambda: NOW,
        token_bytes=counting(),
    )
    done(verbs.add_person("taro"))

    with pytest.raises(GatewayError, match="just now"):
        done(verbs.enable_person("taro"))


def test_without_anybody_to_tell_it_is_noted(store: MemoryStore) -> None:
    """Where no letters are written, the person reads of it on their account page."""
    verbs = Verbs(
        store=store,
        public=parse_origin("https://gw.example.co.jp"),
        wall=lambda: NOW,
        token_bytes=counting(),
    )
    done(verbs.add_person("taro"))

    done(verbs.invite("taro"))

    [change] = done(store.changes_of(named(store, "taro").id))
    assert (change.event, change.address, change.time) == (Event.INVITED, "", NOW)
