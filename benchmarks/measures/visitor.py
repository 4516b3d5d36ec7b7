"""A browser's connection as the measures use it: opened, signed in, kept."""

from __future__ import annotations

import socket
import ssl
from functools import lru_cache
from pathlib import Path

from benchmarks.load import LoadError
from benchmarks.stage import HOST
from benchmarks.subjects.subject import Running

PATIENCE_S = 30.0


def connect(running: Running, *, source: str = "127.0.0.1") -> socket.socket:
    """A connection from that address of this machine; over TLS with a handshake of its own."""
    address = ("127.0.0.1", running.place.port)
    plain = socket.create_connection(address, timeout=PATIENCE_S, source_address=(source, 0))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not running.place.is_tls:
        return plain
    trusted = _trusting(running.place.stage.certificate)
    return trusted.wrap_socket(plain, server_hostname=HOST)


@lru_cache(1)
def _trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def head(running: Running, method: str, path: str, *fields: str) -> bytes:
    """A request's head, signed in."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {HOST}:{running.place.port}",
        f"Origin: {running.url}",
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        "Accept: */*",
        f"Cookie: {running.cookie}; lang=ja",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """
    The head of an answer, and what of its body came along.

    Raises:
        LoadError: there is none.
    """
    seen = b""
    while b"\r\n\r\n" not in seen:
        piece = connection.recv(65536)
        if not piece:
            raise LoadError(f"no answer but {seen[:80]!r}")
        seen += piece
    front, _, rest = seen.partition(b"\r\n\r\n")
    return front, rest
