"""`gateway users …`: the people who may sign in."""

from __future__ import annotations

import argparse
import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.admin.verbs import INVITATION_HOURS
from gateway.commands.administering import Clerk, administer
from gateway.commands.keys import passkey_table
from gateway.commands.parsing import Means, add, add_shared
from gateway.commands.showing import draw_qr, local, pairs, table
from gateway.errors import GatewayError
from gateway.rules.records import Person

if TYPE_CHECKING:
    from gateway.commands.parsing import Commands


def add_users(commands: Commands) -> None:
    """The parsers."""
    parser = commands.add_parser("users", help="the people who may sign in")
    add_shared(parser)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    add(verbs, "list", _list, "everybody, by name")
    _add_values(add(verbs, "add", _add, "add somebody, who can then be invited"))
    add(verbs, "show", _show, "one person with their ways in").add_argument("name")
    edit = add(verbs, "edit", _edit, "change what is given; --mail '' forgets the address")
    _add_values(edit)
    edit.add_argument("--no-groups", action="store_true", help="take out of every group")
    add(verbs, "enable", _enable, "let somebody sign in again").add_argument("name")
    disable = "sign somebody out everywhere, and let them in no longer"
    add(verbs, "disable", _disable, disable).add_argument("name")
    _add_invite(verbs)


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--display-name", help="the name as people write it")
    parser.add_argument("--mail", metavar="ADDRESS", help="where notices and invitations go")
    language = "of letters and pages for this person; auto: as the browser prefers"
    parser.add_argument("--language", choices=["ja", "en", "auto"], help=language)
    groups = "a group this person is in; may be given several times"
    parser.add_argument("--group", action="append", dest="groups", metavar="GROUP", help=groups)


def _language(arguments: argparse.Namespace) -> str | None:
    """As the store has it; None where nothing is said."""
    said: str | None = arguments.language
    return "" if said == "auto" else said


def _add_invite(verbs: Commands) -> None:
    parser = add(verbs, "invite", _invite, "a single-use link to register a passkey")
    parser.add_argument("name")
    hours_help = "how long it is good (24)"
    parser.add_argument("--hours", type=float, default=INVITATION_HOURS, help=hours_help)
    parser.add_argument("--mail", action="store_true", help="send it to the person's address")
    parser.add_argument("--qr", action="store_true", help="show the link as a QR code, too")
    sheet_help = "write a page to print, with the link as a QR code"
    parser.add_argument("--sheet", type=Path, metavar="FILE", help=sheet_help)


