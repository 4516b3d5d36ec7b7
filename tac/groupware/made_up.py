"""Reads the made-up content: people, appointments, letters, as tables in ``content/*.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"


def made_up(kind: str) -> list[dict[str, Any]]:
    """All tables of one kind, such as "letter" in ``letters.toml``; lists become tuples."""
    with (CONTENT / f"{kind}s.toml").open("rb") as file:
        tables = tomllib.load(file)[kind]
    return [{name: _frozen(value) for name, value in table.items()} for table in tables]


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
