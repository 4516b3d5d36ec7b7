"""
`gateway …` many times over, without loading the program anew each time.

A child process loads what the commands need, and forks for each of them: what runs is the
product's own entry point in a process of its own, as when an administrator types it, but
it is there within a tenth of a second. Nothing of the product is loaded into the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND_LIMIT_S = 60.0

PROGRAM = """
import json, os, sys
import gateway.cli, gateway.preflight, gateway.store.sealing, gateway.store.sqlite

assert "twisted.internet.reactor" not in sys.modules
for line in sys.stdin:
    arguments, out, err = json.loads(line)
    if os.fork() == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(out, os.O_WRONLY), 1)
        os.dup2(os.open(err, os.O_WRONLY), 2)
        gateway.cli.main(arguments)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class CommandLine:
    """The commands of one gateway; each call blocks until the command has ended."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._said = tempfile.TemporaryDirectory(prefix="gateway-said-")
        self._child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: Sequence[str]) -> Done:
        """Run `gateway ARGUMENTS`."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        out, err = (Path(self._said.name, name) for name in ("out", "err"))
        out.write_text("")
        err.write_text("")
        self._child.stdin.write(json.dumps([[*arguments], str(out), str(err)]) + "\n")
        self._child.stdin.flush()
        watch = threading.Timer(COMMAND_LIMIT_S, self._child.kill)
        watch.start()
        code = self._child.stdout.readline()
        watch.cancel()
        if not code:
            raise AssertionError(f"{arguments}: no end within {COMMAND_LIMIT_S:g} s")
        return Done(code=int(code), out=out.read_text(), err=err.read_text())

    def close(self) -> None:
        """End the child; a command that runs is waited for."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait()
        self._child.stdout.close()
        self._said.cleanup()
