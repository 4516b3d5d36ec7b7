"""Who may go where when the configuration has `[[access]]`, and why."""

from __future__ import annotations

import ipaddress

import pytest

from gateway.rules.access import Decision, Ruling, decide, rule_of
from gateway.rules.entries import Entry, Require, Standing
from gateway.rules.explanation import Explanation, explain
from gateway.rules.policy import Policy
from tests.rules.requests import HOME, OFFICE, PUBLIC, person, request

PAGE = "Sec-Fetch-Mode: navigate"
SCRIPT = "Sec-Fetch-Mode: cors"
SOCKET = ("Connection: Upgrade", "Upgrade: websocket")
FOREIGN = "Origin: https://evil.example"

SITE = Policy(
    [
        Entry(require=Require.NONE, paths=("/public/",)),
        Entry(require=Require.DEVICE_BOUND, paths=("/keys/",)),
        Entry(require=Require.ANY, paths=("/pay/",), fresh_s=300.0),
        Entry(require=Require.ANY, paths=("/kaikei/",), groups=("accounting",)),
        Entry(require=Require.DENY, paths=("/kaikei/",)),
        Entry(
            require=Require.ANY,
            paths=("/.gateway/", "/admin/"),
            networks=(ipaddress.ip_network("10.0.0.0/8"),),
        ),
        Entry(require=Require.DENY, paths=("/admin/", "/.gateway/")),
    ]
)


def ruling(
    target: str,
    *fields: str,
    who: Standing | None = None,
    method: str = "GET",
    policy: Policy = SITE,
    host: str = PUBLIC.host,
    peer: str = HOME,
) -> Ruling:
    """What becomes of that request."""
    rule = rule_of(policy, public=PUBLIC, standing_of=lambda session: session)
    return rule(request(target, *fields, method=method, host=host), session=who, peer=peer)


@pytest.mark.parametrize(
    ("target", "who", "mode", "expected"),
    [
        ("/public/x", None, PAGE, Decision.APP),
        ("/public/x", person(), PAGE, Decision.APP),
        ("/x", None, PAGE, Decision.SIGN_IN_PAGE),
        ("/x", None, SCRIPT, Decision.SIGN_IN_REQUIRED),
        ("/x", person(), PAGE, Decision.APP),
        ("/keys/", None, PAGE, Decision.SIGN_IN_PAGE),
        ("/keys/", person(), PAGE, Decision.STEP_UP_PAGE),
        ("/keys/", person(), SCRIPT, Decision.STEP_UP_REQUIRED),
        ("/keys/", person(is_device_bound=True), PAGE, Decision.APP),
        ("/pay/", person(verified_s=301), PAGE, Decision.STEP_UP_PAGE),
        ("/pay/", person(verified_s=301), SCRIPT, Decision.STEP_UP_REQUIRED),
        ("/pay/", person(verified_s=299), SCRIPT, Decision.APP),
        ("/kaikei/", person("sato", "accounting"), PAGE, Decision.APP),
        ("/kaikei/", person("suzuki"), PAGE, Decision.FORBIDDEN),
        ("/kaikei/", None, SCRIPT, Decision.SIGN_IN_REQUIRED),
        ("/admin/", None, PAGE, Decision.FORBIDDEN),
    ],
)
def test_what_becomes_of_a_request(
    target: str, who: Standing | None, mode: str, expected: Decision
) -> None:
    """A page for a person, a status for a script, and the app for who may pass."""
    assert expected == ruling(target, mode, who=who).decision


@pytest.mark.parametrize("who", [None, person()])
@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        ("/.gateway/health", "10.0.0.1", Decision.OURS),
        ("/.gateway/login", PUBLIC.host, Decision.OURS),
        ("/.gateway/login", "evil.example", Decision.MISDIRECTED),
        ("/public/x", "evil.example", Decision.MISDIRECTED),
        ("/.well-known/webauthn", PUBLIC.host, Decision.OURS),
    ],
)
def test_no_entry_is_about_our_own_pages(
    who: Standing | None, target: str, host: str, expected: Decision
) -> None:
    """Nobody can lock himself out of the sign-in by an entry."""
    assert expected == ruling(target, who=who, host=host).decision


