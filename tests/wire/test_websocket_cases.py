"""
WebSockets from end to end, both ends somebody else's: the `websockets` package, and kosoku.

The gateway reads no frame: to both ends it must be as if it were not there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.wire.conftest import assert_quiet
from tests.wire.door import Door
from tests.wire.echo_app import BLOCK, GOODBYE, EchoApp
from tests.wire.signed_in import open_door

MIB = 1 << 20
GROWTH_LIMIT = 32 * MIB
SUITE_AT_ONCE = 8
SLOW_CASES = ["9.*", "12.*", "13.*"]
"""kosoku's cases of size and compression: four minutes, and bytes are bytes."""


@pytest.fixture(scope="module")
def echo_app() -> Iterator[EchoApp]:
    """The app."""
    with EchoApp() as app:
        yield app


@pytest.fixture(scope="module")
def plain_door(echo_app: EchoApp) -> Iterator[Door]:
    """A gateway in front of it, and somebody signed in."""
    with GatewayProcess(Setup(backend=echo_app.url)) as gateway:
        yield open_door(gateway)
        assert_quiet(gateway)


@pytest.fixture(scope="module")
def secure_door(echo_app: EchoApp, authority: Authority) -> Iterator[Door]:
    """The same on https."""
    setup = Setup(backend=echo_app.url, leaf=authority.issue(PUBLIC_NAME))
    with GatewayProcess(setup) as gateway:
        yield open_door(gateway, authority.certificate)
        assert_quiet(gateway)


@pytest.fixture(params=["plain_door", "secure_door"], ids=["ws", "wss"])
def any_door(request: pytest.FixtureRequest) -> Door:
    """Without and with TLS."""
    chosen: Door = request.getfixturevalue(request.param)
    return chosen


def opened(door: Door, path: str, **wishes: Any) -> connect:
    """A WebSocket of somebody who is signed in."""
    scheme = "ws" if door.tls is None else "wss"
    return connect(
        f"{scheme}://{door.authority.decode()}{path}",
        host="127.0.0.1",
        port=door.port,
        ssl=door.tls,
        origin=Origin(door.origin.decode()),
        additional_headers={"Cookie": door.cookie.decode()},
        max_size=None,
        ping_interval=None,
        proxy=None,
        **wishes,
    )


def run(work: Coroutine[Any, Any, None]) -> None:
    """Let the browser's side run to its end."""
    asyncio.run(work)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 3000, 4999])
def test_app_closes(any_door: Door, code: int) -> None:
    """Every code with which an app may close arrives, with its reason."""

    async def browse() -> None:
        async with opened(any_door, f"/close?{code}") as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert (code, GOODBYE) == (socket.close_code, socket.close_reason)

    run(browse())


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1008, 3999, 4000])
def test_browser_closes(echo_app: EchoApp, plain_door: Door, code: int) -> None:
    """Every code with which a browser may close arrives, with the longest reason there is."""
    reason = f"{code}".ljust(123, "x")

    async def browse() -> None:
        async with opened(plain_door, "/echo") as socket:
            await socket.close(code, reason)

    run(browse())

    assert echo_app.was_closed_with(code, reason)


def test_sizes(any_door: Door) -> None:
    """Messages of the sizes at which frames change their form, and of 1 MiB, pass whole."""
    sizes = [0, 1, 125, 126, 127, 65_535, 65_536, MIB - 1, MIB, MIB + 1]

    async def browse() -> None:
        async with opened(any_door, "/echo", compression=None) as socket:
            for size in sizes:
                message = (BLOCK * (size // len(BLOCK) + 1))[:size]
                await socket.send(message)
                assert message == await socket.recv()

    run(browse())


def test_many_mebibytes(any_door: Door) -> None:
    """Sixteen frames of 1 MiB, all on their way at once, come back in order."""
    frames = [bytes([number]) * MIB for number in range(16)]

    async def browse() -> None:
        async with opened(any_door, "/echo", compression=None) as socket:
            sending = asyncio.create_task(send_all(socket, frames))
            assert frames == [await socket.recv() for _ in frames]
            await sending

    run(browse())


async def send_all(socket: ClientConnection, messages: list[bytes]) -> None:
    """Send one after the other."""
    for message in messages:
        await socket.send(message)


def test_fragments(any_door: Door) -> None:
    """A message in a thousand frames is one message, either way, with a ping in the midst."""

    async def browse() -> None:
        async with opened(any_door, "/fragments", compression=None) as socket:
            pong = await socket.ping()
            await socket.send(BLOCK[at : at + 64] for at in range(0, 64_000, 64))
            await pong
            back = [each async for each in socket.recv_streaming()]
            assert [1000] * 64 + [0] == [len(piece) for piece in back]
            assert BLOCK[:64_000] == b"".join(map(bytes_of, back))

    run(browse())


def bytes_of(piece: str | bytes) -> bytes:
    """A piece of a binary message."""
    assert isinstance(piece, bytes)
    return piece


def test_text(plain_door: Door) -> None:
    """Text of every plane passes, and stays text."""
    words = ["日本語", "🖋️", "\x00\x7f", "é" * 70_000, ""]

    async def browse() -> None:
        async with opened(plain_door, "/echo") as socket:
            for word in words:
                await socket.send(word)
                assert word == await socket.recv()

    run(browse())


def test_pings(any_door: Door) -> None:
    """Pings of both sides are answered by the other side, not by the gateway."""

    async def browse() -> None:
        async with opened(any_door, "/ping") as socket:
            assert "answered" == await socket.recv()
            for number in range(20):
                await (await socket.ping(b"%d" % number))

    run(browse())


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(None, None), (["chat.v1"], "chat.v1"), (["x", "chat.v1", "chat.v2"], "chat.v2")],
)
def test_subprotocols(plain_door: Door, offered: list[str] | None, chosen: str | None) -> None:
    """What the browser offers reaches the app, and what it chooses the browser."""

    async def browse() -> None:
        wishes = None if offered is None else [Subprotocol(each) for each in offered]
        async with opened(plain_door, "/echo", subprotocols=wishes) as socket:
            assert chosen == socket.subprotocol

    run(browse())


