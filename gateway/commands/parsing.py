"""What the parsers of all commands have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

DONE, FAILED, USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a command is given by the entry point: time, chance, and a reactor if it needs one."""

    wall: Callable[[], float]
    token_bytes: Callable[[int], bytes]
    reactor: Callable[[], Any]


Command = Callable[[argparse.Namespace, Means], int]


def add(commands: Commands, name: str, command: Command, summary: str) -> argparse.ArgumentParser:
    """A command with its summary and the options that all have."""
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(command=command)
    add_shared(parser)
    return parser


def add_shared(parser: argparse.ArgumentParser, *, default: bool = False) -> None:
    """Options that may stand before or after the command; the later one wins."""
    file = Path("gateway.toml") if default else argparse.SUPPRESS
    as_json = False if default else argparse.SUPPRESS
    parser.add_argument(
        "-c", "--config", type=Path, default=file, metavar="FILE", help="gateway.toml"
    )
    parser.add_argument("--json", action="store_true", default=as_json, help="answer for machines")
