"""
What single values cannot show: whether the settings agree with each other.

Pure: nothing is looked up, read or bound here (`watch.surroundings` does that).
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.access_entries import access_disagreements
from gateway.config.endpoints import TcpEndpoint, UnixEndpoint, is_loopback, parse_endpoint
from gateway.config.notices_options import notices_disagreements
from gateway.config.passkey_options import passkeys_disagreements
from gateway.config.settings import Config
from gateway.errors import ConfigError


def disagreements(config: Config) -> Iterator[ConfigError]:
    """Every pair of settings that cannot both be meant."""
    for check in (
        _scheme,
        _listeners,
        _certificate,
        _health,
        _distinct,
        _own_port,
        _backends,
        _sessions,
        _access,
        _notices,
        _passkeys,
    ):
        for key, seen, wanted in check(config):
            yield ConfigError(str(config.path), key, seen, wanted)


Finding = tuple[str, object, str]


def _scheme(config: Config) -> Iterator[Finding]:
    if config.gateway.public.is_secure and config.tls.mode == "off":
        yield "[tls] mode", "off", '"files" or "self-signed", since [gateway] url is https'
    if not config.gateway.public.is_secure and config.tls.mode != "off":
        yield "[tls] mode", config.tls.mode, '"off", since [gateway] url is http'


def _listeners(config: Config) -> Iterator[Finding]:
    if config.tls.mode == "off":
        if config.listen.https:
            yield "[listen] https", config.listen.https, '"", since [tls] mode is "off"'
        if not config.listen.http:
            yield "[listen] http", "", 'an endpoint, since [tls] mode is "off"'
    elif not config.listen.https:
        yield "[listen] https", "", 'an endpoint, such as "tcp:443"'


def _certificate(config: Config) -> Iterator[Finding]:
    files = {
        "[tls] certificate": config.tls.certificate,
        "[tls] private_key": config.tls.private_key,
    }
    for key, path in files.items():
        if config.tls.mode == "files" and path is None:
            yield key, "", 'a file, since [tls] mode is "files"'
        if config.tls.mode != "files" and path is not None:
            wanted = f'no such key, since [tls] mode is "{config.tls.mode}" and not "files"'
            yield key, str(path), wanted


def _health(config: Config) -> Iterator[Finding]:
    if config.listen.health and not parse_endpoint(config.listen.health).is_loopback:
        wanted = 'a loopback address, such as "tcp:9180:interface=127.0.0.1", or a UNIX socket'
        yield "[listen] health", config.listen.health, wanted


def _distinct(config: Config) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for key, text in _endpoints(config).items():
        endpoint = parse_endpoint(text)
        if isinstance(endpoint, UnixEndpoint):
            place = endpoint.address
        elif endpoint.port == 0:
            continue  # the system chooses, and never the same twice
        else:
            place = f"port {endpoint.port}"
        other = taken.setdefault(place, key)
        if other != key and not _apart(config, key, other):
            yield key, text, f"another place: {other} has {place} already"


def _apart(config: Config, key: str, other: str) -> bool:
    """Whether two endpoints of one port lie on different addresses."""
    both = [parse_endpoint(_endpoints(config)[each]) for each in (key, other)]
    tcp = [each for each in both if isinstance(each, TcpEndpoint)]
    return (
        len(tcp) == 2
        and not any(each.is_everywhere for each in tcp)
        and tcp[0].interface != tcp[1].interface
    )


def _own_port(config: Config) -> Iterator[Finding]:
    for key, text in _endpoints(config).items():
        endpoint = parse_endpoint(text)
        for backend in config.app.backends:
            if not isinstance(endpoint, TcpEndpoint) or endpoint.port != backend.port:
                continue
            if _reaches(backend.host, endpoint, config.gateway.public.host):
                wanted = f"the app's own address, by IP if need be: this is the gateway's {key}"
                yield "[[app]] url", backend.url, wanted


def _backends(config: Config) -> Iterator[Finding]:
    app = config.app
    schemes = {each.scheme for each in app.backends}
    if len(schemes) > 1:
        seen = [each.url for each in app.backends]
        yield "[[app]] url", seen, "http for all of them or https for all of them"
    elif schemes != {"https"}:
        for key, value in (("ca", app.ca), ("server_name", app.server_name)):
            if value:
                yield f"[[app]] {key}", str(value), "no such key, since url is not https"


def _reaches(host: str, endpoint: TcpEndpoint, public_host: str) -> bool:
    """Whether somebody on this machine who asks for that host comes to that endpoint."""
    if is_loopback(host):
        return endpoint.is_everywhere or endpoint.is_loopback
    if host == public_host:
        return not endpoint.is_loopback
    return host in (endpoint.interface, "0.0.0.0", "::")  # noqa: S104 - compared, not bound


def _sessions(config: Config) -> Iterator[Finding]:
    limits = config.sessions
    if limits.idle_s > limits.lifetime_s:
        seen = f"{limits.idle_s:g} s"
        yield "[sessions] idle", seen, f"at most [sessions] lifetime, {limits.lifetime_s:g} s"


def _access(config: Config) -> Iterator[Finding]:
    yield from access_disagreements(config.access, [config.app.name])


def _notices(config: Config) -> Iterator[Finding]:
    yield from notices_disagreements(config.notices)


def _passkeys(config: Config) -> Iterator[Finding]:
    yield from passkeys_disagreements(config.passkeys)


def _endpoints(config: Config) -> dict[str, str]:
    listen = config.listen
    named = {
        "[listen] https": listen.https,
        "[listen] http": listen.http,
        "[listen] health": listen.health,
    }
    return {key: text for key, text in named.items() if text}
