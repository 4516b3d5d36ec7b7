"""What browsers send back, read strictly: `gateway.rules.answers`."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Reason, RefusedError
from gateway.rules.answers import (
    ANSWER_LIMIT_BYTES,
    encode_base64url,
    read_object,
    read_registration,
    read_sign_in,
)
from tests.instruments.authenticator import Authenticator

ORIGIN = "https://gw.example.test"
GET = {"challenge": encode_base64url(b"c" * 32), "rpId": "gw.example.test"}
CREATE = {
    "challenge": encode_base64url(b"c" * 32),
    "rp": {"id": "gw.example.test"},
    "user": {"id": encode_base64url(b"h" * 64)},
}


def sign_in() -> dict[str, Any]:
    """A right answer to a sign-in."""
    device = Authenticator(ORIGIN)
    device.user_handle = b"h" * 64
    return device.get(GET)


def registration() -> dict[str, Any]:
    """A right answer to a registration."""
    return Authenticator(ORIGIN).create(CREATE)


def reason_of(read: Callable[[bytes], object], body: bytes) -> Reason:
    """Why `read` refuses that body."""
    with pytest.raises(RefusedError) as caught:
        read(body)
    return caught.value.reason


def test_a_sign_in_is_read_whole() -> None:
    """What a browser sends at sign-in arrives as bytes."""
    sent = sign_in()

    answer = read_sign_in(json.dumps(sent).encode())

    assert b"c" * 32 == answer.challenge
    assert b"h" * 64 == answer.user_handle
    assert sent["id"] == encode_base64url(answer.credential_id)


def test_only_known_transports_are_kept() -> None:
    """A browser may claim any transport; only those of the standard are remembered."""
    sent = registration()
    sent["response"]["transports"] = ["usb", "carrier-pigeon", 7, "usb", "nfc"]

    answer = read_registration(json.dumps(sent).encode())

    assert ("nfc", "usb") == answer.transports


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"type":"public-key","type":"public-key"}',
        b'{"type":"public-key"}',
        b'{"type":"public-key","response":[]}',
        b'{"type":"public-key","response":{}}',
        b'{"type":"password","response":{}}',
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_what_is_no_credential_is_refused(body: bytes) -> None:
    """Anything that is not a credential gets a plain refusal, never an accident."""
    assert Reason.BAD_REQUEST is reason_of(read_sign_in, body)
    assert Reason.BAD_REQUEST is reason_of(read_registration, body)


@pytest.mark.parametrize(
    "spelling",
    ["A", "AA==", "AAA=", "A A", "AB", "A+/_", "Ａ", "AA\n", "\x00", 7, ["AA"], {}],
    ids=repr,
)
@pytest.mark.parametrize("member", ["rawId", "clientDataJSON", "signature", "userHandle"])
def test_bytes_have_one_spelling(member: str, spelling: object) -> None:
    """Base64url that is padded, blank, cut short or not canonical is refused."""
    sent = sign_in()
    holder = sent if member == "rawId" else sent["response"]
    holder[member] = spelling
    if member == "rawId":
        sent["id"] = spelling

    assert Reason.BAD_REQUEST is reason_of(read_sign_in, json.dumps(sent).encode())


@pytest.mark.parametrize("spelling", ["", None])
@pytest.mark.parametrize("member", ["rawId", "clientDataJSON"])
def test_what_is_needed_is_there(member: str, spelling: object) -> None:
    """A credential without an id, or without what it says of itself, is refused."""
    sent = sign_in()
    (sent if member == "rawId" else sent["response"])[member] = spelling
    sent["id"] = sent["rawId"]

    assert Reason.BAD_REQUEST is reason_of(read_sign_in, json.dumps(sent).encode())


@pytest.mark.parametrize(
    ("member", "size_bytes"),
    [
        ("rawId", 1_024),
        ("userHandle", 67),
        ("clientDataJSON", 4_100),
        ("authenticatorData", 16_390),
        ("signature", 4_100),
    ],
)
def test_long_members_are_refused_before_they_are_decoded(member: str, size_bytes: int) -> None:
    """A member that is longer than any real one is too large."""
    sent = sign_in()
    holder = sent if member == "rawId" else sent["response"]
    holder[member] = encode_base64url(bytes(size_bytes))
    if member == "rawId":
        sent["id"] = sent["rawId"]

    assert Reason.TOO_LARGE is reason_of(read_sign_in, json.dumps(sent).encode())


def test_a_whole_answer_has_a_limit() -> None:
    """More than 64 KiB of JSON is not parsed at all."""
    assert Reason.TOO_LARGE is reason_of(read_object, b" " * (ANSWER_LIMIT_BYTES + 1))


def test_id_and_raw_id_agree() -> None:
    """A credential under two names is refused."""
    sent = sign_in() | {"id": "AAAA"}

    assert Reason.BAD_REQUEST is reason_of(read_sign_in, json.dumps(sent).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_refusal(body: bytes) -> None:
    """No bytes whatever end in anything but a refusal."""
    with pytest.raises(RefusedError):
        read_sign_in(body)
    with pytest.raises(RefusedError):
        read_registration(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=300)
@given(
    member=st.sampled_from(["id", "rawId", "type", "response"])
    | st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]),
    value=JSON,
)
def test_a_spoiled_member_never_causes_an_accident(member: str, value: object) -> None:
    """Whatever stands in a member's place is read or refused."""
    sent = sign_in()
    (sent if member in sent else sent["response"])[member] = value

    with suppress(RefusedError):
        read_sign_in(json.dumps(sent).encode())


def test_transports_that_are_no_list_are_none() -> None:
    """A browser that says nothing sensible of its transports has said nothing."""
    sent = registration()
    sent["response"]["transports"] = "usb"

    assert () == read_registration(json.dumps(sent).encode()).transports
