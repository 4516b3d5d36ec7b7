"""Who somebody is, and whence he comes, is said to the app by the gateway alone."""

from __future__ import annotations

import pytest

from tests.instruments.raw_app import RawApp
from tests.wire.door import Door

FAMILY = [
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Forwarded-Scheme",
    "X-Forwarded-Ssl",
    "X-Forwarded-Prefix",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Client-Cert",
    "X-Forwarded",
    "Forwarded",
    "Forwarded-For",
    "X-Real-Ip",
    "Remote-User",
    "Remote-Name",
    "Remote-Email",
    "Remote-Groups",
    "Remote-Addr",
    "X-Remote-User",
    "X-Remote-Addr",
    "X-Remote-Ip",
    "X-Gateway-Jwt",
    "X-Client-Ip",
    "True-Client-Ip",
    "Cf-Connecting-Ip",
    "X-Cluster-Client-Ip",
    "X-Original-Url",
    "X-Rewrite-Url",
    "X-Original-Uri",
    "X-Original-Host",
    "X-Auth-Request-User",
    "Ssl-Client-Cert",
    "Proxy",
]

SPELLINGS = {
    "as usual": lambda name: name,
    "lower case": str.lower,
    "upper case": str.upper,
    "underscores": lambda name: name.replace("-", "_"),
    "lower case underscores": lambda name: name.replace("-", "_").lower(),
    "last dash only": lambda name: "_".join(name.rsplit("-", 1)),
    "first dash only": lambda name: name.replace("-", "_", 1),
}

OURS = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}

CANARY = b"canary.example"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_forged_fields_never_arrive(app: RawApp, door: Door, spelling: str) -> None:
    """An identity or forwarding field that the browser made up is not seen by the app."""
    spell = SPELLINGS[spelling]
    for name in FAMILY:
        fields = b"%b: %b\r\n" % (spell(name).encode(), CANARY)
        assert door.get(b"/" + name.encode(), fields=fields).status == 200, name

    assert [b"/" + name.encode() for name in FAMILY] == [each.target for each in app.exchanges]
    arrived = [each.target for each in app.exchanges if CANARY in each.head]
    assert [] == arrived


def test_ours_arrive_once(app: RawApp, door: Door) -> None:
    """The browser's address, scheme and host are told to the app exactly once each, and right."""
    forged = [b"X-Forwarded-For", b"X_Forwarded_For", b"x-forwarded-proto", b"X-FORWARDED-HOST"]

    door.get(b"/", fields=b"".join(b"%b: %b\r\n" % (name, CANARY) for name in forged * 2))

    seen = app.exchanges[0]
    assert [b"127.0.0.1"] == seen.values(b"x-forwarded-for")
    assert [door.scheme] == seen.values(b"x-forwarded-proto")
    assert [door.authority] == seen.values(b"x-forwarded-host")


def test_https_is_told(app: RawApp, tls_door: Door) -> None:
    """Behind https the app learns that it is https."""
    tls_door.get(b"/")

    assert [b"https"] == app.exchanges[0].values(b"x-forwarded-proto")
    assert [tls_door.authority] == app.exchanges[0].values(b"x-forwarded-host")


def test_underscored_names_are_dropped(app: RawApp, door: Door) -> None:
    """Any field with an underscore in its name is dropped: app servers read it as a dash."""
    door.get(b"/", fields=b"X_Anything: canary\r\nX-Other: kept\r\n")

    assert b"canary" not in app.exchanges[0].head
    assert [b"kept"] == app.exchanges[0].values(b"x-other")


def test_every_name_arrives_once_in_any_spelling(app: RawApp, door: Door) -> None:
    """No forwarding field of ours has a twin that an app server would fold into it."""
    door.get(b"/")

    folded = [name.lower().replace(b"_", b"-") for name, _ in app.exchanges[0].fields]
    assert [1] * len(OURS) == [folded.count(name) for name in sorted(OURS)]
