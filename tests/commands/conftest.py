"""A gateway that was set up and has not run yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.running import Run, configured

Gateway = Callable[..., Run]


@pytest.fixture
def file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Its configuration."""
    return configured(tmp_path, capsys)


@pytest.fixture
def gateway(file: Path, capsys: pytest.CaptureFixture[str]) -> Gateway:
    """`gateway -c FILE …`."""
    return lambda *arguments: Run(capsys, "-c", file, *arguments)
