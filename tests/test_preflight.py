"""Before the start: what would go wrong is told, and nothing was changed."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import secrets
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.preflight import (
    app_authorities,
    before_start,
    certificate,
    everything,
    is_running,
    ports,
    prepare,
    require_start,
)
from gateway.rules.vitals import Finding, Gravity, may_start
from gateway.watch.health import ALIVE
from tests.instruments.certificates import Authority

NOW = dt.datetime.now(dt.UTC).timestamp()
DAY_S = 86400.0


SELF_SIGNED = 'mode = "self-signed"'


def configured(directory: Path, *, health: str = "", tls: str = SELF_SIGNED) -> Config:
    """A gateway for https://localhost that is in nobody's way."""
    path = directory / "gateway.toml"
    path.write_text(
        '[gateway]\nurl = "https://localhost"\n'
        f'[listen]\nhttps = "tcp:0:interface=127.0.0.1"\nhttp = ""\nhealth = "{health}"\n'
        f'[tls]\n{tls}\n[[app]]\nurl = "http://127.0.0.1:1"\n'
    )
    return load(path)


def with_files(directory: Path, authority: Authority) -> Config:
    """The same with certificate files."""
    authority.issue("localhost").write(directory)
    files = 'mode = "files"\ncertificate = "cert.pem"\nprivate_key = "key.pem"'
    return configured(directory, tls=files)


def only(findings: Iterator[Finding]) -> Finding:
    """The one finding."""
    [finding] = findings
    return finding


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens, and says nothing."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_first_start_is_prepared(tmp_path: Path) -> None:
    """A configuration alone is enough: data directory and key are made, and private."""
    config = configured(tmp_path)

    require_start(config, now=NOW)
    prepare(config, token_bytes=secrets.token_bytes)

    assert stat.S_IMODE(config.gateway.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(config.key_path.stat().st_mode) == 0o600


def test_a_second_start_keeps_the_key(tmp_path: Path) -> None:
    """Preparing twice does no harm."""
    config = configured(tmp_path)
    prepare(config, token_bytes=secrets.token_bytes)
    key = config.key_path.read_bytes()

    prepare(config, token_bytes=secrets.token_bytes)

    assert config.key_path.read_bytes() == key


def test_a_database_without_key_gets_no_new_one(tmp_path: Path) -> None:
    """A new key would make the old secrets unreadable for ever."""
    config = configured(tmp_path)
    config.gateway.data_dir.mkdir(mode=0o700)
    config.store_path.touch()

    prepare(config, token_bytes=secrets.token_bytes)

    assert not config.key_path.exists()
    with pytest.raises(GatewayError, match=r"sealing\.key"):
        require_start(config, now=NOW)


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The sentence names it."""
    config = configured(tmp_path)
    config.gateway.data_dir.touch()

    with pytest.raises(GatewayError, match="cannot be made"):
        prepare(config, token_bytes=secrets.token_bytes)


def test_a_taken_port_stops_the_start(tmp_path: Path, taken: int) -> None:
    """File, key, endpoint and the command that shows who has it; nothing was made."""
    endpoint = f"tcp:{taken}:interface=127.0.0.1"
    config = configured(tmp_path, health=endpoint)

    with pytest.raises(GatewayError) as caught:
        require_start(config, now=NOW)

    sentence = str(caught.value)
    assert sentence.startswith(f'{config.path}: [listen] health: "{endpoint}": ')
    assert "ss -ltnp" in sentence
    assert not (tmp_path / "data").exists()


def test_a_free_port_is_told(tmp_path: Path) -> None:
    """Only what is listened on is tried."""
    finding = only(ports(configured(tmp_path)))

    assert (finding.gravity, finding.key) == (Gravity.OK, "[listen] https")


def test_a_good_certificate_is_told(tmp_path: Path, authority: Authority) -> None:
    """How long it is good for, in days."""
    finding = only(certificate(with_files(tmp_path, authority), now=NOW))

    assert finding.gravity is Gravity.OK
    assert re.search("good for (89|90) more days", finding.sentence)


def test_a_certificate_near_its_end_is_a_warning(tmp_path: Path, authority: Authority) -> None:
    """With less than 30 days left the administrator is told to renew it."""
    finding = only(certificate(with_files(tmp_path, authority), now=NOW + 65 * DAY_S))

    assert finding.gravity is Gravity.WARNING
    assert "renew" in finding.next_step


def test_a_bad_certificate_stops_the_start(tmp_path: Path, authority: Authority) -> None:
    """An expired one would only make people's browsers complain."""
    config = with_files(tmp_path, authority)

    with pytest.raises(GatewayError, match=r"\[tls\] certificate: .* expired"):
        require_start(config, now=NOW + 91 * DAY_S)


def test_a_self_signed_certificate_is_a_warning(tmp_path: Path) -> None:
    """Nobody should wonder why browsers refuse passkeys."""
    finding = only(certificate(configured(tmp_path), now=NOW))

    assert finding.gravity is Gravity.WARNING
    assert "refuse passkeys" in finding.sentence


def test_without_tls_there_is_no_certificate(tmp_path: Path) -> None:
    """On localhost http is what was asked for."""
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[gateway]\nurl = "http://localhost:8080"\n[tls]\nmode = "off"\n'
        '[[app]]\nurl = "http://127.0.0.1:1"\n'
    )

    assert only(certificate(load(path), now=NOW)).gravity is Gravity.OK


