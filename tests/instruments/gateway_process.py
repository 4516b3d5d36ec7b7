"""
The real gateway as a child process, started and asked as an administrator does it.

Nothing here knows the inside of the product: it writes `gateway.toml`, starts
`twistd -n gateway -c FILE`, and uses the commands of the public contract.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.instruments.certificates import Leaf
from tests.instruments.command_line import CommandLine

ROOT = Path(__file__).parents[2]
PUBLIC_NAME = "gw.example.test"

START_LIMIT_S = 60.0
STOP_LIMIT_S = 15.0
LOOK_AGAIN_S = 0.03


def free_port() -> int:
    """A loopback port that nobody uses now; for settings that name a port beforehand."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What one gateway is started with."""

    backend: str
    """The app's address, for example `http://127.0.0.1:8000`."""
    leaf: Leaf | None = None
    """A certificate for `gw.example.test`: https there; without, http://localhost."""
    public_port: int | None = None
    """The port in the public address, where it is not the one that is listened on."""
    language: str = "ja"
    extra: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Further settings by table, for example `{"sessions": {"idle": "2s"}}`."""
    access: str = ""
    """All `[[access]]`, as TOML."""


class GatewayProcess:
    """
    One running gateway with a directory of its own; a context manager.

    Every method blocks; from a test in the reactor use `deferToThread`.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.directory = Path(tempfile.mkdtemp(prefix="gateway-under-test-"))
        self.port = free_port()
        self.health_port = free_port()
        self.url = self._public_url()
        self.config = self.directory / "gateway.toml"
        self._command_line: CommandLine | None = None
        self._log: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._write_config()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start it and wait until `/livez` says that it lives."""
        program = Path(sys.executable).parent / "twistd"
        self._process = self._spawn([str(program), *self._twistd_arguments()])
        assert self._process.stdout is not None
        output = self._process.stdout
        self._reader = threading.Thread(target=self._drain, args=(output,), daemon=True)
        self._reader.start()
        self._wait_until_alive()

    def stop(self) -> int:
        """Ask it to end (SIGTERM), by force after 15 s; returns its exit code (-15: by signal)."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it and remove its directory."""
        if self._command_line is not None:
            self._command_line.close()
        self._end(signal.SIGTERM)
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, *arguments: str) -> Any:
        """
        Run `gateway -c FILE ARGUMENTS --json` and return what it prints.

        Raises:
            AssertionError: the command failed; the text is what it said.
        """
        if self._command_line is None:
            self._command_line = CommandLine(_environment())
        done = self._command_line.run(["-c", str(self.config), *arguments, "--json"])
        if done.code != 0:
            raise AssertionError(f"{arguments}: exit {done.code}: {done.err}")
        return json.loads(done.out)

    def add_person(self, name: str, *, display_name: str = "") -> None:
        """Make it known that this person may be invited."""
        shown = ["--display-name", display_name] if display_name else []
        self.run("users", "add", name, *shown)

    def invite(self, name: str, *, hours: float | None = None) -> str:
        """A single-use enrolment link for a person who was added; good for a day unless told."""
        limit = [] if hours is None else ["--hours", f"{hours:.12f}"]
        return str(self.run("users", "invite", name, *limit)["link"])

    def pid(self) -> int:
        """The process id of the running gateway."""
        assert self._process is not None, "not started"
        return self._process.pid

    def rss_bytes(self) -> int:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.pid()}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.pid()}/fd"))

    def log_text(self) -> str:
        """All that it has printed so far."""
        return "".join(self._log)

    def _public_url(self) -> str:
        port = self.setup.public_port or self.port
        if self.setup.leaf is None:
            return f"http://localhost:{port}"
        return f"https://{PUBLIC_NAME}" + ("" if port == 443 else f":{port}")

    def _settings(self) -> dict[str, dict[str, object]]:
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        endpoint = f"tcp:{self.port}:interface=127.0.0.1"
        tls: dict[str, object] = {"mode": "off"}
        if self.setup.leaf is not None:
            certificate, private_key = self.setup.leaf.write(self.directory)
            tls = {"mode": "files", "certificate": certificate, "private_key": private_key}
        is_secure = self.setup.leaf is not None
        return {
            "gateway": {
                "url": self.url,
                "name": "テストゲートウェイ",
                "data_dir": data,
                "language": self.setup.language,
            },
            "listen": {
                "https": endpoint if is_secure else "",
                "http": "" if is_secure else endpoint,
                "health": f"tcp:{self.health_port}:interface=127.0.0.1",
                # All tests come from one address, and are in more of a hurry than people.
                "strangers_rate": 100_000,
            },
            "tls": tls,
            "app": {"name": "groupware", "url": self.setup.backend},
        }

    def _write_config(self) -> None:
        tables = self._settings()
        for name, values in self.setup.extra.items():
            tables.setdefault(name, {}).update(values)
        lines: list[str] = []
        for name, values in tables.items():
            lines.append("[[app]]" if name == "app" else f"[{name}]")
            lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
        self.config.write_text("\n".join([*lines, self.setup.access, ""]))
        self.config.chmod(0o600)

    def _twistd_arguments(self) -> Sequence[str]:
        return ["--nodaemon", "--pidfile=", "gateway", "-c", str(self.config)]

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def _drain(self, output: IO[str]) -> None:
        with output:
            self._log.extend(output)

    def _wait_until_alive(self) -> None:
        assert self._process is not None, "not started"
        deadline = time.monotonic() + START_LIMIT_S
        while not self._is_alive():
            if self._process.poll() is not None:
                self._read_to_the_end()
                raise AssertionError(f"the gateway ended at once: {self.log_text()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the gateway did not come up: {self.log_text()}")
            time.sleep(LOOK_AGAIN_S)

    def _is_alive(self) -> bool:
        address = f"http://127.0.0.1:{self.health_port}/livez"
        try:
            with urllib.request.urlopen(address, timeout=START_LIMIT_S) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            code = process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self._read_to_the_end()
        return code

    def _read_to_the_end(self) -> None:
        if self._reader is not None:
            self._reader.join(STOP_LIMIT_S)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _toml(value: object) -> str:
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
