"""`[[access]]`: which entry decides, and what it says."""

from __future__ import annotations

import enum
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.entries import Entry, Require, Standing, Verdict, describe
from gateway.rules.policy import Policy
from gateway.rules.records import Method
from tests.rules.requests import HOME, OFFICE, judged, person, request

OFFICES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32"))
KAIKEI = Policy(
    [
        Entry(require=Require.ANY, paths=("/kaikei/",), groups=("accounting",), users=("ceo",)),
        Entry(require=Require.DENY, paths=("/kaikei/",)),
    ]
)


class OtherMethod(enum.StrEnum):
    """A way to sign in that is no passkey, as later versions will have."""

    OTP = "otp"


def policy(**wanted: object) -> Policy:
    """One entry."""
    return Policy([Entry(**wanted)])  # type: ignore[arg-type]  # the tests say what they mean


def test_without_entries_there_is_no_policy() -> None:
    """A configuration without entries asks nothing."""
    assert not Policy()


def test_an_entry_for_another_app_is_left_out() -> None:
    """An entry that names an app says nothing about another, and keeps its number."""
    entries = [
        Entry(require=Require.DENY, app="mail"),
        Entry(require=Require.DENY, app="groupware"),
    ]

    assert judged(Policy(entries, app="groupware"), "/").rule.startswith("entry 2: ")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (person("sato", "sales", "accounting"), Verdict.OPEN),
        (person("ceo"), Verdict.OPEN),
        (person("suzuki", "sales"), Verdict.DENY),
        (person("suzuki"), Verdict.DENY),
        (None, Verdict.SIGN_IN),
    ],
)
def test_only_a_group_may_enter(who: Standing | None, expected: Verdict) -> None:
    """Members pass, others are refused, and a stranger may still sign in to be a member."""
    assert expected == judged(KAIKEI, "/kaikei/2026", who=who).verdict


@pytest.mark.parametrize(("who", "expected"), [(person(), Verdict.OPEN), (None, Verdict.SIGN_IN)])
@pytest.mark.parametrize("target", ["/", "/kaikeixx/", "/x/kaikei/", "/?/kaikei/"])
def test_elsewhere_whoever_is_signed_in_may_pass(
    who: Standing | None, expected: Verdict, target: str
) -> None:
    """Where no entry fits, the session alone decides."""
    finding = judged(KAIKEI, target, who=who)

    assert (expected, "default: signed in") == (finding.verdict, finding.rule)


def test_a_stranger_is_refused_where_nobody_may_go() -> None:
    """Where no sign-in would help, none is offered."""
    entries = [
        Entry(require=Require.DENY, paths=("/old/",), users=("sato",)),
        Entry(require=Require.DENY, paths=("/old/",)),
    ]

    assert Verdict.DENY == judged(Policy(entries), "/old/x").verdict


def test_an_entry_for_people_says_nothing_to_strangers() -> None:
    """A public page stays public for strangers, whomever an earlier entry names."""
    entries = [
        Entry(require=Require.DENY, paths=("/menu",), users=("sato",)),
        Entry(require=Require.NONE, paths=("/menu",)),
    ]

    assert Verdict.OPEN == judged(Policy(entries), "/menu").verdict
    assert Verdict.DENY == judged(Policy(entries), "/menu", who=person("sato")).verdict


@pytest.mark.parametrize(
    ("require", "who", "expected"),
    [
        (Require.NONE, None, Verdict.OPEN),
        (Require.NONE, person(), Verdict.OPEN),
        (Require.ANY, None, Verdict.SIGN_IN),
        (Require.ANY, person(), Verdict.OPEN),
        (Require.PASSKEY, None, Verdict.SIGN_IN),
        (Require.PASSKEY, person(), Verdict.OPEN),
        (Require.DEVICE_BOUND, None, Verdict.SIGN_IN),
        (Require.DEVICE_BOUND, person(), Verdict.STEP_UP),
        (Require.DEVICE_BOUND, person(is_device_bound=True), Verdict.OPEN),
        (Require.DENY, None, Verdict.DENY),
        (Require.DENY, person(), Verdict.DENY),
    ],
)
def test_what_an_entry_asks_for(require: Require, who: Standing | None, expected: Verdict) -> None:
    """Each requirement lets in whom it says, and nobody else."""
    assert expected == judged(policy(require=require), "/x", who=who).verdict


def test_who_signed_in_otherwise_is_asked_for_a_passkey() -> None:
    """Where a passkey is required, a sign-in by another method is not enough."""
    who = Standing(
        name="sato",
        groups=(),
        method=OtherMethod.OTP,  # type: ignore[arg-type]  # a later Method
        is_device_bound=False,
        verified_s=0,
    )

    finding = judged(policy(require=Require.PASSKEY), "/x", who=who)

    assert Verdict.STEP_UP == finding.verdict
    assert "a sign-in by passkey" in finding.reason
    assert Method.PASSKEY != who.method


