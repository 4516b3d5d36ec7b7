"""What the tests of workers share."""

from __future__ import annotations

import pytest

from tests.workers.agency import Agency
from tests.workers.line import Line


@pytest.fixture
def line() -> Line:
    """A main process and a worker, joined in memory."""
    return Line()


@pytest.fixture
def agency(line: Line) -> Agency:
    """Who provides workers."""
    return Agency(line)
