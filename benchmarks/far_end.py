"""
The app that talks back: echoes WebSocket frames, takes uploads slowly, sends large files.

`python -m benchmarks.far_end PORT`. One thread for each connection that uploads or downloads;
all WebSockets on one selector, since their cost is what the load's core can give. It knows
only our own load: frames of one size, masked with zeros, in lock-step.
"""

from __future__ import annotations

import base64
import hashlib
import selectors
import socket
import sys
import threading
import time

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 1.3."""

MESSAGE = b"m" * 100
"""What each message carries: a notification of a groupware or a keystroke of an editor."""

CLIENT_FRAME = bytes([0x81, 0x80 | len(MESSAGE)]) + bytes(4) + MESSAGE
"""Masked as RFC 6455 5.3 demands, with a key of zeros, which changes nothing."""
SERVER_FRAME = bytes([0x81, len(MESSAGE)]) + MESSAGE

UPLOAD_BYTES_PER_S = 20e6
PIECE = bytes(64 * 1024)


class Echo(threading.Thread):
    """All WebSockets."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._selector = selectors.EpollSelector()

    def take(self, connection: socket.socket) -> None:
        """Echo on this one too."""
        self._selector.register(connection, selectors.EVENT_READ)

    def run(self) -> None:
        """For ever."""
        while True:
            for key, _ in self._selector.select(timeout=0.1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        try:
            seen = connection.recv(65536)
            if seen:
                connection.sendall(SERVER_FRAME * (len(seen) // len(CLIENT_FRAME)))
                return
        except OSError:
            seen = b""
        self._selector.unregister(connection)
        connection.close()


def serve(connection: socket.socket, echo: Echo) -> None:
    """One connection, request after request."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    seen = b""
    try:
        while True:
            while b"\r\n\r\n" not in seen:
                piece = connection.recv(65536)
                if not piece:
                    return
                seen += piece
            head, _, seen = seen.partition(b"\r\n\r\n")
            fields = _fields(head)
            if b"sec-websocket-key" in fields:
                connection.sendall(_welcome(fields[b"sec-websocket-key"]))
                echo.take(connection)
                return
            seen = _answer(connection, head, fields, seen)
    except OSError:
        connection.close()


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in lines}


def _welcome(key: bytes) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + MAGIC, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _answer(
    connection: socket.socket, head: bytes, fields: dict[bytes, bytes], seen: bytes
) -> bytes:
    """Take the body at our pace; then say how much came, or send as much as the path says."""
    expected = int(fields.get(b"content-length", b"0"))
    came = len(seen)
    begun = time.monotonic()
    while came < expected:
        came += len(connection.recv(min(len(PIECE), expected - came)))
        ahead_s = came / UPLOAD_BYTES_PER_S - (time.monotonic() - begun)
        if ahead_s > 0:
            time.sleep(ahead_s)
    target = head.split(b" ", 2)[1]
    if target.startswith(b"/bytes/"):
        _send_file(connection, int(target.rpartition(b"/")[2]))
    else:
        told = b"%d" % came if expected else b"x" * 1024
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
    return b""


def _send_file(connection: socket.socket, size: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    for _ in range(size // len(PIECE)):
        connection.sendall(PIECE)
    connection.sendall(PIECE[: size % len(PIECE)])


def main(port: str) -> None:
    """Serve until the process is ended."""
    echo = Echo()
    echo.start()
    with socket.create_server(("127.0.0.1", int(port)), backlog=1024) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection, echo), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
