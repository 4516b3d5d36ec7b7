"""
The pretend groupware as a child process, for every test that needs an app behind the gateway.

    with Groupware("--internal-name", "groupware.internal") as app:
        ...  # send something to 127.0.0.1:app.port
        assert app.record(requests=1)[0].line == "GET / HTTP/1.1"

The waiting methods block until what they wait for has happened, for some seconds at most, so that
no test sleeps.  A traceback in the child fails the test that stops it.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

PROGRAM = Path(__file__).parents[2] / "tac" / "groupware"
PATIENCE_S = 10.0
STOP_LIMIT_S = 10.0
BLOCK_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it reached the app; all text is latin-1, a character a byte."""

    connection: int
    line: str
    headers: tuple[str, ...]
    """The header lines in order, as they came."""
    trailers: tuple[str, ...]
    body_bytes: int
    body_sha256: str
    body_beginning: str
    """The first 64 KiB."""
    body_state: str
    """"whole", "reading", or "broken" when the sender left in mid-body."""

    @property
    def target(self) -> str:
        """What stands between method and version."""
        return self.line.partition(" ")[2].rpartition(" ")[0]

    def values(self, name: str) -> list[str]:
        """Every value of one header, in order, upper and lower case alike."""
        pairs = [line.partition(":") for line in self.headers]
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """The connections that the app has seen."""

    total: int
    open: tuple[int, ...]


class Groupware:
    """
    A pretend groupware from `with` to the end of the block.

    Args:
        options: of the program, see `python tac/groupware --help`.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self.port = 0
        self.control_port = 0

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            [sys.executable, str(PROGRAM), "--until-stdin-closes", *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._child.stdout is not None
        words = self._child.stdout.readline().decode().split()
        if len(words) != 5:
            self.stop()
            raise AssertionError("the pretend groupware did not start")
        self.port, self.control_port = (int(words[place].rpartition(":")[2]) for place in (2, 4))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The child's process ID, to read its memory."""
        return self._child.pid

    def stop(self) -> None:
        """End it; what it complained of meanwhile is an error of the test."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        try:
            self._child.wait(STOP_LIMIT_S)
        finally:
            self._child.kill()
            self._child.wait()
            self._child.stdout.close()
            self._errors.seek(0)
            complaints = self._errors.read().decode("utf-8", "replace")
            self._errors.close()
        assert complaints == "", complaints

    def record(self, *, requests: int = 0, heads: int = 0, body_bytes: int = 0) -> list[Received]:
        """
        What was received since the last clearing, oldest first.

        Args:
            requests: wait until so many have come whole.
            heads: wait until the heads of so many have come.
            body_bytes: wait until so many bytes of bodies have come, all requests together.
        """
        wanted = urlencode({"requests": requests, "heads": heads, "bytes": body_bytes})
        answer = self._control("GET", f"/record?{wanted}")
        assert answer["enough"], f"waited in vain for {wanted}; came: {answer['requests']}"
        return [_received(entry) for entry in answer["requests"]]

    def clear(self) -> None:
        """Forget what was received, and take all faults back."""
        self._control("DELETE", "/record")
        self._control("DELETE", "/fault")

    def fault(self, kind: str, **details: object) -> None:
        """
        Spoil coming answers.

        Args:
            kind: "cut", "reset" or "silence" (after `after_bytes` of the answer, head
                included), "slow" (`seconds` before the first byte), "nonsense" (not HTTP), "raw"
                (the latin-1 text `raw` in place of the answer, `then` "cut", "reset", "silence"
                or "linger").
            details: also `path` (beginning of the raw target), `times` (1; 0 = for ever),
                `early` (strikes before the request's body is read).
        """
        self._control("PUT", "/fault", {"kind": kind, **details})

    def connections(self, *, still_open: int | None = None) -> Connections:
        """The connections so far; waits until so many are open, if asked to."""
        query = "" if still_open is None else f"?open={still_open}"
        answer = self._control("GET", f"/connections{query}")
        assert answer["enough"], f"waited in vain for {still_open} connections: {answer}"
        return Connections(total=answer["total"], open=tuple(answer["open"]))

    def refuse_connections(self) -> None:
        """Be down: the port is closed, open connections live on."""
        self._control("PUT", "/listening", {"open": False})

    def accept_connections(self) -> None:
        """Be up again, on the same port."""
        self._control("PUT", "/listening", {"open": True})

    def _control(self, method: str, path: str, order: object = None) -> Any:
        line = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=PATIENCE_S)
        try:
            line.request(method, path, body=None if order is None else json.dumps(order))
            answer = line.getresponse()
            content = json.loads(answer.read())
        finally:
            line.close()
        assert answer.status == 200, content
        return content


def _received(entry: dict[str, Any]) -> Received:
    body = entry["body"]
    return Received(
        connection=entry["connection"],
        line=entry["line"],
        headers=tuple(entry["headers"]),
        trailers=tuple(entry["trailers"]),
        body_bytes=body["bytes"],
        body_sha256=body["sha256"],
        body_beginning=body["beginning"],
        body_state=body["state"],
    )


def download_blocks(size: int) -> Iterator[bytes]:
    """What `/bench/download?bytes=N` has to send: SHA-256 of the block's number, repeated."""
    for number in range(-(-size // BLOCK_BYTES)):
        block = hashlib.sha256(number.to_bytes(8, "big")).digest() * (BLOCK_BYTES // 32)
        yield block[: size - number * BLOCK_BYTES]


def download_sha256(size: int) -> str:
    """The hash of such a download."""
    digest = hashlib.sha256()
    for block in download_blocks(size):
        digest.update(block)
    return digest.hexdigest()
