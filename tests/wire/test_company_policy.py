"""What a company may demand, at a real gateway: the recipe for groups, device-bound passkeys."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.instruments.gateway_process import GatewayProcess, Setup
from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Answer, RawClient
from tests.test_access_document import ENGLISH, recipes
from tests.wire.conftest import assert_quiet
from tests.wire.signed_in import Visitor

ACCOUNT = "/.gateway/account"
LIMIT_S = 5.0

RECIPE, ROWS = recipes(ENGLISH)[0]
"""The accountants' folder, and who may do what there, as docs/access.md has it."""

PAGE = b"Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n"
SEEN = {"app": 200, "forbidden": 403, "sign-in page": 401}


@dataclass(frozen=True, slots=True)
class Company:
    """A running gateway with this policy, and who is signed in there."""

    gateway: GatewayProcess
    cookies: dict[str, bytes]

    def ask(self, who: str, target: str) -> Answer:
        """What somebody's browser gets at an address of the app."""
        authority = self.gateway.url.removeprefix("http://")
        cookie = self.cookies.get(who, b"")
        line = f"GET {target} HTTP/1.1\r\nHost: {authority}\r\n".encode()
        with RawClient(self.gateway.port) as client:
            return client.ask(line + PAGE + b"Cookie: " + cookie + b"\r\n\r\n")


@pytest.fixture(scope="module")
def company(lasting_app: RawApp) -> Iterator[Company]:
    """An accountant, a salesman, and nobody's passkey leaves its device."""
    passkeys = {"passkeys": {"device_bound_only": True}}
    setup = Setup(backend=lasting_app.url, extra=passkeys, access=RECIPE)
    with GatewayProcess(setup) as gateway:
        cookies = {}
        for name, group in (("sato", "accounting"), ("suzuki", "sales")):
            gateway.run("users", "add", name, "--group", group)
            visitor = Visitor(gateway, None)
            visitor.enrol(gateway.invite(name))
            cookies[f"{name}@{group}"] = visitor.sign_in()
        yield Company(gateway, cookies)
        assert_quiet(gateway)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[2]}")
def test_the_recipe_for_groups(
    company: Company, app: RawApp, row: tuple[str, str, str, str]
) -> None:
    """Copied into a configuration, the example of the manual does what its table says."""
    who, _, target, outcome = row

    answer = company.ask(who, target)

    assert SEEN[outcome] == answer.status
    assert (outcome == "app") == bool(app.exchanges)


def test_a_change_of_groups_is_felt_at_once(company: Company, app: RawApp) -> None:
    """Who moves to accounting may open the folder within five seconds, without a new sign-in."""
    run, who, folder = company.gateway.run, "suzuki@sales", "/kaikei/2026.pdf"
    before = company.ask(who, folder).status

    run("users", "edit", "suzuki", "--group", "accounting")
    since = time.monotonic()
    while company.ask(who, folder).status != 200:
        assert time.monotonic() - since < LIMIT_S
        time.sleep(0.02)
    run("users", "edit", "suzuki", "--group", "sales")
    since = time.monotonic()
    while company.ask(who, folder).status != before:
        assert time.monotonic() - since < LIMIT_S
        time.sleep(0.02)

    assert 403 == before


def test_a_synced_passkey_is_refused_at_enrolment(company: Company) -> None:
    """The company's rule is told in a sentence, and the link still works for another device."""
    gateway = company.gateway
    gateway.add_person("takahashi")
    link = gateway.invite("takahashi")

    refused = Visitor(gateway, None, is_synced=True).try_to_enrol(link)
    key = Visitor(gateway, None)
    key.enrol(link)

    told = json.loads(refused.body)
    assert (403, "not-allowed-here") == (refused.status, told["error"])
    assert "パスキー" in told["message"]
    assert 200 == Company(gateway, {"takahashi": key.sign_in()}).ask("takahashi", "/").status


def test_a_synced_passkey_is_refused_at_addition(company: Company) -> None:
    """The same on the account page; a further USB key is taken."""
    gateway = company.gateway
    gateway.add_person("tanaka")
    owner = Visitor(gateway, None)
    owner.enrol(gateway.invite("tanaka"))
    cookie = owner.sign_in()

    outcomes = []
    for is_synced in (True, False):
        device = Visitor(gateway, None, is_synced=is_synced).authenticator
        options = owner.ask(f"{ACCOUNT}/passkey/options", {"way": "any"}, cookie=cookie)
        created = device.create(json.loads(options.body))
        answer = owner.ask(f"{ACCOUNT}/passkey/verify", created, cookie=cookie)
        outcomes.append((answer.status, json.loads(answer.body).get("error")))

    assert [(403, "not-allowed-here"), (200, None)] == outcomes