@pytest.mark.parametrize(
    ("verified_s", "expected"), [(0, Verdict.OPEN), (300, Verdict.OPEN), (301, Verdict.STEP_UP)]
)
def test_a_verification_grows_old(verified_s: float, expected: Verdict) -> None:
    """With `fresh`, who was verified longer ago is asked once more."""
    finding = judged(
        policy(require=Require.ANY, fresh_s=300.0), "/x", who=person(verified_s=verified_s)
    )

    assert expected == finding.verdict


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (OFFICE, Verdict.OPEN),
        ("::ffff:10.1.2.3", Verdict.OPEN),
        ("2001:db8::7", Verdict.OPEN),
        ("2001:db8::7%eth0", Verdict.OPEN),
        (HOME, Verdict.DENY),
        ("2001:db9::7", Verdict.DENY),
        ("::ffff:203.0.113.9", Verdict.DENY),
        ("", Verdict.DENY),
        ("unix", Verdict.DENY),
    ],
)
def test_an_office_network(peer: str, expected: Verdict) -> None:
    """Office networks pass, all others are refused, an address that is none among them."""
    entries = [
        Entry(require=Require.ANY, networks=OFFICES),
        Entry(require=Require.DENY),
    ]

    assert expected == judged(Policy(entries), "/x", who=person(), peer=peer).verdict


def test_an_unreadable_address_escapes_no_entry() -> None:
    """What is refused to a network is refused to an address that cannot be read."""
    refused = policy(require=Require.DENY, networks=OFFICES)

    assert Verdict.DENY == judged(refused, "/x", who=person(), peer="?").verdict


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("GET", Verdict.OPEN),
        ("HEAD", Verdict.OPEN),
        ("PROPFIND", Verdict.OPEN),
        ("POST", Verdict.DENY),
        ("DELETE", Verdict.DENY),
    ],
)
def test_methods(method: str, expected: Verdict) -> None:
    """An entry for methods fits these; one for GET fits HEAD, too."""
    entries = [
        Entry(require=Require.ANY, methods=("GET", "PROPFIND")),
        Entry(require=Require.DENY),
    ]

    assert expected == judged(Policy(entries), "/x", who=person(), method=method).verdict


@pytest.mark.parametrize(
    "field",
    [
        "X-HTTP-Method-Override: DELETE",
        "x-http-method: DELETE",
        "X-Method-Override:DELETE",
        "X.HTTP.Method.Override: DELETE",
    ],
)
def test_a_field_that_changes_the_method_escapes_no_entry(field: str) -> None:
    """Who hides the method from the gateway meets the entries of all methods."""
    refused = policy(require=Require.DENY, methods=("DELETE",))

    assert Verdict.DENY == judged(refused, "/x", field, who=person(), method="POST").verdict


@pytest.mark.parametrize("field", ["X-Method: DELETE", "Method: DELETE", "X: x-http-method: A"])
def test_other_fields_change_no_method(field: str) -> None:
    """A field that no app takes for the method makes no difference."""
    refused = policy(require=Require.DENY, methods=("DELETE",))

    assert Verdict.OPEN == judged(refused, "/x", field, who=person(), method="POST").verdict


def test_the_first_that_fits_decides() -> None:
    """The order of the file is the order of the rules."""
    entries = [
        Entry(require=Require.NONE, paths=("/a/b",)),
        Entry(require=Require.DEVICE_BOUND, paths=("/a/",)),
        Entry(require=Require.DENY),
    ]
    found = [judged(Policy(entries), target).rule[:7] for target in ("/a/b", "/a/c", "/c")]

    assert ["entry 1", "entry 2", "entry 3"] == found


def test_nobody_is_asked_for_in_vain() -> None:
    """Who somebody is, is not worked out where no entry is about the request."""

    def nobody() -> Standing:
        raise AssertionError

    seen = KAIKEI.judge(request("/"), peer=OFFICE, standing=nobody)

    assert Verdict.OPEN == seen.verdict


@given(
    requires=st.lists(st.sampled_from(Require), min_size=1, max_size=4),
    is_stranger=st.booleans(),
)
def test_without_conditions_the_first_entry_is_the_only_one(
    requires: list[Require], is_stranger: bool
) -> None:
    """An entry without conditions leaves the later ones no say."""
    who = None if is_stranger else person()
    entries = [Entry(require=each) for each in requires]

    assert (
        judged(Policy(entries[:1]), "/x", who=who).verdict
        == judged(Policy(entries), "/x", who=who).verdict
    )


def test_an_entry_describes_itself() -> None:
    """An administrator sees the entry as it stands in the file."""
    entry = Entry(
        require=Require.DEVICE_BOUND,
        app="groupware",
        paths=("/a/", "/経理/"),
        methods=("GET",),
        users=("sato",),
        groups=("accounting",),
        networks=OFFICES[:1],
        fresh_s=300.0,
    )

    assert (
        'app = "groupware", path = ["/a/", "/経理/"], method = ["GET"], users = ["sato"], '
        'groups = ["accounting"], networks = ["10.0.0.0/8"], require = "device-bound", '
        'fresh = "300s"'
    ) == describe(entry)


def test_a_ruling_says_why() -> None:
    """The reason names the entry and what it asks for."""
    entries = policy(require=Require.DEVICE_BOUND, fresh_s=300.0)

    finding = judged(entries, "/x", who=person())

    assert 'entry 1: require = "device-bound", fresh = "300s"' == finding.rule
    assert (
        "signed in, but entry 1 asks for a sign-in by a passkey that is bound to its device "
        "and a verification not older than 300 s"
    ) == finding.reason
