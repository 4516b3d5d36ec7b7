"""The program itself: how it starts, and that it never outlives who started it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.groupware.running import PROGRAM, STOP_LIMIT_S

READY = rb"listening on 127\.0\.0\.1:\d+ control 127\.0\.0\.1:\d+\n"
Child = subprocess.Popen[bytes]


def start(*options: str) -> Child:
    """Start the program with pipes."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def child() -> Iterator[Child]:
    """The program, started as a test does."""
    with start("--until-stdin-closes") as one:
        yield one
        one.kill()


def first_line(child: Child) -> bytes:
    """What it prints when it is ready."""
    assert child.stdout is not None
    return child.stdout.readline()


def test_one_line_tells_both_ports(child: Child) -> None:
    """Whoever starts it reads where it listens."""
    assert re.fullmatch(READY, first_line(child))


def test_it_ends_with_its_stdin(child: Child) -> None:
    """A test that dies leaves no orphan behind."""
    first_line(child)
    assert child.stdin is not None

    child.stdin.close()

    assert child.wait(STOP_LIMIT_S) == 0


def test_it_ends_on_sigterm_without_a_word(child: Child) -> None:
    """Stopping it is no error."""
    first_line(child)

    child.send_signal(signal.SIGTERM)

    assert child.wait(STOP_LIMIT_S) == 0
    assert child.stderr is not None
    assert child.stderr.read() == b""


def test_a_wrong_option_is_told(child: Child) -> None:
    """A slip on the command line ends at once with a sentence."""
    with start("--sign-in", "magic") as wrong:
        assert wrong.wait(STOP_LIMIT_S) == 2
        assert wrong.stderr is not None
        assert b"--sign-in" in wrong.stderr.read()
