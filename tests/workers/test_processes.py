"""A real gateway with two worker processes: shared work, sign-outs everywhere, accidents."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from gateway.rules.records import TokenHash, hash_token
from gateway.rules.tokens import decode
from gateway.store.sealing import Sealer, read_keys
from gateway.store.sqlite import open_store
from tests.instruments.gateway_process import GatewayProcess, Setup
from tests.instruments.raw_app import RawApp
from tests.store.pump import Pump
from tests.wire.door import Door
from tests.wire.signed_in import open_door

WORKERS = 2
PATIENCE_S = 30.0
LOOK_AGAIN_S = 0.02
CONNECTIONS = 24


@dataclass(frozen=True, slots=True)
class House:
    """One running gateway and a session on it."""

    gateway: GatewayProcess
    door: Door

    def checks(self) -> dict[str, Any]:
        """What the health document says."""
        address = f"http://127.0.0.1:{self.gateway.health_port}/health"
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
                document = json.load(answer)
        except urllib.error.HTTPError as refused:
            document = json.load(refused)
        return {name: entries[0] for name, entries in document["checks"].items()}

    def serving(self) -> int:
        """How many workers serve."""
        return int(self.checks()["workers"]["observedValue"])

    def connections(self) -> list[int]:
        """How many connections each worker has."""
        checks = self.checks()
        numbers = range(1, WORKERS + 1)
        return [int(checks[f"worker {each}:connections"]["observedValue"]) for each in numbers]

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        pid = self.gateway.pid()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(each) for each in children.split()]

    def post(self, path: bytes, cookie: bytes) -> bytes:
        """A POST of our own page's."""
        return (
            b"POST %b HTTP/1.1\r\nHost: %b\r\nOrigin: %b\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\nCookie: %b\r\n\r\n{}"
            % (path, self.door.authority, self.door.origin, cookie)
        )

    def get(self, cookie: bytes) -> bytes:
        """A GET of the app's, by a script."""
        return b"GET /x HTTP/1.1\r\nHost: %b\r\nCookie: %b\r\n\r\n" % (self.door.authority, cookie)


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it never was so"
        time.sleep(LOOK_AGAIN_S)


def is_alive(pid: int) -> bool:
    """Whether that process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A gateway with two workers, for all tests here: each leaves it as it was."""
    setup = {"listen": {"workers": WORKERS}}
    with RawApp() as app, GatewayProcess(Setup(backend=app.url, extra=setup)) as gateway:
        made = House(gateway, open_door(gateway))
        eventually(lambda: made.serving() == WORKERS)
        yield made
        workers = made.workers()
        assert -signal.SIGTERM == gateway.stop()
        assert not any(map(is_alive, workers)), "a stop left workers behind"
        log = gateway.log_text()
        assert "Traceback" not in log, log[-4000:]
        assert "gw=" not in log


def test_work_is_shared(house: House) -> None:
    """Connections of signed-in people go to both workers, and both let them through."""
    with ExitStack() as stack:
        clients = [stack.enter_context(house.door.connect()) for _ in range(CONNECTIONS)]

        statuses = {client.ask(house.get(house.door.cookie)).status for client in clients}

        assert {200} == statuses
        eventually(lambda: sum(house.connections()) == CONNECTIONS)
        assert all(house.connections())


def test_a_sign_out_holds_everywhere_at_once(house: House) -> None:
    """Once "you are signed out" is read, no worker lets the cookie in, on no old connection."""
    cookie = house.door.sign_in()
    with ExitStack() as stack:
        clients = [stack.enter_context(house.door.connect()) for _ in range(CONNECTIONS)]
        assert {200} == {client.ask(house.get(cookie)).status for client in clients}

        assert 200 == house.door.ask(house.post(b"/.gateway/logout", cookie)).status

        assert {401} == {client.ask(house.get(cookie)).status for client in clients}
    assert 200 == house.door.ask(house.get(house.door.cookie)).status


def test_a_session_that_the_command_line_ends(house: House) -> None:
    """A session that another process ends in the database is refused within a second."""
    cookie = house.door.sign_in()
    token = decode(cookie.partition(b"=")[2])
    assert token is not None
    with ExitStack() as stack:
        clients = [stack.enter_context(house.door.connect()) for _ in range(CONNECTIONS)]
        assert {200} == {client.ask(house.get(cookie)).status for client in clients}

        end_in_store(house, hash_token(token))
        ended = time.monotonic()
        eventually(lambda: house.door.ask(house.get(cookie)).status == 401)

        assert time.monotonic() - ended < 5.0  # a second, on a machine that is not overloaded
        assert {401} == {client.ask(house.get(cookie)).status for client in clients}


def end_in_store(house: House, token_hash: TokenHash) -> None:
    """What the command line does beside the running gateway."""
    config = load(house.gateway.config)
    pump = Pump()
    sealer = Sealer(read_keys(config.key_path), os.urandom)
    store = open_store(config.store_path, sealer, from_thread=pump.from_thread)
    assert pump.run(store.end_session(token_hash))
    pump.run(store.close())


def test_a_killed_worker_is_replaced(house: House) -> None:
    """While one worker is dead the other answers everybody; soon there are two, nobody is out."""
    before = house.workers()
    os.kill(before[0], signal.SIGKILL)

    for _ in range(20):
        assert 200 == house.door.ask(house.get(house.door.cookie)).status
    eventually(lambda: house.serving() == WORKERS and set(house.workers()) != set(before))

    assert before[1] in house.workers()
    test_work_is_shared(house)


def test_our_pages_come_through_workers(house: House) -> None:
    """A browser without a session gets the sign-in page in place, and its static files."""
    navigation = b"GET /deep?link HTTP/1.1\r\nHost: %b\r\nSec-Fetch-Mode: navigate\r\n\r\n"
    static = b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n"

    page = house.door.ask(navigation % house.door.authority)

    assert 401 == page.status
    assert b'id="passkey"' in page.body
    files = re.findall(rb'(?:src|href)="(/\.gateway/static/[^"]+)"', page.body)
    assert files
    for each in files:
        assert 200 == house.door.ask(static % (each, house.door.authority)).status


def test_a_worker_dies_with_its_main_process(house: House) -> None:
    """When the main process is killed without a word, no worker goes on without it."""
    workers = house.workers()
    log = house.gateway.log_text()

    house.gateway.kill()

    eventually(lambda: not any(map(is_alive, workers)))
    house.gateway.start()
    eventually(lambda: house.serving() == WORKERS)
    assert 200 == house.door.ask(house.get(house.door.cookie)).status
    assert len(house.gateway.log_text()) > len(log)
