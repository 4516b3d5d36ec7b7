"""App, name and clock: warnings for the administrator, never a reason not to start."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.rules.vitals import Finding, Gravity
from gateway.watch import neighbours
from gateway.watch.neighbours import RELEASED
from tests.instruments.certificates import Authority, Leaf
from tests.instruments.raw_app import RawApp, answer


def configured(
    directory: Path,
    *,
    backend: str,
    url: str = "http://localhost:8080",
    others: str = "",
    more: str = "",
) -> Config:
    """A gateway in front of that app."""
    path = directory / "gateway.toml"
    local = '[listen]\nhttp = "tcp:8080"\n[tls]\nmode = "off"\n'
    urls = json.dumps([backend, *others.split()])
    path.write_text(
        f'[gateway]\nurl = "{url}"\n{local if url.startswith("http:") else ""}'
        f'[[app]]\nurl = {urls}\n{more}\n[app.timeouts]\nconnect = "2s"\n'
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


def test_every_backend_is_looked_at(tmp_path: Path) -> None:
    """Each of several backends has a line of its own, with its name."""
    with RawApp() as app, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        down = f"127.0.0.1:{unused.getsockname()[1]}"
        config = configured(tmp_path, backend=app.url, others=f"http://{down}")
        up, refused = neighbours.app(config)

    assert (Gravity.OK, Gravity.WARNING) == (up.gravity, refused.gravity)
    assert app.url.removeprefix("http://") in up.sentence
    assert f"the app at {down} is not reached" in refused.sentence


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The authority of the app's certificate."""
    return Authority()


@contextlib.contextmanager
def https_app(leaf: Leaf, directory: Path) -> Iterator[int]:
    """An app on https that answers one request; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*leaf.write(directory))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_answer_once, args=(listening, context))
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def _answer_once(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as app:
        app.recv(4096)
        app.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    connection.close()


@pytest.mark.parametrize(
    ("name", "gravity", "words"),
    [
        ("app.example.test", Gravity.OK, "answers (status 204)"),
        ("other.example.test", Gravity.WARNING, "Hostname mismatch"),
        ("", Gravity.WARNING, "IP address mismatch"),
    ],
)
def test_https_is_verified(
    tmp_path: Path, authority: Authority, name: str, gravity: Gravity, words: str
) -> None:
    """The check looks at the app's certificate as the service does, and says what is wrong."""
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    more = f'ca = "ca.pem"\nserver_name = "{name}"'
    with https_app(authority.issue("app.example.test"), tmp_path) as port:
        config = configured(tmp_path, backend=f"https://127.0.0.1:{port}", more=more)
        finding = only(neighbours.app(config))

    assert gravity is finding.gravity
    assert words in finding.sentence


def test_https_from_a_strange_authority_is_told(tmp_path: Path, authority: Authority) -> None:
    """Without `ca` an authority of one's own is not trusted, and the next step names the key."""
    with https_app(authority.issue("app.example.test"), tmp_path) as port:
        config = configured(
            tmp_path,
            backend=f"https://127.0.0.1:{port}",
            more='server_name = "app.example.test"',
        )
        finding = only(neighbours.app(config))

    assert "certificate that is refused" in finding.sentence
    assert "[[app]] ca" in finding.next_step


def test_https_where_http_is_spoken_is_told(tmp_path: Path) -> None:
    """A wrong scheme is recognised."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_complain_once, args=(listening,))
        thread.start()
        backend = f"https://127.0.0.1:{listening.getsockname()[1]}"
        finding = only(neighbours.app(configured(tmp_path, backend=backend)))
        thread.join()

    assert "does not speak TLS" in finding.sentence
    assert "http://" in finding.next_step


def _complain_once(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


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