def _list(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.list_people()

    def show(people: Any) -> str:
        heads = ("NAME", "DISPLAY NAME", "PASSKEYS", "GROUPS", "MAIL", "")
        rows = [
            (
                each["name"],
                each["display_name"],
                str(each["passkey_count"]),
                " ".join(each["groups"]),
                each["mail"],
                "" if each["enabled"] else "disabled",
            )
            for each in people
        ]
        return table(heads, rows) if rows else "Nobody yet: users add NAME"

    return administer(arguments, means, act, show)


def _add(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.add_person(
            arguments.name,
            display_name=arguments.display_name or "",
            mail=arguments.mail or "",
            language=_language(arguments) or "",
            groups=arguments.groups or (),
        )

    def show(person: Any) -> str:
        return f"Added {person['name']}. Now: users invite {person['name']}"

    return administer(arguments, means, act, show)


def _show(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.show_person(arguments.name)

    def show(person: Any) -> str:
        rows = [
            ("name", person["name"]),
            ("display name", person["display_name"]),
            ("may sign in", "yes" if person["enabled"] else "no: disabled"),
            ("mail", person["mail"] or "-"),
            ("language", person["language"] or "as the browser prefers"),
            ("groups", " ".join(person["groups"]) or "-"),
            ("added", local(person["created"])),
            ("recovery codes", f"{person['recovery_codes']} left"),
        ]
        return f"{pairs(rows)}\n\n{passkey_table(person['passkeys'], person['name'])}"

    return administer(arguments, means, act, show)


def _edit(arguments: argparse.Namespace, means: Means) -> int:
    if arguments.groups and arguments.no_groups:
        raise GatewayError("--group and --no-groups cannot both be meant")
    groups = () if arguments.no_groups else arguments.groups

    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.edit_person(
            arguments.name,
            display_name=arguments.display_name,
            mail=arguments.mail,
            language=_language(arguments),
            groups=groups,
        )

    return administer(arguments, means, act, _changed)


def _changed(person: Any) -> str:
    return f"Changed {person['name']}. See: users show {person['name']}"


def _enable(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.enable_person(arguments.name)

    def show(person: Any) -> str:
        if person["passkey_count"]:
            return f"{person['name']} may sign in again."
        return f"{person['name']} may sign in again, but has no passkey: users invite NAME"

    return administer(arguments, means, act, show)


def _disable(arguments: argparse.Namespace, means: Means) -> int:
    async def act(clerk: Clerk) -> object:
        return await clerk.verbs.disable_person(arguments.name)

    def show(person: Any) -> str:
        return f"{person['name']} is signed out everywhere and may not sign in any more."

    return administer(arguments, means, act, show)


def _invite(arguments: argparse.Namespace, means: Means) -> int:
    sheet = _Sheet(arguments.sheet) if arguments.sheet is not None else None

    async def act(clerk: Clerk) -> object:
        person = await clerk.verbs.person(arguments.name)
        if arguments.mail:
            _require_post(clerk, person)
        invitation: Any = await clerk.verbs.invite(arguments.name, hours=arguments.hours)
        expires = dt.datetime.fromisoformat(invitation["expires"]).astimezone()
        link = invitation["link"]
        if arguments.mail and clerk.scribe is not None:
            letter = clerk.scribe.invitation(person, link=link, expires=expires.timestamp())
            clerk.tray.append(letter)
        if sheet is not None:
            sheet.write(clerk, person, link, expires)
        return invitation

    def show(invitation: Any) -> str:
        link = invitation["link"]
        expires = dt.datetime.fromisoformat(invitation["expires"]).astimezone()
        text = f"{link}\nGood for one passkey, until {expires:%Y-%m-%d %H:%M %Z}."
        if arguments.sheet is not None:
            text += f"\nTo print: {arguments.sheet}"
        return f"{draw_qr(link)}\n{text}" if arguments.qr else text

    try:
        return administer(
            arguments,
            means,
            act,
            show,
            needs_letter=arguments.mail,
            speaks=sheet is not None,
        )
    finally:
        if sheet is not None:
            sheet.close()


def _require_post(clerk: Clerk, person: Person) -> None:
    """Before anything is done: there is no use in a link that goes nowhere."""
    if clerk.scribe is None:
        raise GatewayError(f"{clerk.config.path}: [notices] smtp: no mail server is named there")
    if not person.mail:
        step = f"users edit {person.name} --mail ADDRESS"
        raise GatewayError(f"{person.name} has no mail address: {step}")


class _Sheet:
    """A file for one invitation, private, and opened while we may still write where it lies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(path, flags, 0o600), "wb")
        except FileExistsError:
            raise GatewayError(f"{path} is there already; nothing was changed") from None
        except OSError as error:
            raise GatewayError(f"{path}: {error.strerror}") from None
        self._is_written = False

    def write(self, clerk: Clerk, person: Person, link: str, expires: dt.datetime) -> None:
        """Put the invitation on it."""
        from gateway.pages.sheet import invitation_sheet

        assert clerk.languages is not None, "administer was told"
        page = invitation_sheet(
            clerk.languages,
            gateway_name=clerk.config.gateway.name,
            person=person,
            link=link,
            expires=expires,
        )
        self._file.write(page)
        self._is_written = True

    def close(self) -> None:
        """Keep it, if there is something on it."""
        self._file.close()
        if not self._is_written:
            self._path.unlink(missing_ok=True)
