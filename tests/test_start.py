"""The start of the process: clock and OpenSSL first, then a service or a sentence."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.application.service import IService, IServiceCollection, Service
from zope.interface.verify import verifyObject

from gateway import clock
from gateway.errors import GatewayError
from gateway.tap import Guarded, Options, StartRefusedError, makeService

ROOT = Path(__file__).parents[1]
TWISTD = ("-c", "from twisted.scripts.twistd import run; run()")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout."""
    inherited = {key: value for key, value in os.environ.items() if key != "OPENSSL_CONF"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=inherited | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def configured(directory: Path, text: str = "") -> Path:
    """A gateway on loopback ports that the system chooses."""
    path = directory / "gateway.toml"
    path.write_text(
        '[gateway]\nurl = "http://localhost:8080"\n'
        '[listen]\nhttp = "tcp:0:interface=127.0.0.1"\nhealth = ""\n'
        f'[tls]\nmode = "off"\n{text}[[app]]\nurl = "http://127.0.0.1:1"\n'
    )
    return path


FIRST = """
import sys
import gateway.tap
early = {"OpenSSL", "cryptography", "twisted.internet.reactor"} & set(sys.modules)
from twisted.internet import reactor
import os, time
monotonic = abs(reactor.seconds() - time.monotonic()) < 1
print(sorted(early), monotonic, os.environ["OPENSSL_CONF"].endswith("listen/openssl.cnf"))
"""


def test_the_plugin_sets_the_clock_before_anything_else() -> None:
    """Timers do not follow the wall clock, and OpenSSL has not been loaded yet."""
    assert run("-c", FIRST).stdout == "[] True True\n"


def test_a_reactor_that_is_there_obeys_as_well() -> None:
    """The clock can also be set after the reactor was imported."""
    script = (
        "from twisted.internet import reactor; from gateway import clock; import time;"
        "clock.set_up(); clock.set_up(); print(abs(reactor.seconds() - time.monotonic()) < 1)"
    )

    assert run("-c", script).stdout == "True\n"


def test_an_administrators_openssl_settings_stay() -> None:
    """An OPENSSL_CONF that was set on purpose is not replaced."""
    script = (
        "from gateway import clock; import os; clock.set_up(); print(os.environ['OPENSSL_CONF'])"
    )

    assert run("-c", script, OPENSSL_CONF="/etc/own.cnf").stdout == "/etc/own.cnf\n"


def test_openssl_settings_that_come_too_late_are_not_pretended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where OpenSSL is loaded already, the variable would only mislead."""
    monkeypatch.delenv("OPENSSL_CONF", raising=False)

    clock.name_openssl_settings()

    assert "OPENSSL_CONF" not in os.environ
    assert clock.OPENSSL_CONF.is_file()


def test_twistd_knows_the_gateway() -> None:
    """`twistd --help` lists it."""
    assert "gateway " in run(*TWISTD, "--help").stdout


def test_a_good_configuration_becomes_a_service(tmp_path: Path) -> None:
    """Nothing is bound or opened before the service is started."""
    options = Options()
    options.parseOptions(["-c", str(configured(tmp_path))])

    service = makeService(options)

    assert verifyObject(IService, service)
    assert not service.running
    assert (tmp_path / "data" / "sealing.key").exists()


def test_a_bad_configuration_becomes_a_sentence(tmp_path: Path) -> None:
    """One line on stderr and exit code 1; no traceback, and nothing is made."""
    path = configured(tmp_path, "[sesions]\n")

    done = run(*TWISTD, "-n", "--pidfile=", "gateway", "-c", str(path))

    assert done.returncode == 1
    assert done.stderr == (
        f"gateway: {path}: [sesions]: {{}} seen, wanted: a known name: did you mean sessions?\n"
    )
    assert not (tmp_path / "data").exists()


class Failing(Service):
    """Fails when it is started."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def startService(self) -> None:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    "error", [GatewayError("the disk is full"), SystemExit("gateway: the disk is full")]
)
def test_a_start_that_fails_says_why(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    """What goes wrong late is a sentence and exit code 1, too; twistd can tidy up."""
    service = Guarded(Failing(error))

    with pytest.raises(StartRefusedError) as caught:
        service.startService()

    assert (caught.value.code, str(caught.value)) == (1, "gateway: the disk is full")
    assert isinstance(caught.value, Exception)


def test_the_tac_file_makes_the_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a plugin is not wanted, tac/gateway.tac does the same."""
    monkeypatch.setenv("GATEWAY_CONFIG", str(configured(tmp_path)))

    made = runpy.run_path(str(ROOT / "tac" / "gateway.tac"))

    [service] = IServiceCollection(made["application"])
    assert isinstance(service, Guarded)


def test_the_command_runs_the_same_service(tmp_path: Path) -> None:
    """`gateway run` is `twistd -n gateway`."""
    path = configured(tmp_path, "[sesions]\n")

    done = run("-c", "from gateway.cli import main; main()", "run", "-c", str(path))

    assert done.returncode == 1
    assert "did you mean sessions?" in done.stderr
