"""What other programs look for under /.well-known/."""

from __future__ import annotations

import pytest

from tests.instruments.house import Browser, House


def test_password_managers_find_the_account_page() -> None:
    """Password managers lead people to the page where passkeys are added and removed."""
    answer = Browser(House()).request("GET", "/.well-known/passkey-endpoints")

    account = "https://gw.example.test/.gateway/account"
    assert (200, ["application/json"]) == (answer.status, answer.headers["content-type"])
    assert {"enroll": account, "manage": account} == answer.json


def test_the_public_name_comes_from_the_configuration() -> None:
    """Nobody can make us name another host by asking for it."""
    answer = Browser(House()).request(
        "GET", "/.well-known/passkey-endpoints", headers={"Host": "evil.test"}
    )

    assert "https://gw.example.test/.gateway/account" == answer.json["manage"]


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/webauthn",
        "/.well-known/passkey-endpoints/",
        "/.well-known/passkey-endpoints/x",
        "/.well-known/",
        "/.well-known",
        "/.gateway/.well-known/passkey-endpoints",
        "/passkey-endpoints",
    ],
)
def test_nothing_else_is_there(path: str) -> None:
    """There are no related origins, and no other spelling of what there is."""
    answer = Browser(House()).request("GET", path)

    assert (404, "not-found") == (answer.status, answer.json["error"])


def test_it_is_only_to_be_read() -> None:
    """Nobody can send anything there."""
    answer = Browser(House()).post("/.well-known/passkey-endpoints")

    assert 405 == answer.status
    assert {"GET", "HEAD"} == set(answer.headers["allow"][0].split(", "))
