"""
`gateway`: set it up, look at it, run it, and administer it on the machine itself.

A thin face: `initialise`, `preflight` and `admin.verbs` do the work, this module reads the
command line and writes answers, to a person or (`--json`) to a machine. Exit code 0: done;
1: refused or failed, with a sentence on stderr; 2: the command line is wrong. Messages are in
English so far. Imports that bring OpenSSL or the reactor along wait until the clock is set.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import io
import json
import os
import queue
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import qrcode
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway import clock
from gateway.admin.verbs import INVITATION_HOURS, Verbs
from gateway.config import Config, examine, load
from gateway.errors import ConfigError, GatewayError
from gateway.rules.vitals import Finding, Gravity, may_start
from gateway.store.interface import Store

DONE, FAILED, USAGE = 0, 1, 2

Act = Callable[[Verbs], Awaitable[object]]
Calls = queue.SimpleQueue[Callable[[], None]]


def main(argv: Sequence[str] | None = None) -> None:
    """The console script."""
    clock.set_up()
    arguments = _parser().parse_args(argv)
    try:
        code = arguments.command(arguments)
    except GatewayError as error:
        sys.stderr.write(f"gateway: {error}\n")
        code = FAILED
    except KeyboardInterrupt:
        code = FAILED
    sys.exit(code)


def version() -> str:
    """The version that is installed."""
    try:
        return importlib.metadata.version("passkey-gateway")
    except importlib.metadata.PackageNotFoundError:
        return "0 (a checkout that is not installed)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gateway", description="Passkey sign-in in front of a web app."
    )
    parser.add_argument("--version", action="version", version=f"gateway {version()}")
    _add_common(parser, default=True)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_init(commands)
    for name, command, summary in (
        ("check", _check, "examine configuration and surroundings"),
        ("run", _run, "run the service in the foreground"),
    ):
        _add_common(_add(commands, name, command, summary))
    users = commands.add_parser("users", help="the people who may sign in")
    _add_common(users)
    _add_users(users.add_subparsers(required=True, metavar="VERB"))
    return parser


if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001


def _add(
    commands: _Commands,
    name: str,
    command: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(command=command)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, default: bool = False) -> None:
    """Options that may stand before or after the command; the later one wins."""
    file = Path("gateway.toml") if default else argparse.SUPPRESS
    as_json = False if default else argparse.SUPPRESS
    parser.add_argument(
        "-c", "--config", type=Path, default=file, metavar="FILE", help="gateway.toml"
    )
    parser.add_argument("--json", action="store_true", default=as_json, help="answer for machines")


def _add_init(commands: _Commands) -> None:
    parser = _add(commands, "init", _init, "write a first configuration")
    parser.add_argument("--url", required=True, help="the address people will type")
    parser.add_argument(
        "--app", required=True, help="the app behind: http://HOST:PORT or https://HOST:PORT"
    )
    parser.add_argument("--dir", type=Path, default=Path(), help="where to write (here)")
    parser.add_argument("--name", default="", help="what sign-in pages call the place")
    parser.add_argument("--language", choices=["ja", "en"], default="ja")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_users(verbs: _Commands) -> None:
    _add_common(_add(verbs, "list", _users_list, "everybody, by name"))
    add = _add(verbs, "add", _users_add, "add somebody, who can then be invited")
    _add_common(add)
    add.add_argument("name")
    add.add_argument("--display-name", default="", help="the name as people write it")
    invite = _add(verbs, "invite", _users_invite, "a single-use link to register a passkey")
    _add_common(invite)
    invite.add_argument("name")
    hours_help = "how long it is good (24)"
    invite.add_argument("--hours", type=float, default=INVITATION_HOURS, help=hours_help)
    invite.add_argument("--qr", action="store_true", help="show the link as a QR code, too")


def _init(arguments: argparse.Namespace) -> int:
    from gateway.initialise import Wish, next_steps, plan, write

    wish = Wish(
        url=arguments.url,
        app=arguments.app,
        name=arguments.name,
        language=arguments.language,
        directory=arguments.dir.absolute(),
    )
    text = plan(wish)
    if not arguments.yes:
        print(f"{text}\nThis goes to {wish.file}, data and keys to {wish.data_dir}.")
        if not _agrees("Write it? [y/N] "):
            raise GatewayError("nothing was written")
    write(wish, text, token_bytes=secrets.token_bytes)
    print(f"Written: {wish.file}\n\n{next_steps(wish)}")
    return DONE


def _agrees(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes", "j", "はい")
    except EOFError:
        return False


def _check(arguments: argparse.Namespace) -> int:
    config, mistakes = examine(arguments.config)
    findings = [_as_finding(each) for each in mistakes]
    if config is not None:
        from gateway.preflight import everything

        findings += everything(config, now=time.time(), token_bytes=secrets.token_bytes)
    is_good = may_start(findings)
    if arguments.json:
        _print_json({"ok": is_good, "findings": [_as_json(each) for each in findings]})
    else:
        for each in findings:
            print(_as_lines(each))
        print(judge(findings))
    return DONE if is_good else FAILED


def judge(findings: Sequence[Finding]) -> str:
    """The last line of `gateway check`."""
    if not may_start(findings):
        return "The gateway would not start."
    if any(each.gravity is Gravity.WARNING for each in findings):
        return "The gateway would start; look at the warnings."
    return "All is well."


def _as_finding(mistake: ConfigError) -> Finding:
    sentence = f"{mistake.path}: {mistake.seen!r} seen, wanted: {mistake.wanted}"
    return Finding(gravity=Gravity.ERROR, key=mistake.key, sentence=sentence)


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "level": finding.gravity.value,
        "key": finding.key,
        "sentence": finding.sentence,
        "next_step": finding.next_step,
    }


def _as_lines(finding: Finding) -> str:
    line = f"{finding.gravity.value:8} {finding.key}: {finding.sentence}"
    return f"{line}\n{'':9}-> {finding.next_step}" if finding.next_step else line


def _run(arguments: argparse.Namespace) -> int:
    from twisted.scripts import twistd

    sys.argv = ["twistd", "-n", "--pidfile=", "gateway", "-c", str(arguments.config)]
    twistd.run()
    return DONE


def _users_list(arguments: argparse.Namespace) -> int:
    async def act(verbs: Verbs) -> object:
        return await verbs.list_people()

    def show(people: object) -> str:
        assert isinstance(people, list)
        lines = [
            f"{each['name']:24} {each['passkey_count']} passkeys  {each['display_name']}"
            + ("" if each["enabled"] else "  (disabled)")
            for each in people
        ]
        return "\n".join(lines) or "Nobody yet: users add NAME"

    return _administer(arguments, act, show)


def _users_add(arguments: argparse.Namespace) -> int:
    async def act(verbs: Verbs) -> object:
        return await verbs.add_person(arguments.name, display_name=arguments.display_name)

    def show(person: object) -> str:
        assert isinstance(person, dict)
        return f"Added {person['name']}. Now: users invite {person['name']}"

    return _administer(arguments, act, show)


def _users_invite(arguments: argparse.Namespace) -> int:
    async def act(verbs: Verbs) -> object:
        return await verbs.invite(arguments.name, hours=arguments.hours)

    def show(invitation: object) -> str:
        assert isinstance(invitation, dict)
        link = invitation["link"]
        expires = dt.datetime.fromisoformat(invitation["expires"]).astimezone()
        text = f"{link}\nGood for one passkey, until {expires:%Y-%m-%d %H:%M %Z}."
        return f"{draw_qr(link)}\n{text}" if arguments.qr else text

    return _administer(arguments, act, show)


def draw_qr(text: str) -> str:
    """A QR code for a dark terminal, of half blocks."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return drawn.getvalue().rstrip("\n")


