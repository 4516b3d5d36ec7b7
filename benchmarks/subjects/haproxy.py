"""HAProxy with a list of the sessions that are open, looked up by an ACL on the cookie."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from benchmarks.child import Command, NotHereError, first_line
from benchmarks.subjects.subject import Place, Subject

CONFIGURATION = """\
global
  nbthread 1
  maxconn 15000
  no strict-limits
defaults
  mode http
  option http-keep-alive
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend browsers
  bind 127.0.0.1:{port} {tls}
  acl is_signed_in req.cook({cookie}) -m str -f {tokens}
  http-request deny deny_status 401 unless is_signed_in
  http-request set-header X-Forwarded-Proto {scheme}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend app
backend app
  server app 127.0.0.1:{app_port} pool-max-conn 128
"""


class HAProxy(Subject):
    """HAProxy in front of the app."""

    key = "haproxy"
    name = "HAProxy, cookie ACL"

    def version(self) -> str:
        """See `Subject.version`."""
        if shutil.which("haproxy") is None:
            raise NotHereError("haproxy is not installed (Debian: haproxy)")
        return " ".join(first_line("haproxy", "-v").split()[:3])

    def commands(self, place: Place) -> Sequence[Command]:
        """See `Subject.commands`."""
        both = place.directory / "both.pem"
        both.touch(mode=0o600)
        stage = place.stage
        both.write_bytes(stage.certificate.read_bytes() + stage.private_key.read_bytes())
        tokens = place.directory / "tokens"
        tokens.write_text("\n".join(place.crowd.tokens) + "\n")
        file = place.directory / "haproxy.cfg"
        file.write_text(
            CONFIGURATION.format(
                port=place.port,
                app_port=place.app_port,
                tls=f"ssl crt {both}" if place.is_tls else "",
                cookie=self.cookie(is_tls=place.is_tls),
                tokens=tokens,
                scheme=place.scheme,
            )
        )
        arguments = ["haproxy", "-db", "-f", str(file)]
        return [Command(arguments=arguments, port=place.port, directory=place.directory)]
