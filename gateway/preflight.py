"""
Everything that is looked at before the service starts, so that it starts or says why not.

`gateway check` shows all of it. `twistd gateway` and `gateway run` take the quick part
(nothing that waits for the network) and stop with the first error, before anything was
opened, bound or changed. Then `prepare` makes what a first start needs.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from gateway.config import Config
from gateway.config.endpoints import Endpoint, TcpEndpoint, parse_endpoint
from gateway.config.passkey_policy import read_policy
from gateway.errors import ConfigError, GatewayError
from gateway.listen.certificates import RENEW_BEFORE_S, read_files
from gateway.listen.ports import PortError, try_to_bind
from gateway.listen.selfsigned import WARNING
from gateway.mail.probing import mail_server
from gateway.proxy.reach import authorities_of
from gateway.rules.vitals import Finding, Gravity
from gateway.store.sealing import write_new_key
from gateway.watch import neighbours, surroundings
from gateway.watch.health import ALIVE

OWN_PORT_PATIENCE_S = 1.0


def before_start(config: Config, *, now: float) -> Iterator[Finding]:
    """What a start needs; nothing here waits for the network."""
    yield from surroundings.data_dir(config)
    yield from surroundings.keys(config)
    yield from certificate(config, now=now)
    yield from passkeys(config, now=now)
    yield from app_authorities(config)
    yield from ports(config)


def everything(
    config: Config, *, now: float, token_bytes: Callable[[int], bytes]
) -> Iterator[Finding]:
    """All findings, for `gateway check`; takes seconds where the network is silent."""
    sentence = f"{config.path} is understood"
    yield Finding(gravity=Gravity.OK, key="configuration", sentence=sentence)
    yield from _as_running(config, before_start(config, now=now))
    yield from surroundings.store(config, token_bytes=token_bytes)
    yield from neighbours.port(config)
    yield from neighbours.app(config)
    yield from neighbours.name(config)
    yield from neighbours.clock(now)
    yield from mail_server(config)


def _as_running(config: Config, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Ports that the running gateway has itself are as they should be."""
    runs = is_running(config)
    for each in findings:
        if runs and each.key.startswith("[listen]") and each.gravity is Gravity.ERROR:
            sentence = "the gateway runs and listens there"
            yield Finding(gravity=Gravity.OK, key=each.key, sentence=sentence)
        else:
            yield each


def require_start(config: Config, *, now: float) -> None:
    """
    Stop a start that would fail.

    Raises:
        GatewayError: the first error; its text says what to do, and nothing was changed.
    """
    for finding in before_start(config, now=now):
        if finding.gravity is Gravity.ERROR:
            if finding.key.startswith("[listen]") and is_running(config):
                raise GatewayError(f"{config.path}: the gateway runs already")
            step = f" ({finding.next_step})" if finding.next_step else ""
            raise GatewayError(f"{config.path}: {finding.key}: {finding.sentence}{step}")


def prepare(config: Config, *, token_bytes: Callable[[int], bytes]) -> None:
    """
    Make the data directory and the sealing key, where there is neither key nor database.

    Raises:
        GatewayError: they cannot be made.
    """
    directory = config.gateway.data_dir
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise GatewayError(f"{directory} cannot be made: {error.strerror}") from None
    if not config.key_path.exists() and not config.store_path.exists():
        write_new_key(config.key_path, token_bytes)


def passkeys(config: Config, *, now: float) -> Iterator[Finding]:
    """Whether the company's rule about passkeys can be applied, and what it will do."""
    key = "[passkeys]"
    try:
        _, doubts = read_policy(config, now=now)
    except ConfigError as error:
        sentence = f"{error.seen} seen, wanted: {error.wanted}"
        yield Finding(
            gravity=Gravity.ERROR, key=error.key, sentence=sentence, next_step="put it right there"
        )
        return
    for doubt in doubts:
        yield Finding(gravity=Gravity.WARNING, key=key, sentence=doubt, next_step="see docs")
    if not doubts:
        yield Finding(gravity=Gravity.OK, key=key, sentence="the rule for passkeys is clear")


def certificate(config: Config, *, now: float) -> Iterator[Finding]:
    """Whether the certificate can be served, and for how long."""
    if config.tls.mode == "off":
        sentence = "http on localhost, without TLS"
        yield Finding(gravity=Gravity.OK, key="[tls] mode", sentence=sentence)
    elif config.tls.mode == "self-signed":
        step = 'get a certificate and say mode = "files"'
        yield Finding(gravity=Gravity.WARNING, key="[tls] mode", sentence=WARNING, next_step=step)
    else:
        yield _certificate_files(config, now=now)


def _certificate_files(config: Config, *, now: float) -> Finding:
    key = "[tls] certificate"
    try:
        pair = read_files(config, now=now)
    except ConfigError as error:
        sentence = f"{error.seen}: wanted: {error.wanted}"
        return Finding(gravity=Gravity.ERROR, key=error.key, sentence=sentence)
    left_s = pair.expires - now
    sentence = f"{config.tls.certificate} is good for {left_s // 86400:.0f} more days"
    if left_s < RENEW_BEFORE_S:
        step = "renew it, then restart the gateway"
        return Finding(gravity=Gravity.WARNING, key=key, sentence=sentence, next_step=step)
    return Finding(gravity=Gravity.OK, key=key, sentence=sentence)


def app_authorities(config: Config) -> Iterator[Finding]:
    """Whether the file of authorities for https to the app can be used, if there is one."""
    if config.app.ca is None:
        return
    try:
        authorities_of(config)
    except ConfigError as error:
        sentence = f"{error.seen}: wanted: {error.wanted}"
        yield Finding(gravity=Gravity.ERROR, key=error.key, sentence=sentence)
    else:
        sentence = f"{config.app.ca} is understood"
        yield Finding(gravity=Gravity.OK, key="[[app]] ca", sentence=sentence)


def ports(config: Config) -> Iterator[Finding]:
    """Whether every port can be bound now."""
    for key in ("https", "http", "health"):
        text = getattr(config.listen, key)
        if text:
            yield _port(f"[listen] {key}", text)


def _port(key: str, text: str) -> Finding:
    try:
        try_to_bind(key, text)
    except PortError as error:
        sentence = f'"{text}": {error.reason}'
        return Finding(gravity=Gravity.ERROR, key=key, sentence=sentence)
    return Finding(gravity=Gravity.OK, key=key, sentence=f'"{text}" is free')


def is_running(config: Config) -> bool:
    """Whether this gateway runs already, asked at its health port."""
    if not config.listen.health:
        return False
    endpoint = parse_endpoint(config.listen.health)
    try:
        with _connected(endpoint) as connection:
            connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            with connection.makefile("rb") as answer:
                return answer.read(4096).endswith(b"\r\n\r\n" + ALIVE)
    except OSError:
        return False


def _connected(endpoint: Endpoint) -> socket.socket:
    if isinstance(endpoint, TcpEndpoint):
        address = (endpoint.interface, endpoint.port)
        return socket.create_connection(address, timeout=OWN_PORT_PATIENCE_S)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(OWN_PORT_PATIENCE_S)
    try:
        connection.connect(endpoint.address)
    except OSError:
        connection.close()
        raise
    return connection