@pytest.mark.parametrize("compression", ["deflate", None])
def test_compression(any_door: Door, compression: str | None) -> None:
    """Compression is between the two ends, if they want it."""

    async def browse() -> None:
        async with opened(any_door, "/echo", compression=compression) as socket:
            assert (compression is not None) == bool(socket.protocol.extensions)
            for _ in range(3):
                await socket.send(b"groupware " * 50_000)
                assert b"groupware " * 50_000 == await socket.recv()

    run(browse())


def test_fifty_at_once(any_door: Door) -> None:
    """Fifty sockets of one person talk at once, and none hears another's words."""

    async def talk(number: int) -> None:
        async with opened(any_door, f"/echo?{number}") as socket:
            for turn in range(20):
                await socket.send(f"{number} {turn}")
                assert f"{number} {turn}" == await socket.recv()

    async def browse() -> None:
        await asyncio.gather(*map(talk, range(50)))

    run(browse())


def test_flood_both_ways(echo_app: EchoApp, any_door: Door) -> None:
    """48 MiB each way at once, the browser slow to begin reading: all arrives, memory is flat."""
    count = 48 * MIB // len(BLOCK)
    said, before = f"{count}&{any_door.port}", any_door.rss_bytes()
    peaks = []

    async def browse() -> None:
        digest = hashlib.sha256()
        async with opened(any_door, f"/flood?{said}", compression=None) as socket:
            await send_all(socket, [BLOCK] * count)
            await socket.send("all")
            peaks.append(any_door.rss_bytes())
            async for message in socket:
                if isinstance(message, str):
                    assert str(count * len(BLOCK)) == message
                    break
                digest.update(message)
        peaks.append(any_door.rss_bytes())
        assert hashlib.sha256(BLOCK * count).digest() == digest.digest()

    run(browse())

    assert max(peaks) - before < GROWTH_LIMIT


def test_strangers_get_nothing(echo_app: EchoApp, plain_door: Door) -> None:
    """Without a session no frame reaches the app."""
    before = echo_app.opened

    async def browse() -> None:
        address = f"ws://{plain_door.authority.decode()}/echo"
        with pytest.raises(Exception, match="401"):
            await connect(address, origin=Origin(plain_door.origin.decode()), proxy=None)

    run(browse())

    assert before == echo_app.opened


def test_whole_suite_as_if_we_were_not_there(echo_app: EchoApp, plain_door: Door) -> None:
    """Autobahn's cases end the same through the gateway and straight at the app."""
    kosoku = pytest.importorskip("kosoku")
    through = echo_app.line_to(
        plain_door.port, authority=plain_door.authority, cookie=plain_door.cookie
    )

    async def results(port: int) -> dict[str, tuple[str, str, int | None]]:
        try:
            done = await kosoku.run_fuzzingclient(
                f"ws://127.0.0.1:{port}/echo",
                exclude_cases=SLOW_CASES,
                concurrency=SUITE_AT_ONCE,
            )
        except kosoku.FailureError as failed:  # `websockets` itself fails one of them
            done = failed.results
        return {
            each.case_id: (each.behavior.value, each.behavior_close.value, each.remote_close_code)
            for each in done
        }

    straight, seen = asyncio.run(results(echo_app.port)), asyncio.run(results(through))

    assert len(straight) > 200
    assert straight == seen
