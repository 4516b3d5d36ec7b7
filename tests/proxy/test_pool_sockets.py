"""The pool on real sockets: TLS to the app, IPv6, names, and a backend that dies at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_twisted
from twisted.internet.task import Clock

from gateway.errors import ConfigError
from gateway.proxy.back import Fault
from gateway.proxy.pool import Pool
from gateway.proxy.reach import UNTRUSTED
from gateway.rules.backends import REST_S, SLOW_START_S, State
from tests.instruments.certificates import Authority, Leaf
from tests.instruments.gateway_process import free_port
from tests.proxy.applications import LOOP, Setting, Waiting, asked, turns


@pytest_twisted.async_yield_fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    """Backends of this test."""
    made = Setting(tmp_path)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The authority of the app's certificates."""
    return Authority()


def trusting(setting: Setting, authority: Authority, *, name: str = "") -> str:
    """The lines that say whom to trust."""
    path = setting.directory / "ca.pem"
    path.write_bytes(authority.certificate)
    return f'ca = "{path}"\n' + (f'server_name = "{name}"\n' if name else "")


@pytest_twisted.ensureDeferred
async def test_https_with_a_good_certificate(setting: Setting, authority: Authority) -> None:
    """Chain and name are right: the app is asked, and the connection is kept."""
    app = setting.app(authority.issue("app.example.test"))
    more = trusting(setting, authority, name="app.example.test")
    pool = setting.pool(f"https://127.0.0.1:{app.port_number}", more=more)

    first, second = await asked(pool), await asked(pool)

    assert [b"ok", b"ok"] == [first.body, second.body]
    assert 1 == len(app.connections)
    assert "" == await pool.backends[0].visit(2.0)


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LONG_AGO = datetime.now(UTC) - timedelta(days=9)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("another name", "its certificate is not for app.example.test"),
        ("expired", "its certificate has expired or is not valid yet"),
        ("another authority", "its certificate comes from an authority that is not trusted here"),
        ("the system's", "its certificate comes from an authority that is not trusted here"),
        ("no TLS", "no TLS with it (wrong version number)"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_https_with_a_bad_certificate(
    setting: Setting, authority: Authority, case: str, why: str
) -> None:
    """Not a byte of a request goes there, and the log says what is wrong."""
    leaf: Leaf | None = authority.issue("app.example.test")
    if case == "another name":
        leaf = authority.issue("other.example.test")
    if case == "expired":
        leaf = authority.issue("app.example.test", begins=LONG_AGO, ends=YESTERDAY)
    if case == "another authority":
        leaf = Authority().issue("app.example.test")
    if case == "no TLS":
        leaf = None
    app = setting.app(leaf)
    more = trusting(setting, authority, name="app.example.test")
    if case == "the system's":
        more = 'server_name = "app.example.test"'
    pool = setting.pool(f"https://127.0.0.1:{app.port_number}", more=more)

    asker = await asked(pool)
    found = await pool.backends[0].visit(2.0)

    assert [Fault.REFUSED if case == "no TLS" else UNTRUSTED] == asker.faults
    assert why == found
    assert 0 == app.asked
    assert b"GET" not in app.last


@pytest_twisted.ensureDeferred
async def test_a_handshake_has_an_end(setting: Setting) -> None:
    """Who takes the connection and never answers TLS is given up as one who takes none."""
    app, clock = setting.app(), Clock()
    app.is_silent = True
    pool = setting.pool(f"https://127.0.0.1:{app.port_number}", clock=clock)
    asker = Waiting(pool)
    pool.find(cast(Any, asker))
    visiting = pool.backends[0].visit(2.0)
    while len(app.connections) < 2 or not app.last:
        await turns(1)

    clock.advance(5.0)
    await asker.done.addTimeout(20, LOOP)

    assert [Fault.UNREACHABLE] == asker.faults
    assert "it does not answer in time" == await visiting
    assert [] == clock.getDelayedCalls()


@pytest_twisted.ensureDeferred
async def test_who_hangs_up_on_tls_is_told(setting: Setting) -> None:
    """A port that closes instead of shaking hands is a refusal."""
    app = setting.app()
    app.hangs_up = True
    pool = setting.pool(f"https://127.0.0.1:{app.port_number}")

    assert [Fault.REFUSED] == (await asked(pool)).faults
    assert "it closed the connection instead of TLS" == await pool.backends[0].visit(2.0)


@pytest_twisted.ensureDeferred
async def test_https_by_the_name_of_the_url(setting: Setting, authority: Authority) -> None:
    """Without `server_name` the certificate must be for the url's host; it is looked up."""
    app = setting.app(authority.issue("localhost"))
    more = trusting(setting, authority)
    pool = setting.pool(f"https://localhost:{app.port_number}", more=more)

    assert b"ok" == (await asked(pool)).body


def test_a_file_without_an_authority_is_refused(tmp_path: Path) -> None:
    """A `ca` that holds no certificate, or is not there, is told at the start."""
    setting = Setting(tmp_path)
    (tmp_path / "ca.pem").write_text("nothing")

    with pytest.raises(ConfigError, match="PEM certificates of the authority"):
        setting.pool("https://127.0.0.1:1", more='ca = "ca.pem"')
    with pytest.raises(ConfigError, match="No such file"):
        setting.pool("https://127.0.0.1:1", more='ca = "none.pem"')


@pytest_twisted.ensureDeferred
async def test_ipv6(setting: Setting) -> None:
    """An app on IPv6 is reached, and is called by its address in brackets."""
    app = setting.app(interface="::1")
    pool = setting.pool(f"http://[::1]:{app.port_number}")

    assert b"ok" == (await asked(pool)).body
    assert f"[::1]:{app.port_number}".encode() == pool.backends[0].authority


@pytest_twisted.ensureDeferred
async def test_a_name_is_looked_up_once_in_a_while(setting: Setting) -> None:
    """The address that answered is used again; if it answers no more, the name is asked."""
    app = setting.app()
    pool = setting.pool(f"http://localhost:{app.port_number}")
    asked_for: list[str] = []
    resolver: Any = LOOP.nameResolver
    resolve = resolver.resolveHostName

    def counting(receiver: Any, name: str, *rest: Any, **more: Any) -> Any:
        asked_for.append(name)
        return resolve(receiver, name, *rest, **more)

    resolver.resolveHostName = counting
    try:
        for _ in range(3):
            assert b"ok" == (await asked(pool)).body
            for connection in tuple(app.connections):
                cast(Any, connection.transport).abortConnection()
            await turns()
        assert ["localhost"] == asked_for
        await app.die()
        assert [Fault.REFUSED] == (await asked(pool)).faults
        app.listen()
        assert b"ok" == (await asked(pool)).body
    finally:
        resolver.resolveHostName = resolve

    assert ["localhost", "localhost"] == asked_for


@pytest_twisted.ensureDeferred
async def test_a_backend_dies_at_work_and_comes_back(setting: Setting) -> None:
    """Of 200 requests, with one of two backends killed midway, none fails; then it returns."""
    dying, staying = setting.app(), setting.app()
    clock = Clock()
    urls = [f"http://127.0.0.1:{each.port_number}" for each in (dying, staying)]
    pool = setting.pool(*urls, clock=clock)

    faults, answers = await _ask_many(pool, 100)
    assert dying.asked == staying.asked == 50
    first = [Waiting(pool) for _ in range(20)]
    for each in first:
        pool.find(cast(Any, each))
    await dying.die()
    for each in first:
        await each.done.addTimeout(20, LOOP)
    more_faults, more_answers = await _ask_many(pool, 80)

    assert [] == faults + more_faults + [fault for each in first for fault in each.faults]
    assert 180 == answers + more_answers
    assert [State.DOWN, State.UP] == states(pool)

    dying.listen()
    before = dying.asked
    await _pass(pool, clock, REST_S + 4)
    assert [State.RETURNING, State.UP] == states(pool)
    await _ask_many(pool, 44)
    assert 2 <= dying.asked - before <= 12
    await _pass(pool, clock, SLOW_START_S + 1)
    before = dying.asked
    await _ask_many(pool, 44)

    assert [State.UP, State.UP] == states(pool)
    assert 15 <= dying.asked - before <= 22


def states(pool: Pool) -> list[State]:
    """What is believed of each backend."""
    return [each.standing.state for each in pool.backends]


async def _ask_many(pool: Pool, count: int) -> tuple[list[Fault], int]:
    faults, answers = [], 0
    for _ in range(count):
        asker = await asked(pool)
        faults += asker.faults
        answers += asker.is_answered
    return faults, answers


async def _pass(pool: Pool, clock: Clock, seconds: float) -> None:
    """Time passes for the pool, and its probes are answered in between."""
    for _ in range(int(seconds)):
        clock.advance(1)
        pool.sweep()
        await turns()


@pytest_twisted.ensureDeferred
async def test_nobody_listens(setting: Setting) -> None:
    """A port without an app is told at once."""
    pool = setting.pool(f"http://127.0.0.1:{free_port()}")

    assert [Fault.REFUSED] == (await asked(pool)).faults
    assert "nobody listens there" == await pool.backends[0].visit(2.0)
