"""A real browser while things go wrong: the gateway is killed, the app is down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.browser.conftest import PERSON, assert_quiet, in_front_of
from tests.browser.looks import complaints
from tests.browser.steps import APP_SIGN_IN, carry, enter, made_on_a_phone, refusal, sign_in, touch
from tests.groupware.running import Groupware
from tests.instruments.chromium import Chromium
from tests.instruments.gateway_process import GatewayProcess, free_port
from tests.instruments.page import Page


@pytest.fixture
def frail_gateway(lasting_groupware: Groupware) -> Iterator[GatewayProcess]:
    """A gateway that a test may kill."""
    with GatewayProcess(in_front_of(lasting_groupware.url)) as gateway:
        gateway.add_person(PERSON)
        yield gateway
        assert_quiet(gateway)
