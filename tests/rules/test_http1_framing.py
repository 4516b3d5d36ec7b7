"""Where a request's body ends, and what else its fields say about the connection."""

from __future__ import annotations

import pytest

from gateway.rules.http1 import (
    CHUNKED_BODY,
    NO_BODY,
    BadMessageError,
    BodyKind,
    Framing,
    parse_request,
)

GET = b"GET / HTTP/1.1\r\nHost: gw"


def with_fields(*lines: bytes) -> bytes:
    """A plain GET with more field lines."""
    return b"\r\n".join([GET, *lines])


def status_of(head: bytes) -> int:
    """The status with which a head is refused."""
    with pytest.raises(BadMessageError) as caught:
        parse_request(head)
    return caught.value.status


def accepts(head: bytes) -> bool:
    """Whether a head is understood."""
    try:
        parse_request(head)
    except BadMessageError:
        return False
    return True


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), NO_BODY),
        ((b"Content-Length: 0",), Framing(BodyKind.LENGTH, 0)),
        ((b"Content-Length: 5",), Framing(BodyKind.LENGTH, 5)),
        ((b"Content-Length: 5 ",), Framing(BodyKind.LENGTH, 5)),
        ((b"content-length:\t0005",), Framing(BodyKind.LENGTH, 5)),
        ((b"Content-Length: 999999999999999",), Framing(BodyKind.LENGTH, 10**15 - 1)),
        ((b"Transfer-Encoding: chunked",), CHUNKED_BODY),
        ((b"Transfer-Encoding: CHUNKED",), CHUNKED_BODY),
        ((b"tRANSFER-eNCODING:\tchunked\t",), CHUNKED_BODY),
    ],
)
def test_framing(lines: tuple[bytes, ...], expected: Framing) -> None:
    """A length or chunks tell where a body ends; without them there is none, GET or POST."""
    for method in (b"GET", b"POST"):
        head = parse_request(b"\r\n".join([method + b" / HTTP/1.1", b"Host: gw", *lines]))

        assert expected == head.block.framing


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((b"Content-Length: 5", b"Transfer-Encoding: chunked"), 400),
        ((b"Transfer-Encoding: chunked", b"Content-Length: 5"), 400),
        ((b"Transfer-Encoding: chunked", b"Content-Length:"), 400),
        ((b"transfer-encoding: Chunked", b"CONTENT-LENGTH: 0"), 400),
        ((b"Content-Length: 5", b"Content-Length: 5"), 400),
        ((b"Content-Length: 5", b"Content-Length: 6"), 400),
        ((b"Content-Length: 5, 5",), 400),
        ((b"Content-Length: +5",), 400),
        ((b"Content-Length: -1",), 400),
        ((b"Content-Length: -1234",), 400),
        ((b"Content-Length: -" + b"9" * 40,), 400),
        ((b"Content-Length: 0x5",), 400),
        ((b"Content-Length: 0_5",), 400),
        ((b"Content-Length: 5 5",), 400),
        ((b"Content-Length: 5.0",), 400),
        ((b"Content-Length: 5;",), 400),
        ((b"Content-Length:",), 400),
        ((b"Content-Length: abc",), 400),
        ((b"Content-Length: \xb2",), 400),
        ((b"Content-Length: \xef\xbc\x95",), 400),
        ((b"Content-Length: \x0b5",), 400),
        ((b"Content-Length: 1000000000000000",), 413),
        ((b"Content-Length: " + b"9" * 20,), 413),
        ((b"Content-Length: " + b"9" * 5000,), 413),
        ((b"Transfer-Encoding:",), 400),
        ((b"Transfer-Encoding: xchunked",), 400),
        ((b"Transfer-Encoding: chunked, chunked",), 400),
        ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
        ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), 400),
        ((b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"), 400),
        ((b"Transfer-Encoding: gzip, chunked",), 400),
        ((b"Transfer-Encoding: chunked, identity",), 400),
        ((b"Transfer-Encoding: chunked,",), 400),
        ((b"Transfer-Encoding: ,chunked",), 400),
        ((b"Transfer-Encoding: chunked;x=1",), 400),
        ((b'Transfer-Encoding: "chunked"',), 400),
        ((b"Transfer-Encoding: identity",), 400),
        ((b"Transfer-Encoding: identity", b"Content-Length: 5"), 400),
        ((b"Transfer-Encoding: gzip",), 400),
        ((b"Transfer-Encoding: chun ked",), 400),
        ((b"Transfer-Encoding: \xa0chunked",), 400),
        ((b"Transfer-Encoding: chun\xc3\xa4ked",), 400),
    ],
)
def test_framing_refused(lines: tuple[bytes, ...], status: int) -> None:
    """Whatever leaves a doubt about where the body ends is refused."""
    assert status == status_of(with_fields(*lines))


def test_chunked_in_http_1_0_refused() -> None:
    """HTTP/1.0 knows no Transfer-Encoding: 400."""
    assert status_of(b"POST / HTTP/1.0\r\nHost: gw\r\nTransfer-Encoding: chunked") == 400


# The smuggler's spellings of Transfer-Encoding

BYTES = [bytes([each]) for each in b"\x01\x04\x08\x09\x0a\x0b\x0c\x0d\x1f\x20\x7f\xa0\xff"]
FIXED = [
    b" Transfer-Encoding: chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding\t:\tchunked",
    b"Transfer-Encoding : chunked",
]


