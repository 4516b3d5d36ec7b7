"""Malformed messages of every kind, at every address of ours that takes one: never an accident."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import LogLevel, capturedLogs

from gateway.login.site import ROOMS
from gateway.rules import tokens
from tests.instruments.authenticator import Authenticator
from tests.instruments.house import Answer, House

POSTS = sorted(
    rule.rule
    for room in ROOMS
    for rule in room.app.url_map.iter_rules()
    if "POST" in (rule.methods or ())
)
"""Whatever is added to the site is fuzzed from its first day."""

CEREMONIES = [path.removesuffix("/verify") for path in POSTS if path.endswith("/verify")]


class Scene:
    """A house in which somebody is signed in, with an invitation in hand."""

    def __init__(self) -> None:
        self.house = House()
        self.browser = self.house.enrolled()
        self.guest = self.house.add_person("guest")

    def ready(self, path: str) -> str:
        """That address, filled in; the person is signed in and freshly verified."""
        token = tokens.decode(self.browser.cookies.get("__Host-gw", ""))
        if token is None or self.house.sessions.find(token) is None:
            assert 200 == self.browser.sign_in().status
        invitation = self.house.invite(self.guest).removeprefix("/.gateway/enroll/")
        return re.sub("<[^>]*>", "A" * 43, path.replace("<token>", invitation))

    def credential(self, ceremony: str) -> dict[str, Any]:
        """What a device answers, once it was asked at that address."""
        options = self.browser.post(f"{ceremony}/options", {"way": "any"})
        assert 200 == options.status, options.text
        if "user" in options.json:
            return Authenticator(self.house.public.origin).create(options.json)
        return self.browser.device.get(options.json)

    def send(self, path: str, body: bytes, kind: str = "application/json") -> Answer:
        """Post it; the log has no alarm."""
        with capturedLogs() as logged:
            answer = self.browser.post(path, body, {"Content-Type": kind})
        alarms = [each for each in logged if each["log_level"] >= LogLevel.error]
        assert [] == [each["log_format"] for each in alarms]
        return answer


SCENE = Scene()

MEMBERS = (
    *("way", "id", "rawId", "type", "response", "clientDataJSON", "attestationObject"),
    *("authenticatorData", "signature", "userHandle", "transports", "language", "label"),
    *("challenge", "origin", "name", "code", "credential_id", "session", "username", "token"),
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["public-key", "any", "A" * 43, "AA", "\ud800", "\x00", "ja", "9" * 400])
)

VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=9), inner, max_size=5)
    ),
    max_leaves=15,
)

ODD_BODIES = (
    b"",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"{" * 30_000,
    b"[" * 60_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"way":"any","way":"any"}',
    b'{"id":1e999}',
    b'{"id":' + b"9" * 60_000 + b"}",
    b'{"id":NaN,"rawId":-Infinity}',
    b'{"response":{"clientDataJSON":"' + b"A" * 60_000 + b'"}}',
    b'"' + b"\\u0000" * 9_000 + b'"',
    b"\x00" * 60_000,
)


# The walks are inside the tests: pytest-twisted takes no parameters beside Hypothesis's.


@settings(max_examples=20)
@given(value=VALUES)
def test_any_json_gets_an_answer(value: object) -> None:
    """Any JSON at all, sent by somebody who is signed in, is answered without a 5xx."""
    body = json.dumps(value).encode("utf-8", "surrogatepass")

    statuses = {path: SCENE.send(SCENE.ready(path), body).status for path in POSTS}

    assert {} == {path: each for path, each in statuses.items() if not 200 <= each < 500}


@pytest.mark.parametrize("path", POSTS)
def test_odd_bodies_get_an_answer(path: str) -> None:
    """What is no JSON, too deep, too long or said twice is answered without a 5xx."""
    target = SCENE.ready(path)

    statuses = [SCENE.send(target, body).status for body in ODD_BODIES]

    assert [] == [each for each in statuses if not 200 <= each < 500]


@settings(max_examples=10)
@given(body=st.binary(max_size=200))
def test_any_form_gets_an_answer(body: bytes) -> None:
    """Any bytes that call themselves a form are answered without a 5xx."""
    form = "application/x-www-form-urlencoded"

    statuses = {path: SCENE.send(SCENE.ready(path), body, form).status for path in POSTS}

    assert {} == {path: each for path, each in statuses.items() if not 200 <= each < 500}


@settings(max_examples=200)
@given(
    ceremony=st.sampled_from(CEREMONIES),
    at=st.integers(0, 1_200),
    put=st.binary(max_size=30),
    skip=st.integers(0, 30),
)
def test_mutated_answers_get_an_answer(ceremony: str, at: int, put: bytes, skip: int) -> None:
    """Bytes changed anywhere in what a device says get a 4xx or are verified."""
    target = SCENE.ready(ceremony)
    right = json.dumps(SCENE.credential(target)).encode()

    answer = SCENE.send(f"{target}/verify", right[:at] + put + right[at + skip :])

    assert answer.status == 200 or 400 <= answer.status < 500


@settings(max_examples=200)
@given(ceremony=st.sampled_from(CEREMONIES), data=st.data())
def test_mutated_structures_get_an_answer(ceremony: str, data: st.DataObject) -> None:
    """Valid JSON with any member of it replaced gets a 4xx or is verified."""
    target = SCENE.ready(ceremony)
    credential = SCENE.credential(target)
    place = credential if data.draw(st.booleans()) else credential["response"]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUES)

    answer = SCENE.send(
        f"{target}/verify", json.dumps(credential).encode("utf-8", "surrogatepass")
    )

    assert answer.status == 200 or 400 <= answer.status < 500


def test_every_ceremony_is_among_them() -> None:
    """The walk over the routes has found the ceremonies that there are."""
    assert {"/.gateway/passkey", "/.gateway/enroll/<token>"} <= set(CEREMONIES)
