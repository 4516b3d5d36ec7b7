"""A server that says what a test wants, whatever it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def talker(*lines: bytes, then: Callable[[socket.socket], object] | None = None) -> Iterator[int]:
    """A server that says the given lines, one for each line it hears, and then listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    connections: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):  # whoever is left hears of it as an error
            connection, _ = listener.accept()
            connections.append(connection)
            with connection, connection.makefile("rb") as file:
                for number, line in enumerate(lines):
                    if number:
                        file.readline()
                    connection.sendall(line)
                if then is not None:
                    then(connection)
                while file.readline():
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        for connection in connections:
            with suppress(OSError):  # it may have ended
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)
