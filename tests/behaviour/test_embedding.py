"""docs/embedding.md: its example runs, and it tells every difference."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.behaviour.faces import DIFFERENCES, Difference
from tests.instruments.gateway_process import ROOT, free_port
from tests.instruments.raw_app import RawApp, answer
from tests.instruments.raw_client import RawClient

PAGE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
PATIENCE_S = 20.0


def test_every_difference_is_told() -> None:
    """What a face does otherwise than the gateway stands in the documentation, word for word."""
    told = " ".join(PAGE.split())

    assert [] == [each for each in Difference if each not in told]


def test_every_difference_is_shown() -> None:
    """And each of them is shown by a test."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert [] == [each.name for each in Difference if f"Difference.{each.name}" not in tests]
    assert frozenset(Difference) == frozenset().union(*DIFFERENCES.values())


def test_the_example_runs(app: RawApp, tmp_path: Path) -> None:
    """The example is a program: the app for whom it lets in, its own page for everybody."""
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    port, file = free_port(), tmp_path / "www.tac"
    code = code.replace("http://127.0.0.1:8000", app.url).replace("8080", str(port))
    file.write_text(code, encoding="utf-8")
    app.play(b"/a", [answer(b"the app")])
    twistd = str(Path(sys.executable).parent / "twistd")
    process = subprocess.Popen(
        [twistd, "--nodaemon", "--pidfile=", "--logfile=twistd.log", f"--python={file}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        _wait_until_it_listens(port)
        stranger, guest, page = (
            _ask(port, fields, target)
            for fields, target in (
                (b"", b"/a"),
                (b"Cookie: let-me-in=yes\r\n", b"/a"),
                (b"", b"/about"),
            )
        )
    finally:
        process.terminate()
        process.wait(PATIENCE_S)

    assert (403, b"the app", b"a page of ours\n") == (stranger[0], guest[1], page[1])


def _wait_until_it_listens(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
        else:
            return
    raise AssertionError("the example never listened")


def _ask(port: int, fields: bytes, target: bytes) -> tuple[int, bytes]:
    with RawClient(port) as client:
        head = b"GET %b HTTP/1.1\r\nHost: localhost:%d\r\n%b\r\n" % (target, port, fields)
        seen = client.ask(head)
    return seen.status, seen.body
