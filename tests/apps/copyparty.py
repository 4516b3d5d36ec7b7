"""
copyparty as a child process: a real file server (MIT, PyPI) on a directory that goes away.

It is started as its own documentation says for a server behind a reverse proxy, with accounts
(a login form and a cookie), WebDAV and its pages in Japanese; nothing in it is patched.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

ACCOUNT = "hanako"
PASSWORD = "himitsu-no-aikotoba"

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0

OPTIONS = (
    "--http-only",
    "--rproxy=-1",  # believes the X-Forwarded-For of a proxy on this machine
    "--usernames",
    f"-a={ACCOUNT}:{PASSWORD}",
    "--daw",  # a PUT onto a file replaces it, as WebDAV clients expect
    "--lang=jpn",
    "--no-thumb",
    "-nid",  # the free space would be another one in each page
    "-q",
)


class Copyparty:
    """One running copyparty; a context manager."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="gateway-copyparty-"))
        self.files = self.directory / "files"
        self.files.mkdir()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

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
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start it and wait for its first answer: it listens already, so there is no race."""
        with (self.directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                env=self._environment(),
                pass_fds=[self._socket.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            urllib.request.urlopen(self.url, timeout=START_LIMIT_S).close()
        except OSError as error:
            raise AssertionError(f"copyparty did not come up: {self.log_text()}") from error

    def close(self) -> None:
        """End it and remove its directory."""
        self._socket.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_text(self) -> str:
        """All that it has printed so far."""
        return (self.directory / "log").read_text(errors="replace")

    def _command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "copyparty",
            f"-i=fd:{self._socket.fileno()}",
            f"-v={self.files}::A,{ACCOUNT}",
            f"--hist={self.directory / 'hist'}",
            *OPTIONS,
        ]

    def _environment(self) -> dict[str, str]:
        home = str(self.directory)
        return {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "LC_ALL": "C.UTF-8"}
