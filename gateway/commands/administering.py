"""
Running a verb on the store, on the machine itself, beside the service or without it.

The store is opened as its owner, the verb is run, letters that it gave rise to are handed to
the mail server, the answer is written. A verb needs no reactor unless letters can be sent:
what the store's thread answers comes through a queue.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.admin.verbs import Verbs
from gateway.commands.parsing import DONE, FAILED, Means
from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.mail.letter import Letter
from gateway.mail.letters import Letters, Scribe
from gateway.pages.languages import Language, Languages, load_languages
from gateway.store.interface import Store

Calls = queue.SimpleQueue[Callable[[], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """What a command works with."""

    config: Config
    verbs: Verbs
    languages: Languages | None
    """Read only where they are needed: it takes a while."""
    scribe: Scribe | None
    """None: there is no mail server."""
    tray: list[Letter]
    """Letters to be sent once the verb is done."""


Act = Callable[[Clerk], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a command."""

    answer: object
    troubles: list[str]
    """Letters that were not sent, and why."""


def administer(
    arguments: argparse.Namespace,
    means: Means,
    act: Act,
    show: Callable[[object], str],
    *,
    needs_letter: bool = False,
    speaks: bool = False,
) -> int:
    """
    Run a verb and write its answer.

    Args:
        needs_letter: a letter that was not sent is a failure, and not only told.
        speaks: the command needs the sentences of both languages.
    """
    config = load(arguments.config)
    languages = _languages(config) if speaks or config.notices.smtp is not None else None
    result = _run(config, means, act, languages)
    if arguments.json:
        say(as_json(result.answer))
    else:
        say(show(result.answer))
    for each in result.troubles:
        sys.stderr.write(f"gateway: done, but {each}\n")
    return FAILED if needs_letter and result.troubles else DONE


def say(text: str) -> None:
    """Write a line or several."""
    sys.stdout.write(f"{text}\n")


def as_json(answer: object) -> str:
    """As machines read it."""
    return json.dumps(answer, ensure_ascii=False, indent=1)


def _languages(config: Config) -> Languages:
    return load_languages(Language(config.gateway.language))


def _run(config: Config, means: Means, act: Act, languages: Languages | None) -> Result:
    from gateway.preflight import prepare
    from gateway.store.sealing import Sealer, read_keys
    from gateway.store.sqlite import open_store

    office = _office(config, means)
    become_owner(config)  # from here on the program's own files may be out of reach
    prepare(config, token_bytes=means.token_bytes)
    sealer = Sealer(read_keys(config.key_path), means.token_bytes)
    calls: Calls = queue.SimpleQueue()
    from_thread = calls.put if office is None else office.reactor.callFromThread
    store = open_store(config.store_path, sealer, from_thread=from_thread)
    clerk = _clerk(config, store, languages, means)
    work = partial(_work, clerk, store, act, office)
    return _finish(work(), calls) if office is None else _finish_in(office.reactor, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Office:
    """Where letters go."""

    reactor: Any
    deliver: Callable[[Letter], Awaitable[None]]


def _office(config: Config, means: Means) -> _Office | None:
    if config.notices.smtp is None:
        return None
    from gateway.mail.relay import Relay

    reactor = means.reactor()
    relay = Relay(config.notices, reactor, identity=config.gateway.public.host)
    return _Office(reactor=reactor, deliver=relay.deliver)


async def _work(clerk: Clerk, store: Store, act: Act, office: _Office | None) -> Result:
    try:
        answer = await act(clerk)
    finally:
        await store.close()
    troubles = []
    if office is not None:
        sent = [await _send(office, each) for each in clerk.tray]
        troubles = [each for each in sent if each]
    return Result(answer=answer, troubles=troubles)


def _clerk(config: Config, store: Store, languages: Languages | None, means: Means) -> Clerk:
    tray: list[Letter] = []
    scribe = None
    if config.notices.smtp is not None and languages is not None:
        scribe = Scribe(config, languages, wall=means.wall, token_bytes=means.token_bytes)
    letters = Letters(store, scribe=scribe, post=tray.append)
    verbs = Verbs(
        store=store,
        public=config.gateway.public,
        wall=means.wall,
        token_bytes=means.token_bytes,
        announce=letters.announce,
        limits=config.sessions,
    )
    return Clerk(config=config, verbs=verbs, languages=languages, scribe=scribe, tray=tray)


async def _send(office: _Office, letter: Letter) -> str:
    """Nothing, or why it was not sent. Once: whoever typed the command can type it again."""
    try:
        await office.deliver(letter)
    except GatewayError as error:
        return f"the letter to {letter.person} was not sent: {error}"
    return ""


def _finish(work: Coroutine[Deferred[object], object, Result], calls: Calls) -> Result:
    """All the reactor that most commands need."""
    results: list[Result | Failure] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    while not results:
        calls.get()()
    return _outcome(results)


def _finish_in(
    reactor: Any, work: Callable[[], Coroutine[Deferred[object], object, Result]]
) -> Result:
    """The same where a mail server is to be spoken to."""
    results: list[Result | Failure] = []

    def begin() -> None:
        done = Deferred.fromCoroutine(work())
        done.addBoth(results.append).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run()
    return _outcome(results)


def _outcome(results: list[Result | Failure]) -> Result:
    if not results:
        raise KeyboardInterrupt
    [result] = results
    if isinstance(result, Failure):
        result.raiseException()
    assert isinstance(result, Result)
    return result


def become_owner(config: Config) -> None:
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
