"""WebSocket messages: 64 browsers, each sending the next when the last has come back."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time

from benchmarks.far_end import CLIENT_FRAME, SERVER_FRAME
from benchmarks.load import LoadError
from benchmarks.measures.visitor import answer_head, connect, head
from benchmarks.subjects.subject import Running

BROWSERS = 64
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455 1.3: the sample nonce."""


def measure(running: Running, *, seconds: int) -> dict[str, float]:
    """
    Messages that were carried, both ways counted, and what each cost the proxy.

    Raises:
        LoadError: a tunnel was refused or broke.
    """
    with contextlib.ExitStack() as opened:
        browsers = [_join(running, opened) for _ in range(BROWSERS)]
        used, begun = running.cpu_s(), time.monotonic()
        messages = 2 * _exchange(browsers, until=begun + seconds)
        used, took = running.cpu_s() - used, time.monotonic() - begun
    return {"messages_per_s": messages / took, "cpu_us": used / messages * 1e6}


def _join(running: Running, opened: contextlib.ExitStack) -> socket.socket:
    browser = opened.enter_context(contextlib.closing(connect(running)))
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    browser.sendall(head(running, "GET", "/echo", *upgrade, f"Sec-WebSocket-Key: {KEY}"))
    front, _ = answer_head(browser)
    if b" 101 " not in front[:14]:
        raise LoadError(f"no WebSocket: {front[:60]!r}")
    return browser


def _exchange(browsers: list[socket.socket], *, until: float) -> int:
    """How many messages came back."""
    came = 0
    with selectors.EpollSelector() as selector:
        for browser in browsers:
            selector.register(browser, selectors.EVENT_READ)
            browser.sendall(CLIENT_FRAME)
        while time.monotonic() < until:
            ready = selector.select(timeout=1.0)
            if not ready:
                raise LoadError("a WebSocket message did not come back within a second")
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                _turn(key.fileobj)
            came += len(ready)
    return came


def _turn(browser: socket.socket) -> None:
    """Read the message that is there and send the next."""
    seen = browser.recv(65536)
    if len(seen) != len(SERVER_FRAME):
        raise LoadError(f"not the message that was sent: {seen[:20]!r}")
    browser.sendall(CLIENT_FRAME)
