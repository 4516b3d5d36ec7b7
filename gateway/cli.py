"""
`gateway`: set it up, look at it, run it, and administer it on the machine itself.

A thin face: `initialise`, `preflight`, `commands` and `admin.verbs` do the work, this module
reads the command line and gives them time, chance and the reactor. Exit code 0: done; 1: refused
or failed, with a sentence on stderr; 2: the command line is wrong. Messages are in English so
far. Imports that bring OpenSSL or the reactor along wait until the clock is set.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway import clock
from gateway.commands.parsing import DONE, FAILED, USAGE, Means, add, add_shared
from gateway.config import examine
from gateway.errors import ConfigError, GatewayError
from gateway.rules.vitals import Finding, Gravity, may_start

if TYPE_CHECKING:
    from gateway.commands.parsing import Commands

__all__ = ["DONE", "FAILED", "USAGE", "judge", "main", "parser", "version"]


def main(argv: Sequence[str] | None = None) -> None:
    """The console script."""
    clock.set_up()
    arguments = parser().parse_args(argv)
    means = Means(wall=time.time, token_bytes=secrets.token_bytes, reactor=_reactor)
    try:
        code = arguments.command(arguments, means)
    except GatewayError as error:
        sys.stderr.write(f"gateway: {error}\n")
        code = FAILED
    except KeyboardInterrupt:
        code = FAILED
    sys.exit(code)


def _reactor() -> Any:
    from twisted.internet import reactor

    return reactor


def version() -> str:
    """The version that is installed."""
    try:
        return importlib.metadata.version("passkey-gateway")
    except importlib.metadata.PackageNotFoundError:
        return "0 (a checkout that is not installed)"


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from gateway.commands.keys import add_keys
    from gateway.commands.live_sessions import add_sessions
    from gateway.commands.people import add_users

    whole = argparse.ArgumentParser(
        prog="gateway", description="Passkey sign-in in front of a web app."
    )
    whole.add_argument("--version", action="version", version=f"gateway {version()}")
    add_shared(whole, default=True)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    _add_init(commands)
    add(commands, "check", _check, "examine configuration and surroundings")
    add(commands, "run", _run, "run the service in the foreground")
    add_users(commands)
    add_keys(commands)
    add_sessions(commands)
    return whole


def _add_init(commands: Commands) -> None:
    summary = "write a first configuration"
    parser = commands.add_parser("init", help=summary, description=summary)
    parser.set_defaults(command=_init)
    parser.add_argument("--url", required=True, help="the address people will type")
    parser.add_argument(
        "--app", required=True, help="the app behind: http://HOST:PORT or https://HOST:PORT"
    )
    parser.add_argument("--dir", type=Path, default=Path(), help="where to write (here)")
    parser.add_argument("--name", default="", help="what sign-in pages call the place")
    parser.add_argument("--language", choices=["ja", "en"], default="ja")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _init(arguments: argparse.Namespace, means: Means) -> int:
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
    write(wish, text, token_bytes=means.token_bytes)
    print(f"Written: {wish.file}\n\n{next_steps(wish)}")
    return DONE


def _agrees(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes", "j", "はい")
    except EOFError:
        return False


def _check(arguments: argparse.Namespace, means: Means) -> int:
    config, mistakes = examine(arguments.config)
    findings = [_as_finding(each) for each in mistakes]
    if config is not None:
        from gateway.preflight import everything

        findings += everything(config, now=means.wall(), token_bytes=means.token_bytes)
    is_good = may_start(findings)
    if arguments.json:
        from gateway.commands.administering import as_json

        print(as_json({"ok": is_good, "findings": [_as_json(each) for each in findings]}))
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


def _run(arguments: argparse.Namespace, means: Means) -> int:
    from twisted.scripts import twistd

    sys.argv = ["twistd", "-n", "--pidfile=", "gateway", "-c", str(arguments.config)]
    twistd.run()
    return DONE
