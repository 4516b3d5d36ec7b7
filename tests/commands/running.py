"""Typing commands as an administrator does, in this process, and looking into the store."""

from __future__ import annotations

import json
import queue
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.cli import main
from gateway.config import load
from gateway.store.interface import Store
from gateway.store.sealing import Sealer, read_keys
from gateway.store.sqlite import open_store

T = TypeVar("T")

LOCAL = ("--url", "http://localhost:8080", "--app", "http://127.0.0.1:1")


class Run:
    """One command, run in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        self.code = end.value.code
        self.out, self.err = capsys.readouterr()

    def json(self) -> Any:
        """What a machine reads."""
        return json.loads(self.out)


def configured(directory: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A configuration as `gateway init` writes it, whose health port is in nobody's way."""
    Run(capsys, "init", *LOCAL, "--dir", directory / "gw", "--yes")
    path = directory / "gw" / "gateway.toml"
    text = path.read_text().replace("[listen]", '[listen]\nhealth = ""').replace("8080", "0")
    path.write_text(text.replace("localhost:0", "localhost:8080"))
    return path


def in_store(file: Path, act: Callable[[Store], Awaitable[T]]) -> T:
    """Do something in the store of that gateway, as its service would."""
    config = load(file)
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    sealer = Sealer(read_keys(config.key_path), secrets.token_bytes)
    store = open_store(config.store_path, sealer, from_thread=calls.put)

    async def work() -> T:
        try:
            return await act(store)
        finally:
            await store.close()

    results: list[T | Failure] = []
    Deferred.fromCoroutine(work()).addBoth(results.append)
    while not results:
        calls.get(timeout=10)()
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]
