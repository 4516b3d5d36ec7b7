"""Nobody else's page can speak for ours: every POST, against every kind of sender."""

from __future__ import annotations

import pytest

from gateway.login.site import ROOMS
from tests.instruments.house import Browser, House

POSTS = sorted(
    rule.rule.replace("<token>", "A" * 43)
    for room in ROOMS
    for rule in room.app.url_map.iter_rules()
    if "POST" in (rule.methods or ())
)

SENDERS: dict[str, tuple[dict[str, str | list[str] | None], bool]] = {
    "our page": ({}, True),
    "our page, a browser without Sec-Fetch-Site": ({"Sec-Fetch-Site": None}, True),
    "our page, a browser without Origin": ({"Origin": None}, True),
    "neither is said": ({"Origin": None, "Sec-Fetch-Site": None}, False),
    "null": ({"Origin": "null"}, False),
    "null, same-origin": ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
    "another site": ({"Origin": "https://evil.test"}, False),
    "another site that says same-origin": (
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"},
        False,
    ),
    "our origin, but cross-site": ({"Sec-Fetch-Site": "cross-site"}, False),
    "a sibling host": ({"Sec-Fetch-Site": "same-site"}, False),
    "a sibling host without Origin": ({"Origin": None, "Sec-Fetch-Site": "same-site"}, False),
    "typed by the person": ({"Origin": None, "Sec-Fetch-Site": "none"}, False),
    "our host on another port": ({"Origin": "https://gw.example.test:8443"}, False),
    "our host without TLS": ({"Origin": "http://gw.example.test"}, False),
    "our name in capitals": ({"Origin": "https://GW.example.test"}, False),
    "our name with a path": ({"Origin": "https://gw.example.test/"}, False),
    "two origins": ({"Origin": ["https://gw.example.test", "https://evil.test"]}, False),
    "two origins in one": ({"Origin": "https://gw.example.test https://evil.test"}, False),
    "an empty origin": ({"Origin": ""}, False),
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("headers", "is_ours"), SENDERS.values(), ids=SENDERS.keys())
def test_only_our_pages_may_post(
    path: str,
    headers: dict[str, str | list[str] | None],
    is_ours: bool,
) -> None:
    """A POST is looked at only if the browser says that our own page sent it."""
    answer = Browser(House()).post(path, {"language": "en"}, headers)

    refused = answer.status == 403 and answer.json["error"] == "foreign-origin"
    assert is_ours is not refused


def test_a_refused_sign_out_leaves_the_session() -> None:
    """Another site cannot sign a person out."""
    house = House()
    browser = house.enrolled()
    browser.sign_in()

    answer = browser.post("/.gateway/logout", {}, {"Origin": "https://evil.test"})

    assert (403, []) == (answer.status, answer.cookies)
    assert 1 == len(house.await_(house.store.sessions()))


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data", "", None, "application/jsonx", "text/json"]
)
@pytest.mark.parametrize("path", POSTS)
def test_other_kinds_of_bodies_are_refused(path: str, kind: str | None) -> None:
    """A body that a plain form of another site could send is not looked at."""
    answer = Browser(House()).post(path, {}, {"Content-Type": kind})

    assert (400, "bad-request") == (answer.status, answer.json["error"])


@pytest.mark.parametrize("path", POSTS)
def test_a_body_above_the_limit_is_refused(path: str) -> None:
    """More than 64 KiB is refused unread, whatever it is."""
    answer = Browser(House()).post(path, b'{"a":"' + b"a" * 70_000 + b'"}')

    assert (413, "too-large") == (answer.status, answer.json["error"])
