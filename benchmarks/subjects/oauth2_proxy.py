"""
oauth2-proxy 7, itself a reverse proxy, with people from an htpasswd file.

It comes from no package of Debian or PyPI: `go install` builds it where the module proxy serves
it. Its configuration follows its documentation; where these figures were made it could not be
built, so nobody has run it. The questions at the door tell whether it does what it should.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import secrets
import shutil
import ssl
from collections.abc import Sequence
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import machine
from benchmarks.child import Command, NotHereError, first_line
from benchmarks.stage import HOST
from benchmarks.subjects.subject import Place, Subject

COOKIE = "_oauth2_proxy"
SIGN_IN = "/oauth2/sign_in"
SESSIONS = 100
"""Sign-ins of one person: each makes a cookie of its own."""

PATIENCE_S = 20.0


class OAuth2Proxy(Subject):
    """oauth2-proxy in front of the app."""

    key = "oauth2-proxy"
    name = "oauth2-proxy"

    def __init__(self) -> None:
        self._password = secrets.token_hex(16)

    def version(self) -> str:
        """See `Subject.version`."""
        return first_line(_program(), "--version")

    def cookie(self, *, is_tls: bool) -> str:
        """See `Subject.cookie`."""
        return COOKIE

    def commands(self, place: Place) -> Sequence[Command]:
        """See `Subject.commands`."""
        people = place.directory / "people"
        digest = hashlib.sha1(self._password.encode(), usedforsecurity=False).digest()
        people.write_text(f"hanako:{{SHA}}{base64.b64encode(digest).decode()}\n")
        listen = f"127.0.0.1:{place.port}"
        options = {
            "upstream": f"http://127.0.0.1:{place.app_port}/",
            "htpasswd-file": people,
            "provider": "github",  # one that is not asked anything at the start
            "client-id": "none",
            "client-secret": "none",
            "email-domain": "*",
            "cookie-name": COOKIE,
            "cookie-secret": secrets.token_hex(16),
            "cookie-secure": str(place.is_tls).lower(),
            "request-logging": "false",
            "auth-logging": "false",
            "standard-logging": "false",
        }
        if place.is_tls:
            stage = place.stage
            tls = {"tls-cert-file": stage.certificate, "tls-key-file": stage.private_key}
            options |= {"http-address": "", "https-address": listen, **tls}
        else:
            options |= {"http-address": listen}
        return [
            Command(
                arguments=[_program(), *(f"--{name}={value}" for name, value in options.items())],
                port=place.port,
                directory=place.directory,
                environment={"GOMAXPROCS": "1"} if machine.cores().are_apart else {},
            )
        ]

    def tokens(self, place: Place) -> Sequence[str]:
        """See `Subject.tokens`."""
        return [self._sign_in(place) for _ in range(SESSIONS)]

    def _sign_in(self, place: Place) -> str:
        connection = http.client.HTTPConnection(HOST, place.port, timeout=PATIENCE_S)
        if place.is_tls:
            trusted = ssl.create_default_context(cafile=str(place.stage.certificate))
            connection = http.client.HTTPSConnection(
                HOST, place.port, timeout=PATIENCE_S, context=trusted
            )
        said = urlencode({"username": "hanako", "password": self._password, "rd": "/"})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", SIGN_IN, body=said, headers=form)
            answer = connection.getresponse()
            cookies = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        except (OSError, http.client.HTTPException) as error:
            raise NotHereError(f"signing in failed: {error!r}") from None
        finally:
            connection.close()
        if COOKIE not in cookies:
            raise NotHereError(f"signing in was answered {answer.status}, without a session")
        return cookies[COOKIE].value


def _program() -> str:
    found = shutil.which("oauth2-proxy") or shutil.which(Path.home() / "go/bin/oauth2-proxy")
    if found is None:
        build = "go install github.com/oauth2-proxy/oauth2-proxy/v7@latest"
        raise NotHereError(f"oauth2-proxy is not installed ({build}, where the proxy serves it)")
    return found