def _administer(arguments: argparse.Namespace, act: Act, show: Callable[[object], str]) -> int:
    """Run a verb on the store and write its answer."""
    from gateway.preflight import prepare
    from gateway.store.sealing import Sealer, read_keys
    from gateway.store.sqlite import open_store

    config = load(arguments.config)
    _become_owner(config)  # from here on the program's own files may be out of reach
    prepare(config, token_bytes=secrets.token_bytes)
    calls: Calls = queue.SimpleQueue()
    sealer = Sealer(read_keys(config.key_path), secrets.token_bytes)
    store = open_store(config.store_path, sealer, from_thread=calls.put)
    answer = _finish(_answer(config, store, act), calls)
    if arguments.json:
        _print_json(answer)
    else:
        print(show(answer))
    return DONE


async def _answer(config: Config, store: Store, act: Act) -> object:
    verbs = Verbs(
        store=store,
        public=config.gateway.public,
        wall=time.time,
        token_bytes=secrets.token_bytes,
    )
    try:
        return await act(verbs)
    finally:
        await store.close()


def _finish(work: Coroutine[Deferred[object], object, object], calls: Calls) -> object:
    """All the reactor that a command needs: the store's thread hands its answers over here."""
    results: list[object] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    while not results:
        calls.get()()
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def _become_owner(config: Config) -> None:
    """
    Root becomes the owner of the data directory, so that no file there turns root's own.

    Raises:
        GatewayError: another user than the owner.
    """
    directory = config.gateway.data_dir
    if not directory.exists():
        return
    owner = directory.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    elif owner.st_uid != os.geteuid():
        step = f"sudo -u '#{owner.st_uid}' gateway …"
        raise GatewayError(f"{directory} belongs to user {owner.st_uid}: run this as {step}")


def _print_json(answer: object) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=1))
