"""The WebSocket echo, spoken to in raw frames (RFC 6455)."""

from __future__ import annotations

import struct

import pytest

from tests.groupware.running import Groupware
from tests.instruments.raw_client import Ending, RawClient

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # for this key, RFC 6455 §1.3
MASK = b"\x01\x02\x03\x04"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def handshake(client: RawClient, *lines: bytes, target: bytes = b"/bench/socket") -> bytes:
    """Ask for the upgrade; gives the answer's head."""
    head = [
        b"GET " + target + b" HTTP/1.1",
        b"Host: app.example",
        b"Upgrade: websocket",
        b"Connection: keep-alive, Upgrade",
        b"Sec-WebSocket-Key: " + KEY,
        b"Sec-WebSocket-Version: 13",
        *lines,
    ]
    client.send(b"\r\n".join([*head, b"", b""]))
    return client.read_head()


def frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    """A masked frame, as clients send them."""
    first = (0x80 if is_last else 0) | opcode
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0xFE)) + struct.pack(">H", size)
    else:
        head = bytes((first, 0xFF)) + struct.pack(">Q", size)
    masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return head + MASK + masked


def read_frame(client: RawClient) -> tuple[int, bytes]:
    """Opcode and payload of the next frame."""
    first, size = client.read_exactly(2)
    if size == 126:
        (size,) = struct.unpack(">H", client.read_exactly(2))
    elif size == 127:
        (size,) = struct.unpack(">Q", client.read_exactly(8))
    return first & 0x0F, client.read_exactly(size)


def test_the_handshake_proves_that_the_key_was_read(client: RawClient) -> None:
    """101 with the accept value of the RFC's example, and the first offered subprotocol."""
    head = handshake(client, b"Sec-WebSocket-Protocol: chat, other")

    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n" in head
    assert b"Sec-WebSocket-Protocol: chat\r\n" in head


@pytest.mark.parametrize(
    ("opcode", "message"),
    [(TEXT, "こんにちは".encode()), (BINARY, bytes(range(256)) * 2), (BINARY, b"\0\xff" * 50000)],
    ids=["text", "binary", "big"],
)
def test_messages_come_back(client: RawClient, opcode: int, message: bytes) -> None:
    """Text and binary, in each of the three ways to write a length."""
    handshake(client)
    client.send(frame(opcode, message))

    assert read_frame(client) == (opcode, message)


def test_fragments_are_joined_around_a_ping(client: RawClient) -> None:
    """A ping between two fragments is answered first."""
    handshake(client)
    client.send(frame(TEXT, b"ab", is_last=False), frame(PING, b"?"), frame(0, b"cd"))

    assert [read_frame(client), read_frame(client)] == [(PONG, b"?"), (TEXT, b"abcd")]


def test_the_app_can_ping(client: RawClient) -> None:
    """A pong is reported back as text."""
    handshake(client, target=b"/bench/socket?ping=1")
    opcode, payload = read_frame(client)
    client.send(frame(PONG, payload))

    assert opcode == PING
    assert read_frame(client) == (TEXT, b"pong: are you there")


def test_a_close_code_is_echoed(client: RawClient) -> None:
    """The browser's close code and reason come back, then the connection ends."""
    handshake(client)
    client.send(frame(CLOSE, struct.pack(">H", 4000) + b"bye"))

    assert read_frame(client) == (CLOSE, struct.pack(">H", 4000) + b"bye")
    assert client.rest() == (b"", Ending.CLOSED)


def test_the_app_can_close_with_a_code(client: RawClient) -> None:
    """The app may end the conversation first."""
    handshake(client, target=b"/bench/socket?close=4001")

    assert read_frame(client) == (CLOSE, struct.pack(">H", 4001) + b"as asked")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (frame(TEXT, b"\xff"), 1007),
        (b"\x81\x01a", 1002),
        (frame(0, b"a"), 1002),
        (b"\xc1\x80" + MASK, 1002),
        (b"\x82\xff" + struct.pack(">Q", 1 << 40) + MASK, 1009),
    ],
    ids=["not-utf-8", "unmasked", "lonely-continuation", "reserved-bit", "too-big"],
)
def test_wrong_frames_end_the_conversation(client: RawClient, wrong: bytes, code: int) -> None:
    """Each fault has its close code."""
    handshake(client)
    client.send(wrong)

    assert read_frame(client) == (CLOSE, struct.pack(">H", code))


def test_another_origin_is_refused(client: RawClient) -> None:
    """The app compares Origin with Host, so a proxy must keep both."""
    own = handshake(client, b"Origin: https://app.example")
    with RawClient(client.sock.getpeername()[1]) as other:
        foreign = handshake(other, b"Origin: https://evil.example")

    assert (own[9:12], foreign[9:12]) == (b"101", b"403")


def test_a_plain_request_is_told_to_upgrade(groupware: Groupware, client: RawClient) -> None:
    """426, and HTTP goes on."""
    assert client.ask(b"GET /bench/socket HTTP/1.1\r\n\r\n").status == 426
    assert client.ask(b"GET /bench/empty HTTP/1.1\r\n\r\n").status == 204
