"""curl as people's scripts run it: a process, a cookie jar, the gateway's public name."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest

from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import GatewayProcess
from tests.instruments.raw_client import Answer

PATIENCE_S = 50.0

PROGRAM = shutil.which("curl")

ALWAYS = ("--silent", "--show-error", "--http1.1", "--path-as-is", "--disable")

JAR_LINE = "#HttpOnly_{host}\tFALSE\t/\tTRUE\t0\t{name}\t{value}\n"
"""A cookie in Netscape's format, as curl keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curl:
    """One person's curl: every call brings the cookies of the jar and keeps new ones there."""

    origin: str
    port: int
    authority: Path
    """PEM of the certificate authority that is trusted."""
    directory: Path
    """Where the jar is, and where answers are kept while they are looked at."""

    @classmethod
    def of_stranger(cls, gateway: GatewayProcess, authority: Authority, directory: Path) -> Self:
        """A curl that is signed in nowhere; without curl the test is skipped."""
        if PROGRAM is None:
            pytest.skip("no curl here: apt-get install curl")
        root = directory / "root.pem"
        root.write_bytes(authority.certificate)
        return cls(origin=gateway.url, port=gateway.port, authority=root, directory=directory)

    @property
    def jar(self) -> Path:
        """The cookies of this person."""
        return self.directory / "jar"

    def keep_cookie(self, pair: bytes) -> None:
        """Put a cookie (`name=value`) of the gateway's host into the jar."""
        name, _, value = pair.decode("ascii").partition("=")
        host = urlsplit(self.origin).hostname
        with self.jar.open("a") as jar:
            jar.write(JAR_LINE.format(host=host, name=name, value=value))

    def cookies(self) -> dict[str, str]:
        """The cookies in the jar by name."""
        lines = [line.split("\t") for line in self.jar.read_text().splitlines()]
        return {line[5]: line[6] for line in lines if len(line) == 7}

    def ask(self, target: str, *arguments: str) -> Answer:
        """One request for a path here, and its answer; fails where curl itself complains."""
        head, body = self.directory / "head", self.directory / "body"
        body.write_bytes(b"")
        self.run(
            "--dump-header", str(head), "--output", str(body), *arguments, self.origin + target
        )
        *interim, last = [each + b"\r\n\r\n" for each in head.read_bytes().split(b"\r\n\r\n")[:-1]]
        return Answer(head=last, body=body.read_bytes(), interim=tuple(interim))

    def run(self, *arguments: str) -> str:
        """Run curl with these words behind the usual ones, and return what it prints."""
        host = urlsplit(self.origin).hostname
        surroundings = (
            *("--resolve", f"{host}:{self.port}:127.0.0.1"),
            *("--cacert", str(self.authority)),
            *("--cookie", str(self.jar), "--cookie-jar", str(self.jar)),
        )
        assert PROGRAM is not None, "skipped without curl"
        done = subprocess.run(
            [PROGRAM, *ALWAYS, *surroundings, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"curl {arguments}: exit {done.returncode}: {done.stderr}"
        return done.stdout
