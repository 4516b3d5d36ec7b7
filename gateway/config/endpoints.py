r"""
Where to listen: Twisted's endpoint strings, understood before anything is bound.

`tcp:443`, `tcp:8080:interface=127.0.0.1`, `tcp:443:interface=\:\:` (both IPv4 and IPv6),
`unix:/run/gateway/health.sock:mode=660`. The grammar is Twisted's: parts are separated by
colons, and a backslash takes the meaning from the next character.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

BACKLOG = 1024
"""Connections that may wait for us during a busy moment; the kernel caps it at somaxconn."""

_WANTED = 'an endpoint such as "tcp:443", "tcp:8080:interface=127.0.0.1" or "unix:/run/gw.sock"'
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - recognised here, bound only on demand
_KNOWN = {
    "tcp": frozenset({"port", "interface", "backlog"}),
    "unix": frozenset({"address", "mode", "lockfile", "backlog"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpEndpoint:
    """A TCP port; 0 lets the system choose one."""

    port: int
    interface: str
    """An IP address; "" is every IPv4 address, "::" is every address."""
    backlog: int

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can reach it."""
        return is_loopback(self.interface)

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on every address of the machine."""
        return self.interface in _ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixEndpoint:
    """A UNIX socket."""

    address: str
    mode: int
    lockfile: bool
    backlog: int
    is_loopback = True


Endpoint = TcpEndpoint | UnixEndpoint


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine and is reached from nowhere else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_endpoint(text: str) -> Endpoint:
    """
    Understand an endpoint string.

    Raises:
        ValueError: its text says what is wanted.
    """
    kind, *parts = _split(text)
    if kind in ("ssl", "tls"):
        raise ValueError('"tcp:PORT", for the gateway does TLS itself: see [tls]')
    if kind not in _KNOWN:
        raise ValueError(_WANTED)
    first = "port" if kind == "tcp" else "address"
    named: dict[str, str] = {}
    for place, part in enumerate(parts):
        key, equals, value = part.partition("=")
        if not equals and place > 0:
            raise ValueError(_WANTED)
        named[key if equals else first] = value if equals else part
    if first not in named or not set(named) <= _KNOWN[kind]:
        raise ValueError(_WANTED)
    return _tcp(named) if kind == "tcp" else _unix(named)


def _split(text: str) -> list[str]:
    """The parts between colons; a backslash takes the meaning from the next character."""
    parts = [""]
    characters = iter(text)
    for each in characters:
        if each == ":":
            parts.append("")
        else:
            parts[-1] += next(characters, "") if each == "\\" else each
    return parts


def _tcp(named: dict[str, str]) -> TcpEndpoint:
    interface = named.get("interface", "")
    if interface == "localhost":
        interface = "127.0.0.1"
    if interface:
        try:
            interface = str(ipaddress.ip_address(interface))
        except ValueError:
            raise ValueError(r"interface= an IP address (in IPv6 each : as \:)") from None
    return TcpEndpoint(
        port=_number(named["port"], 0, 65535, "a port"),
        interface=interface,
        backlog=_backlog(named),
    )


def _unix(named: dict[str, str]) -> UnixEndpoint:
    if not named["address"].startswith("/"):
        raise ValueError("the socket's absolute path, as in unix:/run/gw.sock")
    if re.fullmatch(r"[0-7]{3,4}", named.get("mode", "660")) is None:
        raise ValueError("mode= three octal digits, such as 660")
    return UnixEndpoint(
        address=named["address"],
        mode=int(named.get("mode", "660"), 8),
        lockfile=named.get("lockfile", "1") != "0",
        backlog=_backlog(named),
    )


def _backlog(named: dict[str, str]) -> int:
    return _number(named.get("backlog", str(BACKLOG)), 1, 65535, "backlog=")


def _number(text: str, least: int, most: int, name: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text) is None or not least <= int(text) <= most:
        raise ValueError(f"{name} from {least} to {most}")
    return int(text)
