"""`gateway keys …`: people's passkeys."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gateway.commands.administering import Clerk, administer
from gateway.commands.parsing import Means, add, add_shared
from gateway.commands.showing import local, table

if TYPE_CHECKING:
    from gateway.commands.parsing import Commands

SHOWN_DIGITS = 12
"""Of an id: enough to tell one person's passkeys apart, and to type."""


def add_keys(commands: Commands) -> None:
    """The parsers."""
    parser = commands.add_parser("keys", help="people's passkeys")
    add_shared(parser)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    add(verbs, "list", _list, "one person's passkeys").add_argument("name")
    remove = add(verbs, "remove", _remove, "remove a passkey and end what it has opened")
    remove.add_argument("name")
    remove.add_argument("key", help="its id, the beginning of it, or its label")
    even_last = "also if it is the only way in"
    remove.add_argument("--even-last", action="store_true", help=even_last)


def _list(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.list_passkeys(arguments.name)

    def show(passkeys: Any) -> str:
        return passkey_table(passkeys, arguments.name)

    return administer(arguments, means, act, show)


def passkey_table(passkeys: Iterable[Mapping[str, Any]], name: str) -> str:
    """One person's passkeys."""
    heads = ("KEY", "LABEL", "KIND", "REGISTERED", "LAST USED", "")
    rows = [
        (
            each["id"][:SHOWN_DIGITS],
            each["label"],
            each["kind"],
            local(each["created"]),
            local(each["last_used"]),
            "may have been copied" if each["flagged"] else "",
        )
        for each in passkeys
    ]
    return table(heads, rows) if rows else f"No passkeys yet: users invite {name}"


def _remove(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.remove_passkey(
            arguments.name, arguments.key, even_last=arguments.even_last
        )

    def show(passkey: Any) -> str:
        return f"Removed {passkey['label']!r}; what it had opened is closed."

    return administer(arguments, means, act, show)
