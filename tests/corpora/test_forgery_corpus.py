"""
Header forgery: the app hears from the gateway alone who asks and whence.

And our own cookies are ours: the app neither sees nor sets them, and no odd spelling of one
opens anything.
"""

from __future__ import annotations

import pytest

from tests.corpora.attacker import Attacker, Outcome, assert_nobody_fooled
from tests.corpora.cases import Case, Passed, Seen
from tests.corpora.forgeries import FORGED, FROM_APP, HARMLESS, NOBODY, TOSSED
from tests.instruments.raw_app import answer

ENOUGH = 60
X = Passed((Seen(b"GET", b"/x"),))


def row(fields: bytes, *, cookie: bytes = b"<session>; mine=1") -> Case:
    """A GET with these field lines; the connection is closed if they say so."""
    sent = b"GET /x HTTP/1.1\r\nHost: <host>\r\nCookie: " + cookie + b"\r\n" + fields
    is_closed = b": close" in fields.lower()
    wanted = Passed(X.requests, is_closed=is_closed)
    return Case(
        name="", sent=sent + b"\r\n\r\n" if fields else sent + b"\r\n", wanted=wanted, why=""
    )


def values(outcome: Outcome, name: bytes) -> list[bytes]:
    """What the app has under that name, folded as app servers fold it."""
    fields = outcome.readings[0].fields
    return [value for each, value in fields if each.replace(b"_", b"-") == name]


def assert_the_gateways_word(outcome: Outcome, attacker: Attacker) -> None:
    """Whence, how and whither: once each, and right."""
    door = attacker.door
    assert_nobody_fooled(outcome, door)
    assert [Seen(b"GET", b"/x")] == outcome.seen
    assert [b"127.0.0.1"] == values(outcome, b"x-forwarded-for")
    assert [door.scheme] == values(outcome, b"x-forwarded-proto")
    assert [door.authority] == values(outcome, b"x-forwarded-host") == values(outcome, b"host")


def test_enough() -> None:
    """The corpus is as large as was promised."""
    assert len(FORGED) + len(TOSSED) + len(NOBODY) + len(FROM_APP) >= 2 * ENOUGH
    assert len(FORGED) >= ENOUGH


@pytest.mark.parametrize("kind", ["attacker", "tls_attacker"], ids=["tcp", "tls"])
@pytest.mark.parametrize("forged", [line for line, _ in FORGED.values()], ids=FORGED.keys())
def test_forged(request: pytest.FixtureRequest, forged: bytes, kind: str) -> None:
    """A made-up field never arrives, and the gateway's own arrive once, whatever is nominated."""
    one: Attacker = request.getfixturevalue(kind)

    outcome = one.send(row(forged))

    assert b"canary" not in outcome.raw
    assert_the_gateways_word(outcome, one)


@pytest.mark.parametrize("forged", [line for line, _ in FORGED.values()], ids=FORGED.keys())
def test_forged_by_a_stranger(attacker: Attacker, forged: bytes) -> None:
    """No made-up field is a way in."""
    outcome = attacker.send(row(forged), is_signed_in=False)

    assert (401, []) == (outcome.statuses[0], outcome.readings)


def test_all_at_once(attacker: Attacker) -> None:
    """Nor do they arrive when all are sent together, each spelled once more by another."""
    lines = [line for line, _ in FORGED.values() if b"onnection:" not in line]
    half = [b"\r\n".join(lines[at::2]) for at in (0, 1)]

    for fields in half:
        outcome = attacker.send(row(fields))
        assert b"canary" not in outcome.raw
        assert_the_gateways_word(outcome, attacker)


@pytest.mark.parametrize(
    ("cookie", "left"), [(cookie, left) for cookie, left, _ in TOSSED.values()], ids=TOSSED.keys()
)
def test_cookies_of_ours_end_here(attacker: Attacker, cookie: bytes, left: bytes) -> None:
    """The app gets its own cookies to the byte, and none of ours in any spelling."""
    outcome = attacker.send(row(b"", cookie=cookie))

    assert b"canary" not in outcome.raw
    assert_the_gateways_word(outcome, attacker)
    assert ([left] if left else []) == values(outcome, b"cookie")


@pytest.mark.parametrize("cookie", [cookie for cookie, _ in NOBODY.values()], ids=NOBODY.keys())
def test_cookies_of_nobody(attacker: Attacker, cookie: bytes) -> None:
    """A session cookie that is doubtful, or spelled otherwise, is nobody's."""
    token = attacker.door.cookie.partition(b"=")[2]
    cookie = cookie.replace(b"<token-cut>", token[:-1]).replace(b"<token>", token)
    cookie = cookie.replace(b"<SESSION>", b"GW=" + token)

    outcome = attacker.send(row(b"", cookie=cookie), is_one=True)

    assert outcome.statuses[0] in (400, 401)
    assert [] == outcome.readings
    assert token[:-1] not in outcome.raw


@pytest.mark.parametrize("line", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless(attacker: Attacker, line: bytes) -> None:
    """What says nothing about who or whence passes to the byte."""
    outcome = attacker.send(row(line))

    assert_the_gateways_word(outcome, attacker)
    assert all(each in outcome.raw for each in line.split(b"\r\n"))


@pytest.mark.parametrize(("line", "may_pass"), FROM_APP.values(), ids=FROM_APP.keys())
def test_set_by_the_app(attacker: Attacker, line: bytes, *, may_pass: bool) -> None:
    """The app cannot set or clear a cookie of ours; its own pass."""
    name = attacker.door.cookie.partition(b"=")[0]
    fields = line.replace(b"<name>", name) + b"\r\nSet-Cookie: last=1\r\n"
    attacker.app.play(b"/set", [answer(b"ok", fields=fields)])

    seen = attacker.door.get(b"/set")

    assert may_pass == (b"canary" in seen.head)
    assert b"last=1" in seen.values(b"set-cookie")
