"""The rooms tied together, in this process, over real sockets."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted
import treq
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from gateway.config import Config, load
from gateway.errors import StoreError
from gateway.initialise import Wish, plan, write
from gateway.listen.ports import PortError
from gateway.rules.records import Method, Person, PersonId, Session, hash_token
from gateway.rules.tokens import encode
from gateway.service import GatewayService, build
from tests.instruments.gateway_process import free_port

LOOP = cast(PosixReactorBase, reactor)
TOKEN = b"t" * 32
PERSON = Person(
    id=PersonId("0" * 32),
    name="hanako",
    display_name="花子",
    user_handle=b"h" * 64,
    enabled=True,
    created=1_000.0,
)


class Echo(Resource):
    """An app that says what it was asked."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Method, target and the cookies that arrived."""
        cookies = request.requestHeaders.getRawHeaders(b"cookie") or []
        return b"%b %b %b" % (request.method, request.uri, b"|".join(cookies))


@dataclass
class Place:
    """A gateway of this test, its app, and its wall clock."""

    config: Config
    now: float = 1_000.0
    services: list[GatewayService] = field(default_factory=list)

    def start(self) -> GatewayService:
        """Start the service, perhaps once more."""
        service = build(self.config, LOOP, wall=lambda: self.now)
        service.startService()
        self.services.append(service)
        return service

    def url(self, path: str) -> str:
        """An address at the gateway."""
        return self.config.gateway.public.origin + path


def configured(directory: Path, app_port: int) -> Config:
    """A configuration as `gateway init` writes it."""
    wish = Wish(
        url=f"http://localhost:{free_port()}",
        app=f"http://127.0.0.1:{app_port}",
        name="",
        language="ja",
        directory=directory,
    )
    health = f'health = "tcp:{free_port()}:interface=127.0.0.1"'
    text = plan(wish).replace("[listen]\n", f"[listen]\n{health}\n")
    write(wish, text, token_bytes=secrets.token_bytes)
    return load(wish.file)


@pytest_twisted.async_yield_fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A directory, an app, and no service yet."""
    app = LOOP.listenTCP(0, Site(Echo()), interface="127.0.0.1")
    made = Place(configured(tmp_path, app.getHost().port))
    yield made
    for service in made.services:
        if service.running:
            await service.stopService()
    await maybeDeferred(app.stopListening)


async def signed_in(service: GatewayService, now: float) -> dict[str, list[str]]:
    """The cookie of somebody who is signed in."""
    await service.store.add_person(PERSON)
    session = Session(
        id="s",
        token_hash=hash_token(TOKEN),
        person_id=PERSON.id,
        method=Method.PASSKEY,
        credential_id=None,
        address="127.0.0.1",
        user_agent="",
        created=now,
        last_used=now,
    )
    await service.sessions.open(session, PERSON, replacing=None)
    return {"Cookie": [f"gw={encode(TOKEN)}; app=1"]}


async def get(url: str, headers: dict[str, list[str]] | None = None) -> tuple[int, str]:
    """Status and body; on a connection of its own, closed at once."""
    answer = await treq.get(
        url, headers=Headers({"Connection": ["close"], **(headers or {})}), persistent=False
    )
    return answer.code, await answer.text()


@pytest_twisted.ensureDeferred
async def test_a_request_travels_through_the_house(place: Place) -> None:
    """With a session the app answers; it never sees our cookie."""
    service = place.start()
    cookie = await signed_in(service, place.now)

    seen = await get(place.url("/a%2Fb;c?d"), cookie)

    assert seen == (200, "GET /a%2Fb;c?d app=1")


@pytest_twisted.ensureDeferred
async def test_nobody_passes_without_a_session(place: Place) -> None:
    """Without a session a script gets 401 and the address of the sign-in page."""
    place.start()

    status, body = await get(place.url("/x"))

    assert status == 401
    assert place.url("/.gateway/login") in body


@pytest_twisted.ensureDeferred
async def test_sessions_survive_a_restart(place: Place) -> None:
    """Whoever was signed in before a restart is signed in after it."""
    before = place.start()
    cookie = await signed_in(before, place.now)
    await before.stopService()

    place.start()
    status, _ = await get(place.url("/x"), cookie)

    assert status == 200


@pytest_twisted.ensureDeferred
async def test_a_session_that_grew_old_meanwhile_is_over(place: Place) -> None:
    """A gateway that was off for a day signs nobody in who was signed in before."""
    before = place.start()
    cookie = await signed_in(before, place.now)
    await before.stopService()

    place.now += 24 * 3600
    place.start()
    status, _ = await get(place.url("/x"), cookie)

    assert status == 401


@pytest_twisted.ensureDeferred
async def test_health_tells_machines_whether_all_is_well(place: Place) -> None:
    """The loopback port says ready when store and app answer."""
    place.start()
    health = place.config.listen.health.split(":")[1]

    alive = await get(f"http://127.0.0.1:{health}/livez")
    ready = await get(f"http://127.0.0.1:{health}/readyz")

    assert (alive, ready) == ((200, "alive\n"), (200, "ready\n"))


@pytest_twisted.ensureDeferred
async def test_a_port_in_use_is_told_in_a_sentence(place: Place) -> None:
    """A second gateway on the same port is refused, and says which key and port."""
    place.start()
    second = build(place.config, LOOP)

    with pytest.raises(PortError, match=r"\[listen\] http = .* another program listens"):
        second.startService()

    await second.stopService()


def test_a_database_that_is_not_ours_stops_the_start(tmp_path: Path) -> None:
    """A foreign file in the store's place is refused and left as it is."""
    config = configured(tmp_path, 1)
    config.store_path.write_bytes(b"somebody else's bytes" * 100)
    config.store_path.chmod(0o600)
    service = build(config, LOOP)

    with pytest.raises(StoreError):
        service.startService()

    assert config.store_path.read_bytes() == b"somebody else's bytes" * 100


@pytest_twisted.ensureDeferred
async def test_a_stopped_gateway_leaves_nothing_open(place: Place) -> None:
    """After a stop the ports are free and no timer of ours runs on."""
    service = place.start()
    await get(place.url("/.gateway/health"))
    await service.stopService()

    await place.start().stopService()

    settled: Deferred[None] = Deferred()
    LOOP.callLater(0, settled.callback, None)
    await settled
    assert [] == [each for each in LOOP.getDelayedCalls() if "gateway" in str(each)]
