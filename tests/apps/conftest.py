"""copyparty behind a gateway on https, somebody signed in at both, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.cabinet import Cabinet
from tests.apps.copyparty import ACCOUNT, PASSWORD, Copyparty
from tests.apps.curl import Curl
from tests.browser.conftest import chromium, chromium_program, open_page, page, reactor
from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.wire.door import Door
from tests.wire.signed_in import open_door

__all__ = ["chromium", "chromium_program", "open_page", "page", "reactor"]


@pytest.fixture(scope="session")
def copyparty() -> Iterator[Copyparty]:
    """The file server of the whole run."""
    with Copyparty() as app:
        yield app


@pytest.fixture(scope="session")
def gateway(copyparty: Copyparty, authority: Authority) -> Iterator[GatewayProcess]:
    """A gateway in front of it, on https, with the settings that `gateway init` gives."""
    setup = Setup(backend=copyparty.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as running:
        yield running


@pytest.fixture(scope="session")
def door(gateway: GatewayProcess, authority: Authority) -> Door:
    """A session at the gateway, without a browser."""
    return open_door(gateway, authority.certificate)


@pytest.fixture
def stranger(gateway: GatewayProcess, authority: Authority, tmp_path: Path) -> Curl:
    """A curl with an empty jar: signed in nowhere."""
    return Curl.of_stranger(gateway, authority, tmp_path)


@pytest.fixture
def newcomer(stranger: Curl, door: Door) -> Curl:
    """A curl that is signed in at the gateway, but not at the app."""
    stranger.keep_cookie(door.cookie)
    return stranger


@pytest.fixture
def curl(newcomer: Curl) -> Curl:
    """A curl that is signed in at both."""
    log_in(newcomer)
    return newcomer


@pytest.fixture
def cabinet(copyparty: Copyparty) -> Cabinet:
    """The folder that tests work in, in order."""
    folder = Cabinet(path=copyparty.files / "資料 2026")
    folder.arrange()
    return folder


def log_in(curl: Curl) -> None:
    """Fill in the app's own login form."""
    fields = {"act": "login", "uname": ACCOUNT, "cppwd": PASSWORD}
    words = [word for name, value in fields.items() for word in ("--form", f"{name}={value}")]
    answer = curl.ask("/", *words)
    assert answer.status == 200, answer.head
