"""How answers look in a terminal."""

from __future__ import annotations

import pytest

from gateway.commands.showing import harmless, local, pairs, table, width


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("山田", 4), ("ｱｲｳ", 3), ("が", 2), ("か\u3099", 2), ("é", 1)]
)
def test_width_is_counted_in_cells(text: str, cells: int) -> None:
    """Full-width characters take two cells, half-width ones one, combining marks none."""
    assert cells == width(text)


def test_columns_align() -> None:
    """Each column is as wide as its widest cell; nothing trails."""
    shown = table(("NAME", "GROUP", ""), [("山田 太郎", "a", ""), ("x", "営業", "y")])

    assert shown.splitlines() == [
        "NAME       GROUP",
        "山田 太郎  a",
        "x          営業   y",
    ]


def test_pairs_align() -> None:
    """Names to the left, values in one column."""
    assert pairs([("a", "1"), ("long", "2")]) == "a     1\nlong  2"


def test_nobody_moves_the_cursor() -> None:
    """Escape sequences and turned writing come out as question marks."""
    assert harmless("a\x1b[31m\u202eb\nc") == "a?[31m?b?c"
    assert "\x1b" not in table(("A",), [("\x1b[2J",)])


def test_no_moment_is_a_dash() -> None:
    """What never happened has no time."""
    assert local(None) == "-"
    assert len(local("2027-01-15T08:00:00Z")) == len("2027-01-15 08:00")
