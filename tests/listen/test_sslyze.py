"""
Mozilla's "intermediate" profile, as sslyze judges it from outside.

sslyze needs an older `cryptography` than the gateway, so it cannot be installed in the same
environment: `pipx install sslyze`, or name the program in SSLYZE, or link it beside python.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instruments.certificates import Authority

ROOT = Path(__file__).parents[2]
BESIDE = str(Path(sys.executable).parent)
SSLYZE = os.environ.get("SSLYZE") or shutil.which("sslyze") or shutil.which("sslyze", path=BESIDE)

SERVER = """
import sys
from gateway import clock
clock.set_up()
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from gateway.listen.certificates import Pair
from gateway.listen.tls import ServedCertificate
from gateway.sockets.lane import Lane
from gateway.sockets.listening import Port, inherited_socket

with open(sys.argv[1], "rb") as file:
    leaf, *chain = x509.load_pem_x509_certificates(file.read())
with open(sys.argv[2], "rb") as file:
    key = load_pem_private_key(file.read(), None)
lane = Lane(reactor)
lane.start()
served = ServedCertificate(Pair(leaf=leaf, chain=tuple(chain), key=key))
sock = inherited_socket(int(sys.argv[3]))
Port(sock, Factory.forProtocol(Protocol), lane, transport=served.transport(lane)).startListening()
reactor.run()
"""


@pytest.fixture
def port(authority: Authority, tmp_path: Path) -> Iterator[int]:
    """A TLS port of a process that was started as the gateway is."""
    certificate, private_key = authority.issue("localhost").write(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("OPENSSL_CONF", None)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        command = [sys.executable, "-c", SERVER, str(certificate), str(private_key), str(number)]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[number])
        try:
            yield listening.getsockname()[1]
        finally:
            server.terminate()
            server.wait()


@pytest.mark.skipif(SSLYZE is None, reason="sslyze is not installed (pipx install sslyze)")
def test_mozillas_intermediate_profile_is_kept(
    port: int, authority: Authority, tmp_path: Path
) -> None:
    """Versions, ciphers, groups and certificate are what Mozilla recommends to everybody."""
    assert SSLYZE is not None
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.certificate)

    done = subprocess.run(
        [
            SSLYZE,
            "--certinfo",
            f"--certinfo_ca_file={trusted}",
            "--mozilla_config=intermediate",
            f"localhost:{port}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout[-3000:]
