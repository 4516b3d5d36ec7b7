"""docs/attacks.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(r"`([a-z_/0-9]+\.py)(?:::(\w+))?`", (ROOT / "docs/attacks.md").read_text())


@pytest.mark.parametrize(
    ("file", "name"), [each for each in NAMED if "test_attacks" not in each[0]]
)
def test_each_attack_is_shown_to_fail(file: str, name: str) -> None:
    """Every test that the list of attacks names exists under that name."""
    text = (ROOT / "tests" / file).read_text()

    assert f"def {name}(" in text if name else "def test_" in text
