"""
Passkey Gateway, as an administrator starts it: `twistd -n gateway -c FILE`, a SQLite store.

And Twisted's own ReverseProxyResource under the same Python, which it replaces.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.child import Command, free_port
from benchmarks.stage import HOST
from benchmarks.subjects.pythons import Python
from benchmarks.subjects.subject import Place, Subject

CONFIGURATION = """\
[gateway]
url = "{scheme}://{host}:{port}"
data_dir = "data"

[listen]
https = "{https}"
http = "{http}"
health = "tcp:{health_port}:interface=127.0.0.1"

[tls]
{tls}

[[app]]
url = "http://127.0.0.1:{app_port}"
"""


class Ours(Subject):
    """Passkey Gateway in front of the app."""

    def __init__(self, python: Python, *, key: str) -> None:
        self.key = key
        self.name = f"Passkey Gateway ({python.name})"
        self._python = python

    def version(self) -> str:
        """See `Subject.version`."""
        packages = ", ".join(f"{name} {version(name)}" for name in ("Twisted", "cryptography"))
        python = f"Python {self._python.version} [{self._python.build}]"
        return f"Passkey Gateway {version('passkey-gateway')}, {python}, {packages}"

    def cookie(self, *, is_tls: bool) -> str:
        """See `Subject.cookie`."""
        return "__Host-gw" if is_tls else "gw"

    def commands(self, place: Place) -> Sequence[Command]:
        """See `Subject.commands`."""
        shutil.copytree(place.crowd.data_dir, place.directory / "data")
        file = place.directory / "gateway.toml"
        file.write_text(_configuration(place))
        file.chmod(0o600)
        twistd = Path(sys.executable).parent / "twistd"
        arguments = [self._python.program, str(twistd), "--nodaemon", "--pidfile="]
        return [
            Command(
                arguments=[*arguments, "gateway", "-c", str(file)],
                port=place.port,
                directory=place.directory,
                environment=self._python.environment(),
            )
        ]


def _configuration(place: Place) -> str:
    endpoint = f"tcp:{place.port}:interface=127.0.0.1"
    files = {"certificate": place.stage.certificate, "private_key": place.stage.private_key}
    tls = ['mode = "files"', *(f"{key} = {json.dumps(str(path))}" for key, path in files.items())]
    return CONFIGURATION.format(
        scheme=place.scheme,
        host=HOST,
        port=place.port,
        https=endpoint if place.is_tls else "",
        http="" if place.is_tls else endpoint,
        health_port=free_port(),
        tls="\n".join(tls) if place.is_tls else 'mode = "off"',
        app_port=place.app_port,
    )


class Stock(Subject):
    """Twisted's own reverse proxy, behind a look at the cookie."""

    key = "stock"
    name = "Twisted ReverseProxyResource"
    tunnels = False

    def __init__(self, python: Python) -> None:
        self._python = python

    def version(self) -> str:
        """See `Subject.version`."""
        return f"Twisted {version('Twisted')}, Python {self._python.version}"

    def commands(self, place: Place) -> Sequence[Command]:
        """See `Subject.commands`."""
        tokens = place.directory / "tokens"
        tokens.write_text("\n".join(place.crowd.tokens))
        stage = place.stage
        pair = [str(stage.certificate), str(stage.private_key)] if place.is_tls else []
        cookie = self.cookie(is_tls=place.is_tls)
        arguments = [self._python.program, "-m", "benchmarks.stock_proxy", str(place.port)]
        return [
            Command(
                arguments=[*arguments, str(place.app_port), cookie, str(tokens), *pair],
                port=place.port,
                directory=place.directory,
                environment=self._python.environment(),
            )
        ]
