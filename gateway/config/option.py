"""What a key of `gateway.toml` is: the shape of a row in the table that `options` gathers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic

from gateway.config.kinds import Kind, T

REQUIRED = object()
"""In the place of a default: the key must be given."""

DERIVED = object()
"""In the place of a default: worked out from other keys, as `derived` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Generic[T]):
    """One key."""

    table: str
    key: str
    kind: Kind[T]
    default: object
    """As it is written in TOML; or REQUIRED, or DERIVED."""
    derived: tuple[str, str] = ("", "")
    """Where a derived default comes from, in English and Japanese."""
    english: str
    """What it does and why the default is what it is."""
    japanese: str
    since: str = "0.1"

    @property
    def label(self) -> str:
        """How messages name it: `[listen] https`, `[[app]] url`, `[app.timeouts] idle`."""
        return label(self.table, self.key)


def label(table: str, key: str) -> str:
    """How messages name a key of a table."""
    brackets = f"[[{table}]]" if table in ARRAYS else f"[{table}]"
    return f"{brackets} {key}"


def known_name(name: str, known: Iterable[str]) -> str:
    """What is wanted in the place of an unknown name."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(known)}"
    return f"a known name: {hint}"


ARRAYS = frozenset({"app", "access"})
"""Tables that are written with double brackets."""


@dataclass(slots=True)
class Table:
    """Gathers options in the order in which they are written down."""

    options: list[Option[object]] = field(default_factory=list)

    def add(self, option: Option[T]) -> Option[T]:
        """Put one more at the end, and give it back."""
        self.options.append(option)  # type: ignore[arg-type]  # read as objects only
        return option
