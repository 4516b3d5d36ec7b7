"""
The one public name of the gateway: what `[gateway] url` says, taken apart.

The origin that WebAuthn compares, the RP ID, the Host that is accepted and the place that
http redirects to all come from here and never from a request.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import idna

DEFAULT_PORTS = {"https": 443, "http": 80}

SCHEME_AND_HOST = "scheme and host only, such as https://gw.example.co.jp"

NO_ADDRESS = "a DNS name: browsers refuse passkeys on an IP address"

_is_number = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII).fullmatch
"""A last label that makes browsers read the host as an IPv4 address (WHATWG URL 3.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOrigin:
    """Scheme, host and port by which browsers know the gateway."""

    scheme: str
    """`https`, or `http` for localhost alone."""
    host: str
    """Lower case, IDNA form: also the RP ID (WebAuthn 5.1.2)."""
    port: int
    authority: str = field(init=False)
    """What the Host field says: the port only where it is not the scheme's own."""
    origin: str = field(init=False)
    """The serialised origin (RFC 6454 6.2), for example `https://gw.example.co.jp`."""
    hosts: frozenset[bytes] = field(init=False)
    """What Host may say: the authority, and the same with the scheme's own port."""

    def __post_init__(self) -> None:
        full = f"{self.host}:{self.port}"
        authority = self.host if self.port == DEFAULT_PORTS[self.scheme] else full
        set_once = object.__setattr__
        set_once(self, "authority", authority)
        set_once(self, "origin", f"{self.scheme}://{authority}")
        set_once(self, "hosts", frozenset((authority.encode("ascii"), full.encode("ascii"))))

    @property
    def is_secure(self) -> bool:
        """Whether cookies carry Secure and the `__Host-` prefix."""
        return self.scheme == "https"


def parse_origin(url: str) -> PublicOrigin:
    """
    Take `[gateway] url` apart.

    Raises:
        ValueError: its text says what is wanted, fit for a person.
    """
    parts = _split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("an address that begins with https://")
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise ValueError(SCHEME_AND_HOST)
    host, port = _dns_name(parts.hostname or ""), _port(parts)
    if parts.scheme == "http" and host != "localhost" and not host.endswith(".localhost"):
        raise ValueError("https: browsers allow passkeys over http on localhost alone")
    return PublicOrigin(scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme])


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # a bracket that does not close
        raise ValueError(SCHEME_AND_HOST) from None


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("a port between 1 and 65535")
    return port


def _dns_name(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass  # a name, as it should be
    else:
        raise ValueError(NO_ADDRESS)
    if _is_number(host.rpartition(".")[2]):
        raise ValueError(NO_ADDRESS)
    if host == "localhost":
        return host
    if host.endswith("."):
        raise ValueError("a DNS name without a final dot")
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise ValueError("a DNS name, such as gw.example.co.jp") from None