def spellings() -> list[bytes]:
    """Every way of the table to write a Transfer-Encoding that only some would read."""
    found = list(FIXED)
    for each in BYTES:
        found += [
            b"Transfer-Encoding:" + each + b"chunked",
            b"Transfer-Encoding" + each + b": chunked",
            each + b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: chunked" + each,
        ]
        for around in (each, b"\r" + each, each + b"\n"):
            found += [
                b"X: y" + around + b"Transfer-Encoding: chunked",
                b"Transfer-Encoding: chunked" + around + b"X: y",
            ]
    return found


@pytest.mark.parametrize("spelling", spellings())
def test_smuggled_transfer_encoding(spelling: bytes) -> None:
    """However Transfer-Encoding is disguised, beside a length it is refused or is plain text."""
    head = with_fields(b"Content-Length: 4", spelling)

    if accepts(head):
        block = parse_request(head).block
        assert Framing(BodyKind.LENGTH, 4) == block.framing
        assert not [name for name, _ in block.fields if b"encoding" in name.lower()]
        assert b"\r" not in spelling
        assert b"\n" not in spelling


@pytest.mark.parametrize("spelling", spellings())
def test_disguised_transfer_encoding_alone(spelling: bytes) -> None:
    """Without a length it is read as chunks only in the one plain spelling."""
    head = with_fields(spelling)

    if accepts(head) and parse_request(head).block.framing is not NO_BODY:
        lines = [line.split(b":") for line in spelling.split(b"\r\n")]
        assert [b"Transfer-Encoding", b"chunked"] in [
            [name, value.strip(b" \t")] for name, value in lines
        ]


# Expect, Connection, Upgrade, Cookie


def test_expect() -> None:
    """A request that waits for 100 Continue is known as such, in any case."""
    assert parse_request(with_fields(b"Expect: 100-Continue")).expects_continue
    assert not parse_request(GET).expects_continue


@pytest.mark.parametrize("value", [b"", b"200-ok", b"100-continue, x", b"100-continue;q=1"])
def test_other_expectations_refused(value: bytes) -> None:
    """Any expectation but 100-continue is answered with 417."""
    assert status_of(with_fields(b"Expect: " + value)) == 417


def test_expect_in_http_1_0_ignored() -> None:
    """HTTP/1.0 knows no 100 Continue: the expectation is ignored."""
    assert not parse_request(b"PUT / HTTP/1.0\r\nExpect: 100-continue").expects_continue


@pytest.mark.parametrize(
    ("version", "lines", "expected"),
    [
        (b"1.1", (), True),
        (b"1.1", (b"Connection: keep-alive",), True),
        (b"1.1", (b"Connection: close",), False),
        (b"1.1", (b"Connection: Close",), False),
        (b"1.1", (b"Connection: close, foo",), False),
        (b"1.1", (b"Connection: foo ,\tclose",), False),
        (b"1.1", (b"Connection: foo", b"Connection: close"), False),
        (b"1.1", (b"Connection: keep-alive, close",), False),
        (b"1.1", (b"Connection: closed",), True),
        (b"1.0", (), False),
        (b"1.0", (b"Connection: Keep-Alive",), True),
        (b"1.0", (b"Connection: keep-alive, close",), False),
    ],
)
def test_persistence(version: bytes, lines: tuple[bytes, ...], expected: bool) -> None:
    """Connection is read as a list, over all its lines."""
    head = b"\r\n".join([b"GET / HTTP/" + version, b"Host: gw", *lines])

    assert expected is parse_request(head).is_persistent


def test_nominated() -> None:
    """The names in Connection are known in lower case, empty members left out."""
    block = parse_request(with_fields(b"Connection: X-A, ,x-b", b"connection: keep-alive")).block

    assert {b"x-a", b"x-b", b"keep-alive"} == block.nominated


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((b"Connection: Upgrade", b"Upgrade: websocket"), True),
        ((b"Connection: keep-alive, upgrade", b"Upgrade: WebSocket"), True),
        ((b"Upgrade: websocket",), False),
        ((b"Connection: keep-alive", b"Upgrade: websocket"), False),
        ((b"Connection: Upgrade",), False),
        ((b"Connection: Upgrade", b"Upgrade: h2c"), False),
        ((b"Connection: Upgrade", b"Upgrade: websocket, h2c"), False),
        ((b"Connection: Upgrade", b"Upgrade: websocket", b"Upgrade: h2c"), False),
        ((b"Connection: Upgrade", b"Upgrade: websocket/13"), False),
        ((b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 5"), False),
        ((b"Connection: Upgrade", b"Upgrade: websocket", b"Transfer-Encoding: chunked"), False),
    ],
)
def test_websocket(lines: tuple[bytes, ...], expected: bool) -> None:
    """Only a GET without body that asks for WebSocket and nothing else may become a tunnel."""
    assert expected is parse_request(with_fields(*lines)).is_websocket


@pytest.mark.parametrize("line", [b"POST / HTTP/1.1", b"GET / HTTP/1.0"])
def test_websocket_needs_get_and_1_1(line: bytes) -> None:
    """An upgrade by POST or in HTTP/1.0 is none."""
    head = line + b"\r\nHost: gw\r\nConnection: Upgrade\r\nUpgrade: websocket"

    assert not parse_request(head).is_websocket


def test_cookies() -> None:
    """All Cookie fields are found, in order and in any case."""
    block = parse_request(with_fields(b"Cookie: a=1; b=2", b"cookie:c=3", b"X-Cookie: d")).block

    assert [b"a=1; b=2", b"c=3"] == block.cookies.values
