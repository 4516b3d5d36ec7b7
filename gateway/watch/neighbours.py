"""
Who the gateway works with: the app, the name service, the clock.

As in `surroundings` each check looks, changes nothing and blocks for seconds at most, so
these run in `gateway check` alone. All that they find are warnings: with the app down or a
name not yet in DNS the gateway does start, and tells people what is the matter.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gateway.config import Config
from gateway.config.endpoints import TcpEndpoint, parse_endpoint
from gateway.config.settings import App
from gateway.rules.backends import Backend
from gateway.rules.vitals import Finding, Gravity

APP_PATIENCE_S = 5.0
"""For the app's first byte: long enough for a busy groupware's front page."""

RELEASED = 1_793_491_200.0
"""2026-11-01: a clock that is behind it is wrong for certain."""

TIMESYNC = Path("/run/systemd/timesync")
"""Is there where systemd-timesyncd runs; it makes `synchronized` in it once it has the time."""

_URL = "[gateway] url"
_APP = "[[app]] url"


def app(config: Config, *, patience_s: float = APP_PATIENCE_S) -> Iterator[Finding]:
    """Whether something that speaks HTTP answers at each place where the app should be."""
    try:
        context = _tls(config)
    except OSError:  # of which ssl.SSLError is one: `preflight` tells that the file is no good
        return
    for backend in config.app.backends:
        yield _backend(config, backend, context, patience_s)


def _tls(config: Config) -> ssl.SSLContext | None:
    """How https to the app is verified: as the proxy does it; None = it is http."""
    if config.app.backends[0].scheme != "https":
        return None
    return ssl.create_default_context(cafile=config.app.ca)


def _backend(
    config: Config, backend: Backend, context: ssl.SSLContext | None, patience_s: float
) -> Finding:
    app, place = config.app, f"the app at {backend.name}"
    authority = config.gateway.public.authority if app.preserve_host else backend.authority
    try:
        with _connected(app, backend, context) as connection:
            connection.settimeout(patience_s)
            return _judge(backend, _ask(connection, authority))
    except ssl.SSLCertVerificationError as error:
        sentence = f"{place} shows a certificate that is refused: {error.verify_message}"
        return _warning(_APP, sentence, _SEE_CERTIFICATE)
    except TimeoutError:
        return _warning(_APP, f"{place} does not answer in time", _SEE_APP)
    except ssl.SSLError as error:
        return _warning(_APP, f"{place} does not speak TLS: {error.reason}", _SEE_SCHEME)
    except OSError as error:
        sentence = f"{place} is not reached: {error.strerror or error}"
        return _warning(_APP, sentence, _SEE_APP)


_SEE_APP = "start the app, or correct the address; until then people are told it is down"
_SEE_SCHEME = "correct the address: it may have to begin with http://"
_SEE_CERTIFICATE = (
    "name the authority in [[app]] ca, or the certificate's name in [[app]] server_name, or "
    "renew the certificate; until then people are told that the app is down"
)


def _connected(app: App, backend: Backend, context: ssl.SSLContext | None) -> socket.socket:
    address = (backend.host, backend.port)
    connection = socket.create_connection(address, timeout=app.connect_s)
    if context is None:
        return connection
    try:
        return context.wrap_socket(connection, server_hostname=app.server_name or backend.host)
    except BaseException:
        connection.close()
        raise


def _ask(connection: socket.socket, authority: str) -> bytes:
    """The first line of the answer to a plain request."""
    request = f"HEAD / HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    connection.sendall(request.encode("ascii"))
    with connection.makefile("rb") as answer:
        return answer.readline(256)


def _judge(backend: Backend, first_line: bytes) -> Finding:
    version, _, rest = first_line.decode("latin-1").partition(" ")
    if version.startswith("HTTP/1.") and rest[:3].isdigit():
        sentence = f"the app at {backend.name} answers (status {rest[:3]})"
        return Finding(gravity=Gravity.OK, key=_APP, sentence=sentence)
    sentence = f"what listens at {backend.name} does not speak HTTP: {first_line[:40]!r}"
    step = "correct the address: it may have to begin with https://"
    if backend.scheme == "https":
        step = "correct the address"
    return _warning(_APP, sentence, step)


Resolve = Callable[[str, int], Sequence[tuple[Any, ...]]]


def name(config: Config, *, resolve: Resolve = socket.getaddrinfo) -> Iterator[Finding]:
    """Whether the public name resolves."""
    host = config.gateway.public.host
    try:
        found = resolve(host, config.gateway.public.port)
    except OSError as error:
        sentence = f"{host} does not resolve here: {error.strerror or error}"
        yield _warning(_URL, sentence, "enter the name in DNS, pointing to this machine")
    else:
        addresses = ", ".join(sorted({str(each[4][0]) for each in found}))
        yield Finding(gravity=Gravity.OK, key=_URL, sentence=f"{host} is {addresses}")


def port(config: Config) -> Iterator[Finding]:
    """Whether the port in the public address is one that is listened on."""
    public, listen = config.gateway.public, config.listen
    key = "https" if public.is_secure else "http"
    text = listen.https if public.is_secure else listen.http
    endpoint = parse_endpoint(text)
    if isinstance(endpoint, TcpEndpoint) and endpoint.port == public.port:
        return
    sentence = f'people come to port {public.port}, and the gateway listens at "{text}"'
    yield _warning(f"[listen] {key}", sentence, "fine if something forwards the one to the other")


def clock(now: float, *, timesync: Path = TIMESYNC) -> Iterator[Finding]:
    """Whether the clock can be right. Certificates and one-time passwords depend on it."""
    if now < RELEASED:
        sentence = "the clock is behind the day this gateway was released"
        yield _warning("clock", sentence, "set it, and keep it with NTP: timedatectl set-ntp true")
    elif timesync.is_dir() and not (timesync / "synchronized").exists():
        sentence = "the clock is not synchronised by NTP"
        yield _warning("clock", sentence, "see: timedatectl timesync-status")
    else:
        yield Finding(gravity=Gravity.OK, key="clock", sentence="the clock can be right")


def _warning(key: str, sentence: str, next_step: str) -> Finding:
    return Finding(gravity=Gravity.WARNING, key=key, sentence=sentence, next_step=next_step)
