"""
What a connection costs that does nothing: staff who have the groupware open all day.

Each has made one request, so that it is past whatever is allocated late. They come from many
addresses of 127.0.0.0/8, for limits per client address and for the range of ports.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator

from benchmarks.load import LoadError
from benchmarks.measures.visitor import answer_head, connect, head
from benchmarks.subjects.subject import Running

CONNECTIONS = 10_000
FROM_EACH_ADDRESS = 50
SPARE_DESCRIPTORS = 200
SETTLE_S = 1.0
ANSWER_BYTES = 1024


def measure(running: Running, *, connections: int = CONNECTIONS) -> dict[str, float]:
    """
    Memory of each of so many idle connections, or of as many as this machine lets us open.

    Raises:
        LoadError: one was refused.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(connections, most - SPARE_DESCRIPTORS)
    with contextlib.ExitStack() as opened:
        _open(running, FROM_EACH_ADDRESS, opened)
        before = running.resident_bytes()
        idle = list(_open(running, wanted, opened))
        time.sleep(SETTLE_S)
        after = running.resident_bytes()
        alive = sum(_is_open(each) for each in idle)
    if alive < wanted:
        raise LoadError(f"only {alive} of {wanted} idle connections were kept")
    return {"connections": alive, "kib_each": (after - before) / alive / 1024}


def _open(running: Running, count: int, opened: contextlib.ExitStack) -> list[socket.socket]:
    return [_visit(running, source, opened) for source in _sources(count)]


def _visit(running: Running, source: str, opened: contextlib.ExitStack) -> socket.socket:
    connection = opened.enter_context(contextlib.closing(connect(running, source=source)))
    connection.sendall(head(running, "GET", "/1k/mail/index.cgi"))
    _, rest = answer_head(connection)
    while len(rest) < ANSWER_BYTES:
        rest += connection.recv(65536)
    return connection


def _sources(count: int) -> Iterator[str]:
    for number in range(count):
        upper, lower = divmod(number // FROM_EACH_ADDRESS, 250)
        yield f"127.1.{upper}.{lower + 1}"


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)  # noqa: FBT003 - the socket's own spelling
    try:
        return bool(socket.socket.recv(connection, 1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False