def test_everything_is_looked_at(tmp_path: Path) -> None:
    """`gateway check` tells of each thing that the gateway relies on."""
    config = configured(tmp_path)

    found = list(everything(config, now=NOW, token_bytes=secrets.token_bytes))

    assert may_start(found)
    assert {each.key for each in found} >= {
        "configuration",
        "[gateway] data_dir",
        "[tls] mode",
        "[listen] https",
        "[[app]] url",
        "[gateway] url",
        "clock",
    }


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The socket of a gateway that runs and says that it is alive."""
    path = tmp_path / "health.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):  # who only knocks is gone
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + ALIVE)

        thread = threading.Thread(target=answer)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_running_gateway_is_known(tmp_path: Path, running: Path) -> None:
    """Its own ports are no trouble when an administrator checks while it runs."""
    config = configured(tmp_path, health=f"unix:{running}")

    assert is_running(config)
    found = everything(config, now=NOW, token_bytes=secrets.token_bytes)
    [health] = [each for each in found if each.key == "[listen] health"]
    assert (health.gravity, health.sentence) == (Gravity.OK, "the gateway runs and listens there")


def test_a_second_gateway_does_not_start(tmp_path: Path, running: Path) -> None:
    """What is fine for a check is an error for a start."""
    config = configured(tmp_path, health=f"unix:{running}")

    assert not may_start(before_start(config, now=NOW))
    with pytest.raises(GatewayError, match="the gateway runs already"):
        require_start(config, now=NOW)


def test_no_gateway_runs(tmp_path: Path, taken: int) -> None:
    """Nobody there, or somebody else: it is not us."""
    assert not is_running(configured(tmp_path))
    assert not is_running(configured(tmp_path, health=f"unix:{tmp_path}/none.sock"))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = unused.getsockname()[1]
        assert not is_running(configured(tmp_path, health=f"tcp:{nobody}:interface=127.0.0.1"))


def test_the_authority_of_the_app_is_looked_at(tmp_path: Path) -> None:
    """A `ca` that cannot be used stops the start; one that can be is told."""
    config = configured(tmp_path)
    path = config.path
    text = path.read_text().replace("http://127.0.0.1:1", "https://127.0.0.1:1")
    path.write_text(f'{text}ca = "ca.pem"\n')
    config = load(path)

    assert Gravity.ERROR is only(app_authorities(config)).gravity
    (tmp_path / "ca.pem").write_bytes(Authority().certificate)
    assert Gravity.OK is only(app_authorities(config)).gravity
