"""App, name and clock: warnings for the administrator, never a reason not to start."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.rules.vitals import Finding, Gravity
from gateway.watch import neighbours
from gateway.watch.neighbours import RELEASED
from tests.instruments.raw_app import RawApp, answer


def configured(directory: Path, *, backend: str, url: str = "http://localhost:8080") -> Config:
    """A gateway in front of that app."""
    path = directory / "gateway.toml"
    local = '[listen]\nhttp = "tcp:8080"\n[tls]\nmode = "off"\n'
    path.write_text(
        f'[gateway]\nurl = "{url}"\n{local if url.startswith("http:") else ""}'
        f'[[app]]\nurl = "{backend}"\n[app.timeouts]\nconnect = "2s"\n'
    )
    return load(path)


def only(findings: Iterator[Finding]) -> Finding:
    """The one finding."""
    [finding] = findings
    return finding


def test_an_app_that_answers_is_good(tmp_path: Path) -> None:
    """Whatever status the app gives: it is there and speaks HTTP."""
    with RawApp() as app:
        app.play(b"/", [answer(b"", status=b"404 Not Found")])
        finding = only(neighbours.app(configured(tmp_path, backend=app.url)))

    assert finding.gravity is Gravity.OK
    assert "status 404" in finding.sentence


def test_an_app_that_is_down_is_a_warning(tmp_path: Path) -> None:
    """Nobody listens there: the gateway starts all the same."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        backend = f"http://127.0.0.1:{unused.getsockname()[1]}"
        finding = only(neighbours.app(configured(tmp_path, backend=backend)))

    assert finding.gravity is Gravity.WARNING
    assert "Connection refused" in finding.sentence


def test_an_app_that_is_silent_is_a_warning(tmp_path: Path) -> None:
    """An app that accepts and says nothing does not hold the check up for long."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        backend = f"http://127.0.0.1:{silent.getsockname()[1]}"
        config = configured(tmp_path, backend=backend)
        finding = only(neighbours.app(config, patience_s=0.05))

    assert finding.gravity is Gravity.WARNING
    assert "does not answer in time" in finding.sentence


def test_something_else_in_its_place_is_a_warning(tmp_path: Path) -> None:
    """A port that does not speak HTTP is not the app."""
    with RawApp() as app:
        app.play(b"/", [b"SSH-2.0-OpenSSH_9.2\r\n"])
        finding = only(neighbours.app(configured(tmp_path, backend=app.url)))

    assert finding.gravity is Gravity.WARNING
    assert "does not speak HTTP" in finding.sentence


def test_a_name_that_resolves_is_told(tmp_path: Path) -> None:
    """The administrator sees where the public name leads from here."""
    finding = only(neighbours.name(configured(tmp_path, backend="http://10.0.0.5")))

    assert finding.gravity is Gravity.OK
    assert "127.0.0.1" in finding.sentence or "::1" in finding.sentence


def test_a_name_that_does_not_resolve_is_a_warning(tmp_path: Path) -> None:
    """A name that is not in DNS yet is told."""

    def resolve(host: str, port: int) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    finding = only(
        neighbours.name(configured(tmp_path, backend="http://10.0.0.5"), resolve=resolve)
    )

    assert finding.gravity is Gravity.WARNING
    assert "localhost does not resolve here: Name or service not known" in finding.sentence


def test_another_port_than_the_public_one_is_a_warning(tmp_path: Path) -> None:
    """Where people come to a port on which nobody listens, something must forward."""
    backend = "http://10.0.0.5"

    assert list(neighbours.port(configured(tmp_path, backend=backend))) == []
    finding = only(
        neighbours.port(configured(tmp_path, backend=backend, url="http://localhost:9000"))
    )

    assert finding.gravity is Gravity.WARNING
    assert "port 9000" in finding.sentence


@pytest.mark.parametrize(
    ("now", "timesync", "gravity"),
    [
        (RELEASED - 1, [], Gravity.WARNING),
        (RELEASED + 1, None, Gravity.OK),
        (RELEASED + 1, [], Gravity.WARNING),
        (RELEASED + 1, ["synchronized"], Gravity.OK),
    ],
    ids=["behind", "unknown", "unsynchronised", "synchronised"],
)
def test_the_clock_is_looked_at(
    tmp_path: Path, now: float, timesync: list[str] | None, gravity: Gravity
) -> None:
    """A clock from before the release, or without NTP, is told."""
    directory = tmp_path / "timesync"
    if timesync is not None:
        directory.mkdir()
        for each in timesync:
            (directory / each).touch()

    assert only(neighbours.clock(now, timesync=directory)).gravity is gravity
