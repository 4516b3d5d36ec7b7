"""One app and one gateway for all wire tests; each test begins with an app that forgot all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.instruments.raw_app import RawApp
from tests.wire.door import Door
from tests.wire.signed_in import open_door


def assert_quiet(gateway: GatewayProcess) -> None:
    """No traceback, no cookie and no query is in the log after all that was done to it."""
    log = gateway.log_text()
    for word in ("Traceback", "Unhandled", "gw=", "canary"):
        assert word not in log, log[-4000:]


@pytest.fixture(scope="session")
def lasting_app() -> Iterator[RawApp]:
    """The app of the whole run."""
    with RawApp() as app:
        yield app


@pytest.fixture(scope="session")
def door(lasting_app: RawApp) -> Iterator[Door]:
    """A gateway on http://localhost with the default settings, and a session."""
    with GatewayProcess(Setup(backend=lasting_app.url)) as gateway:
        yield open_door(gateway)
        assert_quiet(gateway)


@pytest.fixture(scope="session")
def tls_door(lasting_app: RawApp) -> Iterator[Door]:
    """The same on https."""
    authority = Authority()
    setup = Setup(backend=lasting_app.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as gateway:
        yield open_door(gateway, authority.certificate)
        assert_quiet(gateway)


@pytest.fixture(params=["door", "tls_door"], ids=["tcp", "tls"])
def either_door(request: pytest.FixtureRequest) -> Door:
    """The gateway without and with TLS, for what both must keep."""
    chosen: Door = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def app(lasting_app: RawApp) -> RawApp:
    """The app, having forgotten what other tests asked of it."""
    lasting_app.forget()
    return lasting_app
