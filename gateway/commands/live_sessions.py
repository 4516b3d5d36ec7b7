"""`gateway sessions …`: who is signed in, and where."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gateway.commands.administering import Clerk, administer
from gateway.commands.parsing import Means, add, add_shared
from gateway.commands.showing import local, table

if TYPE_CHECKING:
    from gateway.commands.parsing import Commands


def add_sessions(commands: Commands) -> None:
    """The parsers."""
    parser = commands.add_parser("sessions", help="who is signed in, and where")
    add_shared(parser)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    listing = add(verbs, "list", _list, "everybody's sessions, or one person's")
    listing.add_argument("name", nargs="?", default="")
    add(verbs, "end", _end, "end one session").add_argument("id")
    add(verbs, "end-all", _end_all, "end every session of one person").add_argument("name")


def _list(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.list_sessions(arguments.name)

    def show(sessions: Any) -> str:
        heads = ("ID", "USER", "METHOD", "ADDRESS", "SINCE", "LAST USED")
        rows = [
            (
                each["id"],
                each["user"],
                each["method"],
                each["address"],
                local(each["created"]),
                local(each["last_used"]),
            )
            for each in sessions
        ]
        return table(heads, rows) if rows else "Nobody is signed in."

    return administer(arguments, means, act, show)


def _end(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.end_session(arguments.id)

    def show(session: Any) -> str:
        return f"Ended the session of {session['user']} from {session['address']}."

    return administer(arguments, means, act, show)


def _end_all(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.end_all_sessions(arguments.name)

    def show(ended: Any) -> str:
        count = ended["ended"]
        return f"Ended {count} {'session' if count == 1 else 'sessions'} of {ended['user']}."

    return administer(arguments, means, act, show)
