"""
The faces that browsers may meet the app by, and what each of them cannot keep.

`front` is the gateway itself; `streaming` and `site` are an `AppResource` in somebody else's
tree, in a `StreamingSite` and in an ordinary `Site` of twisted.web. A promise holds for every
face, or there is a `Difference`: then the test says what the face does instead, and
docs/embedding.md says it in the same words.
"""

from __future__ import annotations

import enum
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, ROOT, GatewayProcess, Setup
from tests.wire.door import Door
from tests.wire.signed_in import open_door

LIMIT_S = 2.0
"""What each face waits for the app: for the first byte, and between two pieces."""

HASTE = {
    "app": {"max_body": "200MB"},
    "app.timeouts": {"connect": "1s", "first_byte": "2s", "idle": "2s"},
}
LIMITS = {"connect_s": 1.0, "first_byte_s": LIMIT_S, "idle_s": LIMIT_S}
LIMITS["max_body_bytes"] = 200_000_000

COOKIE = "let-me-in"
"""Whoever has it, saying `yes`, passes the embedder's guard."""

PUBLIC = {"tcp": "http://localhost", "tls": f"https://{PUBLIC_NAME}"}

STOP_LIMIT_S = 15.0


class Difference(enum.StrEnum):
    """What an `AppResource` does otherwise than the front, as docs/embedding.md says it."""

    SPELLING_OF_ANSWERS = (
        "Names of answer fields reach the browser in twisted.web's spelling (`X-Dup` for `x-dUP`),"
        " repeated ones together."
    )
    SPELLING_OF_REQUESTS = "Names of request fields reach the app in twisted.web's spelling."
    BODY_FIRST = (
        "The app hears of a request only when its whole body has come. Until then twisted.web"
        " keeps it, of any size, in a temporary file."
    )
    INVITES_ALL = "`100 Continue` is said to everybody, before anybody is asked."
    NO_TUNNELS = "A WebSocket's handshake reaches the app as a plain GET, and nothing is upgraded."
    SHORT_HEADS = "A head above 16 KiB is refused."
    UNFOLDS = "Folded fields are accepted, and unfolded."
    OLD_STATUS_LINE = "A client of HTTP/1.0 is always closed, behind a status line of HTTP/1.0."
    BLIND_IN_A_PIPE = (
        "While more than 16 KiB of further requests wait in the pipe, a browser's leaving goes"
        " unnoticed."
    )
    FORGETS_WHO_HALF_CLOSES = (
        "A client that ends its half (FIN) behind its request gets no answer."
    )
    LOSES_WHAT_A_RESET_FOLLOWS = (
        "An app that answers in the midst of an upload and closes at once may be a 502: Twisted's"
        " transports drop what was not read when a write fails."
    )


EVERY_ANSWER = frozenset((Difference.SPELLING_OF_ANSWERS, Difference.LOSES_WHAT_A_RESET_FOLLOWS))
DIFFERENCES = {"front": frozenset(), "streaming": EVERY_ANSWER, "site": frozenset(Difference)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One way to the app."""

    name: str
    door: Door
    stranger_status: int
    """What somebody gets who is not signed in."""

    def differs(self, difference: Difference) -> bool:
        """Whether this face cannot keep the promise."""
        return difference in DIFFERENCES[self.name]


@contextmanager
def front_face(app: str, authority: Authority | None) -> Iterator[Face]:
    """The gateway itself."""
    leaf = None if authority is None else authority.issue(PUBLIC_NAME)
    with GatewayProcess(Setup(backend=app, leaf=leaf, extra=HASTE)) as gateway:
        door = open_door(gateway, None if authority is None else authority.certificate)
        yield Face(name="front", door=door, stranger_status=401)
        assert_quiet(gateway.log_text())


class Embedder:
    """The embedder's program as a child process; a context manager's inside."""

    def __init__(self, process: subprocess.Popen[str], authority: Authority) -> None:
        assert process.stdout is not None
        self._authority = authority
        self._process = process
        with process.stdout as output:
            self._ports: dict[str, int] = json.loads(output.readline())

    def face(self, name: str, way: str) -> Face:
        """A face of that name, `site` or `streaming`, by `tcp` or `tls`."""
        scheme, _, authority = PUBLIC[way].partition("://")
        cookie = f"{COOKIE}=yes".encode()
        proc = Path(f"/proc/{self._process.pid}")
        door = Door(
            port=self._ports[f"{name}-{way}"],
            authority=authority.encode(),
            scheme=scheme.encode(),
            tls=_trusting(self._authority) if way == "tls" else None,
            cookie=cookie,
            sign_in=lambda: cookie,
            rss_bytes=partial(_rss_bytes, proc),
            descriptors=lambda: len(os.listdir(proc / "fd")),
        )
        return Face(name=name, door=door, stranger_status=403)


@contextmanager
def embedder(app: str, authority: Authority) -> Iterator[Embedder]:
    """Run the program."""
    with tempfile.TemporaryDirectory() as directory:
        chain, key = authority.issue(PUBLIC_NAME).write(Path(directory))
        settings = {"app": app, "limits": LIMITS, "chain": str(chain), "key": str(key)}
        settings |= {"public": PUBLIC, "cookie": COOKIE}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.behaviour.embedder", json.dumps(settings)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        log: list[str] = []
        reading = threading.Thread(target=_drain, args=(process, log), daemon=True)
        reading.start()
        try:
            yield Embedder(process, authority)
        finally:
            process.send_signal(signal.SIGTERM)
            _wait_for(process)
            reading.join(STOP_LIMIT_S)
        assert_quiet("".join(log))


def _trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate.decode("ascii"))


def _wait_for(process: subprocess.Popen[str]) -> None:
    try:
        code = process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert code == 0, code


def _drain(process: subprocess.Popen[str], log: list[str]) -> None:
    assert process.stderr is not None
    with process.stderr as output:
        log.extend(output)


def _rss_bytes(proc: Path) -> int:
    return int((proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def assert_quiet(log: str) -> None:
    """No traceback is in the log after all that was done."""
    for word in ("Traceback", "Unhandled"):
        assert word not in log, log[-4000:]
