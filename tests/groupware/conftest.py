"""One pretend groupware for these tests, with a clean record for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import chromium, chromium_program, open_page, page, reactor
from tests.groupware.running import Groupware
from tests.groupware.staff import Desk
from tests.instruments.raw_client import RawClient

__all__ = ["chromium", "chromium_program", "open_page", "page", "reactor"]

TODAY = "2026-11-25"


@pytest.fixture(scope="session")
def running_groupware() -> Iterator[Groupware]:
    """The child process."""
    with Groupware("--today", TODAY) as app:
        yield app


@pytest.fixture
def groupware(running_groupware: Groupware) -> Groupware:
    """The pretend groupware, as if nothing had been asked of it yet."""
    running_groupware.clear()
    return running_groupware


@pytest.fixture
def client(groupware: Groupware) -> Iterator[RawClient]:
    """One raw connection to it."""
    with RawClient(groupware.port) as one:
        yield one


@pytest.fixture
def desk(groupware: Groupware) -> Desk:
    """A member of staff who has signed in."""
    desk = Desk(groupware.port)
    desk.sign_in()
    groupware.clear()
    return desk
