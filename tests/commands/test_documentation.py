"""docs/commands.md: every command is there with an example that is understood."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import parser

DOCUMENT = Path(__file__).parents[2] / "docs" / "commands.md"


def examples() -> list[list[str]]:
    """The words of every example, without `gateway`."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.M | re.S)
    lines = [shlex.split(line) for line in "".join(blocks).splitlines()]
    assert {words[0] for words in lines} == {"gateway"}
    return [words[1:] for words in lines]


def commands(whole: argparse.ArgumentParser) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each command that can be typed, with its own options."""
    branches = [each for each in whole._actions if isinstance(each, argparse._SubParsersAction)]
    for branch in branches:
        for name, inner in branch.choices.items():
            for words, options in commands(inner):
                yield (name, *words), options
    if not branches:
        options = {each.option_strings[-1] for each in whole._actions if each.option_strings}
        yield (), options - {"--help", "--config", "--json"}


COMMANDS = dict(commands(parser()))


@pytest.mark.parametrize("words", examples(), ids=" ".join)
def test_an_example_is_understood(words: list[str]) -> None:
    """What the document says to type can be typed."""
    if words == ["--version"]:
        return

    assert callable(parser().parse_args(words).command)


def test_every_command_and_option_has_an_example() -> None:
    """Nothing that can be typed is left out."""
    shown: dict[tuple[str, ...], set[str]] = {}
    for words in examples():
        plain = words[2:] if words[0] == "-c" else words
        names = (tuple(plain[:count]) for count in (2, 1))
        name = next((each for each in names if each in COMMANDS), ())
        shown.setdefault(name, set()).update(plain)

    missing = {name: options - shown.get(name, set()) for name, options in COMMANDS.items()}
    assert {name: left for name, left in missing.items() if left or name not in shown} == {}


def test_every_command_is_in_the_japanese_part() -> None:
    """Readers of Japanese find each of them, too."""
    japanese = DOCUMENT.read_text("utf-8").partition("## 日本語\n")[2]

    named = set(re.findall(r"`([a-z -]+)`", japanese))
    assert [words for words in COMMANDS if not {words[-1], " ".join(words)} & named] == []