@pytest.mark.parametrize("policy", [SITE, Policy()])
@pytest.mark.parametrize(
    "fields", [(*SOCKET, FOREIGN), ("Service-Worker: script",)], ids=["socket", "worker"]
)
def test_what_the_app_is_never_asked(policy: Policy, fields: tuple[str, ...]) -> None:
    """An entry opens neither WebSockets to other sites, nor our origin to service workers."""
    seen = ruling("/public/x", *fields, who=person(), policy=policy)

    assert Decision.FORBIDDEN == seen.decision


@pytest.mark.parametrize("who", [None, person()])
@pytest.mark.parametrize("target", ["/", "/x/../y", "//x", "/%93%FA", "/a%00", "/.gateway/x"])
def test_without_entries_nothing_changes(who: Standing | None, target: str) -> None:
    """Without entries every spelling passes as it does without a policy."""
    without = decide(request(target), is_signed_in=who is not None, public=PUBLIC)

    assert without == ruling(target, who=who, policy=Policy())


@pytest.mark.parametrize("target", ["/.well-known/passkey-endpoints", "/.well-known/webauthn"])
@pytest.mark.parametrize(
    ("method", "end", "expected"),
    [
        ("GET", "", Decision.OURS),
        ("HEAD", "", Decision.OURS),
        ("POST", "", Decision.SIGN_IN_REQUIRED),
        ("GET", "?", Decision.SIGN_IN_REQUIRED),
        ("GET", "/", Decision.SIGN_IN_REQUIRED),
    ],
)
def test_well_known_addresses(target: str, method: str, end: str, expected: Decision) -> None:
    """What WebAuthn asks of our name is answered by us, at exactly these addresses."""
    seen = decide(request(target + end, method=method), is_signed_in=False, public=PUBLIC)

    assert expected == seen.decision


def test_a_ruling_names_its_entry() -> None:
    """A step-up says which passkey will do; what is built in says so."""
    seen = ruling("/keys/", PAGE, who=person())

    assert Require.DEVICE_BOUND == seen.require
    assert 'entry 2: path = ["/keys/"], require = "device-bound"' == seen.rule
    assert ("built in", None) == (
        ruling("/.gateway/x").rule,
        ruling("/x", who=person()).require,
    )


def explained(
    url: str, *, who: Standing | None = None, peer: str = HOME, method: str = "GET"
) -> Explanation:
    """Why that person may go there or not."""
    return explain(url, standing=who, peer=peer, policy=SITE, public=PUBLIC, method=method)


@pytest.mark.parametrize(
    ("url", "who", "decision", "rule"),
    [
        ("https://gw.example.co.jp/kaikei/", person(), "forbidden", "entry 5"),
        ("HTTPS://gw.example.co.jp/kaikei/#x", person("a", "accounting"), "app", "entry 4"),
        ("/kaikei/日本語?x=日本", person(), "forbidden", "entry 5"),
        ("/keys/", person(), "verification page", "entry 2"),
        ("/pay/", None, "sign-in page", "entry 3"),
        ("/x", person(), "app", "default: signed in"),
        ("https://gw.example.co.jp", None, "sign-in page", "default: signed in"),
        ("/.gateway/account", None, "ours", "built in"),
        ("https://evil.example/", person(), "misdirected", "built in"),
        ("https://a:b@gw.example.co.jp/", person(), "refused", "built in"),
        ("kaikei", person(), "refused", "built in"),
        ("", person(), "refused", "built in"),
    ],
)
def test_why(url: str, who: Standing | None, decision: str, rule: str) -> None:
    """An administrator learns what would happen, and by which entry."""
    seen = explained(url, who=who)

    assert decision == seen.decision
    assert seen.rule.startswith(rule)
    assert len(seen.reason) > 10


def test_why_depends_on_where_and_how() -> None:
    """The explanation takes the place and the method into account."""
    assert "app" == explained("/admin/", who=person(), peer=OFFICE).decision
    assert "forbidden" == explained("/admin/", who=person(), peer=HOME).decision
    assert "refused" == explained("/", who=person(), method="TRACE").decision
